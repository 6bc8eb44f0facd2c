package io.sifter.squashfs;

import java.io.IOException;

/**
 * What stands before the location list of the xattr id table (doc/squashfs.md, <i>Extended attributes</i>).
 *
 * @param start of the metadata blocks with names and values, from the start of the image
 * @param sets entries of the id table, at least 1
 */
record XattrTableHeader(long start, long sets) {
    /** Bytes on disk. */
    static final int SIZE = 16;

    static XattrTableHeader read(FieldInput in) throws IOException {
        var header = new XattrTableHeader(in.u64(), in.u32());
        in.u32();
        if (header.start < Superblock.SIZE || header.sets == 0) {
            throw in.corrupt("%d sets of extended attributes start at %s"
                    .formatted(header.sets, Long.toUnsignedString(header.start)));
        }
        return header;
    }

    void write(FieldOutput out) throws IOException {
        out.u64(start);
        out.u32(sets);
        out.u32(0);
    }
}
