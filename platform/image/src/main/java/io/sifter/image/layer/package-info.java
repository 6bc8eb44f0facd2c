/**
 * Layers: read from their blobs, kept as packs of compressed blocks with a journal, and merged into one tree (reference:
 * OCI image specification, layer). Packs hold facts only; whatever is decided about a tree is decided in the merge.
 */
package io.sifter.image.layer;
