package io.sifter.spi.launch;

/** What the command may do besides what its caller may. */
public enum Privileges {
    /** The caller's ids, no capabilities, and none to be gained, whatever is executed. */
    NONE,
    /** The caller's ids and all capabilities that the caller has; for callers who are privileged. */
    KEEP,
    /** Appears as root, with root's power over a user namespace in which the caller's ids are the only ones. */
    ROOT_OF_NAMESPACE
}
