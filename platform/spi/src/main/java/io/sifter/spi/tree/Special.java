package io.sifter.spi.tree;

import java.util.Objects;

/** A FIFO or a socket. */
public final class Special implements Node {
    /** Which of the two. */
    public enum Kind { FIFO, SOCKET }

    private final Attributes attributes;
    private final Kind kind;

    public Special(Attributes attributes, Kind kind) {
        this.attributes = Objects.requireNonNull(attributes);
        this.kind = Objects.requireNonNull(kind);
    }

    @Override
    public Attributes attributes() {
        return attributes;
    }

    public Kind kind() {
        return kind;
    }
}
