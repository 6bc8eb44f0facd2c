package io.sifter.spi.source;

import java.util.List;
import java.util.Objects;
import java.util.Optional;

/**
 * An OCI or Docker image: documents as the source serves them, and layers, lowest first.
 *
 * @param manifest the manifest of the wanted platform, byte for byte; where the source has none, what stands for the image in its
 *     place: its digest is the image's identity
 * @param config the image configuration, byte for byte
 * @param sequence for sources that are read from front to end: gives many layers for one reading. Opening a layer by itself works
 *     there as well, but reads all that stands before it
 */
public record LayeredImage(Document manifest, Document config, List<Layer> layers, Optional<LayerSequence.Opener> sequence) implements Source {
    public LayeredImage {
        Objects.requireNonNull(manifest);
        Objects.requireNonNull(config);
        layers = List.copyOf(layers);
        Objects.requireNonNull(sequence);
    }

    /** An image whose layers are read each by itself. */
    public LayeredImage(Document manifest, Document config, List<Layer> layers) {
        this(manifest, config, layers, Optional.empty());
    }
}
