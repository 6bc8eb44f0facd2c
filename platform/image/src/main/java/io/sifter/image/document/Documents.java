package io.sifter.image.document;

import io.sifter.spi.error.CorruptDataException;
import io.sifter.spi.error.UserException;
import io.sifter.spi.event.Event;
import io.sifter.spi.reference.Digest;
import io.sifter.spi.reference.Platform;
import io.sifter.spi.source.ByteSource;
import io.sifter.spi.source.Document;
import io.sifter.spi.source.Layer;
import io.sifter.spi.source.LayeredImage;
import java.io.IOException;
import java.time.DateTimeException;
import java.time.Instant;
import java.time.OffsetDateTime;
import java.util.ArrayList;
import java.util.Base64;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.function.Consumer;
import java.util.function.Function;

/**
 * Reads and writes the documents of images. Members that nobody knows are ignored; shapes, digests and sizes are
 * checked, and an error names the document by its digest.
 */
public final class Documents {
    /** Largest manifest or index that is read, bytes; registries need not accept larger ones. */
    public static final int MAX_MANIFEST_SIZE = 4 << 20;

    /** Largest image configuration that is read, bytes. */
    public static final int MAX_CONFIG_SIZE = 16 << 20;

    /** What inspection calls members of a configuration. */
    private static final Map<String, String> INSPECTED = new LinkedHashMap<>();

    static {
        INSPECTED.put("Created", "created");
        INSPECTED.put("Author", "author");
        INSPECTED.put("Architecture", "architecture");
        INSPECTED.put("Variant", "variant");
        INSPECTED.put("Os", "os");
        INSPECTED.put("OsVersion", "os.version");
    }

    private Documents() {}

    /**
     * Parses a manifest or an index. The shape tells which it is; a stated media type must agree.
     *
     * @throws UserException if it is a manifest of Docker's schema 1
     * @throws CorruptDataException if it is neither, or both, or damaged
     */
    public static ImageDocument parse(Document document) throws CorruptDataException, UserException {
        Members root = root(document, "manifest", MAX_MANIFEST_SIZE);
        Optional<String> stated = root.text("mediaType").map(MediaTypes::withoutParameters);
        if (MediaTypes.isSchema1(stated.orElse(document.mediaType())) || root.integer("schemaVersion").orElse(2L) == 1) {
            throw new UserException("%s is a Docker manifest of schema 1, which carries no configuration and is not supported"
                    .formatted(document.digest()),
                    "Push the image again with a current tool, for example: skopeo copy --format v2s2 …");
        }
        boolean index = root.has("manifests");
        if (index && (root.has("layers") || root.has("config"))) {
            throw new CorruptDataException("%s claims to be both a manifest and an index".formatted(root.where()));
        }
        if (stated.isPresent() && (index ? MediaTypes.isManifest(stated.get()) : MediaTypes.isIndex(stated.get()))) {
            throw new CorruptDataException("%s states the media type %s but has the members of %s"
                    .formatted(root.where(), stated.get(), index ? "an index" : "a manifest"));
        }
        String mediaType = stated.orElseGet(() -> {
            String served = MediaTypes.withoutParameters(document.mediaType());
            boolean plausible = index ? MediaTypes.isIndex(served) : MediaTypes.isManifest(served);
            return plausible ? served : index ? MediaTypes.OCI_INDEX : MediaTypes.OCI_MANIFEST;
        });
        if (index) {
            return new Index(mediaType, descriptors(root, "manifests"), root.stringMap("annotations"));
        }
        Members config = root.object("config").orElseThrow(() -> new CorruptDataException(
                "%s is neither a manifest nor an index: it has neither 'config' nor 'manifests'".formatted(root.where())));
        return new Manifest(mediaType, root.text("artifactType"), descriptor(config), descriptors(root, "layers"),
                root.stringMap("annotations"));
    }

    /** Parses the manifest of one image, as {@link #parse} does. */
    public static Manifest parseManifest(Document document) throws CorruptDataException, UserException {
        return switch (parse(document)) {
            case Manifest manifest -> manifest;
            case Index _ -> throw new CorruptDataException("%s is an index, expected a manifest".formatted(document.digest()));
        };
    }

    /** Parses an index, as {@link #parse} does. */
    public static Index parseIndex(Document document) throws CorruptDataException, UserException {
        return switch (parse(document)) {
            case Index index -> index;
            case Manifest _ -> throw new CorruptDataException("%s is a manifest, expected an index".formatted(document.digest()));
        };
    }

    public static ImageConfig parseConfig(Document document) throws CorruptDataException {
        Members root = root(document, "image configuration", MAX_CONFIG_SIZE);
        Members config = root.object("config").orElseGet(() -> new Members(Map.of(), root.path("config")));
        Optional<Members> rootfs = root.object("rootfs");
        return new ImageConfig(
                created(root),
                platform(root),
                config.strings("Env"),
                config.strings("Entrypoint"),
                config.strings("Cmd"),
                config.stringMap("Labels"),
                config.text("WorkingDir"),
                config.text("User"),
                rootfs.isEmpty() ? List.of() : rootfs.get().digests("diff_ids"),
                OciConfig.compact(config));
    }

    /** How an image was made, first step first, as far as its configuration says so. */
    public static List<HistoryEntry> parseHistory(Document config) throws CorruptDataException {
        List<HistoryEntry> history = new ArrayList<>();
        for (Members entry : root(config, "image configuration", MAX_CONFIG_SIZE).objects("history")) {
            history.add(new HistoryEntry(entry.string("created_by").orElse(""), entry.truth("empty_layer")));
        }
        return history;
    }

    /**
     * Finds the manifest for a platform: {@code top} itself if it is a manifest, else what its index, or an index
     * inside it, offers. In document order; a wish without variant takes any variant, a wish for one takes that, then
     * (ARM) the lower ones, then an entry without. Attestations and entries of unknown kind are passed over.
     *
     * @throws UserException if the index has nothing for the platform; the message lists what it has
     */
    public static Document select(Document top, Platform wanted, DocumentFetch fetch) throws IOException, InterruptedException {
        return new PlatformChoice(wanted, fetch).choose(top);
    }

    /**
     * Parses the list of images that {@code docker save} puts into its archives as {@code manifest.json}.
     *
     * @param where the file, for messages
     */
    public static List<SavedImage> parseSaved(byte[] text, String where) throws CorruptDataException {
        Members root = new Members(Collections.singletonMap("images", Json.parse(text, where)), where);
        List<SavedImage> images = new ArrayList<>();
        for (Members image : root.objects("images")) {
            images.add(new SavedImage(image.text("Config").orElseThrow(() -> image.missing("Config")), image.strings("RepoTags"), image.strings("Layers")));
        }
        return images;
    }

    /**
     * The configuration of an image of which a daemon only tells what {@code docker image inspect} shows: the same settings, not the
     * same bytes.
     *
     * @param where who told, for messages
     * @throws CorruptDataException if that is not understood
     */
    public static Document inspected(byte[] text, String where) throws CorruptDataException {
        Members image = Members.of(Json.parse(text, where), where);
        Members rootfs = image.object("RootFS").orElseThrow(() -> image.missing("RootFS"));
        Map<String, Object> config = new LinkedHashMap<>();
        for (Map.Entry<String, String> member : INSPECTED.entrySet()) {
            image.text(member.getKey()).ifPresent(value -> config.put(member.getValue(), value));
        }
        image.object("Config").ifPresent(settings -> config.put("config", settings.values()));
        Map<String, Object> layers = new LinkedHashMap<>();
        layers.put("type", "layers");
        layers.put("diff_ids", rootfs.digests("Layers").stream().map(Digest::toString).toList());
        config.put("rootfs", layers);
        return Document.of(MediaTypes.DOCKER_CONFIG, Json.compact(config));
    }

    /**
     * Refuses an image for another machine than the wanted one; warns of one that does not say what it is for.
     *
     * @param chosen whether an index was asked for the platform already; what it lists may still be mislabelled
     */
    public static void requirePlatform(ImageConfig config, Platform wanted, boolean chosen, Consumer<Event> events) throws UserException {
        if (config.platform().isEmpty()) {
            events.accept(Event.warning("OCI image doesn't declare a platform. It may not be compatible with this system."));
            return;
        }
        Platform got = config.platform().get();
        boolean sameMachine = got.os().equals(wanted.os()) && got.architecture().equals(wanted.architecture());
        if (!(chosen ? sameMachine : wanted.accepts(got))) {
            throw new UserException("image (%s) does not satisfy required platform (%s)".formatted(got, wanted),
                    "Ask for what it was built for with --platform %s.".formatted(got));
        }
    }

    /**
     * The same manifest with the media types of OCI, as the blob cache keeps it: unchanged bytes if nothing in it is
     * Docker's, else compact JSON with members in the order of the specification, and so a digest of its own.
     * Configuration and layers keep their bytes and digests.
     */
    public static Document toOci(Document document) throws CorruptDataException, UserException {
        Manifest manifest = parseManifest(document);
        Descriptor config = toOci(manifest.config());
        List<Descriptor> layers = manifest.layers().stream().map(Documents::toOci).toList();
        boolean same = manifest.mediaType().equals(MediaTypes.OCI_MANIFEST)
                && config.equals(manifest.config()) && layers.equals(manifest.layers());
        return same
                ? new Document(MediaTypes.OCI_MANIFEST, document.digest(), document.content())
                : write(new Manifest(MediaTypes.OCI_MANIFEST, manifest.artifactType(), config, layers, manifest.annotations()));
    }

    /** A manifest as compact JSON; OCI manifests without {@code mediaType}, as this cache always wrote them. */
    public static Document write(Manifest manifest) {
        Map<String, Object> members = new LinkedHashMap<>();
        members.put("schemaVersion", 2);
        if (!manifest.mediaType().equals(MediaTypes.OCI_MANIFEST) || manifest.artifactType().isPresent()) {
            members.put("mediaType", manifest.mediaType());
        }
        manifest.artifactType().ifPresent(type -> members.put("artifactType", type));
        members.put("config", members(manifest.config()));
        members.put("layers", manifest.layers().stream().map(Documents::members).toList());
        if (!manifest.annotations().isEmpty()) {
            members.put("annotations", manifest.annotations());
        }
        return Document.of(manifest.mediaType(), Json.compact(members));
    }

    /** A descriptor as a value for {@link Json}, members in the order of the layouts we write. */
    public static Map<String, Object> members(Descriptor descriptor) {
        Map<String, Object> members = new LinkedHashMap<>();
        members.put("mediaType", descriptor.mediaType());
        members.put("digest", descriptor.digest().toString());
        members.put("size", descriptor.size());
        if (!descriptor.urls().isEmpty()) {
            members.put("urls", descriptor.urls());
        }
        if (!descriptor.annotations().isEmpty()) {
            members.put("annotations", descriptor.annotations());
        }
        descriptor.data().ifPresent(data -> members.put("data", Base64.getEncoder().encodeToString(data)));
        descriptor.platform().ifPresent(platform -> {
            Map<String, Object> words = new LinkedHashMap<>();
            words.put("architecture", platform.architecture());
            words.put("os", platform.os());
            platform.variant().ifPresent(variant -> words.put("variant", variant));
            members.put("platform", words);
        });
        return members;
    }

    /**
     * Puts an image together from verified documents.
     *
     * @param bytes where each layer's blob is read
     * @param local whether those bytes are on this machine already
     * @throws UserException if the layers are not tar archives: then this is some other artifact
     * @throws CorruptDataException if configuration and manifest disagree about the number of layers
     */
    public static LayeredImage layered(Document manifest, Document config, Function<Descriptor, ByteSource> bytes, boolean local)
            throws CorruptDataException, UserException {
        List<Descriptor> blobs = parseManifest(manifest).layers();
        List<Digest> diffIds = parseConfig(config).diffIds();
        for (Descriptor blob : blobs) {
            if (!MediaTypes.isTarLayer(blob.mediaType())) {
                throw new UserException("no extractable OCI/Docker tar layers found in this image: %s has the media type %s"
                        .formatted(blob.digest(), blob.mediaType()),
                        "If this is a SIF kept in a registry, use oras:// in place of docker://");
            }
        }
        if (blobs.size() != diffIds.size()) {
            throw new CorruptDataException("Manifest %s has %d layers, its configuration %s names %d"
                    .formatted(manifest.digest(), blobs.size(), config.digest(), diffIds.size()));
        }
        List<Layer> layers = new ArrayList<>();
        for (int i = 0; i < blobs.size(); i++) {
            Descriptor blob = blobs.get(i);
            layers.add(new Layer(blob.mediaType(), Optional.of(blob.digest()), OptionalLong.of(blob.size()),
                    Optional.of(diffIds.get(i)), bytes.apply(blob), local));
        }
        return new LayeredImage(manifest, config, layers);
    }

    private static Descriptor toOci(Descriptor descriptor) {
        return new Descriptor(MediaTypes.toOci(descriptor.mediaType()), descriptor.digest(), descriptor.size(),
                descriptor.platform(), descriptor.urls(), descriptor.annotations(), descriptor.data());
    }

    private static Members root(Document document, String kind, int limit) throws CorruptDataException {
        if (document.content().length > limit) {
            throw new CorruptDataException("%s is a %s of %d bytes, more than the %d that are read"
                    .formatted(document.digest(), kind, document.content().length, limit));
        }
        String where = "The %s %s".formatted(kind, document.digest().hex().substring(0, 12));
        return Members.of(Json.parse(document.content(), where), where);
    }

    private static List<Descriptor> descriptors(Members owner, String name) throws CorruptDataException {
        List<Descriptor> descriptors = new ArrayList<>();
        for (Members members : owner.objects(name)) {
            descriptors.add(descriptor(members));
        }
        return descriptors;
    }

    private static Descriptor descriptor(Members members) throws CorruptDataException {
        Digest digest = members.digest("digest").orElseThrow(() -> members.missing("digest"));
        long size = members.integer("size").orElseThrow(() -> members.missing("size"));
        if (size < 0) {
            throw new CorruptDataException("%s is negative: %d".formatted(members.path("size"), size));
        }
        Optional<Members> platform = members.object("platform");
        Descriptor descriptor = new Descriptor(members.string("mediaType").orElse(""), digest, size,
                platform.isEmpty() ? Optional.empty() : platform(platform.get()),
                members.strings("urls"), members.stringMap("annotations"), data(members));
        if (descriptor.data().isPresent()) {
            descriptor.verify(descriptor.data().get(), members.path("data"));
        }
        return descriptor;
    }

    private static Optional<byte[]> data(Members members) throws CorruptDataException {
        Optional<String> text = members.text("data");
        try {
            return text.map(Base64.getDecoder()::decode);
        } catch (IllegalArgumentException e) {
            throw new CorruptDataException("%s is not base64".formatted(members.path("data")), e);
        }
    }

    private static Optional<Platform> platform(Members members) throws CorruptDataException {
        Optional<String> os = members.text("os");
        Optional<String> architecture = members.text("architecture");
        return os.isEmpty() || architecture.isEmpty()
                ? Optional.empty()
                : Optional.of(Platform.normalized(os.get(), architecture.get(), members.text("variant")));
    }

    private static Optional<Instant> created(Members root) throws CorruptDataException {
        Optional<String> text = root.text("created");
        try {
            return text.map(created -> OffsetDateTime.parse(created).toInstant());
        } catch (DateTimeException e) {
            throw new CorruptDataException("%s: expected a time such as 2026-01-31T12:00:00Z, found '%s'"
                    .formatted(root.path("created"), text.get()), e);
        }
    }
}
