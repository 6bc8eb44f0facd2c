package io.sifter.engine;

import io.sifter.spi.OpenOptions;
import io.sifter.spi.tree.Compression;
import java.util.Objects;
import java.util.Optional;

/**
 * How an image is made.
 *
 * @param open how its source is opened
 * @param compression of its file system; without it what the configuration says
 * @param allRoot whether everything in it shall belong to root
 * @param openToOwner whether owners may do everything with their directories, and read and write their files, where an
 *     image is made of layers
 * @param force whether what stands at the target is replaced
 */
public record BuildOptions(OpenOptions open, Optional<Compression> compression, boolean allRoot, boolean openToOwner, boolean force) {
    public BuildOptions {
        Objects.requireNonNull(open);
        Objects.requireNonNull(compression);
    }
}
