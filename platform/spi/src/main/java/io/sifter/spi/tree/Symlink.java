package io.sifter.spi.tree;

import java.util.Objects;

/** A symbolic link; the target is kept verbatim, 1 to 4095 raw bytes. */
public final class Symlink implements Node {
    private final Attributes attributes;
    private final String target;

    public Symlink(Attributes attributes, String target) {
        this.attributes = Objects.requireNonNull(attributes);
        this.target = Objects.requireNonNull(target);
    }

    @Override
    public Attributes attributes() {
        return attributes;
    }

    public String target() {
        return target;
    }
}
