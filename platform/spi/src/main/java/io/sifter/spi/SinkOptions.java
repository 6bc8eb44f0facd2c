package io.sifter.spi;

import io.sifter.spi.tree.Compression;
import java.util.Objects;

/**
 * How a tree is written.
 *
 * @param compression of what the sink compresses itself
 * @param allRoot whether everything shall belong to root
 */
public record SinkOptions(Compression compression, boolean allRoot) {
    public SinkOptions {
        Objects.requireNonNull(compression);
    }
}
