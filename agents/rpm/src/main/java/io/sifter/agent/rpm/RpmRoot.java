package io.sifter.agent.rpm;

import io.sifter.spi.Programs;
import java.io.IOException;
import java.nio.file.FileVisitResult;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.SimpleFileVisitor;
import java.nio.file.attribute.BasicFileAttributes;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.List;
import java.util.Map;

/**
 * A root that rpm(8) puts packages into. Where this host is of another kind, rpm would keep its records at a place that programs of the
 * root do not know; then it is told in a home directory of its own where they belong.
 */
final class RpmRoot implements AutoCloseable {
    private static final Path NEW_DATABASE = Path.of("/usr/lib/sysimage/rpm");

    private final Path root;
    private final Path home;
    private final Programs programs;

    private RpmRoot(Path root, Path home, Programs programs) {
        this.root = root;
        this.home = home;
        this.programs = programs;
    }

    static RpmRoot open(Path root, Programs programs) throws IOException {
        Path home = Files.createDirectory(root.resolve(".rpm-home"));
        if (!Files.isDirectory(NEW_DATABASE)) {
            Files.writeString(home.resolve(".rpmmacros"), "%_dbpath /var/lib/rpm\n");
        }
        return new RpmRoot(root, home, programs);
    }

    int run(List<String> command) throws IOException, InterruptedException {
        return programs.run(root, command, Map.of("HOME", home.toString()));
    }

    void succeed(List<String> command) throws IOException, InterruptedException {
        programs.succeed(root, command, Map.of("HOME", home.toString()));
    }

    /** Writes a file of the root, and the directories around it; everybody may read it, whatever the umask. */
    Path write(String path, String text) throws IOException {
        Path file = root.resolve(path);
        Files.createDirectories(file.getParent());
        for (Path directory = file.getParent(); !directory.equals(root); directory = directory.getParent()) {
            Files.setPosixFilePermissions(directory, PosixFilePermissions.fromString("rwxr-xr-x"));
        }
        return Files.setPosixFilePermissions(Files.writeString(file, text), PosixFilePermissions.fromString("rw-r--r--"));
    }

    /** Removes a directory of the root that is of no use in an image. */
    void remove(String path) throws IOException {
        Path directory = root;
        for (Path name : Path.of(path)) {
            directory = directory.resolve(name);
            if (!Files.isDirectory(directory, LinkOption.NOFOLLOW_LINKS)) {
                return;
            }
        }
        Files.walkFileTree(directory, new SimpleFileVisitor<>() {
            @Override
            public FileVisitResult visitFile(Path file, BasicFileAttributes attributes) throws IOException {
                Files.delete(file);
                return FileVisitResult.CONTINUE;
            }

            @Override
            public FileVisitResult postVisitDirectory(Path visited, IOException failure) throws IOException {
                if (failure != null) {
                    throw failure;
                }
                Files.delete(visited);
                return FileVisitResult.CONTINUE;
            }
        });
    }

    @Override
    public void close() throws IOException {
        remove(home.getFileName().toString());
    }
}
