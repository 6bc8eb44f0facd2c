/**
 * SquashFS 4.0: {@link io.sifter.squashfs.SquashFsWriter} writes a file tree as an image,
 * {@link io.sifter.squashfs.SquashFsReader} reads one, whoever wrote it, and checks it for those who would trust it, and
 * {@link io.sifter.squashfs.BlockPackWriter} turns streams of files into compressed blocks that such an image can take
 * over as they are. One type per structure on disk, all of them described in {@code doc/squashfs.md}. It uses the file
 * tree and the errors of the plugin contract, and keeps the codec libraries to itself.
 */
package io.sifter.squashfs;
