/**
 * A runtime on crun or runc. The script it plans puts the container's tree together, writes a bundle for it in memory and becomes the
 * OCI runtime, which stays in front of the command.
 */
package io.sifter.runtime.oci;
