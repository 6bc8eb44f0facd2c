package io.sifter.image.document;

import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;

/** An OCI image index or a Docker manifest list: manifests, or further indexes, in order of preference. */
public record Index(String mediaType, List<Descriptor> manifests, Map<String, String> annotations) implements ImageDocument {
    public Index {
        Objects.requireNonNull(mediaType);
        manifests = List.copyOf(manifests);
        annotations = Collections.unmodifiableMap(new LinkedHashMap<>(annotations));
    }
}
