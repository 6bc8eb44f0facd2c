/** The agent for {@code oci:}: images in layout directories on this machine. */
package io.sifter.agent.oci;
