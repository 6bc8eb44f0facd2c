/** Archives of images as files: what {@code docker save} and {@code podman save} write, OCI layouts in tar files; plain or compressed. */
package io.sifter.image.archive;
