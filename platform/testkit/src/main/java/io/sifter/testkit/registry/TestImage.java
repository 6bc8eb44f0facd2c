package io.sifter.testkit.registry;

import io.sifter.spi.reference.Digest;
import io.sifter.spi.reference.Platform;
import io.sifter.spi.source.Document;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Base64;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.zip.GZIPOutputStream;

/**
 * An image made in memory, by {@link #with()}.
 *
 * @param platform as an index lists it
 * @param blobs configuration and layers
 */
public record TestImage(Document manifest, Document config, Platform platform, Map<Digest, byte[]> blobs) {
    static final String OCI_INDEX = "application/vnd.oci.image.index.v1+json";
    static final String OCI_MANIFEST = "application/vnd.oci.image.manifest.v1+json";
    static final String OCI_CONFIG = "application/vnd.oci.image.config.v1+json";
    private static final String OCI_LAYER = "application/vnd.oci.image.layer.v1.tar+gzip";
    private static final String DOCKER_MANIFEST = "application/vnd.docker.distribution.manifest.v2+json";
    private static final String DOCKER_CONFIG = "application/vnd.docker.container.image.v1+json";
    private static final String DOCKER_LAYER = "application/vnd.docker.image.rootfs.diff.tar.gzip";

    public TestImage {
        blobs = Collections.unmodifiableMap(new LinkedHashMap<>(blobs));
    }

    /** An image of OCI media types for linux/amd64, without layers so far. */
    public static Builder with() {
        return new Builder();
    }

    /** An index of images, each under its platform. */
    public static Document index(List<TestImage> images) {
        List<Object> manifests = new ArrayList<>();
        for (TestImage image : images) {
            Map<String, Object> entry = descriptor(image.manifest);
            entry.put("platform", words(image.platform));
            manifests.add(entry);
        }
        return indexOf(manifests);
    }

    /**
     * An OCI layout of images in an empty directory.
     *
     * @param named documents by the name that the layout gives them; what they point to is in {@code images}
     */
    public static Path layout(Path directory, Map<String, Document> named, List<TestImage> images) throws IOException {
        Path blobs = Files.createDirectories(directory.resolve("blobs/sha256"));
        for (Document document : named.values()) {
            Files.write(blobs.resolve(document.digest().hex()), document.content());
        }
        for (TestImage image : images) {
            Files.write(blobs.resolve(image.manifest.digest().hex()), image.manifest.content());
            for (Map.Entry<Digest, byte[]> blob : image.blobs.entrySet()) {
                Files.write(blobs.resolve(blob.getKey().hex()), blob.getValue());
            }
        }
        Files.write(directory.resolve("index.json"), layoutIndex(named).content());
        Files.writeString(directory.resolve("oci-layout"), "{\"imageLayoutVersion\":\"1.0.0\"}");
        return directory;
    }

    /** The {@code index.json} of a layout: documents by name. */
    static Document layoutIndex(Map<String, Document> named) {
        List<Object> entries = new ArrayList<>();
        for (Map.Entry<String, Document> image : named.entrySet()) {
            Map<String, Object> entry = descriptor(image.getValue());
            entry.put("annotations", Map.of("org.opencontainers.image.ref.name", image.getKey()));
            entries.add(entry);
        }
        return indexOf(entries);
    }

    private static Document indexOf(List<Object> manifests) {
        Map<String, Object> members = new LinkedHashMap<>();
        members.put("schemaVersion", 2);
        members.put("mediaType", OCI_INDEX);
        members.put("manifests", manifests);
        return document(OCI_INDEX, members);
    }

    static Document document(String mediaType, Map<String, Object> members) {
        return Document.of(mediaType, Json.write(members).getBytes(StandardCharsets.UTF_8));
    }

    static Map<String, Object> descriptor(Document document) {
        return descriptor(document.mediaType(), document.digest(), document.content().length);
    }

    static Map<String, Object> descriptor(String mediaType, Digest digest, long size) {
        Map<String, Object> members = new LinkedHashMap<>();
        members.put("mediaType", mediaType);
        members.put("digest", digest.toString());
        members.put("size", size);
        return members;
    }

    static Map<String, Object> words(Platform platform) {
        Map<String, Object> members = new LinkedHashMap<>();
        members.put("architecture", platform.architecture());
        members.put("os", platform.os());
        platform.variant().ifPresent(variant -> members.put("variant", variant));
        return members;
    }

    /** Collects the parts of an image; not for several threads. */
    public static final class Builder {
        private final List<Map<String, Object>> layers = new ArrayList<>();
        private final List<Object> diffIds = new ArrayList<>();
        private final Map<Digest, byte[]> blobs = new LinkedHashMap<>();
        private final Map<String, Object> process = new LinkedHashMap<>();
        private Optional<Platform> platform = Optional.of(Platform.linux("amd64"));
        private boolean docker;

        private Builder() {}

        /** A layer of this tar stream, compressed by gzip. */
        public Builder layer(byte[] tar) {
            byte[] packed = gzip(tar);
            return blob(OCI_LAYER, packed, Digest.sha256(tar));
        }

        /** A layer of these very bytes, whatever they are. */
        public Builder blob(String mediaType, byte[] bytes, Digest diffId) {
            Digest digest = Digest.sha256(bytes);
            blobs.put(digest, bytes);
            return layer(mediaType, digest, bytes.length, diffId);
        }

        /** A layer whose bytes the manifest carries itself. */
        public Builder inlineLayer(byte[] tar) {
            byte[] packed = gzip(tar);
            layer(OCI_LAYER, Digest.sha256(packed), packed.length, Digest.sha256(tar));
            layers.getLast().put("data", Base64.getEncoder().encodeToString(packed));
            return this;
        }

        /** A layer whose bytes are elsewhere, or nowhere. */
        public Builder layer(String mediaType, Digest digest, long size, Digest diffId, String... urls) {
            layers.add(descriptor(mediaType, digest, size));
            if (urls.length > 0) {
                layers.getLast().put("urls", List.of(urls));
            }
            diffIds.add(diffId.toString());
            return this;
        }

        /** One more DiffID than there are layers. */
        public Builder surplusDiffId(Digest diffId) {
            diffIds.add(diffId.toString());
            return this;
        }

        public Builder platform(String text) {
            platform = Optional.of(Platform.parse(text));
            return this;
        }

        /** A configuration that does not say what it is for. */
        public Builder withoutPlatform() {
            platform = Optional.empty();
            return this;
        }

        /** Media types of Docker in place of those of OCI. */
        public Builder docker() {
            docker = true;
            return this;
        }

        public Builder entrypoint(String... words) {
            process.put("Entrypoint", List.of(words));
            return this;
        }

        public Builder command(String... words) {
            process.put("Cmd", List.of(words));
            return this;
        }

        public Builder env(String... variables) {
            process.put("Env", List.of(variables));
            return this;
        }

        public TestImage build() {
            Map<String, Object> members = new LinkedHashMap<>();
            platform.ifPresent(built -> members.putAll(words(built)));
            members.put("config", process);
            Map<String, Object> rootfs = new LinkedHashMap<>();
            rootfs.put("type", "layers");
            rootfs.put("diff_ids", diffIds);
            members.put("rootfs", rootfs);
            Document config = document(docker ? DOCKER_CONFIG : OCI_CONFIG, members);

            Map<String, Object> parts = new LinkedHashMap<>();
            parts.put("schemaVersion", 2);
            parts.put("mediaType", docker ? DOCKER_MANIFEST : OCI_MANIFEST);
            parts.put("config", descriptor(config));
            parts.put("layers", layers.stream().map(this::named).toList());
            Map<Digest, byte[]> all = new LinkedHashMap<>(blobs);
            all.put(config.digest(), config.content());
            return new TestImage(document(docker ? DOCKER_MANIFEST : OCI_MANIFEST, parts), config,
                    platform.orElse(Platform.linux("amd64")), all);
        }

        private Map<String, Object> named(Map<String, Object> layer) {
            Map<String, Object> named = new LinkedHashMap<>(layer);
            named.replace("mediaType", OCI_LAYER, docker ? DOCKER_LAYER : OCI_LAYER);
            return named;
        }

        private static byte[] gzip(byte[] tar) {
            ByteArrayOutputStream packed = new ByteArrayOutputStream();
            try (GZIPOutputStream gzip = new GZIPOutputStream(packed)) {
                gzip.write(tar);
            } catch (IOException e) {
                throw new UncheckedIOException(e);
            }
            return packed.toByteArray();
        }
    }
}
