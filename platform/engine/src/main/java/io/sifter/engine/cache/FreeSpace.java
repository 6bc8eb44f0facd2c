package io.sifter.engine.cache;

import io.sifter.spi.error.ExternalException;
import java.io.IOException;
import java.nio.file.FileStore;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;

/** Looks for room before work is begun: better no download than most of one. */
public final class FreeSpace {
    private final Map<Path, Long> needs = new LinkedHashMap<>();

    /**
     * How many bytes a layer's blob takes as blocks. What one codec made of a layer another makes about as small; the tenth
     * above it is for small blocks and for blobs that were compressed harder.
     */
    public static long packed(long blob) {
        return blob + blob / 10;
    }

    /** Notes that so many bytes will be written into an existing directory. */
    public FreeSpace need(Path directory, long bytes) {
        needs.merge(directory, bytes, Long::sum);
        return this;
    }

    /**
     * Checks what was noted; directories on one file system share its room.
     *
     * @throws ExternalException naming the directory that lacks room, and how much is needed
     */
    public void require() throws IOException {
        Map<FileStore, Long> sums = new LinkedHashMap<>();
        for (Map.Entry<Path, Long> need : needs.entrySet()) {
            Path directory = need.getKey();
            FileStore store = Files.getFileStore(directory);
            long sum = sums.merge(store, need.getValue(), Long::sum);
            long free = store.getUsableSpace();
            if (need.getValue() > 0 && sum > free) {
                throw new ExternalException("Not enough space in %s: about %s are needed there, %s are free"
                        .formatted(directory, megabytes(sum), megabytes(free)),
                        "Make room (`singularity cache clean` helps where the cache is), or choose another directory: SINGULARITY_CACHEDIR for the cache, TMPDIR.");
            }
        }
    }

    private static String megabytes(long bytes) {
        return (bytes + 999_999) / 1_000_000 + " MB";
    }
}
