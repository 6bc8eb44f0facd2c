package io.sifter.squashfs;

/**
 * A block of tails and small files, somewhere in a pack.
 *
 * @param position in the channel
 * @param sizeWord as for data blocks, never 0
 * @param length uncompressed bytes
 */
public record FragmentBlock(long position, int sizeWord, int length) {}
