package io.sifter.testkit.registry;

import io.sifter.spi.reference.Digest;
import io.sifter.spi.source.Document;
import io.sifter.testkit.TarLayer;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.zip.GZIPInputStream;

/**
 * An archive of images as programs write them, file by file, so that a test can change, remove and add some. Not for several
 * threads.
 */
public final class TestArchive {
    /** How {@code docker save} and its like lay files out. */
    public enum Form {
        /** Docker 1.10 to 24: a directory for each layer, links for layers that are there already, names in the order of bytes. */
        DIRECTORIES,
        /** Docker 25 and later: an OCI layout with a {@code manifest.json}, layers uncompressed. */
        LAYOUT,
        /** The same of a Docker that keeps images in containerd's store: layers are those of the registry, with an attestation beside. */
        STORED,
        /** Podman and skopeo: a file for each layer, named by its DiffID. */
        FILES
    }

    private static final String PLAIN_LAYER = "application/vnd.oci.image.layer.v1.tar";
    private static final String EPOCH = "1970-01-01T00:00:00Z";

    private final Form form;
    private final Map<String, Object> files = new LinkedHashMap<>();
    private final List<Object> manifest = new ArrayList<>();
    private final List<Object> index = new ArrayList<>();
    private final Map<Digest, String> written = new LinkedHashMap<>();

    private TestArchive(Form form) {
        this.form = form;
    }

    /** What {@code docker save} writes. */
    public static TestArchive saved(Form form) {
        return new TestArchive(form);
    }

    /** What {@code tar cf archive *} makes of an OCI layout, or {@code tar cf archive .} with {@code prefix} {@code ./}. */
    public static TestArchive layout(String prefix, Map<String, Document> named, List<TestImage> images) {
        TestArchive archive = new TestArchive(Form.LAYOUT);
        Map<String, byte[]> blobs = new TreeMap<>();
        named.values().forEach(document -> blobs.put(document.digest().hex(), document.content()));
        for (TestImage image : images) {
            blobs.put(image.manifest().digest().hex(), image.manifest().content());
            image.blobs().forEach((digest, content) -> blobs.put(digest.hex(), content));
        }
        blobs.forEach((hex, content) -> archive.put(prefix + "blobs/sha256/" + hex, content));
        archive.put(prefix + "index.json", TestImage.layoutIndex(named).content());
        archive.put(prefix + "oci-layout", "{\"imageLayoutVersion\":\"1.0.0\"}");
        return archive;
    }

    /** Adds an image of gzip layers. */
    public TestArchive image(TestImage image, String... tags) {
        List<byte[]> layers = layers(image);
        List<String> names = new ArrayList<>();
        String config = switch (form) {
            case DIRECTORIES, FILES -> image.config().digest().hex() + ".json";
            case LAYOUT, STORED -> "blobs/sha256/" + image.config().digest().hex();
        };
        String parent = "";
        String chain = "";
        Map<String, Object> sorted = new TreeMap<>();
        sorted.put(config, image.config().content());
        for (byte[] layer : layers) {
            Digest diffId = Digest.sha256(layer);
            chain = chain.isEmpty() ? diffId.toString() : Digest.sha256((chain + " " + diffId).getBytes(StandardCharsets.UTF_8)).toString();
            switch (form) {
                case DIRECTORIES -> {
                    String id = id(chain, parent);
                    sorted.put(id + "/VERSION", "1.0".getBytes(StandardCharsets.UTF_8));
                    sorted.put(id + "/json", Json.write(legacy(id, parent)).getBytes(StandardCharsets.UTF_8));
                    String first = written.putIfAbsent(diffId, id);
                    sorted.put(id + "/layer.tar", first == null || first.equals(id) ? layer : "../" + first + "/layer.tar");
                    names.add(id + "/layer.tar");
                    parent = id;
                }
                case LAYOUT -> names.add(named(sorted, "blobs/sha256/" + diffId.hex(), layer));
                case STORED -> {
                    byte[] blob = blob(image, diffId);
                    names.add(named(sorted, "blobs/sha256/" + Digest.sha256(blob).hex(), blob));
                }
                case FILES -> names.add(named(sorted, diffId.hex() + ".tar", layer));
            }
        }
        sorted.forEach(files::putIfAbsent);
        Map<String, Object> entry = new LinkedHashMap<>();
        entry.put("Config", config);
        entry.put("RepoTags", List.of(tags));
        entry.put("Layers", names);
        manifest.add(entry);
        if (form == Form.LAYOUT || form == Form.STORED) {
            Map<String, Object> sources = new LinkedHashMap<>();
            List<Object> descriptors = new ArrayList<>();
            for (int i = 0; i < names.size(); i++) {
                byte[] content = bytes(names.get(i));
                Map<String, Object> descriptor = TestImage.descriptor(form == Form.LAYOUT ? PLAIN_LAYER : PLAIN_LAYER + "+gzip", Digest.sha256(content), content.length);
                descriptors.add(descriptor);
                sources.put(Digest.sha256(layers.get(i)).toString(), descriptor);
            }
            entry.put("LayerSources", sources);
            Map<String, Object> described = manifest(image.config(), descriptors);
            list(form == Form.LAYOUT ? described : attested(image, described), tags);
            put("index.json", Json.write(Map.of("schemaVersion", 2, "manifests", index)));
            put("oci-layout", "{\"imageLayoutVersion\":\"1.0.0\"}");
        }
        files.remove("manifest.json");
        return put("manifest.json", Json.write(manifest));
    }

    /** Adds an index of the image and what BuildKit attests of it; its descriptor. */
    private Map<String, Object> attested(TestImage image, Map<String, Object> manifest) {
        byte[] statement = "{\"_type\":\"https://in-toto.io/Statement/v0.1\"}".getBytes(StandardCharsets.UTF_8);
        put("blobs/sha256/" + Digest.sha256(statement).hex(), statement);
        Map<String, Object> attestation = manifest(image.config(), List.of(TestImage.descriptor("application/vnd.in-toto+json", Digest.sha256(statement), statement.length)));
        attestation.put("platform", Map.of("os", "unknown", "architecture", "unknown"));
        Map<String, Object> platformed = new LinkedHashMap<>(manifest);
        platformed.put("platform", TestImage.words(image.platform()));
        Map<String, Object> parts = new LinkedHashMap<>();
        parts.put("schemaVersion", 2);
        parts.put("mediaType", TestImage.OCI_INDEX);
        parts.put("manifests", List.of(platformed, attestation));
        return added(TestImage.document(TestImage.OCI_INDEX, parts));
    }

    private Map<String, Object> added(Document document) {
        put("blobs/sha256/" + document.digest().hex(), document.content());
        return new LinkedHashMap<>(TestImage.descriptor(document));
    }

    /** Adds a manifest; its descriptor. */
    private Map<String, Object> manifest(Document config, List<Object> layers) {
        Map<String, Object> parts = new LinkedHashMap<>();
        parts.put("schemaVersion", 2);
        parts.put("mediaType", TestImage.OCI_MANIFEST);
        parts.put("config", TestImage.descriptor(TestImage.OCI_CONFIG, config.digest(), config.content().length));
        parts.put("layers", layers);
        return added(TestImage.document(TestImage.OCI_MANIFEST, parts));
    }

    /** Once for each of its names, as Docker lists it. */
    private void list(Map<String, Object> manifest, String... tags) {
        if (tags.length == 0) {
            index.add(manifest);
        }
        for (String tag : tags) {
            Map<String, Object> named = new LinkedHashMap<>(manifest);
            named.put("annotations", Map.of("io.containerd.image.name", "docker.io/library/" + tag,
                    "org.opencontainers.image.ref.name", tag.substring(tag.lastIndexOf(':') + 1)));
            index.add(named);
        }
    }

    /** A layer as the registry has it. */
    private static byte[] blob(TestImage image, Digest diffId) {
        return image.blobs().entrySet().stream().filter(blob -> !blob.getKey().equals(image.config().digest()))
                .map(Map.Entry::getValue).filter(blob -> Digest.sha256(inflate(blob)).equals(diffId)).findFirst().orElseThrow();
    }

    private static String named(Map<String, Object> files, String name, byte[] content) {
        files.put(name, content);
        return name;
    }

    /** As Docker computes it: the hash of what it writes of the layer, without its id, with the chain of layers up to it. */
    private static String id(String chain, String parent) {
        Map<String, Object> hashed = new TreeMap<>(Map.of("container_config", Map.of(), "created", EPOCH, "layer_id", chain));
        if (!parent.isEmpty()) {
            hashed.put("parent", "sha256:" + parent);
        }
        return Digest.sha256(Json.write(hashed).getBytes(StandardCharsets.UTF_8)).hex();
    }

    private static Map<String, Object> legacy(String id, String parent) {
        Map<String, Object> members = new LinkedHashMap<>();
        members.put("id", id);
        if (!parent.isEmpty()) {
            members.put("parent", parent);
        }
        members.put("created", EPOCH);
        members.put("container_config", Map.of());
        members.put("os", "linux");
        return members;
    }

    /** The uncompressed layers of an image, lowest first; a layer may be there more than once. */
    public static List<byte[]> layers(TestImage image) {
        Map<String, byte[]> byDiffId = new LinkedHashMap<>();
        image.blobs().forEach((digest, content) -> {
            if (!digest.equals(image.config().digest())) {
                byte[] tar = inflate(content);
                byDiffId.put(Digest.sha256(tar).toString(), tar);
            }
        });
        List<byte[]> layers = new ArrayList<>();
        Map<?, ?> config = (Map<?, ?>) Json.read(new String(image.config().content(), StandardCharsets.UTF_8));
        for (Object diffId : (List<?>) ((Map<?, ?>) config.get("rootfs")).get("diff_ids")) {
            layers.add(byDiffId.get(diffId));
        }
        return layers;
    }

    private static byte[] inflate(byte[] gzip) {
        try (GZIPInputStream in = new GZIPInputStream(new ByteArrayInputStream(gzip))) {
            return in.readAllBytes();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** Adds a file or replaces it where it stands. */
    public TestArchive put(String name, byte[] content) {
        files.put(name, content);
        return this;
    }

    public TestArchive put(String name, String content) {
        return put(name, content.getBytes(StandardCharsets.UTF_8));
    }

    /** Puts a symbolic link in the place of a file. */
    public TestArchive link(String name, String target) {
        files.put(name, target);
        return this;
    }

    public TestArchive remove(String name) {
        files.remove(name);
        return this;
    }

    /** Names of the files, in the order in which they are written. */
    public List<String> names() {
        return List.copyOf(files.keySet());
    }

    public boolean isLink(String name) {
        return files.get(name) instanceof String;
    }

    /** Where a link leads. */
    public String target(String name) {
        return (String) files.get(name);
    }

    public byte[] bytes(String name) {
        return (byte[]) files.get(name);
    }

    /** What a file says. */
    public String text(String name) {
        return new String(bytes(name), StandardCharsets.UTF_8);
    }

    /** The archive, to be written or added to. */
    public TarLayer tar() {
        TarLayer tar = TarLayer.with();
        files.forEach((name, content) -> {
            if (content instanceof String target) {
                tar.symlink(name, target);
            } else {
                tar.file(name, (byte[]) content);
            }
        });
        return tar;
    }
}
