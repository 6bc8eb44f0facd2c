package io.sifter.engine.build;

import io.sifter.spi.tree.Attributes;
import io.sifter.spi.tree.Content;
import io.sifter.spi.tree.Directory;
import io.sifter.spi.tree.Node;
import io.sifter.spi.tree.RawName;
import io.sifter.spi.tree.RegularFile;
import io.sifter.spi.tree.Symlink;
import java.nio.charset.StandardCharsets;
import java.util.ArrayDeque;
import java.util.Arrays;
import java.util.Deque;
import java.util.Optional;

/**
 * Looks into a tree and adds to it before it is handed over. Paths are relative to the root, components separated by
 * {@code /}. Added entries belong to root and carry the one time given. One thread.
 */
public final class TreeEditor {
    private static final int MAX_HOPS = 40;
    private final Directory root;
    private final long time;

    /** @param time modification time of everything added, seconds since 1970 */
    TreeEditor(Directory root, long time) {
        this.root = root;
        this.time = time;
    }

    /** What stands at a path, symbolic links followed inside the root; nothing if a link leads nowhere or round. */
    public static Optional<Node> find(Directory root, String path) {
        Deque<String> ahead = new ArrayDeque<>(Arrays.asList(path.split("/")));
        Deque<Directory> behind = new ArrayDeque<>();
        behind.push(root);
        int hops = 0;
        while (!ahead.isEmpty()) {
            String name = ahead.pop();
            if (name.isEmpty() || name.equals(".")) {
                continue;
            }
            if (name.equals("..")) {
                if (behind.size() > 1) {
                    behind.pop();
                }
                continue;
            }
            Node node = behind.peek().children().get(name);
            switch (node) {
                case null -> {
                    return Optional.empty();
                }
                case Directory directory -> behind.push(directory);
                case Symlink link -> {
                    if (++hops > MAX_HOPS) {
                        return Optional.empty();
                    }
                    if (link.target().startsWith("/")) {
                        while (behind.size() > 1) {
                            behind.pop();
                        }
                    }
                    String[] parts = link.target().split("/");
                    for (int i = parts.length - 1; i >= 0; i--) {
                        ahead.push(parts[i]);
                    }
                }
                default -> {
                    return ahead.isEmpty() ? Optional.of(node) : Optional.empty();
                }
            }
        }
        return Optional.of(behind.peek());
    }

    /** Makes a directory, and its parents, where nothing stands. What stands there already, links included, is left alone. */
    void ensureDirectory(String path, int mode) {
        if (find(root, path).isPresent()) {
            return;
        }
        Optional<Directory> parent = parent(path);
        parent.ifPresent(p -> p.children().putIfAbsent(name(path), new Directory(Attributes.of(mode, time))));
    }

    /** Makes the path a directory of the tree itself: anything else that stands on the way is replaced. */
    Directory ownDirectory(String path, int mode) {
        Directory at = root;
        for (String name : path.split("/")) {
            Node node = at.children().get(name);
            if (!(node instanceof Directory)) {
                node = new Directory(Attributes.of(mode, time));
                at.children().put(name, node);
            }
            at = (Directory) node;
        }
        return at;
    }

    /** Writes a file; its parent must be there. Whatever stands at the path is replaced. */
    void file(String path, String text, int mode) {
        parent(path).ifPresent(p -> p.children().put(name(path),
                new RegularFile(Attributes.of(mode, time), Content.of(text.getBytes(StandardCharsets.UTF_8)))));
    }

    /** Takes away what stands at a path, a link itself rather than what it leads to. */
    void remove(String path) {
        parent(path).ifPresent(p -> p.children().remove(name(path)));
    }

    /** Writes a file unless there is one. */
    void fileIfAbsent(String path, String text, int mode) {
        if (find(root, path).isEmpty()) {
            file(path, text, mode);
        }
    }

    /** Makes a link; a wrong one is replaced, anything else is left alone. */
    void symlink(String path, String target) {
        parent(path).ifPresent(p -> {
            Node there = p.children().get(name(path));
            if (there == null || there instanceof Symlink link && !link.target().equals(target)) {
                p.children().put(name(path), new Symlink(Attributes.of(0777, time), RawName.of(target)));
            }
        });
    }

    private Optional<Directory> parent(String path) {
        int slash = path.lastIndexOf('/');
        if (slash < 0) {
            return Optional.of(root);
        }
        Optional<Node> found = find(root, path.substring(0, slash));
        if (found.isEmpty()) {
            return Optional.of(ownDirectory(path.substring(0, slash), 0755));
        }
        return found.filter(Directory.class::isInstance).map(Directory.class::cast);
    }

    private static String name(String path) {
        return path.substring(path.lastIndexOf('/') + 1);
    }
}
