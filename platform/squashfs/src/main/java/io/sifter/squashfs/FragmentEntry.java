package io.sifter.squashfs;

import java.io.IOException;

/**
 * One entry of the fragment table (doc/squashfs.md, <i>Fragment table</i>).
 *
 * @param start of the fragment block, from the start of the image
 */
record FragmentEntry(long start, int sizeWord) {
    /** Bytes on disk. */
    static final int SIZE = 16;

    static FragmentEntry read(FieldInput in, int blockSize) throws IOException {
        var entry = new FragmentEntry(in.u64(), in.s32());
        in.u32();
        if (!SizeWord.isValid(entry.sizeWord, blockSize) || entry.sizeWord == SizeWord.SPARSE) {
            throw in.corrupt("a fragment block has the size word 0x%08X".formatted(entry.sizeWord));
        }
        if (entry.start < Superblock.SIZE) {
            throw in.corrupt("a fragment block starts at " + Long.toUnsignedString(entry.start));
        }
        return entry;
    }

    void write(FieldOutput out) throws IOException {
        out.u64(start);
        out.u32(sizeWord);
        out.u32(0);
    }
}
