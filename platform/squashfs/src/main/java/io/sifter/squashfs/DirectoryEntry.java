package io.sifter.squashfs;

import io.sifter.spi.tree.RawName;
import java.io.IOException;
import java.util.Optional;

/**
 * One name in a directory listing (doc/squashfs.md, <i>Directory table</i>).
 *
 * @param offset of the inode in its metadata block, uncompressed
 * @param delta what to add to the run's base to have the inode number
 * @param name raw, see {@link #problem(String)}
 */
record DirectoryEntry(int offset, int delta, InodeKind kind, String name) {
    /** Bytes on disk before the name. */
    static final int FIXED_SIZE = 8;

    static final int MAX_NAME = 255;

    static DirectoryEntry read(FieldInput in) throws IOException {
        int offset = in.u16();
        int delta = in.s16();
        int type = in.u16();
        int length = in.u16() + 1;
        if (offset >= MetadataBlock.CAPACITY) {
            throw in.corrupt("an inode lies at offset %d of its block".formatted(offset));
        }
        if (type < 1 || type > InodeKind.values().length) {
            throw in.corrupt("a directory entry has the type " + type);
        }
        if (length > MAX_NAME) {
            throw in.corrupt("a name is %d bytes long, %d are allowed".formatted(length, MAX_NAME));
        }
        String name = RawName.of(in.bytes(length));
        Optional<String> problem = problem(name);
        if (problem.isPresent()) {
            throw in.corrupt("the name '%s' %s".formatted(RawName.display(name), problem.get()));
        }
        return new DirectoryEntry(offset, delta, InodeKind.of(type), name);
    }

    void write(FieldOutput out) throws IOException {
        out.u16(offset);
        out.u16(delta);
        out.u16(kind.basicType());
        out.u16(name.length() - 1);
        out.bytes(RawName.bytes(name));
    }

    int size() {
        return FIXED_SIZE + name.length();
    }

    /** Why this cannot be the name of anything, a predicate for a message; empty when it can. */
    static Optional<String> problem(String name) {
        if (name.isEmpty()) {
            return Optional.of("is empty");
        }
        if (name.length() > MAX_NAME) {
            return Optional.of("has %d bytes, more than %d".formatted(name.length(), MAX_NAME));
        }
        if (name.equals(".") || name.equals("..")) {
            return Optional.of("is reserved");
        }
        for (int i = 0; i < name.length(); i++) {
            char c = name.charAt(i);
            if (c == '/' || c == 0) {
                return Optional.of("contains a slash or a NUL");
            }
            if (c > 0xFF) {
                return Optional.of("is not raw bytes");
            }
        }
        return Optional.empty();
    }
}
