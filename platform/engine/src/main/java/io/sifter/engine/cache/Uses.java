package io.sifter.engine.cache;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.HashSet;
import java.util.Set;

/**
 * What running processes need of the cache, so that nobody makes room with it: one file {@code part/use.OWNER.UNIQUE} for
 * each process, a line for each file. It counts while the process lives. Safe for any thread.
 */
public final class Uses implements AutoCloseable {
    private static final String NAME = "use";

    private final Cache cache;
    private Path mine;

    public Uses(Cache cache) {
        this.cache = cache;
    }

    /** Says that this process uses a file, until this is closed. */
    public synchronized void add(Path file) throws IOException {
        if (mine == null) {
            mine = cache.partial(NAME);
        }
        try {
            Files.writeString(mine, file + "\n", StandardOpenOption.CREATE, StandardOpenOption.APPEND);
        } catch (IOException e) {
            throw PackStore.fullDisk(e, cache.root());
        }
    }

    /** Says that another process uses a file as long as it lives. */
    public void add(Path file, ProcessHandle user) throws IOException {
        Files.writeString(cache.part().resolve(SideFiles.ownedName(NAME, user)), file + "\n");
    }

    /** Files that processes use, this one among them. */
    Set<Path> all() throws IOException {
        Set<Path> used = new HashSet<>();
        try (DirectoryStream<Path> entries = Files.newDirectoryStream(cache.part(), NAME + ".*")) {
            for (Path entry : entries) {
                if (!SideFiles.abandoned(entry)) {
                    try {
                        Files.readString(entry, StandardCharsets.UTF_8).lines().map(Path::of).forEach(used::add);
                    } catch (IOException | RuntimeException gone) {
                        // Its process ended this moment, or it is none of ours.
                    }
                }
            }
        }
        return used;
    }

    @Override
    public synchronized void close() throws IOException {
        if (mine != null) {
            Files.deleteIfExists(mine);
            mine = null;
        }
    }
}
