package io.sifter.squashfs;

import java.io.IOException;

/**
 * The value of an extended attribute (doc/squashfs.md, <i>Extended attributes</i>).
 *
 * @param bytes not copied
 */
record XattrValue(byte[] bytes) {
    static final int MAX_LENGTH = 65536;

    static XattrValue read(FieldInput in) throws IOException {
        return new XattrValue(in.bytes(length(in)));
    }

    /** Passes over a value and returns its length. */
    static int skip(MetadataCursor in) throws IOException {
        int length = length(in);
        in.skip(length);
        return length;
    }

    private static int length(FieldInput in) throws IOException {
        long length = in.u32();
        if (length > MAX_LENGTH) {
            throw in.corrupt("the value of an extended attribute is %d bytes long, %d are allowed"
                    .formatted(length, MAX_LENGTH));
        }
        return (int) length;
    }

    /** What follows the name of an attribute whose value is elsewhere: the reference of that value. */
    static long readReference(FieldInput in) throws IOException {
        long length = in.u32();
        if (length != Long.BYTES) {
            throw in.corrupt("the reference of a value is %d bytes long, not %d".formatted(length, Long.BYTES));
        }
        long reference = in.u64();
        if (MetadataBlock.offset(reference) >= MetadataBlock.CAPACITY) {
            throw in.corrupt("a value starts at offset %d of its block".formatted(MetadataBlock.offset(reference)));
        }
        return reference;
    }

    void write(FieldOutput out) throws IOException {
        out.u32(bytes.length);
        out.bytes(bytes);
    }
}
