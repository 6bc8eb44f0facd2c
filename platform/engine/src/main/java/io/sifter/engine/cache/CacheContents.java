package io.sifter.engine.cache;

import java.io.IOException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.attribute.BasicFileAttributes;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Set;

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

    /**
     * One file of the cache.
     *
     * @param size in bytes
     * @param used when it was used last
     */
    public record Entry(Type type, String name, Path path, long size, Instant modified, Instant used) {}

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
                BasicFileAttributes attributes = Files.readAttributes(file, BasicFileAttributes.class, LinkOption.NOFOLLOW_LINKS);
                if (attributes.isRegularFile() && !file.getFileName().toString().startsWith(".")) {
                    // Containers are known by what they are made of, as in the user guide; blobs and packs by their own name.
                    String name = (type.container() ? directory : file).getFileName().toString();
                    Instant modified = attributes.lastModifiedTime().toInstant();
                    Instant accessed = attributes.lastAccessTime().toInstant();
                    entries.add(new Entry(type, name, file, attributes.size(), modified, accessed.isAfter(modified) ? accessed : modified));
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

    /**
     * Removes a type's directory with all it holds, and what only serves it. Commands that run meanwhile make again what
     * they miss.
     */
    public void remove(Type type) throws IOException {
        SideFiles.deleteTree(directory(type));
        switch (type) {
            case OCI -> removeParts("", ".blob");
            case OCI_TMP -> SideFiles.deleteTree(cache.root().resolve("seen"));
            // A lock only saves work: who waits for one that is deleted may do it twice.
            case PACK -> SideFiles.deleteTree(cache.root().resolve("lock"));
            case LIBRARY, SHUB, NET, ORAS -> removeParts(type + "-", ReadyFiles.PART);
        }
    }

    /** What downloads left for the next command to go on from. */
    private void removeParts(String start, String end) throws IOException {
        for (Path part : children(cache.part())) {
            String name = part.getFileName().toString();
            if (name.startsWith(start) && name.endsWith(end)) {
                Files.deleteIfExists(part);
            }
        }
    }

    /** Removes single entries. The layout of blobs keeps what it says: images that miss a blob leave its index. */
    public void remove(List<Entry> entries) throws IOException, InterruptedException {
        boolean blobs = false;
        for (Entry entry : entries) {
            Files.deleteIfExists(entry.path());
            blobs |= entry.type() == Type.OCI;
            Path parent = entry.path().getParent();
            if (entry.type().container() && !parent.equals(directory(entry.type())) && children(parent).isEmpty()) {
                Files.deleteIfExists(parent);
            }
        }
        if (blobs) {
            cache.oci().prune();
        }
    }

    /**
     * Makes room: removes what was not used for longest, and nothing that a running process uses, until no more than
     * {@code limit} bytes are left. Running containers of hosts that share the cache count as running for a week.
     */
    public void shrink(long limit) throws IOException, InterruptedException {
        List<Entry> entries = new ArrayList<>();
        for (Type type : Type.values()) {
            entries.addAll(list(type));
        }
        long size = entries.stream().mapToLong(Entry::size).sum();
        if (size <= limit) {
            return;
        }
        entries.sort(Comparator.comparing(Entry::used));
        Set<Path> used = new Uses(cache).all();
        List<Entry> removed = new ArrayList<>();
        for (Entry entry : entries) {
            if (size > limit && !used.contains(entry.path())) {
                removed.add(entry);
                size -= entry.size();
            }
        }
        remove(removed);
    }
}
