/** The agent for {@code busybox}: a root with busybox alone. */
package io.sifter.agent.busybox;
