package io.sifter.engine.build;

import io.sifter.spi.tree.Attributes;
import io.sifter.spi.tree.Device;
import io.sifter.spi.tree.Directory;
import io.sifter.spi.tree.Node;
import io.sifter.spi.tree.RegularFile;
import io.sifter.spi.tree.Special;
import io.sifter.spi.tree.Symlink;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Collections;
import java.util.Deque;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;

/** What an overlay needs to know of a tree before it is mounted. */
final class LayerTrees {
    private LayerTrees() {}

    /** The same node with other attributes. */
    static Node withAttributes(Node node, Attributes attributes) {
        return switch (node) {
            case Directory directory -> new Directory(attributes, directory.children());
            case RegularFile file -> new RegularFile(attributes, file.content());
            case Symlink link -> new Symlink(attributes, link.target());
            case Device device -> new Device(attributes, device.block(), device.major(), device.minor());
            case Special special -> new Special(attributes, special.kind());
        };
    }

    /** Whether something in a tree would mean something else below an overlay. */
    static boolean hasMarks(Directory root) {
        Deque<Directory> ahead = new ArrayDeque<>(List.of(root));
        while (!ahead.isEmpty()) {
            for (Map.Entry<String, Node> child : ahead.pop().children().entrySet()) {
                if (OverlayMerge.isMark(child.getKey(), child.getValue())) {
                    return true;
                }
                if (child.getValue() instanceof Directory directory) {
                    ahead.push(directory);
                }
            }
        }
        return OverlayMerge.isMark("", root);
    }

    /**
     * Files with several names, and the directories that lead to them. An overlay would make several files of one that is written to, unless
     * it lies in the upper layer from the beginning.
     */
    static Directory linked(Directory root) {
        record Pair(Directory from, Directory into) {}

        Set<Node> seen = Collections.newSetFromMap(new IdentityHashMap<>());
        Set<Node> several = Collections.newSetFromMap(new IdentityHashMap<>());
        Deque<Directory> directories = new ArrayDeque<>(List.of(root));
        while (!directories.isEmpty()) {
            for (Node node : directories.pop().children().values()) {
                if (node instanceof Directory directory) {
                    directories.push(directory);
                } else if (!seen.add(node)) {
                    several.add(node);
                }
            }
        }
        Directory top = new Directory(root.attributes());
        List<Pair> pairs = new ArrayList<>(List.of(new Pair(root, top)));
        for (int i = 0; i < pairs.size(); i++) {
            Pair pair = pairs.get(i);
            pair.from.children().forEach((name, node) -> {
                if (node instanceof Directory directory) {
                    Directory copy = new Directory(directory.attributes());
                    pair.into.children().put(name, copy);
                    pairs.add(new Pair(directory, copy));
                } else if (several.contains(node)) {
                    pair.into.children().put(name, node);
                }
            });
        }
        // From the bottom, so that a directory is looked at when its own are gone.
        for (Pair pair : pairs.reversed()) {
            pair.into.children().values().removeIf(node -> node instanceof Directory directory && directory.children().isEmpty());
        }
        return top;
    }
}
