package io.sifter.image.document;

import java.util.Map;
import java.util.Set;

/** The media types of images (OCI image specification 1.1, media-types; Docker image manifest version 2, schema 2). */
public final class MediaTypes {
    public static final String OCI_INDEX = "application/vnd.oci.image.index.v1+json";
    public static final String OCI_MANIFEST = "application/vnd.oci.image.manifest.v1+json";
    public static final String OCI_CONFIG = "application/vnd.oci.image.config.v1+json";
    public static final String OCI_LAYER = "application/vnd.oci.image.layer.v1.tar";
    public static final String OCI_LAYER_GZIP = OCI_LAYER + "+gzip";
    public static final String OCI_LAYER_ZSTD = OCI_LAYER + "+zstd";
    public static final String DOCKER_LIST = "application/vnd.docker.distribution.manifest.list.v2+json";
    public static final String DOCKER_MANIFEST = "application/vnd.docker.distribution.manifest.v2+json";
    public static final String DOCKER_CONFIG = "application/vnd.docker.container.image.v1+json";
    public static final String DOCKER_LAYER = "application/vnd.docker.image.rootfs.diff.tar";
    public static final String DOCKER_LAYER_GZIP = DOCKER_LAYER + ".gzip";

    private static final String OCI_FOREIGN_LAYER = "application/vnd.oci.image.layer.nondistributable.v1.tar";
    private static final String DOCKER_FOREIGN_LAYER = "application/vnd.docker.image.rootfs.foreign.diff.tar";
    private static final Set<String> SCHEMA_1 = Set.of(
            "application/vnd.docker.distribution.manifest.v1+prettyjws",
            "application/vnd.docker.distribution.manifest.v1+json");
    private static final Map<String, String> DOCKER_TO_OCI = Map.ofEntries(
            Map.entry(DOCKER_LIST, OCI_INDEX),
            Map.entry(DOCKER_MANIFEST, OCI_MANIFEST),
            Map.entry(DOCKER_CONFIG, OCI_CONFIG),
            Map.entry(DOCKER_LAYER, OCI_LAYER),
            Map.entry(DOCKER_LAYER_GZIP, OCI_LAYER_GZIP),
            Map.entry(DOCKER_LAYER + ".zstd", OCI_LAYER_ZSTD),
            Map.entry(DOCKER_FOREIGN_LAYER, OCI_FOREIGN_LAYER),
            Map.entry(DOCKER_FOREIGN_LAYER + ".gzip", OCI_FOREIGN_LAYER + "+gzip"),
            Map.entry(DOCKER_FOREIGN_LAYER + ".zstd", OCI_FOREIGN_LAYER + "+zstd"));
    private static final Set<String> LAYERS = Set.of(
            OCI_LAYER, OCI_LAYER_GZIP, OCI_LAYER_ZSTD,
            OCI_FOREIGN_LAYER, OCI_FOREIGN_LAYER + "+gzip", OCI_FOREIGN_LAYER + "+zstd");

    private MediaTypes() {}

    public static boolean isIndex(String mediaType) {
        return toOci(mediaType).equals(OCI_INDEX);
    }

    public static boolean isManifest(String mediaType) {
        return toOci(mediaType).equals(OCI_MANIFEST);
    }

    /** Whether this names a manifest of Docker's schema 1, which {@link Documents} refuses. */
    public static boolean isSchema1(String mediaType) {
        return SCHEMA_1.contains(withoutParameters(mediaType));
    }

    /** Whether this names a tar layer, compressed or not, of OCI or Docker, distributable or not. */
    public static boolean isTarLayer(String mediaType) {
        return LAYERS.contains(toOci(mediaType));
    }

    /** The OCI name of what Docker names differently; anything else unchanged, without parameters. */
    public static String toOci(String mediaType) {
        String plain = withoutParameters(mediaType);
        return DOCKER_TO_OCI.getOrDefault(plain, plain);
    }

    /** {@code type/subtype} of {@code type/subtype; charset=utf-8}. */
    static String withoutParameters(String mediaType) {
        int semicolon = mediaType.indexOf(';');
        return (semicolon < 0 ? mediaType : mediaType.substring(0, semicolon)).strip();
    }
}
