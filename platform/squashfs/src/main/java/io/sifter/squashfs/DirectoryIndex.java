package io.sifter.squashfs;

import io.sifter.spi.tree.RawName;
import java.io.IOException;

/**
 * A mark in a large listing, so that a look-up need not start from its beginning (doc/squashfs.md, <i>Directory
 * index</i>).
 *
 * @param position of a run's header in the listing, bytes
 * @param block of the directory table that holds this header
 * @param name the first of that run, raw
 */
record DirectoryIndex(long position, long block, String name) {
    /** Bytes on disk before the name. */
    static final int FIXED_SIZE = 12;

    static DirectoryIndex read(FieldInput in) throws IOException {
        long position = in.u32();
        long block = in.u32();
        long length = in.u32() + 1;
        if (length > DirectoryEntry.MAX_NAME) {
            throw in.corrupt("a name in a directory index is %d bytes long, %d are allowed"
                    .formatted(length, DirectoryEntry.MAX_NAME));
        }
        return new DirectoryIndex(position, block, RawName.of(in.bytes(length)));
    }

    void write(FieldOutput out) throws IOException {
        out.u32(position);
        out.u32(block);
        out.u32(name.length() - 1);
        out.bytes(RawName.bytes(name));
    }
}
