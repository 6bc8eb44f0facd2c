package io.sifter.engine.launch;

import io.sifter.spi.error.UserException;
import io.sifter.spi.tree.RawName;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.InvalidPathException;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/** A directory of the host, or a single file of it. */
final class HostFiles implements ImageFiles {
    private static final int TYPE = 0170000;

    private final Path base;
    private final PlanMemory memory;
    /** Uid and gid that an overlay can give files to; empty for all. */
    private final List<Long> known;

    HostFiles(Path base) {
        this(base, PlanMemory.none());
    }

    /** @param memory told what is looked at */
    HostFiles(Path base, PlanMemory memory) {
        this(base, memory, List.of());
    }

    private HostFiles(Path base, PlanMemory memory, List<Long> known) {
        this.base = base;
        this.memory = memory;
        this.known = known;
    }

    /** An image that a user namespace shows who knows one uid and one gid. */
    static HostFiles knownTo(long uid, long gid, Path base) {
        return new HostFiles(base, PlanMemory.none(), List.of(uid, gid));
    }

    Path base() {
        return base;
    }

    /** The host's path for a raw one; nothing if no such name can be spoken of here. */
    static Optional<Path> path(String raw) {
        try {
            return Optional.of(Path.of(new String(RawName.bytes(raw), StandardCharsets.UTF_8)));
        } catch (InvalidPathException unspeakable) {
            return Optional.empty();
        }
    }

    static String raw(Path path) {
        return RawName.of(path.toString());
    }

    private Optional<Path> at(String path) {
        if (path.isEmpty() || path.equals("/")) {
            return Optional.of(base);
        }
        Optional<Path> relative = path(path.substring(1));
        if (relative.isEmpty()) {
            return relative;
        }
        Path at = base.resolve(relative.get());
        for (Path parent = at.getParent(); parent != null && !parent.equals(base); parent = parent.getParent()) {
            if (!Files.isDirectory(parent, LinkOption.NOFOLLOW_LINKS)) {
                // A link on the way would lead out of the base, to what the container does not have.
                return Optional.empty();
            }
        }
        return Optional.of(at);
    }

    @Override
    public Optional<Entry> entry(String path) throws IOException {
        Optional<Path> at = at(path);
        if (at.isEmpty()) {
            return Optional.empty();
        }
        // The base itself may be reached by a link; what is below is looked at as it is.
        boolean top = at.get().equals(base);
        if (top) {
            memory.kind(base);
        } else {
            memory.own(at.get());
        }
        Map<String, Object> attributes;
        try {
            attributes = top ? Files.readAttributes(at.get(), "unix:mode") : Files.readAttributes(at.get(), "unix:mode", LinkOption.NOFOLLOW_LINKS);
        } catch (IOException notThere) {
            return Optional.empty();
        }
        int mode = (Integer) attributes.get("mode");
        return Optional.of(switch (mode & TYPE) {
            case 0040000 -> Entry.DIRECTORY;
            case 0100000 -> new Entry(Kind.FILE, "", (mode & 0111) != 0);
            case 0120000 -> new Entry(Kind.LINK, raw(Files.readSymbolicLink(at.get())), false);
            default -> new Entry(Kind.OTHER, "", false);
        });
    }

    @Override
    public boolean copiesUp(String directory) throws IOException {
        Optional<Path> at = at(directory);
        if (known.isEmpty() || at.isEmpty()) {
            return true;
        }
        Map<String, Object> owner = Files.readAttributes(at.get(), "unix:uid,gid", LinkOption.NOFOLLOW_LINKS);
        return known.equals(List.of(((Integer) owner.get("uid")).longValue(), ((Integer) owner.get("gid")).longValue()));
    }

    @Override
    public List<String> list(String path) throws IOException {
        memory.once();
        List<String> names = new ArrayList<>();
        try (DirectoryStream<Path> children = Files.newDirectoryStream(at(path).orElseThrow())) {
            for (Path child : children) {
                names.add(raw(child.getFileName()));
            }
        }
        Collections.sort(names);
        return names;
    }

    @Override
    public String read(String path, int max) throws IOException {
        memory.once();
        Path file = at(path).orElseThrow();
        try (InputStream in = Files.newInputStream(file, LinkOption.NOFOLLOW_LINKS)) {
            byte[] bytes = in.readNBytes(max + 1);
            if (bytes.length > max) {
                throw new UserException("%s has more than %d bytes".formatted(file, max), "Mount a smaller one over it, with --bind.");
            }
            return RawName.of(bytes);
        }
    }

    @Override
    public void close() {}
}
