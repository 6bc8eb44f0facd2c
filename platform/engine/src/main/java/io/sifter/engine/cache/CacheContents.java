package io.sifter.engine.cache;

import java.io.IOException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;

/** Lists and removes what the cache holds. Entries that vanish meanwhile count as absent. */
public final class CacheContents {
    /** Kinds of entries in the order of the user guide, packs last; the directories of kinds that never come to be stay absent. */
    public enum Type {
        LIBRARY("library"), OCI_TMP("oci-tmp"), SHUB("shub"), OCI("oci"), NET("net"), ORAS("oras"), PACK("pack");

        private final String directory;

        Type(String directory) {
            this.directory = directory;
        }

        /** Whether it is a container file, as opposed to parts that containers are made of. */
        public boolean container() {
            return this != OCI && this != PACK;
        }

        /** @throws IllegalArgumentException if there is no such type; names those that exist */
        public static Type parse(String name) {
            String word = name.equals("blob") ? "oci" : name;
            for (Type type : values()) {
                if (type.directory.equals(word)) {
                    return type;
                }
            }
            throw new IllegalArgumentException("No cache type '%s': it is library, oci-tmp, shub, blob, net, oras or pack".formatted(name));
        }

        @Override
        public String toString() {
            return directory;
        }
    }

    /** One file of the cache; {@code size} in bytes. */
    public record Entry(Type type, String name, Path path, long size, Instant modified) {}

    private final Cache cache;

    public CacheContents(Cache cache) {
        this.cache = cache;
    }

    public Path directory(Type type) {
        return cache.root().resolve(type.directory);
    }

    public List<Entry> list(Type type) throws IOException {
        List<Entry> entries = new ArrayList<>();
        switch (type) {
            case OCI -> files(type, cache.ociDirectory().resolve("blobs/sha256"), entries);
            case PACK -> files(type, directory(type), entries);
            default -> {
                files(type, directory(type), entries);
                for (Path directory : children(directory(type))) {
                    if (Files.isDirectory(directory, LinkOption.NOFOLLOW_LINKS)) {
                        files(type, directory, entries);
                    }
                }
            }
        }
        return entries;
    }

    private static void files(Type type, Path directory, List<Entry> entries) throws IOException {
        for (Path file : children(directory)) {
            try {
                if (Files.isRegularFile(file, LinkOption.NOFOLLOW_LINKS) && !file.getFileName().toString().startsWith(".")) {
                    String name = type == Type.OCI_TMP ? directory.getFileName().toString() : file.getFileName().toString();
                    entries.add(new Entry(type, name, file, Files.size(file), Files.getLastModifiedTime(file).toInstant()));
                }
            } catch (NoSuchFileException gone) {
                // Somebody cleans at the same time.
            }
        }
    }

    private static List<Path> children(Path directory) throws IOException {
        List<Path> children = new ArrayList<>();
        try (DirectoryStream<Path> stream = Files.newDirectoryStream(directory)) {
            stream.forEach(children::add);
        } catch (NoSuchFileException | java.nio.file.NotDirectoryException absent) {
            return List.of();
        }
        children.sort(null);
        return children;
    }

    /** Removes a type's directory with all it holds. Commands that run meanwhile make again what they miss. */
    public void remove(Type type) throws IOException {
        SideFiles.deleteTree(directory(type));
        if (type == Type.OCI) {
            // What downloads left for the next command belongs to the blobs.
            for (Path part : children(cache.part())) {
                if (part.getFileName().toString().toLowerCase(Locale.ROOT).endsWith(".blob")) {
                    Files.deleteIfExists(part);
                }
            }
        }
    }

    /** Removes one entry. */
    public void remove(Entry entry) throws IOException {
        Files.deleteIfExists(entry.path());
        Path parent = entry.path().getParent();
        if (entry.type() == Type.OCI_TMP && !parent.equals(directory(Type.OCI_TMP)) && children(parent).isEmpty()) {
            Files.deleteIfExists(parent);
        }
    }
}
