package io.sifter.engine.cache;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class SideFilesTest {
    @TempDir
    Path directory;
    private Cache cache;
    private SideFiles sideFiles;

    @BeforeEach
    void makeCache() throws IOException {
        cache = Cache.at(directory.resolve("cache"));
        sideFiles = new SideFiles(cache);
    }

    @Test
    void closingRemovesFileAndRecord() throws IOException {
        try (SideFiles.SideFile file = sideFiles.in(directory, "image.sif")) {
            Files.writeString(file.path(), "half");
        }

        assertThat(names(directory)).containsExactly("cache");
        assertThat(names(directory.resolve("cache/part"))).isEmpty();
    }

    @Test
    void aLivingProcessKeepsItsFiles() throws IOException {
        SideFiles.SideFile file = sideFiles.in(directory, "image.sif");
        Files.writeString(file.path(), "half");

        sideFiles.reap();

        assertThat(file.path()).exists();
    }

    @Test
    void whatADeadProcessLeftIsRemoved() throws Exception {
        SideFiles.SideFile file = sideFiles.in(directory, "sandbox");
        Files.createDirectories(file.path().resolve("closed/inner"));
        Files.setPosixFilePermissions(file.path().resolve("closed"), PosixFilePermissions.fromString("---------"));
        // The record as another process, gone since, would have written it.
        Process gone = new ProcessBuilder("true").start();
        gone.waitFor();
        for (Path record : list(directory.resolve("cache/part"))) {
            String[] words = Files.readString(record).split(" ", 3);
            Files.writeString(record, gone.pid() + " 1 " + words[2]);
        }

        sideFiles.reap();

        assertThat(file.path()).doesNotExist();
        assertThat(names(directory.resolve("cache/part"))).isEmpty();
    }

    @Test
    void aForgedRecordRemovesNothingButWhatThisClassNames() throws IOException {
        Path precious = Files.writeString(directory.resolve("precious"), "data");
        Files.writeString(directory.resolve("cache/part/12345678.record"),
                "999999999 1 %s\n%s\n".formatted(host(), precious.toAbsolutePath()));

        sideFiles.reap();

        assertThat(precious).exists();
    }

    private static String host() throws IOException {
        return Files.readString(Path.of("/proc/sys/kernel/hostname")).strip() + "/"
                + Files.readString(Path.of("/proc/sys/kernel/random/boot_id")).strip();
    }

    private static List<Path> list(Path directory) throws IOException {
        try (Stream<Path> files = Files.list(directory)) {
            return files.toList();
        }
    }

    private static List<String> names(Path directory) throws IOException {
        return list(directory).stream().map(path -> path.getFileName().toString()).toList();
    }
}
