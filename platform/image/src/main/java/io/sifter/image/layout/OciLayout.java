package io.sifter.image.layout;

import io.sifter.image.document.Descriptor;
import io.sifter.image.document.Documents;
import io.sifter.image.document.Json;
import io.sifter.image.document.Manifest;
import io.sifter.image.document.MediaTypes;
import io.sifter.spi.error.CorruptDataException;
import io.sifter.spi.error.UserException;
import io.sifter.spi.event.Event;
import io.sifter.spi.reference.Digest;
import io.sifter.spi.reference.Platform;
import io.sifter.spi.source.ByteSource;
import io.sifter.spi.source.Document;
import io.sifter.spi.source.Layer;
import io.sifter.spi.source.LayeredImage;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.function.Consumer;
import java.util.stream.Collectors;

/**
 * Files in the OCI image layout (OCI image specification, image-layout), for reading: a directory, or an archive of one. Nothing is
 * remembered: every call sees the files as they are. Safe for any thread.
 */
public final class OciLayout {
    public static final String MARKER = "oci-layout";
    public static final String INDEX = "index.json";
    static final String BLOBS = "blobs";
    static final String VERSION = "1.0.0";

    private static final int MAX_LISTED = 10;

    private final ImageFiles files;

    OciLayout(Path directory) {
        this(new DirectoryFiles(directory));
    }

    private OciLayout(ImageFiles files) {
        this.files = files;
    }

    /**
     * @throws UserException if the directory is not an image layout
     * @throws CorruptDataException if it is one of an unknown version
     */
    public static OciLayout open(Path directory) throws IOException, InterruptedException {
        return open(new DirectoryFiles(directory));
    }

    /** As {@link #open(Path)}. */
    public static OciLayout open(ImageFiles files) throws IOException, InterruptedException {
        OciLayout layout = new OciLayout(files);
        for (String file : List.of(MARKER, INDEX)) {
            if (files.size(file).isEmpty()) {
                throw new UserException("%s is not an OCI image layout: it has no %s".formatted(files.place(), file),
                        "Give the directory that holds blobs, index.json and oci-layout, or an archive of these.");
            }
        }
        String where = files.place() + "/" + MARKER;
        Object version = Json.parse(files.read(MARKER, Documents.MAX_MANIFEST_SIZE), where) instanceof Map<?, ?> members
                ? members.get("imageLayoutVersion") : null;
        if (!(version instanceof String text) || !text.startsWith("1.")) {
            throw new CorruptDataException("%s states the layout version %s, expected %s".formatted(where, version, VERSION));
        }
        return layout;
    }

    /** The entries of {@code index.json} that are images or indexes of images, in its order. */
    public List<Descriptor> images() throws IOException, InterruptedException {
        byte[] content;
        try {
            content = files.read(INDEX, Documents.MAX_MANIFEST_SIZE);
        } catch (NoSuchFileException e) {
            throw new UserException("%s is not an OCI image layout: it has no %s".formatted(files.place(), INDEX), e);
        }
        return Documents.parseIndex(Document.of(MediaTypes.OCI_INDEX, content)).manifests().stream()
                .filter(entry -> MediaTypes.isManifest(entry.mediaType()) || MediaTypes.isIndex(entry.mediaType()))
                .toList();
    }

    /**
     * Picks one entry of the index: the one with this name, or with this digest, or the only one. Where several of one
     * name are left, the platform decides. Nothing is read but the index.
     *
     * @throws UserException if nothing fits, or more than one
     */
    public Descriptor choose(Optional<String> name, Optional<Digest> digest, Platform wanted)
            throws IOException, InterruptedException {
        List<Descriptor> images = images();
        if (images.isEmpty()) {
            throw new UserException("no images found in layout " + files.place());
        }
        List<Descriptor> fitting = distinct(images.stream()
                .filter(image -> name.isEmpty() || name.equals(image.refName()))
                .filter(image -> digest.isEmpty() || digest.get().equals(image.digest()))
                .toList());
        if (fitting.isEmpty()) {
            throw new UserException("no descriptor found for reference \"%s\""
                    .formatted(digest.map(Digest::toString).orElseGet(() -> name.orElse(""))), choices(images));
        }
        boolean oneName = fitting.stream().map(Descriptor::refName).distinct().count() == 1;
        if (fitting.size() > 1 && oneName) {
            List<Descriptor> built = fitting.stream()
                    .filter(image -> image.platform().filter(wanted::accepts).isPresent()).toList();
            fitting = built.isEmpty() ? fitting : built;
        }
        if (fitting.size() > 1) {
            throw new UserException("more than one image in oci, choose an image", choices(images));
        }
        return fitting.getFirst();
    }

    /**
     * Reads a manifest, an index or a configuration, verified.
     *
     * @throws CorruptDataException if the blob is missing, too large or not what the descriptor says
     */
    public Document document(Descriptor descriptor) throws IOException, InterruptedException {
        try {
            return descriptor.verify(files.read(name(descriptor.digest()), Documents.MAX_CONFIG_SIZE), files.place());
        } catch (NoSuchFileException e) {
            throw missing(descriptor.digest(), e);
        }
    }

    /**
     * An image, its documents verified, its layers described. That each layer is there and as long as stated is looked at now: better
     * than after the layers before it were converted.
     *
     * @param name as in {@link #choose}
     * @param digest as in {@link #choose}
     * @param events told where the image does not say what it was built for
     * @throws UserException if nothing fits, or more than one, or only what was built for another machine
     * @throws CorruptDataException if something is missing or not what it is said to be
     */
    public LayeredImage image(Optional<String> name, Optional<Digest> digest, Platform wanted, Consumer<Event> events)
            throws IOException, InterruptedException {
        Document top = document(choose(name, digest, wanted));
        Document manifest = Documents.select(top, wanted, this::document);
        Manifest parsed = Documents.parseManifest(manifest);
        Descriptor settings = parsed.config();
        Document config = settings.data().isPresent() ? settings.verify(settings.data().get(), files.place()) : document(settings);
        Documents.requirePlatform(Documents.parseConfig(config), wanted, manifest != top, events);
        for (Descriptor layer : parsed.layers()) {
            requirePresent(layer);
        }
        LayeredImage image = Documents.layered(manifest, config, this::bytes, true);
        Map<String, Layer> byFile = new LinkedHashMap<>();
        for (int i = 0; i < parsed.layers().size(); i++) {
            if (parsed.layers().get(i).data().isEmpty()) {
                byFile.put(name(parsed.layers().get(i).digest()), image.layers().get(i));
            }
        }
        return new LayeredImage(manifest, config, image.layers(), files.sequence(byFile));
    }

    private ByteSource bytes(Descriptor layer) {
        if (layer.data().isEmpty()) {
            return blob(layer.digest());
        }
        byte[] data = layer.data().get();
        return offset -> new ByteArrayInputStream(data, (int) Math.min(offset, data.length), data.length);
    }

    private void requirePresent(Descriptor layer) throws IOException {
        if (layer.data().isPresent()) {
            return;
        }
        OptionalLong size = files.size(name(layer.digest()));
        if (size.isEmpty()) {
            throw new CorruptDataException("%s lacks the layer %s".formatted(files.place(), layer.digest()), "Make it anew, with all its layers.");
        }
        if (size.getAsLong() != layer.size()) {
            throw new CorruptDataException("The layer %s/%s has %d bytes, expected %d"
                    .formatted(files.place(), name(layer.digest()), size.getAsLong(), layer.size()), "Make it anew.");
        }
    }

    /** A blob's bytes, not verified; each {@code open} opens the file anew. */
    public ByteSource blob(Digest digest) {
        ByteSource bytes = files.bytes(name(digest));
        return offset -> {
            try {
                return bytes.open(offset);
            } catch (NoSuchFileException e) {
                throw missing(digest, e);
            }
        };
    }

    /** Where in a layout a blob is. */
    static String name(Digest digest) {
        return BLOBS + "/" + digest.toString().replace(':', '/');
    }

    private CorruptDataException missing(Digest digest, IOException cause) {
        return new CorruptDataException("%s lacks the blob %s".formatted(files.place(), digest),
                "If this is the cache, run the command again; else make it anew", cause);
    }

    /** The cache of other tools lists the same image once for every build. */
    private static List<Descriptor> distinct(List<Descriptor> images) {
        Map<Digest, Descriptor> byDigest = new LinkedHashMap<>();
        images.forEach(image -> byDigest.putIfAbsent(image.digest(), image));
        return List.copyOf(byDigest.values());
    }

    private static String choices(Collection<Descriptor> images) {
        String listed = images.stream()
                .map(image -> image.refName().map(name -> ":" + name).orElseGet(() -> "@" + image.digest()))
                .distinct().limit(MAX_LISTED).collect(Collectors.joining(", "));
        return "Append one of these to the path: %s%s".formatted(listed, images.size() > MAX_LISTED ? ", …" : "");
    }
}
