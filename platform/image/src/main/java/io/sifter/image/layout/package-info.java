/**
 * The OCI image layout: directories and archives read as sources of images, a directory grown as the cache of blobs. Correct while other
 * processes read, grow or delete the same directory.
 */
package io.sifter.image.layout;
