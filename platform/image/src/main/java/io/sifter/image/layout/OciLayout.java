package io.sifter.image.layout;

import io.sifter.image.document.Descriptor;
import io.sifter.image.document.Documents;
import io.sifter.image.document.Json;
import io.sifter.image.document.MediaTypes;
import io.sifter.spi.error.CorruptDataException;
import io.sifter.spi.error.UserException;
import io.sifter.spi.reference.Digest;
import io.sifter.spi.reference.Platform;
import io.sifter.spi.source.ByteSource;
import io.sifter.spi.source.Document;
import java.io.IOException;
import java.io.InputStream;
import java.nio.channels.Channels;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Collectors;

/**
 * A directory in the OCI image layout (OCI image specification, image-layout), for reading. Nothing is kept open and
 * nothing remembered: every call sees the directory as it is. Safe for any thread.
 */
public final class OciLayout {
    static final String MARKER = "oci-layout";
    static final String INDEX = "index.json";
    static final String BLOBS = "blobs";
    static final String VERSION = "1.0.0";

    private static final int MAX_LISTED = 10;

    private final Path directory;

    OciLayout(Path directory) {
        this.directory = directory;
    }

    /**
     * @throws UserException if the directory is not an image layout
     * @throws CorruptDataException if it is one of an unknown version
     */
    public static OciLayout open(Path directory) throws IOException {
        OciLayout layout = new OciLayout(directory);
        for (String file : List.of(MARKER, INDEX)) {
            if (!Files.isRegularFile(directory.resolve(file))) {
                throw new UserException("%s is not an OCI image layout: it has no %s".formatted(directory, file),
                        "Give the directory that holds blobs, index.json and oci-layout");
            }
        }
        Path marker = directory.resolve(MARKER);
        Object version = Json.parse(layout.read(marker, Documents.MAX_MANIFEST_SIZE), marker.toString()) instanceof Map<?, ?> members
                ? members.get("imageLayoutVersion") : null;
        if (!(version instanceof String text) || !text.startsWith("1.")) {
            throw new CorruptDataException("%s states the layout version %s, expected %s".formatted(marker, version, VERSION));
        }
        return layout;
    }

    public Path directory() {
        return directory;
    }

    /** The entries of {@code index.json} that are images or indexes of images, in its order. */
    public List<Descriptor> images() throws IOException {
        Path index = directory.resolve(INDEX);
        byte[] content;
        try {
            content = read(index, Documents.MAX_MANIFEST_SIZE);
        } catch (NoSuchFileException e) {
            throw new UserException("%s is not an OCI image layout: it has no %s".formatted(directory, INDEX), e);
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
    public Descriptor choose(Optional<String> name, Optional<Digest> digest, Platform wanted) throws IOException {
        List<Descriptor> images = images();
        if (images.isEmpty()) {
            throw new UserException("no images found in layout " + directory);
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
    public Document document(Descriptor descriptor) throws IOException {
        try {
            return descriptor.verify(read(path(descriptor.digest()), Documents.MAX_CONFIG_SIZE), directory.toString());
        } catch (NoSuchFileException e) {
            throw missing(descriptor.digest(), e);
        }
    }

    /** A blob's bytes, not verified; each {@code open} opens the file anew. */
    public ByteSource blob(Digest digest) {
        return offset -> {
            FileChannel channel;
            try {
                channel = FileChannel.open(path(digest), StandardOpenOption.READ);
            } catch (NoSuchFileException e) {
                throw missing(digest, e);
            }
            channel.position(offset);
            return Channels.newInputStream(channel);
        };
    }

    /** Where the blob is, if it is. */
    public Path path(Digest digest) {
        return directory.resolve(BLOBS).resolve(digest.toString().substring(0, digest.toString().indexOf(':'))).resolve(digest.hex());
    }

    byte[] read(Path file, int limit) throws IOException {
        try (InputStream in = Files.newInputStream(file)) {
            byte[] content = in.readNBytes(limit + 1);
            if (content.length > limit) {
                throw new CorruptDataException("%s has more than the %d bytes that are read of such a file".formatted(file, limit));
            }
            return content;
        }
    }

    private CorruptDataException missing(Digest digest, IOException cause) {
        return new CorruptDataException("%s lacks the blob %s".formatted(directory, digest),
                "If this is the cache, run the command again; else make the layout anew", cause);
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
        return "Append one of these to the directory: %s%s".formatted(listed, images.size() > MAX_LISTED ? ", …" : "");
    }
}
