package io.sifter.network;

import io.sifter.network.json.Json;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;

/** Media types of manifests and indexes, and which of them a document is. */
final class ManifestType {
    private static final String OCI_MANIFEST = "application/vnd.oci.image.manifest.v1+json";
    private static final String OCI_INDEX = "application/vnd.oci.image.index.v1+json";
    private static final String DOCKER_MANIFEST = "application/vnd.docker.distribution.manifest.v2+json";
    private static final String DOCKER_LIST = "application/vnd.docker.distribution.manifest.list.v2+json";
    private static final String SIGNED_SCHEMA_1 = "application/vnd.docker.distribution.manifest.v1+prettyjws";
    private static final String SCHEMA_1 = "application/vnd.docker.distribution.manifest.v1+json";
    private static final List<String> ALL =
            List.of(OCI_MANIFEST, OCI_INDEX, DOCKER_MANIFEST, DOCKER_LIST, SIGNED_SCHEMA_1, SCHEMA_1);

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
        Optional<Map<String, Object>> object = Json.object(content);
        if (object.isEmpty()) {
            return Optional.empty();
        }
        return Json.text(object.get(), "mediaType")
                .or(() -> Optional.ofNullable(contentType)
                        .map(type -> type.split(";", 2)[0].strip().toLowerCase(Locale.ROOT)).filter(ALL::contains))
                .or(() -> shape(object.get()));
    }

    private static Optional<String> shape(Map<String, Object> document) {
        if (document.containsKey("config")) {
            return Optional.of(OCI_MANIFEST);
        }
        if (document.containsKey("manifests")) {
            return Optional.of(OCI_INDEX);
        }
        return document.containsKey("fsLayers") ? Optional.of(SCHEMA_1) : Optional.empty();
    }
}
