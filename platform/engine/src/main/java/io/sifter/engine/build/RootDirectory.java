package io.sifter.engine.build;

import io.sifter.spi.error.CorruptDataException;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermission;
import java.util.ArrayDeque;
import java.util.Arrays;
import java.util.Deque;
import java.util.EnumSet;
import java.util.Optional;
import java.util.Set;

/**
 * An image's root as a directory. Nobody else may change it meanwhile: between a look at a link and its use nothing stands
 * guard, so no process of the image may be alive when a path is asked for.
 */
final class RootDirectory implements ImageRoot {
    /** As Linux has it. */
    private static final int MAX_HOPS = 40;
    private static final int MAX_TEXT = 16 << 20;

    private final Path root;

    RootDirectory(Path root) {
        this.root = root.toAbsolutePath().normalize();
    }

    Path path() {
        return root;
    }

    /**
     * Where a path of the image is on this host, links followed as in the image; what does not exist is taken by its name.
     *
     * @throws CorruptDataException if links go round in circles
     */
    Path inside(String path) throws IOException {
        return resolve(path, true);
    }

    private Path resolve(String path, boolean followLast) throws IOException {
        Deque<String> ahead = new ArrayDeque<>(Arrays.asList(path.split("/")));
        Path at = root;
        int hops = 0;
        while (!ahead.isEmpty()) {
            String name = ahead.pop();
            if (name.isEmpty() || name.equals(".")) {
                continue;
            }
            if (name.equals("..")) {
                at = at.equals(root) ? root : at.getParent();
                continue;
            }
            Path next = at.resolve(name);
            if (!Files.isSymbolicLink(next) || ahead.isEmpty() && !followLast) {
                at = next;
                continue;
            }
            if (++hops > MAX_HOPS) {
                throw new CorruptDataException("Too many symbolic links on the way to /%s in the image".formatted(path));
            }
            String target = Files.readSymbolicLink(next).toString();
            if (target.startsWith("/")) {
                at = root;
            }
            String[] parts = target.split("/");
            for (int i = parts.length - 1; i >= 0; i--) {
                ahead.push(parts[i]);
            }
        }
        return at;
    }

    @Override
    public Optional<String> read(String path) throws IOException {
        Path file = inside(path);
        if (!Files.isRegularFile(file, LinkOption.NOFOLLOW_LINKS)) {
            return Optional.empty();
        }
        try (var in = Files.newInputStream(file, LinkOption.NOFOLLOW_LINKS)) {
            return Optional.of(new String(in.readNBytes(MAX_TEXT), StandardCharsets.UTF_8));
        }
    }

    @Override
    public void write(String path, String text, int mode) throws IOException {
        Path file = resolve(path, false);
        makeDirectories(file.getParent());
        Files.deleteIfExists(file);
        Files.writeString(file, text);
        Files.setPosixFilePermissions(file, permissions(mode));
    }

    @Override
    public void makeDirectory(String path) throws IOException {
        makeDirectories(inside(path));
    }

    /** Makes a directory that {@link #inside} named, and its parents, open to everybody whatever the umask. */
    void makeDirectories(Path directory) throws IOException {
        if (Files.isDirectory(directory, LinkOption.NOFOLLOW_LINKS)) {
            return;
        }
        makeDirectories(directory.getParent());
        Files.createDirectory(directory);
        Files.setPosixFilePermissions(directory, permissions(0755));
    }

    private static Set<PosixFilePermission> permissions(int mode) {
        Set<PosixFilePermission> permissions = EnumSet.noneOf(PosixFilePermission.class);
        PosixFilePermission[] all = PosixFilePermission.values();
        for (int i = 0; i < all.length; i++) {
            if ((mode & 0400 >> i) != 0) {
                permissions.add(all[i]);
            }
        }
        return permissions;
    }

    @Override
    public void remove(String path) throws IOException {
        Files.deleteIfExists(resolve(path, false));
    }
}
