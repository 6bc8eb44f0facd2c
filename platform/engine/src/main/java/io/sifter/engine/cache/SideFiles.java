package io.sifter.engine.cache;

import io.sifter.image.directory.LinuxFiles;
import io.sifter.image.directory.Removal;
import io.sifter.spi.tree.RawName;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Optional;
import java.util.UUID;

/**
 * Files in the making. Each is recorded in the cache before it exists, with the process that makes it, so that the next
 * start removes what a killed process left behind, wherever it lies. Records are one file each: {@code PID START HOST}
 * on the first line, the absolute path on the second.
 */
public final class SideFiles {
    private static final Duration FOREIGN_AGE = Duration.ofDays(7);
    private static final String SUFFIX = ".record";
    private final Cache cache;
    private final String owner;

    public SideFiles(Cache cache) {
        this.cache = cache;
        ProcessHandle self = ProcessHandle.current();
        this.owner = "%d %d %s".formatted(self.pid(), start(self), host());
    }

    /** A recorded file or directory; closing removes what is left of it, and the record. */
    public final class SideFile implements AutoCloseable {
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
            deleteTree(path);
            Files.deleteIfExists(record);
        }
    }

    /** A name in {@code directory} for something that will be moved to its place when it is complete. */
    public SideFile in(Path directory, String name) throws IOException {
        String unique = UUID.randomUUID().toString().substring(0, 8);
        return record(directory.resolve(".%s.%s.partial".formatted(name, unique)), unique);
    }

    /** A name inside the cache. */
    SideFile inCache(String name) throws IOException {
        String unique = UUID.randomUUID().toString().substring(0, 8);
        return record(cache.part().resolve("%s.%s".formatted(name, unique)), unique);
    }

    private SideFile record(Path path, String unique) throws IOException {
        Path record = cache.part().resolve(unique + SUFFIX);
        Files.writeString(record, owner + "\n" + path.toAbsolutePath() + "\n");
        return new SideFile(path.toAbsolutePath(), record);
    }

    /** Removes what dead processes left. Cheap when there is nothing. */
    public void reap() throws IOException {
        try (DirectoryStream<Path> records = Files.newDirectoryStream(cache.part(), "*" + SUFFIX)) {
            for (Path record : records) {
                try {
                    reap(record);
                } catch (IOException e) {
                    // Someone else reaps it, or nobody may: neither is this command's failure.
                }
            }
        }
    }

    private void reap(Path record) throws IOException {
        List<String> lines = Files.readAllLines(record, StandardCharsets.UTF_8);
        String[] words = lines.isEmpty() ? new String[0] : lines.getFirst().split(" ", 3);
        boolean abandoned;
        if (lines.size() < 2 || words.length < 3) {
            abandoned = Files.getLastModifiedTime(record).toInstant().isBefore(Instant.now().minus(Duration.ofMinutes(1)));
        } else if (words[2].equals(host())) {
            Optional<ProcessHandle> process = ProcessHandle.of(Long.parseLong(words[0]));
            abandoned = process.isEmpty() || start(process.get()) != Long.parseLong(words[1]);
        } else {
            abandoned = Files.getLastModifiedTime(record).toInstant().isBefore(Instant.now().minus(FOREIGN_AGE));
        }
        if (abandoned) {
            // Only names that this class gives out are removed, whatever the record says.
            if (lines.size() >= 2) {
                Path path = Path.of(lines.get(1));
                String unique = record.getFileName().toString().replace(SUFFIX, "");
                if (path.isAbsolute() && path.getFileName().toString().contains("." + unique)) {
                    deleteTree(path);
                }
            }
            Files.deleteIfExists(record);
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

    private static long start(ProcessHandle process) {
        return process.info().startInstant().map(Instant::toEpochMilli).orElse(0L);
    }

    private static String host() {
        try {
            return Files.readString(Path.of("/proc/sys/kernel/hostname")).strip()
                    + "/" + Files.readString(Path.of("/proc/sys/kernel/random/boot_id")).strip();
        } catch (IOException e) {
            return "unknown";
        }
    }
}
