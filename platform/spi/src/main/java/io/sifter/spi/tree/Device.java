package io.sifter.spi.tree;

import java.util.Objects;

/** A block or character device; major 12 bits, minor 20 bits. */
public final class Device implements Node {
    private final Attributes attributes;
    private final boolean block;
    private final int major;
    private final int minor;

    public Device(Attributes attributes, boolean block, int major, int minor) {
        this.attributes = Objects.requireNonNull(attributes);
        if (major < 0 || major > 0xFFF || minor < 0 || minor > 0xFFFFF) {
            throw new IllegalArgumentException("Device number out of range: %d:%d".formatted(major, minor));
        }
        this.block = block;
        this.major = major;
        this.minor = minor;
    }

    @Override
    public Attributes attributes() {
        return attributes;
    }

    public boolean block() {
        return block;
    }

    public int major() {
        return major;
    }

    public int minor() {
        return minor;
    }
}
