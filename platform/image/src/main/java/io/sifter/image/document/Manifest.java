package io.sifter.image.document;

import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;

/**
 * An OCI image manifest or a Docker manifest of schema 2.
 *
 * @param artifactType what this is if not an image
 * @param layers lowest first
 */
public record Manifest(String mediaType, Optional<String> artifactType, Descriptor config, List<Descriptor> layers,
                       Map<String, String> annotations) implements ImageDocument {
    public Manifest {
        Objects.requireNonNull(mediaType);
        Objects.requireNonNull(artifactType);
        Objects.requireNonNull(config);
        layers = List.copyOf(layers);
        annotations = Collections.unmodifiableMap(new LinkedHashMap<>(annotations));
    }

    /** The manifest of an OCI image without annotations. */
    public static Manifest of(Descriptor config, List<Descriptor> layers) {
        return new Manifest(MediaTypes.OCI_MANIFEST, Optional.empty(), config, layers, Map.of());
    }
}
