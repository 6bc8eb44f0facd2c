package io.sifter.engine.build;

import io.sifter.spi.event.Event;
import io.sifter.spi.tree.Attributes;
import io.sifter.spi.tree.Content;
import io.sifter.spi.tree.Device;
import io.sifter.spi.tree.Directory;
import io.sifter.spi.tree.Node;
import io.sifter.spi.tree.RegularFile;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.function.Consumer;

/**
 * What becomes of a tree that is written to a directory in a user namespace, without writing it: owners that do not exist there become
 * root, devices empty files, and attributes that only real root may set go. One tree, one thread.
 */
final class NamespaceTree {
    private static final long ALL = 0xFFFF_FFFFL;
    private static final Content EMPTY = Content.of(new byte[0]);
    private static final String CAPABILITIES = "security.capability";

    private final List<long[]> users;
    private final List<long[]> groups;
    private final Map<Node, Node> known = new IdentityHashMap<>();
    private int devices;
    private int owners;
    private int xattrs;

    /**
     * @param users what uid_map of proc(5) says
     * @param groups likewise
     */
    NamespaceTree(String users, String groups) {
        this.users = ranges(users);
        this.groups = ranges(groups);
    }

    static NamespaceTree ofProcess() throws IOException {
        return new NamespaceTree(Files.readString(Path.of("/proc/self/uid_map")), Files.readString(Path.of("/proc/self/gid_map")));
    }

    private static List<long[]> ranges(String map) {
        List<long[]> ranges = new ArrayList<>();
        for (String line : map.strip().split("\n")) {
            String[] words = line.strip().split("\\s+");
            ranges.add(new long[] {Long.parseLong(words[0]), Long.parseLong(words[2])});
        }
        return ranges;
    }

    /** Whether this is no namespace but where everybody is somebody. */
    boolean isFirst() {
        return users.size() == 1 && users.getFirst()[1] == ALL;
    }

    /** @param root what its directories hold becomes the result's */
    Directory of(Directory root, Consumer<Event> events) {
        Directory top = (Directory) written(root);
        Deque<Directory> ahead = new ArrayDeque<>(List.of(top));
        while (!ahead.isEmpty()) {
            for (Map.Entry<String, Node> child : ahead.pop().children().entrySet()) {
                Node node = child.getValue();
                // Those with several names stay one.
                Node changed = node instanceof Directory ? written(node) : known.computeIfAbsent(node, this::written);
                child.setValue(changed);
                if (changed instanceof Directory directory) {
                    ahead.push(directory);
                }
            }
        }
        tell(devices, "%d devices of the image become empty files: only root may make devices", events);
        tell(xattrs, "%d extended attributes of the image are left out: the caller may not set them", events);
        tell(owners, "%d files of the image belong to the caller: their owners do not exist here", events);
        return top;
    }

    private static void tell(int count, String sentence, Consumer<Event> events) {
        if (count > 0) {
            events.accept(Event.warning(sentence.formatted(count)));
        }
    }

    private Node written(Node node) {
        Attributes attributes = written(node.attributes());
        if (node instanceof Device) {
            devices++;
            return new RegularFile(attributes.withMode(0), EMPTY);
        }
        return node instanceof Directory || attributes != node.attributes() ? LayerTrees.withAttributes(node, attributes) : node;
    }

    private Attributes written(Attributes attributes) {
        boolean owned = contains(users, attributes.uid()) && contains(groups, attributes.gid());
        owners += owned ? 0 : 1;
        Map<String, byte[]> kept = new TreeMap<>(attributes.xattrs());
        kept.keySet().removeIf(xattr -> xattr.startsWith("trusted.") || xattr.startsWith("security.") && !xattr.equals(CAPABILITIES));
        xattrs += attributes.xattrs().size() - kept.size();
        return owned && kept.size() == attributes.xattrs().size() ? attributes
                : new Attributes(attributes.mode(), owned ? attributes.uid() : 0, owned ? attributes.gid() : 0, attributes.mtime(), kept);
    }

    private static boolean contains(List<long[]> ranges, long id) {
        return ranges.stream().anyMatch(range -> id >= range[0] && id - range[0] < range[1]);
    }
}
