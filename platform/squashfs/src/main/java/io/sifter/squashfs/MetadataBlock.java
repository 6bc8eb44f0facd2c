package io.sifter.squashfs;

/**
 * How metadata is cut and addressed (doc/squashfs.md, <i>Metadata blocks</i>): a header of one u16, then up to 8 KiB,
 * compressed or raw. A <i>reference</i> is the distance of a block's header from the start of its table, and an offset
 * in the block's uncompressed bytes.
 */
final class MetadataBlock {
    /** Uncompressed bytes of every block of a table but the last. */
    static final int CAPACITY = 8192;

    /** Bytes before a block. */
    static final int HEADER_SIZE = Short.BYTES;

    private static final int RAW = 0x8000;

    private MetadataBlock() {}

    static int header(int length, boolean raw) {
        return raw ? length | RAW : length;
    }

    /** Bytes on disk after the header; valid are 1 to {@link #CAPACITY}. */
    static int length(int header) {
        return header & ~RAW;
    }

    static boolean raw(int header) {
        return (header & RAW) != 0;
    }

    static long reference(long block, int offset) {
        return block << 16 | offset;
    }

    static long block(long reference) {
        return reference >>> 16;
    }

    static int offset(long reference) {
        return (int) reference & 0xFFFF;
    }
}
