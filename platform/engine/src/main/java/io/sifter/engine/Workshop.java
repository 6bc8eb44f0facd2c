package io.sifter.engine;

import io.sifter.engine.cache.SideFiles;
import io.sifter.image.directory.DirectoryTree;
import io.sifter.spi.event.Event;
import io.sifter.spi.tree.Directory;
import io.sifter.spi.tree.FileTree;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.function.Consumer;

/** A directory in which an image is put together. It goes with what is left in it when it is closed; if this process is killed, with the next start. */
final class Workshop implements AutoCloseable {
    private final Path path;
    private final AutoCloseable removal;
    private boolean kept;

    private Workshop(Path path, AutoCloseable removal) {
        this.path = path;
        this.removal = removal;
    }

    /**
     * @param target that the image will have
     * @param mayStay whether it may be {@link #keep kept}, for which nobody must be told to remove it
     */
    static Workshop open(SideFiles sideFiles, Path parent, Path target, boolean mayStay) throws IOException {
        if (mayStay) {
            Path path = Files.createTempDirectory(parent, "build-temp-");
            return new Workshop(path, () -> SideFiles.deleteTree(path));
        }
        SideFiles.SideFile side = sideFiles.in(parent, target.getFileName().toString());
        Files.createDirectory(side.path(), PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rwx------")));
        return new Workshop(side.path(), side);
    }

    Path path() {
        return path;
    }

    /** A directory that was made here, as a tree that closes this workshop. */
    FileTree tree(Path made, Consumer<Event> events) throws IOException, InterruptedException {
        FileTree tree = DirectoryTree.open(made, events);
        return new FileTree() {
            @Override
            public Directory root() {
                return tree.root();
            }

            @Override
            public void close() throws IOException {
                try (Workshop _ = Workshop.this) {
                    tree.close();
                }
            }
        };
    }

    /** Leaves everything where it is. */
    void keep() {
        kept = true;
    }

    /** Puts a directory that was made here in the place of whatever stands at the target, on the same file system. */
    void publish(Path made, Path target) throws IOException {
        Path old = path.resolve("replaced");
        boolean replaces = Files.exists(target, LinkOption.NOFOLLOW_LINKS);
        if (replaces) {
            Files.move(target, old, StandardCopyOption.ATOMIC_MOVE);
        }
        try {
            Files.move(made, target, StandardCopyOption.ATOMIC_MOVE);
        } catch (IOException e) {
            if (replaces) {
                Files.move(old, target, StandardCopyOption.ATOMIC_MOVE);
            }
            throw e;
        }
    }

    @Override
    public void close() throws IOException {
        if (kept) {
            return;
        }
        try {
            removal.close();
        } catch (IOException | RuntimeException e) {
            throw e;
        } catch (Exception e) {
            throw new IOException(e);
        }
    }
}
