package io.sifter.engine.build;

import io.sifter.spi.tree.Attributes;
import io.sifter.spi.tree.Device;
import io.sifter.spi.tree.Directory;
import io.sifter.spi.tree.Node;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.IdentityHashMap;
import java.util.Map;
import java.util.TreeMap;

/**
 * What an overlay file system shows, made of the two trees that it was put together from (Linux, Documentation/filesystems/overlayfs.rst;
 * fuse-overlayfs(1)): a character device 0/0 says that there is nothing, an extended attribute that a directory hides the one below it.
 * Without redirections, which are switched off.
 */
final class OverlayMerge {
    private static final String WHITEOUT = ".wh.";
    private static final String OPAQUE_FILE = ".wh..wh..opq";
    private static final String OPAQUE = "overlay.opaque";

    private final boolean trusted;
    private final boolean served;
    private final long since;
    private final Map<Node, Node> cleaned = new IdentityHashMap<>();

    /**
     * @param trusted whether the kernel keeps its notes in attributes {@code trusted.}, or else in those of {@code user.}
     * @param served whether a program puts the layers together and not the kernel: it has more ways to say the same
     * @param since when the upper tree began to be written, seconds since 1970
     */
    OverlayMerge(boolean trusted, boolean served, long since) {
        this.trusted = trusted;
        this.served = served;
        this.since = since;
    }

    /** Whether a node means something else in a layer than what it is. */
    static boolean isMark(String name, Node node) {
        return name.startsWith(WHITEOUT) || isWhiteout(node) || node.attributes().xattrs().keySet().stream()
                .anyMatch(xattr -> xattr.startsWith("trusted.overlay.") || xattr.startsWith("user.overlay.") || xattr.startsWith("user.fuseoverlayfs."));
    }

    private static boolean isWhiteout(Node node) {
        return node instanceof Device device && !device.block() && device.major() == 0 && device.minor() == 0;
    }

    /**
     * The tree.
     *
     * @param lower without any marks; what it holds becomes the result's
     */
    Directory merge(Directory lower, Directory upper) {
        record Pair(Directory into, Directory from) {}

        Directory root = over(lower, upper);
        Deque<Pair> ahead = new ArrayDeque<>();
        ahead.add(new Pair(root, upper));
        while (!ahead.isEmpty()) {
            Pair pair = ahead.pop();
            Map<String, Node> into = pair.into.children();
            pair.from.children().forEach((name, node) -> {
                if (isWhiteout(node)) {
                    into.remove(name);
                } else if (served && name.startsWith(WHITEOUT)) {
                    // Applied in over() where it concerns all; a name that is there as well came later.
                    String hidden = name.substring(WHITEOUT.length());
                    if (!name.equals(OPAQUE_FILE) && !pair.from.children().containsKey(hidden)) {
                        into.remove(hidden);
                    }
                } else if (node instanceof Directory directory) {
                    Directory merged = over(into.get(name) instanceof Directory below ? below : null, directory);
                    into.put(name, merged);
                    ahead.push(new Pair(merged, directory));
                } else {
                    into.put(name, clean(node));
                }
            });
        }
        return root;
    }

    /** A directory with the upper one's attributes, and what the lower one holds unless that is hidden. */
    private Directory over(Directory lower, Directory upper) {
        Attributes attributes = clean(upper.attributes());
        if (lower == null || isOpaque(upper)) {
            return new Directory(attributes, new TreeMap<>());
        }
        if (served && attributes.mtime() >= since && hasSameNames(lower, upper)) {
            // fuse-overlayfs loses the time of a directory that it copies up; where no name came or went it is the old one.
            attributes = new Attributes(attributes.mode(), attributes.uid(), attributes.gid(), lower.attributes().mtime(), attributes.xattrs());
        }
        return new Directory(attributes, lower.children());
    }

    private static boolean hasSameNames(Directory lower, Directory upper) {
        return upper.children().entrySet().stream().allMatch(child -> !isWhiteout(child.getValue()) && lower.children().containsKey(child.getKey()));
    }

    private boolean isOpaque(Directory directory) {
        Map<String, byte[]> xattrs = directory.attributes().xattrs();
        return served && (directory.children().containsKey(OPAQUE_FILE) || isYes(xattrs.get("user.fuseoverlayfs.opaque")) || isYes(xattrs.get("user." + OPAQUE))
                || isYes(xattrs.get("trusted." + OPAQUE)))
                || !served && isYes(xattrs.get((trusted ? "trusted." : "user.") + OPAQUE));
    }

    private static boolean isYes(byte[] value) {
        return value != null && value.length == 1 && value[0] == 'y';
    }

    private Node clean(Node node) {
        Attributes attributes = clean(node.attributes());
        // One inode with several names stays one.
        return attributes == node.attributes() ? node : cleaned.computeIfAbsent(node, _ -> LayerTrees.withAttributes(node, attributes));
    }

    private Attributes clean(Attributes attributes) {
        if (attributes.xattrs().keySet().stream().noneMatch(this::isNote)) {
            return attributes;
        }
        Map<String, byte[]> kept = new TreeMap<>(attributes.xattrs());
        kept.keySet().removeIf(this::isNote);
        return new Attributes(attributes.mode(), attributes.uid(), attributes.gid(), attributes.mtime(), kept);
    }

    private boolean isNote(String xattr) {
        return xattr.startsWith(trusted ? "trusted.overlay." : "user.overlay.")
                || served && (xattr.startsWith("user.fuseoverlayfs.") || xattr.startsWith("user.overlay.") || xattr.startsWith("trusted.overlay."));
    }
}
