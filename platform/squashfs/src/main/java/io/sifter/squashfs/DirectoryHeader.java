package io.sifter.squashfs;

import java.io.IOException;

/**
 * What a run of entries in a directory listing shares (doc/squashfs.md, <i>Directory table</i>).
 *
 * @param count of entries, 1 to 256
 * @param block of the inode table, where the inodes of all entries are
 * @param base the inode number that the entries' numbers count from
 */
record DirectoryHeader(int count, long block, long base) {
    /** Bytes on disk. */
    static final int SIZE = 12;

    static final int MAX_COUNT = 256;

    static DirectoryHeader read(FieldInput in) throws IOException {
        long count = in.u32() + 1;
        if (count > MAX_COUNT) {
            throw in.corrupt("a directory run has %d entries, %d are allowed".formatted(count, MAX_COUNT));
        }
        return new DirectoryHeader((int) count, in.u32(), in.u32());
    }

    void write(FieldOutput out) throws IOException {
        out.u32(count - 1);
        out.u32(block);
        out.u32(base);
    }
}
