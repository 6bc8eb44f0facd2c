package io.sifter.sink.sandbox;

import io.sifter.spi.reference.Digest;
import io.sifter.spi.tree.Attributes;
import io.sifter.spi.tree.Device;
import io.sifter.spi.tree.Directory;
import io.sifter.spi.tree.FileTree;
import io.sifter.spi.tree.Node;
import io.sifter.spi.tree.RawName;
import io.sifter.spi.tree.RegularFile;
import io.sifter.spi.tree.Special;
import io.sifter.spi.tree.Symlink;
import java.io.IOException;
import java.io.InputStream;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.HexFormat;
import java.util.IdentityHashMap;
import java.util.Map;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.stream.Collectors;

/** A tree as text, one line for each name, with all that two equal trees must share. */
final class Listing {
    private record Place(String path, Directory directory) {}

    private Listing() {}

    static SortedMap<String, String> of(FileTree tree) throws IOException {
        SortedMap<String, String> lines = new TreeMap<>();
        Map<Node, String> first = new IdentityHashMap<>();
        lines.put("/", line(tree.root()));
        Deque<Place> open = new ArrayDeque<>();
        open.push(new Place("/", tree.root()));
        while (!open.isEmpty()) {
            Place place = open.pop();
            for (Map.Entry<String, Node> child : place.directory.children().entrySet()) {
                String path = place.path + RawName.display(child.getKey());
                // A hard link is named by the least of its names, so that the order of the walk does not matter.
                first.merge(child.getValue(), path, (a, b) -> a.compareTo(b) < 0 ? a : b);
                lines.put(path, line(child.getValue()));
                if (child.getValue() instanceof Directory directory) {
                    open.push(new Place(path + "/", directory));
                }
            }
        }
        open.push(new Place("/", tree.root()));
        while (!open.isEmpty()) {
            Place place = open.pop();
            for (Map.Entry<String, Node> child : place.directory.children().entrySet()) {
                String path = place.path + RawName.display(child.getKey());
                if (child.getValue() instanceof Directory directory) {
                    open.push(new Place(path + "/", directory));
                } else {
                    lines.merge(path, " inode of " + first.get(child.getValue()), String::concat);
                }
            }
        }
        return lines;
    }

    private static String line(Node node) throws IOException {
        return switch (node) {
            case Directory _ -> "directory";
            case RegularFile file -> "file " + digest(file);
            case Symlink link -> "link to " + RawName.display(link.target());
            case Device device -> "%s device %d:%d".formatted(device.block() ? "block" : "character", device.major(), device.minor());
            case Special special -> special.kind().toString();
        } + attributes(node);
    }

    private static String digest(RegularFile file) throws IOException {
        try (InputStream in = file.content().open()) {
            byte[] bytes = in.readAllBytes();
            return bytes.length + " " + Digest.sha256(bytes).hex().substring(0, 16);
        }
    }

    private static String attributes(Node node) {
        Attributes a = node.attributes();
        String mode = node instanceof Symlink ? "" : " 0%o".formatted(a.mode());
        return "%s %d:%d @%d %s".formatted(mode, a.uid(), a.gid(), a.mtime(), a.xattrs().entrySet().stream()
                .sorted(Map.Entry.comparingByKey()).map(x -> x.getKey() + "=" + HexFormat.of().formatHex(x.getValue()))
                .collect(Collectors.joining(",")));
    }
}
