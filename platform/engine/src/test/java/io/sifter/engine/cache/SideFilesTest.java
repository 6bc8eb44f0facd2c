package io.sifter.engine.cache;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.nio.file.attribute.FileTime;
import java.time.Duration;
import java.time.Instant;
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
    private Process gone;

    @BeforeEach
    void makeCache() throws Exception {
        gone = new ProcessBuilder("true").start();
        gone.waitFor();
        cache = Cache.at(directory.resolve("cache"));
        sideFiles = new SideFiles(cache);
    }

    @Test
    void closingRemovesFileAndRecord() throws IOException {
        try (SideFiles.SideFile file = sideFiles.in(directory, "image.sif")) {
            Files.writeString(file.path(), "half");
        }

        assertThat(names(directory)).containsExactly("cache");
        assertThat(parts()).isEmpty();
    }

    @Test
    void aLivingProcessKeepsItsFiles() throws IOException {
        SideFiles.SideFile file = sideFiles.in(directory, "image.sif");
        Files.writeString(file.path(), "half");
        SideFiles.SideFile inside = sideFiles.inCache("pack");
        Files.writeString(inside.path(), "half");
        Path temporary = SideFiles.temporary(directory);

        sideFiles.reap(directory);

        assertThat(file.path()).exists();
        assertThat(inside.path()).exists();
        assertThat(temporary).exists();
    }

    @Test
    void whatADeadProcessLeftIsRemoved() throws Exception {
        Path sandbox = sideFiles.in(directory, "sandbox").path();
        Files.createDirectories(sandbox.resolve("closed/inner"));
        Files.setPosixFilePermissions(sandbox.resolve("closed"), PosixFilePermissions.fromString("---------"));
        Files.writeString(sideFiles.inCache("pack").path(), "half");
        Path target = directory.resolve("made here.sif");
        sideFiles.beside(target);
        Path beside = Files.createFile(directory.resolve(".made here.sif.%s.%08x00c0ffee.partial".formatted(machine(), gone.pid())));
        Path other = Files.createFile(directory.resolve(".made here.sif.%s.%08x00c0ffee.partial".formatted(machine(), ProcessHandle.current().pid())));
        // What lies there as another process, gone since, would have left it.
        for (Path part : list(directory.resolve("cache/part"))) {
            Files.move(part, disown(part));
        }

        sideFiles.reap(directory);

        assertThat(sandbox).doesNotExist();
        assertThat(beside).doesNotExist();
        assertThat(other).as("of a process that lives").exists();
        assertThat(parts()).isEmpty();
    }

    @Test
    void temporaryDirectoriesOfDeadProcessesAreRemovedWithWhatTheyWereMaking() throws IOException {
        Path own = SideFiles.temporary(directory);
        Path target = new SideFiles(Cache.at(own)).in(directory, "image.sif").path();
        Files.writeString(target, "half");
        Path record = list(own.resolve("part")).getFirst();
        Files.move(record, disown(record));
        Path left = Files.move(own, disown(own));
        Path image = Files.createFile(directory.resolve(disown(Path.of(SideFiles.temporaryName(ProcessHandle.current()))) + "-lolcow_latest.sif"));

        sideFiles.reap(directory);

        assertThat(left).doesNotExist();
        assertThat(target).doesNotExist();
        assertThat(image).doesNotExist();
    }

    @Test
    void whatOtherHostsMakeIsLeftToThemForAWeek() throws IOException {
        Path part = sideFiles.inCache("pack").path();
        Path foreign = Files.createFile(part.resolveSibling(part.getFileName().toString().replaceAll("-[0-9a-f]{8}\\.", "-00000000.")));
        sideFiles.reap(directory);
        assertThat(foreign).exists();

        Files.setLastModifiedTime(foreign, FileTime.from(Instant.now().minus(Duration.ofDays(8))));
        sideFiles.reap(directory);

        assertThat(foreign).doesNotExist();
    }

    @Test
    void partsOfBlobsWaitAWeek() throws IOException {
        Path fresh = Files.createFile(cache.part().resolve("aa.blob"));
        Path old = Files.createFile(cache.part().resolve("bb.blob"));
        Files.setLastModifiedTime(old, FileTime.from(Instant.now().minus(Duration.ofDays(8))));

        sideFiles.reap(directory);

        assertThat(fresh).exists();
        assertThat(old).doesNotExist();
    }

    @Test
    void aForgedRecordRemovesNothingButWhatThisClassNames() throws IOException {
        Path precious = Files.writeString(directory.resolve("precious"), "data");
        Path link = Files.createSymbolicLink(directory.resolve("cache/part").resolve(disown(Path.of(SideFiles.ownedName("x", ProcessHandle.current())))), directory);
        for (String word : List.of("file", "beside")) {
            Files.writeString(disown(cache.partial("record")), word + " " + precious.toAbsolutePath() + "\n");
        }

        sideFiles.reap(directory);

        assertThat(precious).exists();
        assertThat(link).doesNotExist();
        assertThat(parts()).isEmpty();
    }

    /** The same name as a process gives it that is gone. */
    private Path disown(Path path) {
        return path.resolveSibling(path.getFileName().toString().replaceFirst("([.-])\\d+-\\d+-", "$1" + gone.pid() + "-1-"));
    }

    private static String machine() throws IOException {
        return Files.readString(Path.of("/proc/sys/kernel/random/boot_id")).substring(0, 8);
    }

    private List<String> parts() throws IOException {
        return names(directory.resolve("cache/part"));
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
