package io.sifter.engine.cache;

import io.sifter.image.directory.LinuxFiles;
import io.sifter.image.directory.Removal;
import io.sifter.image.directory.Workplace;
import io.sifter.spi.tree.RawName;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.NoSuchFileException;
import java.nio.file.NotDirectoryException;
import java.nio.file.Path;
import java.time.Instant;
import java.util.UUID;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * Files in the making. Each carries its process in its name, or is recorded in the cache before it exists where it lies
 * elsewhere, so that the next start removes what a killed process left behind:
 *
 * <pre>
 * part/NAME.OWNER.UNIQUE           a file or directory in the cache
 * part/record.OWNER.UNIQUE         of something elsewhere; holds one line:
 *     file PATH                    that very path, {@code .NAME.UNIQUE.partial}
 *     beside PATH                  whatever a {@link Workplace} of the process made beside the target PATH
 * part/use.OWNER.UNIQUE            what the process uses, see {@link Uses}
 * TMPDIR/sifter-OWNER.UNIQUE       a directory in place of a cache, with a {@code part} of its own; with -NAME, an image
 * </pre>
 */
public final class SideFiles {
    private static final Pattern OWNED = Pattern.compile(".*[.-](" + Owner.PATTERN + ")\\.[0-9a-f]{8}(-.*)?");
    private static final String RECORD = "record";
    private static final String TEMPORARY = "sifter-";

    private final Cache cache;

    public SideFiles(Cache cache) {
        this.cache = cache;
    }

    /** A file or directory in the making; closing removes what is left of it, and the record. */
    public static final class SideFile implements AutoCloseable {
        private final Path path;
        private final Path record;

        private SideFile(Path path, Path record) {
            this.path = path;
            this.record = record;
        }

        public Path path() {
            return path;
        }

        @Override
        public void close() throws IOException {
            if (!path.equals(record)) {
                deleteTree(path);
            }
            deleteTree(record);
        }
    }

    /** A name in {@code directory} for something that will be moved to its place when it is complete. */
    public SideFile in(Path directory, String name) throws IOException {
        Path record = cache.partial(RECORD);
        String unique = uniqueOf(record);
        Path path = directory.resolve(".%s.%s.partial".formatted(name, unique)).toAbsolutePath();
        write(record, "file " + path);
        return new SideFile(path, record);
    }

    /** Says that this process makes something beside {@code target} by a {@link Workplace}, until what is returned is closed. */
    public SideFile beside(Path target) throws IOException {
        Path record = cache.partial(RECORD);
        write(record, "beside " + target.toAbsolutePath());
        return new SideFile(record, record);
    }

    private void write(Path record, String line) throws IOException {
        try {
            Files.writeString(record, line + "\n");
        } catch (IOException e) {
            Files.deleteIfExists(record);
            throw PackStore.fullDisk(e, cache.root());
        }
    }

    /** A name inside the cache. */
    SideFile inCache(String name) throws IOException {
        Path path = cache.partial(name);
        return new SideFile(path, path);
    }

    /** A new directory for what is needed no longer than this process lives; whoever asks for it deletes it. */
    public static Path temporary(Path parent) throws IOException {
        return Files.createDirectory(parent.resolve(temporaryName(ProcessHandle.current())), Cache.PRIVATE);
    }

    /** A name in a directory for temporary files, perhaps followed by {@code -} and more, for what nobody needs after {@code owner}. */
    public static String temporaryName(ProcessHandle owner) {
        return TEMPORARY + Owner.of(owner) + "." + unique();
    }

    /** {@code NAME.OWNER.UNIQUE} */
    static String ownedName(String name, ProcessHandle owner) {
        return name + "." + Owner.of(owner) + "." + unique();
    }

    private static String unique() {
        return UUID.randomUUID().toString().substring(0, 8);
    }

    /**
     * Removes what dead processes left, in the cache and where its records say, and their temporary directories. Cheap when
     * there is nothing. What cannot be removed is nobody's failure: someone else does it, or nobody may.
     *
     * @param temporaries where {@link #temporary} makes directories
     */
    public void reap(Path temporaries) throws IOException {
        reapParts(cache.part());
        try (DirectoryStream<Path> directories = Files.newDirectoryStream(temporaries, TEMPORARY + "*")) {
            for (Path directory : directories) {
                if (abandoned(directory)) {
                    reapParts(directory.resolve("part"));
                    delete(directory);
                }
            }
        } catch (IOException e) {
            // A directory for temporary files that cannot be listed holds none of ours that could be removed.
        }
    }

    private static void reapParts(Path parts) throws IOException {
        try (DirectoryStream<Path> entries = Files.newDirectoryStream(parts)) {
            for (Path entry : entries) {
                if (abandoned(entry)) {
                    if (entry.getFileName().toString().startsWith(RECORD + ".")) {
                        follow(entry);
                    }
                    delete(entry);
                }
            }
        } catch (NoSuchFileException | NotDirectoryException none) {
            // Nothing was made there yet.
        }
    }

    /** Whether an entry of {@code part}, or a temporary directory, is this user's and belongs to a process that is gone. */
    static boolean abandoned(Path entry) {
        try {
            if (!Files.getAttribute(entry, "unix:uid", LinkOption.NOFOLLOW_LINKS).equals(Files.getAttribute(Path.of("/proc/self"), "unix:uid"))) {
                return false;
            }
            String name = entry.getFileName().toString();
            Instant touched = Files.getLastModifiedTime(entry, LinkOption.NOFOLLOW_LINKS).toInstant();
            Matcher owned = OWNED.matcher(name);
            return owned.matches() ? Owner.parse(owned.group(1)).gone(touched)
                    // Parts of blobs wait for whoever wants the blob; not for ever.
                    : name.endsWith(".blob") && touched.isBefore(Instant.now().minus(Owner.FOREIGN_AGE));
        } catch (IOException gone) {
            return false;
        }
    }

    /** Removes what a dead process's record speaks of; only names that are given out here, whatever the record says. */
    private static void follow(Path record) {
        try {
            String text = Files.readString(record, StandardCharsets.UTF_8);
            String line = text.endsWith("\n") ? text.substring(0, text.length() - 1) : "";
            if (line.startsWith("file ")) {
                Path path = Path.of(line.substring("file ".length()));
                if (path.isAbsolute() && path.getFileName().toString().endsWith("." + uniqueOf(record) + ".partial")) {
                    deleteTree(path);
                }
            } else if (line.startsWith("beside ")) {
                Path target = Path.of(line.substring("beside ".length()));
                Matcher owned = OWNED.matcher(record.getFileName().toString());
                if (target.isAbsolute() && owned.matches()) {
                    Workplace.removeLeft(target, Owner.parse(owned.group(1)).pid());
                }
            }
        } catch (IOException | RuntimeException e) {
            // It is not there any more, or not ours.
        }
    }

    private static String uniqueOf(Path owned) {
        String name = owned.getFileName().toString();
        return name.substring(name.lastIndexOf('.') + 1);
    }

    private static void delete(Path path) {
        try {
            deleteTree(path);
        } catch (IOException e) {
            // Somebody else was faster, or it is not ours.
        }
    }

    /** Deletes a file, or a directory with all it holds, following no link. */
    public static void deleteTree(Path path) throws IOException {
        if (!Files.isDirectory(path, LinkOption.NOFOLLOW_LINKS)) {
            Files.deleteIfExists(path);
            return;
        }
        int parent = LinuxFiles.openDirectory(path.toAbsolutePath().getParent());
        try {
            Removal.remove(parent, RawName.of(path.getFileName().toString()));
        } finally {
            LinuxFiles.close(parent);
        }
    }
}
