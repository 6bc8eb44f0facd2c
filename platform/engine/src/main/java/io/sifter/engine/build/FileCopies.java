package io.sifter.engine.build;

import io.sifter.engine.definition.Stage.Copy;
import io.sifter.spi.error.ExternalException;
import io.sifter.spi.error.SifterException;
import io.sifter.spi.error.UserException;
import io.sifter.spi.event.Event;
import io.sifter.spi.reference.Digest;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.DirectoryStream;
import java.nio.file.FileSystemException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.PosixFilePermission;
import java.security.DigestInputStream;
import java.security.MessageDigest;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.EnumSet;
import java.util.HexFormat;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.function.Consumer;

/**
 * What {@code %files} copies into an image. From the host as {@code cp -fLr} does: what links lead to, owned by who builds, with the
 * source's permissions less the umask 0002, and existing files written over. From another stage as {@code cp -a} does, but for a link that is
 * named itself. Either way links in the image are followed inside the image: no file of the host is ever written.
 */
final class FileCopies {
    private static final RootDirectory HOST = new RootDirectory(Path.of("/"));

    private final RootDirectory root;
    private final Consumer<Event> events;

    FileCopies(RootDirectory root, Consumer<Event> events) {
        this.root = root;
        this.events = events;
    }

    /**
     * @param directory of the host that relative sources begin in
     * @param below what destinations are relative to; empty for the image's root
     */
    void fromHost(List<Copy> entries, Path directory, String below) throws IOException, InterruptedException {
        for (Copy entry : entries) {
            events.accept(Event.info("Copying %s to %s".formatted(entry.source(), entry.destination())));
            for (String source : sources(HOST, pattern(entry, directory), entry)) {
                String destination = entry.destination().isEmpty() && !hasWildcards(entry) ? entry.source() : entry.destination();
                try {
                    Path at = at(below + "/" + (destination.isEmpty() ? source : destination));
                    copy(HOST.inside(source), isDirectory(at) ? child(at, name(source)) : at, new ArrayDeque<>());
                } catch (SifterException e) {
                    throw e;
                } catch (IOException e) {
                    throw failed("host", entry, e);
                }
            }
        }
    }

    private static boolean hasWildcards(Copy entry) {
        return entry.source().matches(".*[*?\\[].*");
    }

    /** A digest of all that {@link #fromHost} would copy. */
    String digest(List<Copy> entries) throws IOException, InterruptedException {
        MessageDigest digest = Digest.Algorithm.SHA256.start();
        for (Copy entry : entries) {
            for (String source : sources(HOST, pattern(entry, Path.of("")), entry)) {
                update(digest, HOST.inside(source), source, new ArrayDeque<>());
            }
        }
        return "sha256:" + HexFormat.of().formatHex(digest.digest());
    }

    private static void update(MessageDigest digest, Path source, String name, Deque<Path> above) throws IOException, InterruptedException {
        if (Thread.interrupted()) {
            throw new InterruptedException();
        }
        boolean file = Files.isRegularFile(source);
        digest.update("%s\0%s %s %d\0".formatted(name, file, Files.exists(source) ? permissions(source) : "", file ? Files.size(source) : 0).getBytes(StandardCharsets.UTF_8));
        if (file) {
            try (InputStream in = new DigestInputStream(Files.newInputStream(source), digest)) {
                in.transferTo(OutputStream.nullOutputStream());
            }
        } else if (Files.isDirectory(source) && !above.contains(source.toRealPath())) {
            above.push(source.toRealPath());
            for (Path entry : entries(source)) {
                update(digest, entry, entry.getFileName().toString(), above);
            }
            above.pop();
            digest.update((byte) '/');
        }
    }

    private static TreeSet<Path> entries(Path directory) throws IOException {
        TreeSet<Path> entries = new TreeSet<>();
        try (DirectoryStream<Path> all = Files.newDirectoryStream(directory)) {
            all.forEach(entries::add);
        }
        return entries;
    }

    private static String pattern(Copy entry, Path directory) {
        return entry.source().startsWith("/") ? entry.source() : directory.toAbsolutePath() + "/" + entry.source();
    }

    void fromStage(List<Copy> entries, RootDirectory stage) throws IOException, InterruptedException {
        for (Copy entry : entries) {
            events.accept(Event.info("Copying %s to %s".formatted(entry.source(), entry.destination())));
            for (String source : sources(stage, entry.source(), entry)) {
                Path at = at(entry.destination().isEmpty() ? source : entry.destination());
                // What stands there by that name gives way, so that a link is not followed.
                Path target = isDirectory(at) ? at.resolve(name(source)) : at;
                int exit = Children.run(List.of("cp", "-a", "--remove-destination", "-T", "--", stage.inside(source).toString(), target.toString()));
                if (exit != 0) {
                    throw new ExternalException("unable to copy files from stage to container fs: while copying [%s] to %s: exit status %d"
                            .formatted(entry.source(), entry.destination(), exit), "What cp said stands above.");
                }
            }
        }
    }

    private static List<String> sources(RootDirectory from, String pattern, Copy entry) throws IOException {
        List<String> sources = Wildcards.expand(from, pattern);
        if (sources.isEmpty()) {
            throw new UserException("no source files found matching: " + entry.source(),
                    "Correct the line of %files; names are relative to where the build was started.");
        }
        return sources;
    }

    /** A destination's place; a directory that ends with a slash is made, and so are parents. */
    private Path at(String destination) throws IOException {
        Path at = root.inside(destination);
        if (destination.endsWith("/")) {
            root.makeDirectories(at);
        } else {
            root.makeDirectories(at.equals(root.path()) ? at : at.getParent());
        }
        return at;
    }

    private static boolean isDirectory(Path path) {
        return Files.isDirectory(path, LinkOption.NOFOLLOW_LINKS);
    }

    private static String name(String path) {
        return path.substring(path.lastIndexOf('/') + 1);
    }

    private Path child(Path directory, String name) throws IOException {
        return root.inside(root.path().relativize(directory) + "/" + name);
    }

    /** @param above real paths of the directories that are being copied */
    private void copy(Path source, Path target, Deque<Path> above) throws IOException, InterruptedException {
        if (Thread.interrupted()) {
            throw new InterruptedException();
        }
        if (Files.isDirectory(source)) {
            Path real = source.toRealPath();
            if (above.contains(real)) {
                throw new UserException("unable to copy files from host to container fs: %s leads to a directory that it is in".formatted(source));
            }
            if (!isDirectory(target)) {
                Files.setPosixFilePermissions(Files.createDirectory(target), permissions(source));
            }
            above.push(real);
            for (Path entry : entries(source)) {
                copy(entry, child(target, entry.getFileName().toString()), above);
            }
            above.pop();
        } else if (Files.isRegularFile(source)) {
            if (!Files.exists(target, LinkOption.NOFOLLOW_LINKS)) {
                Files.setPosixFilePermissions(Files.createFile(target), permissions(source));
            }
            write(source, target);
        } else if (Files.exists(source)) {
            events.accept(Event.warning("Skipping %s: it is neither a file nor a directory".formatted(source)));
        } else {
            throw new UserException("unable to copy files from host to container fs: the link %s leads nowhere".formatted(source));
        }
    }

    private static Set<PosixFilePermission> permissions(Path source) throws IOException {
        Set<PosixFilePermission> permissions = EnumSet.copyOf(Files.getPosixFilePermissions(source));
        permissions.remove(PosixFilePermission.OTHERS_WRITE);
        return permissions;
    }

    private static void write(Path source, Path target) throws IOException {
        try (FileChannel in = FileChannel.open(source, StandardOpenOption.READ);
                FileChannel out = FileChannel.open(target, StandardOpenOption.WRITE, StandardOpenOption.TRUNCATE_EXISTING, LinkOption.NOFOLLOW_LINKS)) {
            for (long at = 0; ; ) {
                long moved = in.transferTo(at, Long.MAX_VALUE, out);
                if (moved <= 0) {
                    return;
                }
                at += moved;
            }
        }
    }

    private static ExternalException failed(String from, Copy entry, IOException e) {
        String reason = e instanceof FileSystemException file && file.getReason() != null ? file.getFile() + ": " + file.getReason() : e.toString();
        return new ExternalException("unable to copy files from %s to container fs: while copying [%s] to %s: %s"
                .formatted(from, entry.source(), entry.destination(), reason), "Look at the line of %files.", e);
    }
}
