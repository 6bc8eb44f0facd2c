package io.sifter.engine.cache;

import io.sifter.spi.reference.Digest;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.Optional;

/** Remembers which file a wish led to last, for the time when nobody can be asked. */
public final class SeenImages {
    private final Cache cache;

    public SeenImages(Cache cache) {
        this.cache = cache;
    }

    public Optional<Path> find(String wish) throws IOException {
        Path entry = entry(wish);
        if (!Files.isRegularFile(entry)) {
            return Optional.empty();
        }
        Path file = cache.root().resolve(Files.readString(entry).strip()).normalize();
        return file.startsWith(cache.root()) ? Optional.of(file) : Optional.empty();
    }

    /** @param file inside the cache */
    public void remember(String wish, Path file) throws IOException {
        Path entry = entry(wish);
        String text = cache.root().relativize(file) + "\n";
        if (Files.isRegularFile(entry) && Files.readString(entry).equals(text)) {
            return;
        }
        Path part = cache.partial("seen");
        Files.writeString(part, text);
        Files.move(part, entry, StandardCopyOption.ATOMIC_MOVE);
    }

    private Path entry(String wish) throws IOException {
        return cache.seen(Digest.sha256(wish.getBytes(StandardCharsets.UTF_8)).hex());
    }
}
