package io.sifter.squashfs;

import io.sifter.spi.tree.RawName;
import java.io.IOException;
import java.util.Optional;

/**
 * The name of an extended attribute; its value follows (doc/squashfs.md, <i>Extended attributes</i>).
 *
 * @param name in full, raw
 * @param elsewhere whether what follows is the reference of a value that stands elsewhere
 */
record XattrName(String name, boolean elsewhere) {
    /** Bytes, with the namespace. */
    static final int MAX_LENGTH = 255;

    private static final int ELSEWHERE = 0x100;
    private static final String[] NAMESPACES = {"user.", "trusted.", "security."};

    static XattrName read(FieldInput in) throws IOException {
        int type = in.u16();
        int length = in.u16();
        int namespace = type & ~ELSEWHERE;
        if (namespace >= NAMESPACES.length) {
            throw in.corrupt("an extended attribute has the type 0x%X".formatted(type));
        }
        int limit = MAX_LENGTH - NAMESPACES[namespace].length();
        if (length == 0 || length > limit) {
            throw in.corrupt("the name of an extended attribute is %d bytes long, 1 to %d are allowed"
                    .formatted(length, limit));
        }
        String name = RawName.of(in.bytes(length));
        if (name.indexOf(0) >= 0) {
            throw in.corrupt("the name of an extended attribute contains a NUL");
        }
        return new XattrName(NAMESPACES[namespace] + name, (type & ELSEWHERE) != 0);
    }

    void write(FieldOutput out) throws IOException {
        int namespace = namespace(name).orElseThrow();
        String rest = name.substring(NAMESPACES[namespace].length());
        out.u16(elsewhere ? namespace | ELSEWHERE : namespace);
        out.u16(rest.length());
        out.bytes(RawName.bytes(rest));
    }

    /** Number of the namespace that {@code name} is in, empty when SquashFS has no number for it. */
    static Optional<Integer> namespace(String name) {
        for (int i = 0; i < NAMESPACES.length; i++) {
            if (name.length() > NAMESPACES[i].length() && name.startsWith(NAMESPACES[i])) {
                return Optional.of(i);
            }
        }
        return Optional.empty();
    }
}
