package io.sifter.agent.oras;

import io.sifter.image.document.Descriptor;
import io.sifter.image.document.Documents;
import io.sifter.image.document.Json;
import io.sifter.image.document.Manifest;
import io.sifter.image.document.MediaTypes;
import io.sifter.spi.error.UserException;
import io.sifter.spi.reference.Digest;
import io.sifter.spi.source.Document;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/**
 * A SIF file as the reference keeps it in registries: an OCI manifest with one layer, which is the file, and an empty
 * configuration. Without {@code artifactType}, since old registries refuse what they do not know.
 */
final class SifArtifact {
    static final String SIF_LAYER = "application/vnd.sylabs.sif.layer.v1.sif";
    private static final String SIF_CONFIG = "application/vnd.sylabs.sif.config.v1+json";
    /** The second is what versions before 3.7 wrote, as they spelt it. */
    private static final Set<String> LAYERS = Set.of(SIF_LAYER, "appliciation/vnd.sylabs.sif.layer.tar");
    private static final String TITLE = "org.opencontainers.image.title";

    /** What every artifact has for a configuration. */
    static final byte[] CONFIG = {'{', '}'};
    static final Digest CONFIG_DIGEST = Digest.sha256(CONFIG);

    private SifArtifact() {}

    /** @param title the file's name */
    static Document manifest(Digest digest, long size, String title) {
        Map<String, Object> members = new LinkedHashMap<>();
        members.put("schemaVersion", 2);
        // Some registries refuse manifests that do not state what they are.
        members.put("mediaType", MediaTypes.OCI_MANIFEST);
        members.put("config", Documents.members(Descriptor.of(SIF_CONFIG, CONFIG_DIGEST, CONFIG.length)));
        members.put("layers", List.of(Documents.members(
                new Descriptor(SIF_LAYER, digest, size, Optional.empty(), List.of(), Map.of(TITLE, title), Optional.empty()))));
        return Document.of(MediaTypes.OCI_MANIFEST, Json.compact(members));
    }

    /**
     * The one layer that is the SIF file. The configuration says nothing, whatever its type.
     *
     * @throws UserException if the manifest is that of an image, or of something else
     */
    static Descriptor layer(Manifest manifest, Object name) throws UserException {
        if (manifest.layers().size() != 1) {
            throw new UserException("ORAS SIF image should have a single layer, found %d: %s".formatted(manifest.layers().size(), name),
                    "If it is an image of layers, use docker:// in place of oras://");
        }
        Descriptor layer = manifest.layers().getFirst();
        if (!LAYERS.contains(layer.mediaType())) {
            throw new UserException("invalid layer mediatype: %s: %s".formatted(layer.mediaType(), name),
                    MediaTypes.isTarLayer(layer.mediaType()) ? "This is an image of layers: use docker:// in place of oras://"
                            : "This is something else than a SIF file.");
        }
        return layer;
    }
}
