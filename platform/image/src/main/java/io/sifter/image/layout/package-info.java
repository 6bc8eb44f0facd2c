/**
 * Directories in the OCI image layout: read as sources of images, and grown as the cache of blobs. Correct while other
 * processes read, grow or delete the same directory.
 */
package io.sifter.image.layout;
