package io.sifter.sink.sandbox;

import io.sifter.spi.error.CorruptDataException;
import io.sifter.spi.tree.Directory;
import io.sifter.spi.tree.Node;
import io.sifter.spi.tree.RawName;
import io.sifter.spi.tree.Symlink;
import java.util.ArrayDeque;
import java.util.Collections;
import java.util.Deque;
import java.util.IdentityHashMap;
import java.util.Map;
import java.util.Set;

/**
 * Which inodes of a tree have several names, each with the name under which it is made first; and the proof that all names
 * are names. Made before anything is written.
 *
 * @param linked by inode, a name that is free in {@code place}
 * @param place a name that is free in the root
 */
record Names(Map<Node, String> linked, String place) {
    private static final int MAX_NAME = 255;
    private static final int MAX_TARGET = 4095;

    /** @throws CorruptDataException if a name or a link's target is none, or a directory has two places */
    static Names check(Directory root) throws CorruptDataException {
        Map<Node, String> linked = new IdentityHashMap<>();
        Set<Node> seen = Collections.newSetFromMap(new IdentityHashMap<>());
        Deque<Directory> open = new ArrayDeque<>();
        open.push(root);
        seen.add(root);
        while (!open.isEmpty()) {
            for (Map.Entry<String, Node> child : open.pop().children().entrySet()) {
                String name = child.getKey();
                Node node = child.getValue();
                if (name.isEmpty() || name.length() > MAX_NAME || name.equals(".") || name.equals("..") || name.indexOf('/') >= 0
                        || name.indexOf(0) >= 0) {
                    throw new CorruptDataException("The image has a file named '%s', which no directory can hold: 1 to %d bytes without / and NUL"
                            .formatted(RawName.display(name), MAX_NAME));
                }
                if (node instanceof Symlink link
                        && (link.target().isEmpty() || link.target().length() > MAX_TARGET || link.target().indexOf(0) >= 0)) {
                    throw new CorruptDataException("The image has a link '%s' to '%s', which is no target: 1 to %d bytes without NUL"
                            .formatted(RawName.display(name), RawName.display(link.target()), MAX_TARGET));
                }
                boolean again = !seen.add(node);
                if (node instanceof Directory directory) {
                    if (again) {
                        throw new CorruptDataException("The image has a directory in two places, one of them named '%s'"
                                .formatted(RawName.display(name)));
                    }
                    open.push(directory);
                } else if (again) {
                    linked.computeIfAbsent(node, _ -> Integer.toString(linked.size()));
                }
            }
        }
        String place = ".links";
        while (root.children().containsKey(place)) {
            place += "_";
        }
        return new Names(linked, place);
    }
}
