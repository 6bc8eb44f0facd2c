package io.sifter.network;

import io.sifter.image.document.MediaTypes;
import io.sifter.network.json.JsonObject;
import java.util.List;
import java.util.Locale;
import java.util.Optional;

/** Media types of manifests and indexes, and which of them a document is. */
final class ManifestType {
    private static final String SIGNED_SCHEMA_1 = "application/vnd.docker.distribution.manifest.v1+prettyjws";
    private static final String SCHEMA_1 = "application/vnd.docker.distribution.manifest.v1+json";
    private static final List<String> ALL =
            List.of(MediaTypes.OCI_MANIFEST, MediaTypes.OCI_INDEX,
            MediaTypes.DOCKER_MANIFEST, MediaTypes.DOCKER_LIST, SIGNED_SCHEMA_1, SCHEMA_1);

    /** In one header: some servers read only the first of several. */
    static final String ACCEPTED = String.join(", ", ALL);

    private ManifestType() {}

    /**
     * What the document says of itself, else what the server says of it, else what it looks like: servers of static
     * files know nothing of media types.
     *
     * @return empty if it is no manifest
     */
    static Optional<String> of(byte[] content, String contentType) {
        Optional<JsonObject> object = JsonObject.parse(content);
        if (object.isEmpty()) {
            return Optional.empty();
        }
        return object.get().text("mediaType")
                .or(() -> Optional.ofNullable(contentType)
                        .map(type -> type.split(";", 2)[0].strip().toLowerCase(Locale.ROOT)).filter(ALL::contains))
                .or(() -> shape(object.get()));
    }

    private static Optional<String> shape(JsonObject document) {
        if (document.names().contains("config")) {
            return Optional.of(MediaTypes.OCI_MANIFEST);
        }
        if (document.names().contains("manifests")) {
            return Optional.of(MediaTypes.OCI_INDEX);
        }
        return document.names().contains("fsLayers") ? Optional.of(SCHEMA_1) : Optional.empty();
    }
}
