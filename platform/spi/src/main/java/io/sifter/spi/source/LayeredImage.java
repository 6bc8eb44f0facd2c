package io.sifter.spi.source;

import java.util.List;
import java.util.Objects;

/**
 * An OCI or Docker image: documents as the source serves them, and layers, lowest first.
 *
 * @param manifest the manifest of the wanted platform, byte for byte
 * @param config the image configuration, byte for byte
 */
public record LayeredImage(Document manifest, Document config, List<Layer> layers) implements Source {
    public LayeredImage {
        Objects.requireNonNull(manifest);
        Objects.requireNonNull(config);
        layers = List.copyOf(layers);
    }
}
