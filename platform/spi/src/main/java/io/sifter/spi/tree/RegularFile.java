package io.sifter.spi.tree;

import java.util.Objects;

/** A regular file. */
public final class RegularFile implements Node {
    private final Attributes attributes;
    private final Content content;

    public RegularFile(Attributes attributes, Content content) {
        this.attributes = Objects.requireNonNull(attributes);
        this.content = Objects.requireNonNull(content);
    }

    @Override
    public Attributes attributes() {
        return attributes;
    }

    public Content content() {
        return content;
    }
}
