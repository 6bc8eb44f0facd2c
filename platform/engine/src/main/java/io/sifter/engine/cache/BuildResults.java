package io.sifter.engine.cache;

import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.util.Optional;

/**
 * What builds came to, kept among the packs and treated as they are. Safe for any thread and for any number of processes.
 */
public final class BuildResults {
    private final Cache cache;
    private final SideFiles sideFiles;
    private final Uses uses;

    public BuildResults(Cache cache, SideFiles sideFiles, Uses uses) {
        this.cache = cache;
        this.sideFiles = sideFiles;
        this.uses = uses;
    }

    /** Makes a file at a path. */
    @FunctionalInterface
    public interface Writing {
        void write(Path file) throws IOException, InterruptedException;
    }

    /** @param key that names a result by all that determined it */
    public Optional<Path> find(String key) throws IOException {
        Path path = cache.pack(key);
        if (!Files.isRegularFile(path) || !cache.trusted(path)) {
            return Optional.empty();
        }
        uses.add(path);
        Cache.used(path);
        return Optional.of(path);
    }

    /** @param force for what nobody looks at again as a whole before it is used, so that it must be on the disk before it appears */
    public void keep(String key, boolean force, Writing writing) throws IOException, InterruptedException {
        Path path = cache.pack(key);
        try (SideFiles.SideFile part = sideFiles.inCache("pack")) {
            writing.write(part.path());
            if (force) {
                try (FileChannel file = FileChannel.open(part.path(), StandardOpenOption.WRITE)) {
                    file.force(true);
                }
            }
            Files.move(part.path(), path, StandardCopyOption.ATOMIC_MOVE);
        } catch (IOException e) {
            throw PackStore.fullDisk(e, cache.root());
        }
    }
}
