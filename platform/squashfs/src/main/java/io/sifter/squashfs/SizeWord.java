package io.sifter.squashfs;

/** What says how long a data or fragment block is on disk (doc/squashfs.md, <i>Data</i>). */
final class SizeWord {
    /** A block of zeros, which has no bytes on disk. */
    static final int SPARSE = 0;

    private static final int RAW = 1 << 24;

    private SizeWord() {}

    static int of(int length, boolean raw) {
        return raw ? length | RAW : length;
    }

    /** Bytes on disk. */
    static int length(int word) {
        return word & (RAW - 1);
    }

    static boolean raw(int word) {
        return (word & RAW) != 0;
    }

    static boolean isValid(int word, int blockSize) {
        return word >>> 25 == 0 && length(word) <= blockSize && word != RAW;
    }

    /** Bytes on disk of a run of blocks. */
    static long total(int[] words) {
        long total = 0;
        for (int word : words) {
            total += length(word);
        }
        return total;
    }
}
