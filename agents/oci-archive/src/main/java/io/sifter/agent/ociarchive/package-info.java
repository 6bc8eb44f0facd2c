/** The agent for {@code oci-archive:}: images in archives of OCI layouts. */
package io.sifter.agent.ociarchive;
