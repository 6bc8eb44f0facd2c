package io.sifter.engine.cache;

import io.sifter.sif.SifImage;
import io.sifter.spi.error.CorruptDataException;
import io.sifter.spi.event.Event;
import io.sifter.spi.event.Task;
import io.sifter.spi.reference.Digest;
import io.sifter.spi.source.ReadyImage;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.PosixFilePermission;
import java.nio.file.attribute.PosixFilePermissions;
import java.security.DigestInputStream;
import java.security.MessageDigest;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.Set;
import java.util.function.Consumer;

/**
 * Images that are finished files already: fetched once, verified, and kept as they are. What an interrupted transfer
 * brought is continued by the next command. Safe for any thread and for any number of processes.
 */
public final class ReadyFiles {
    private static final int BUFFER = 1 << 18;
    /** How a transfer under way ends, after its type and key. */
    static final String PART = ".ready";

    private final Cache cache;
    private final Locks locks;
    private final Consumer<Event> events;

    public ReadyFiles(Cache cache, Locks locks, Consumer<Event> events) {
        this.cache = cache;
        this.locks = locks;
        this.events = events;
    }

    /** Where the file lies, or will lie: by its version, in a place of its own otherwise. */
    public Path place(CacheContents.Type type, ReadyImage image, String otherwise) {
        return cache.ready(type, key(image, otherwise), image.name());
    }

    private static String key(ReadyImage image, String otherwise) {
        String version = image.version().orElse(otherwise);
        return version.matches("[A-Za-z0-9_][A-Za-z0-9._:-]{0,199}") ? version
                : Digest.sha256(version.getBytes(StandardCharsets.UTF_8)).hex();
    }

    /** Whether the file is there and trusted. Without a version nobody knows whether it is still the same. */
    public boolean holds(ReadyImage image, Path place) throws IOException {
        return image.version().isPresent() && Files.isRegularFile(place) && cache.trusted(place);
    }

    /** Fetches the file to its {@code place} unless it is there. */
    public void fetch(CacheContents.Type type, ReadyImage image, Path place) throws IOException, InterruptedException {
        String name = type + "-" + Digest.sha256(place.toString().getBytes(StandardCharsets.UTF_8)).hex();
        try (Locks.Held _ = locks.take(name, () -> events.accept(Event.info("Waiting for another process that fetches " + image.name())))) {
            if (holds(image, place)) {
                return;
            }
            Path part = cache.part().resolve(name + PART);
            if (image.version().isEmpty()) {
                Files.deleteIfExists(part);
            }
            fetch(image, part);
            // Nobody looks into it again before it is run, so that it must be whole whatever happens to the machine.
            try (FileChannel whole = FileChannel.open(part, StandardOpenOption.WRITE)) {
                whole.force(true);
            }
            Files.createDirectories(place.getParent(), PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rwx------")));
            Files.move(part, place, StandardCopyOption.ATOMIC_MOVE);
        }
    }

    /**
     * Fetches the file to {@code target}, which may hold its beginning, and verifies the whole. A SIF becomes executable.
     *
     * @throws CorruptDataException if it is not what the source says; {@code target} is gone then
     */
    public void fetch(ReadyImage image, Path target) throws IOException, InterruptedException {
        Task task = new Task(Task.Kind.FILE, image.name(), image.size(), 0);
        try (FileChannel file = FileChannel.open(target, StandardOpenOption.CREATE, StandardOpenOption.READ, StandardOpenOption.WRITE)) {
            if (file.size() > image.size().orElse(Long.MAX_VALUE)) {
                file.truncate(0);
            }
            transfer(image, file, task);
        } catch (CorruptDataException e) {
            // What was kept cannot be continued.
            Files.deleteIfExists(target);
            throw e;
        }
        if (SifImage.isSif(target)) {
            executable(target);
        }
    }

    private void transfer(ReadyImage image, FileChannel file, Task task) throws IOException, InterruptedException {
        Digest.Algorithm algorithm = image.digest().map(Digest::algorithm).orElse(Digest.Algorithm.SHA256);
        MessageDigest hash = algorithm.start();
        byte[] buffer = new byte[BUFFER];
        long at = file.size();
        // Opened before the task begins: a refusal is no failed transfer.
        InputStream in = at > 0 && image.size().equals(OptionalLong.of(at)) ? InputStream.nullInputStream() : image.bytes().open(at);
        events.accept(new Event.Started(task));
        String failure = "interrupted";
        try (in) {
            for (long kept = 0; kept < at; ) {
                int read = file.read(ByteBuffer.wrap(buffer), kept);
                hash.update(buffer, 0, read);
                kept += read;
            }
            if (at > 0) {
                events.accept(new Event.Advanced(task, at));
            }
            for (int read; (read = in.read(buffer)) >= 0; at += read) {
                if (Thread.interrupted()) {
                    throw new InterruptedException();
                }
                hash.update(buffer, 0, read);
                for (ByteBuffer rest = ByteBuffer.wrap(buffer, 0, read); rest.hasRemaining(); ) {
                    file.write(rest, at + rest.position());
                }
                events.accept(new Event.Advanced(task, read));
                if (at + read > image.size().orElse(Long.MAX_VALUE)) {
                    throw damaged(image, "it has more than the %d bytes that its source states".formatted(image.size().getAsLong()));
                }
            }
            if (at < image.size().orElse(0)) {
                throw damaged(image, "%d bytes arrived of the %d that its source states".formatted(at, image.size().getAsLong()));
            }
            Digest actual = Digest.finish(algorithm, hash.digest());
            if (image.digest().isPresent() && !image.digest().get().equals(actual)) {
                throw damaged(image, "file hash(%s) and expected hash(%s) does not match".formatted(actual, image.digest().get()));
            }
            failure = null;
        } catch (IOException e) {
            failure = String.valueOf(e.getMessage());
            throw e;
        } finally {
            events.accept(failure == null ? new Event.Finished(task) : new Event.Failed(task, failure));
        }
    }

    private static CorruptDataException damaged(ReadyImage image, String what) {
        return new CorruptDataException("%s did not arrive whole: %s".formatted(image.name(), what),
                "Try again; if it stays so, the server or a proxy serves wrong data.");
    }

    /** For whoever may read it. */
    private static void executable(Path file) throws IOException {
        Set<PosixFilePermission> permissions = Files.getPosixFilePermissions(file);
        for (String who : new String[] {"OWNER", "GROUP", "OTHERS"}) {
            if (permissions.contains(PosixFilePermission.valueOf(who + "_READ"))) {
                permissions.add(PosixFilePermission.valueOf(who + "_EXECUTE"));
            }
        }
        Files.setPosixFilePermissions(file, permissions);
    }

    /** Whether a file already is the image, as far as its source tells. */
    public static boolean same(ReadyImage image, Path file) throws IOException {
        Optional<Digest> digest = image.digest();
        if (digest.isEmpty() || !Files.isRegularFile(file) || image.size().isPresent() && Files.size(file) != image.size().getAsLong()) {
            return false;
        }
        MessageDigest hash = digest.get().algorithm().start();
        try (InputStream in = new DigestInputStream(Files.newInputStream(file), hash)) {
            in.transferTo(OutputStream.nullOutputStream());
        }
        return Digest.finish(digest.get().algorithm(), hash.digest()).equals(digest.get());
    }
}
