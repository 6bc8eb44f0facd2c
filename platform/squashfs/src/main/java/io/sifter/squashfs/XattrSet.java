package io.sifter.squashfs;

import java.io.IOException;

/**
 * One entry of the xattr id table: the attributes of all inodes that have the same ones (doc/squashfs.md, <i>Extended
 * attributes</i>).
 *
 * @param reference of the first name, in the blocks with names and values
 * @param count of attributes
 * @param size bytes of all full names, a NUL after each, and all values
 */
record XattrSet(long reference, long count, long size) {
    /** Bytes on disk. */
    static final int SIZE = 16;

    static XattrSet read(FieldInput in) throws IOException {
        var set = new XattrSet(in.u64(), in.u32(), in.u32());
        if (MetadataBlock.offset(set.reference) >= MetadataBlock.CAPACITY) {
            throw in.corrupt("extended attributes start at offset %d of their block"
                    .formatted(MetadataBlock.offset(set.reference)));
        }
        return set;
    }

    void write(FieldOutput out) throws IOException {
        out.u64(reference);
        out.u32(count);
        out.u32(size);
    }
}
