package io.sifter.image.archive;

import io.sifter.image.document.Documents;
import io.sifter.image.document.MediaTypes;
import io.sifter.image.document.SavedImage;
import io.sifter.image.layout.OciLayout;
import io.sifter.spi.error.CorruptDataException;
import io.sifter.spi.error.UserException;
import io.sifter.spi.event.Event;
import io.sifter.spi.reference.Digest;
import io.sifter.spi.reference.Platform;
import io.sifter.spi.source.Document;
import io.sifter.spi.source.Layer;
import io.sifter.spi.source.LayeredImage;
import java.io.IOException;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.Set;
import java.util.function.Consumer;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;

/**
 * The images that {@code docker save} put into an archive, and those who write the same: since Docker 1.10, with layers in directories
 * of their own, or in an OCI layout beside. An image is known by its configuration; layers by DiffID. Safe for any thread.
 */
public final class DockerArchive {
    private static final String MANIFEST = "manifest.json";
    private static final Pattern DIGEST_NAME = Pattern.compile("(?:blobs/sha256/|sha256:)?([0-9a-f]{64})(?:\\.json)?");
    private static final int MAX_LISTED = 10;

    private final Archive archive;
    private final List<SavedImage> images;

    private DockerArchive(Archive archive, List<SavedImage> images) {
        this.archive = archive;
        this.images = images;
    }

    /**
     * @param text the archive as the user named it, for what to type instead
     * @throws UserException if it is an archive of something else
     */
    public static DockerArchive of(Archive archive, String text) throws IOException, InterruptedException {
        if (archive.size(MANIFEST).isEmpty()) {
            throw otherwise(archive, text);
        }
        Map<String, SavedImage> images = new LinkedHashMap<>();
        byte[] manifest = archive.read(MANIFEST, Documents.MAX_MANIFEST_SIZE);
        for (SavedImage image : Documents.parseSaved(manifest, archive.place() + "/" + MANIFEST)) {
            // One image under two names, which some write twice.
            images.merge(image.config(), image, (one, other) -> {
                Set<String> tags = new LinkedHashSet<>(one.tags());
                tags.addAll(other.tags());
                return new SavedImage(one.config(), List.copyOf(tags), one.layers());
            });
        }
        if (images.isEmpty()) {
            throw new UserException("%s holds no images".formatted(archive.place()), "Save one into it: docker save -o FILE NAME:TAG.");
        }
        return new DockerArchive(archive, List.copyOf(images.values()));
    }

    private static UserException otherwise(Archive archive, String text) throws IOException {
        if (archive.size(OciLayout.INDEX).isPresent() && archive.size(OciLayout.MARKER).isPresent()) {
            return new UserException("%s is an archive of an OCI image layout, not what 'docker save' writes".formatted(archive.place()),
                    "Write oci-archive:%s.".formatted(text));
        }
        if (archive.size("repositories").isPresent()) {
            return new UserException("%s was saved by a Docker older than 1.10, in a form that is not supported".formatted(archive.place()),
                    "Load it into a current Docker and save it again.");
        }
        if (archive.hasDirectory("etc") || archive.hasDirectory("usr")) {
            return new UserException("%s is an archive of a file system, not of an image".formatted(archive.place()),
                    "That is what 'docker export' writes; 'docker save' writes images. Unpacked into a directory, it can be built from.");
        }
        return new UserException("%s holds no image: it has no %s".formatted(archive.place(), MANIFEST),
                "Make it with docker save -o FILE NAME:TAG.");
    }

    /**
     * One of the images.
     *
     * @param choice a name with its tag, or {@code @} and a number, counted from 0; without it there must be only one image
     * @throws UserException if nothing fits, or more than one, or only what was built for another machine
     * @throws CorruptDataException if something is missing or not what it is said to be
     */
    public LayeredImage image(Optional<String> choice, Platform wanted, Consumer<Event> events) throws IOException, InterruptedException {
        SavedImage saved = choose(choice);
        Document config = config(saved);
        Documents.requirePlatform(Documents.parseConfig(config), wanted, false, events);
        List<Digest> diffIds = Documents.parseConfig(config).diffIds();
        if (diffIds.size() != saved.layers().size()) {
            throw new CorruptDataException("%s/%s names %d layers, the configuration %s has %d".formatted(
                    archive.place(), MANIFEST, saved.layers().size(), saved.config(), diffIds.size()), "Save the image again.");
        }
        List<Layer> layers = new ArrayList<>();
        Map<String, Layer> byFile = new LinkedHashMap<>();
        for (int i = 0; i < diffIds.size(); i++) {
            String file = saved.layers().get(i);
            OptionalLong size = archive.size(file);
            if (size.isEmpty()) {
                throw lacks("the layer " + file);
            }
            // No media type is stated: layers are plain tars, or compressed by some writers.
            Layer layer = new Layer("", Optional.empty(), size, Optional.of(diffIds.get(i)), archive.bytes(file), true);
            layers.add(layer);
            byFile.putIfAbsent(file, layer);
        }
        return new LayeredImage(config, config, layers, archive.sequence(byFile));
    }

    private Document config(SavedImage saved) throws IOException, InterruptedException {
        if (archive.size(saved.config()).isEmpty()) {
            throw lacks("the configuration " + saved.config());
        }
        Document config = Document.of(MediaTypes.DOCKER_CONFIG, archive.read(saved.config(), Documents.MAX_CONFIG_SIZE));
        Matcher named = DIGEST_NAME.matcher(saved.config());
        if (named.matches() && !named.group(1).equals(config.digest().hex())) {
            throw new CorruptDataException("%s/%s has the digest %s".formatted(archive.place(), saved.config(), config.digest()), "Save the image again.");
        }
        return config;
    }

    private CorruptDataException lacks(String what) {
        return new CorruptDataException("%s lacks %s, which its %s names".formatted(archive.place(), what, MANIFEST), "Save the image again.");
    }

    private SavedImage choose(Optional<String> choice) throws UserException {
        if (choice.isEmpty()) {
            if (images.size() > 1) {
                throw new UserException("more than one image in %s, choose an image".formatted(archive.place()), choices());
            }
            return images.getFirst();
        }
        String wish = choice.get();
        if (wish.matches("@\\d{1,9}")) {
            int index = Integer.parseInt(wish.substring(1));
            if (index < images.size()) {
                return images.get(index);
            }
            throw new UserException("%s has %d images, none is %s".formatted(archive.place(), images.size(), wish), choices());
        }
        return images.stream().filter(image -> image.tags().stream().anyMatch(tag -> full(tag).equals(full(wish)))).findFirst()
                .orElseThrow(() -> new UserException("%s has no image called \"%s\"".formatted(archive.place(), wish), choices()));
    }

    private String choices() {
        List<String> listed = new ArrayList<>();
        for (int i = 0; i < images.size(); i++) {
            List<String> tags = images.get(i).tags();
            listed.addAll(tags.isEmpty() ? List.of(":@" + i) : tags.stream().map(tag -> ":" + tag).toList());
        }
        return "Append one of these to the archive's name: %s%s".formatted(
                listed.stream().limit(MAX_LISTED).collect(Collectors.joining(", ")), listed.size() > MAX_LISTED ? ", …" : ".");
    }

    /** A name with all that Docker leaves out: Docker Hub's host, its own namespace, the usual tag. */
    private static String full(String name) {
        String tagged = name.lastIndexOf(':') > name.lastIndexOf('/') || name.contains("@") ? name : name + ":latest";
        int slash = tagged.indexOf('/');
        String first = tagged.substring(0, Math.max(0, slash));
        boolean hosted = first.contains(".") || first.contains(":") || first.equals("localhost");
        String host = hosted ? first : "docker.io";
        String rest = hosted ? tagged.substring(slash + 1) : tagged;
        boolean hub = host.equals("docker.io") || host.equals("index.docker.io");
        return (hub ? "docker.io" : host) + "/" + (hub && !rest.contains("/") ? "library/" + rest : rest);
    }
}
