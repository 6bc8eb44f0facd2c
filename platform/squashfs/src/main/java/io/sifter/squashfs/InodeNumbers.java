package io.sifter.squashfs;

import java.util.Arrays;

/** What is known of inodes by their number. Memory follows what is added, not what is announced. */
final class InodeNumbers {
    private static final int PAGE = 1 << 10;

    /** References have 48 bits; the kind stands above them, counted from 1, so that 0 is nothing. */
    private static final int KIND_SHIFT = 48;

    private long[][] pages = new long[16][];

    boolean contains(long number) {
        return known(number) != 0;
    }

    void add(long number, long reference, InodeKind kind) {
        int page = (int) (number / PAGE);
        if (page >= pages.length) {
            pages = Arrays.copyOf(pages, Math.max(pages.length * 2, page + 1));
        }
        if (pages[page] == null) {
            pages[page] = new long[PAGE];
        }
        pages[page][(int) (number % PAGE)] = reference | (long) kind.basicType() << KIND_SHIFT;
    }

    InodeKind kind(long number) {
        return InodeKind.of((int) (known(number) >>> KIND_SHIFT));
    }

    long reference(long number) {
        return known(number) & (1L << KIND_SHIFT) - 1;
    }

    private long known(long number) {
        int page = (int) (number / PAGE);
        return page < pages.length && pages[page] != null ? pages[page][(int) (number % PAGE)] : 0;
    }
}
