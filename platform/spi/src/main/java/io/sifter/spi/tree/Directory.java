package io.sifter.spi.tree;

import java.util.NavigableMap;
import java.util.Objects;
import java.util.TreeMap;

/**
 * A directory and what it holds, sorted by unsigned bytes (the natural order of names in one byte a character).
 * A name is 1 to 255 bytes without {@code /} and NUL, and neither {@code .} nor {@code ..}.
 */
public final class Directory implements Node {
    private final Attributes attributes;
    private final NavigableMap<String, Node> children;

    public Directory(Attributes attributes) {
        this(attributes, new TreeMap<>());
    }

    /** @param children not copied, so that a directory's attributes can change without moving what it holds */
    public Directory(Attributes attributes, NavigableMap<String, Node> children) {
        this.attributes = Objects.requireNonNull(attributes);
        this.children = Objects.requireNonNull(children);
    }

    @Override
    public Attributes attributes() {
        return attributes;
    }

    public NavigableMap<String, Node> children() {
        return children;
    }
}
