package io.sifter.spi.launch;

/** A kernel namespace that a container may have of its own. The mount namespace always is. */
public enum Namespace { PID, IPC, NETWORK, UTS, USER, CGROUP }
