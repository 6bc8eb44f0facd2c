package io.sifter.image.layout;

import io.sifter.image.document.Descriptor;
import io.sifter.image.document.Documents;
import io.sifter.image.document.Json;
import io.sifter.image.document.Manifest;
import io.sifter.spi.DocumentStore;
import io.sifter.spi.error.CorruptDataException;
import io.sifter.spi.error.ExternalException;
import io.sifter.spi.reference.Digest;
import io.sifter.spi.source.Document;
import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.UnaryOperator;

/**
 * An image layout that grows: the cache of blobs. Everything in it appears complete or not at all. Any number of
 * processes may use and delete it at the same time: entries of the index are added under a lock, and where locks do not
 * work the last writer wins, with a whole index. Safe for any thread.
 */
public final class OciStore implements DocumentStore {
    /** Oldest entries of the index go first; their blobs stay. */
    private static final int MAX_ENTRIES = 5000;

    private static final long LOCK_PATIENCE_MILLIS = 10_000;
    private static final long LOCK_POLL_MILLIS = 10;
    private static final int ATTEMPTS = 5;

    /** File locks belong to the process, so its own threads need another one above them. */
    private static final Map<Path, ReentrantLock> IN_PROCESS = new ConcurrentHashMap<>();

    private final Path directory;
    private final OciLayout layout;
    private final Path work;
    private final Partials partials;

    /** Names for files in the making, each given out once, on the file system of the layout and outside it. */
    @FunctionalInterface
    public interface Partials {
        Path next() throws IOException;
    }

    private OciStore(Path directory, Path work, Partials partials) {
        this.directory = directory;
        this.layout = new OciLayout(directory);
        this.work = work;
        this.partials = partials;
    }

    /**
     * Opens the layout at {@code directory}, making it where it is not.
     *
     * @param work a directory for the lock; the layout itself never holds a foreign file
     * @param partials where files are made before they take their place
     */
    public static OciStore create(Path directory, Path work, Partials partials) throws IOException {
        OciStore store = new OciStore(directory.toAbsolutePath().normalize(), work.toAbsolutePath().normalize(), partials);
        store.writing(store::ensureSkeleton);
        return store;
    }

    public OciLayout layout() {
        return layout;
    }

    /** Where the blob is, if it is. */
    public Path path(Digest digest) {
        return directory.resolve(OciLayout.name(digest));
    }

    /** Whether a blob of this digest and size is there. Its bytes are not read. */
    public boolean has(Digest digest, long size) {
        try {
            return Files.size(path(digest)) == size;
        } catch (IOException absent) {
            return false;
        }
    }

    /**
     * Takes a finished file in as a blob, by moving it. Losing the race to the same blob is success.
     *
     * @param file verified by the caller, on the same file system; gone afterwards
     */
    public void put(Path file, Digest digest) throws IOException {
        writing(() -> {
            Path target = path(digest);
            Files.createDirectories(target.getParent());
            Files.move(file, target, StandardCopyOption.ATOMIC_MOVE);
        });
    }

    /** Keeps a document as a blob, replacing whatever stands there under its name. */
    public void put(Document document) throws IOException {
        writing(() -> write(path(document.digest()), document.content()));
    }

    @Override
    public Optional<byte[]> find(Digest digest) throws IOException {
        try {
            byte[] content = read(path(digest), Documents.MAX_CONFIG_SIZE);
            byte[] hash = digest.algorithm().start().digest(content);
            return Optional.of(content).filter(c -> Digest.finish(digest.algorithm(), hash).equals(digest));
        } catch (NoSuchFileException | CorruptDataException absent) {
            return Optional.empty();
        }
    }

    /**
     * Adds an entry to the index. It replaces the one of the same name, or for an entry without name that of the same
     * digest; other entries stay as they are, members unknown to us included. A damaged index is begun anew.
     */
    public void add(Descriptor entry) throws IOException, InterruptedException {
        change(index -> withEntry(index, entry));
    }

    /** Takes those images out of the index whose blobs are not all there any more, so that the layout keeps what it says. */
    public void prune() throws IOException, InterruptedException {
        change(index -> {
            if (index.get("manifests") instanceof List<?> entries) {
                index.put("manifests", entries.stream().filter(this::whole).toList());
            }
            return index;
        });
    }

    private boolean whole(Object entry) {
        try {
            if (!(entry instanceof Map<?, ?> members && members.get("digest") instanceof String digest
                    && members.get("mediaType") instanceof String mediaType)) {
                return false;
            }
            Optional<byte[]> content = find(Digest.parse(digest));
            if (content.isEmpty()) {
                return false;
            }
            Document document = Document.of(mediaType, content.get());
            return !(Documents.parse(document) instanceof Manifest manifest)
                    || has(manifest.config().digest(), manifest.config().size())
                    && manifest.layers().stream().allMatch(layer -> has(layer.digest(), layer.size()));
        } catch (IOException | IllegalArgumentException unreadable) {
            return false;
        }
    }

    private void change(UnaryOperator<Map<String, Object>> change) throws IOException, InterruptedException {
        ReentrantLock mine = IN_PROCESS.computeIfAbsent(directory, _ -> new ReentrantLock());
        mine.lockInterruptibly();
        try (FileChannel lockFile = openLock(); FileLock _ = lock(lockFile)) {
            writing(() -> {
                ensureSkeleton();
                Path index = directory.resolve(OciLayout.INDEX);
                write(index, Json.compact(change.apply(readIndex(index))));
            });
        } finally {
            mine.unlock();
        }
    }

    private static Map<String, Object> withEntry(Map<String, Object> index, Descriptor entry) {
        List<Object> entries = new ArrayList<>();
        if (index.get("manifests") instanceof List<?> present) {
            present.stream().filter(other -> !(other instanceof Map<?, ?> members && sameEntry(members, entry))).forEach(entries::add);
        }
        entries.add(Documents.members(entry));
        index.put("manifests", entries.subList(Math.max(0, entries.size() - MAX_ENTRIES), entries.size()));
        return index;
    }

    private static boolean sameEntry(Map<?, ?> other, Descriptor entry) {
        Object name = other.get("annotations") instanceof Map<?, ?> annotations ? annotations.get(Descriptor.REF_NAME) : null;
        return entry.refName().isPresent()
                ? entry.refName().get().equals(name)
                : name == null && entry.digest().toString().equals(other.get("digest"));
    }

    private Map<String, Object> readIndex(Path index) throws IOException {
        try {
            if (Json.parse(read(index, Documents.MAX_MANIFEST_SIZE), index.toString()) instanceof Map<?, ?> members) {
                Map<String, Object> copy = new LinkedHashMap<>();
                members.forEach((name, value) -> copy.put((String) name, value));
                return copy;
            }
        } catch (CorruptDataException damaged) {
            // The index only names what the blobs are; a new one costs a download at worst, a refusal all of them.
        }
        return emptyIndex();
    }

    private static Map<String, Object> emptyIndex() {
        Map<String, Object> index = new LinkedHashMap<>();
        index.put("schemaVersion", 2);
        index.put("manifests", List.of());
        return index;
    }

    private void ensureSkeleton() throws IOException {
        Files.createDirectories(directory.resolve(OciLayout.BLOBS).resolve("sha256"));
        if (!Files.exists(directory.resolve(OciLayout.MARKER))) {
            write(directory.resolve(OciLayout.MARKER), Json.compact(Map.of("imageLayoutVersion", OciLayout.VERSION)));
        }
        if (!Files.exists(directory.resolve(OciLayout.INDEX))) {
            write(directory.resolve(OciLayout.INDEX), Json.compact(emptyIndex()));
        }
    }

    private void write(Path target, byte[] content) throws IOException {
        Path partial = partials.next();
        try {
            try (FileChannel out = FileChannel.open(partial, StandardOpenOption.CREATE_NEW, StandardOpenOption.WRITE)) {
                ByteBuffer bytes = ByteBuffer.wrap(content);
                while (bytes.hasRemaining()) {
                    out.write(bytes);
                }
                out.force(true);
            }
            Files.createDirectories(target.getParent());
            Files.move(partial, target, StandardCopyOption.ATOMIC_MOVE);
        } finally {
            Files.deleteIfExists(partial);
        }
    }

    @FunctionalInterface
    private interface Writing {
        void run() throws IOException;
    }

    /** Tries again where somebody deletes the directory under our hands, and says which directory failed. */
    private void writing(Writing action) throws IOException {
        for (int attempt = 1;; attempt++) {
            try {
                action.run();
                return;
            } catch (NoSuchFileException e) {
                if (attempt == ATTEMPTS) {
                    throw new ExternalException("The blob cache %s vanishes while it is written: %s".formatted(directory, e.getMessage()),
                            "Is another program cleaning the cache? Run the command again", e);
                }
            } catch (ExternalException known) {
                throw known;
            } catch (IOException e) {
                throw new ExternalException("Could not write the blob cache %s: %s".formatted(directory, e),
                        "Check free space and permissions there, or choose another place with SINGULARITY_CACHEDIR", e);
            }
        }
    }

    private FileChannel openLock() throws IOException {
        Files.createDirectories(work);
        return FileChannel.open(work.resolve("oci.lock"), StandardOpenOption.CREATE, StandardOpenOption.WRITE);
    }

    /** The lock, or nothing where locks do not work or their holder hangs: it saves entries, correctness does not rest on it. */
    private static FileLock lock(FileChannel file) throws InterruptedException {
        long end = System.nanoTime() + LOCK_PATIENCE_MILLIS * 1_000_000;
        try {
            FileLock lock = file.tryLock();
            while (lock == null && System.nanoTime() < end) {
                Thread.sleep(LOCK_POLL_MILLIS);
                lock = file.tryLock();
            }
            return lock;
        } catch (IOException unsupported) {
            return null;
        }
    }

    private static byte[] read(Path file, int limit) throws IOException {
        try (InputStream in = Files.newInputStream(file)) {
            byte[] content = in.readNBytes(limit + 1);
            if (content.length > limit) {
                throw new CorruptDataException("%s has more than the %d bytes that are read of such a file".formatted(file, limit));
            }
            return content;
        }
    }
}
