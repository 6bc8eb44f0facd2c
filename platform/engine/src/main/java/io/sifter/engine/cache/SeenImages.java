package io.sifter.engine.cache;

import io.sifter.spi.reference.Digest;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.Optional;

/** Remembers which file a wish led to last, for the time when nobody can be asked. */
public final class SeenImages {
    private final Cache cache;

    public SeenImages(Cache cache) {
        this.cache = cache;
    }

    /** The file, if there is one; an entry that cannot be read, as a power failure may leave it, counts as none. */
    public Optional<Path> find(String wish) throws IOException {
        Path entry = entry(wish);
        try {
            Path file = cache.root().resolve(Files.readString(entry).strip()).normalize();
            return file.startsWith(cache.root()) && Files.isRegularFile(file) ? Optional.of(file) : Optional.empty();
        } catch (IOException | InvalidPathException unreadable) {
            return Optional.empty();
        }
    }

    /** @param file inside the cache */
    public void remember(String wish, Path file) throws IOException {
        Path entry = entry(wish);
        String text = cache.root().relativize(file) + "\n";
        if (find(wish).equals(Optional.of(file))) {
            return;
        }
        Path part = cache.partial("seen");
        try {
            Files.writeString(part, text);
            Files.move(part, entry, StandardCopyOption.ATOMIC_MOVE);
        } finally {
            Files.deleteIfExists(part);
        }
    }

    private Path entry(String wish) throws IOException {
        return cache.seen(Digest.sha256(wish.getBytes(StandardCharsets.UTF_8)).hex());
    }
}
