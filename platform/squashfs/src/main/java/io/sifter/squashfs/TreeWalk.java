package io.sifter.squashfs;

import io.sifter.spi.tree.Directory;
import io.sifter.spi.tree.Node;
import java.io.IOException;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.Iterator;
import java.util.Map;

/** Goes through a tree, however deep, and leaves every directory after all directories in it. */
final class TreeWalk {
    private final Deque<Open> open = new ArrayDeque<>();

    private TreeWalk() {}

    /** What happens on the way. */
    interface Visitor {
        default void enter(Directory directory, TreeWalk walk) throws IOException {}

        void leave(Directory directory, TreeWalk walk) throws IOException;
    }

    static void walk(Directory root, Visitor visitor) throws IOException {
        new TreeWalk().run(root, visitor);
    }

    /** Path of something in the directory that is visited, raw. */
    String path(String name) {
        StringBuilder path = new StringBuilder();
        open.descendingIterator().forEachRemaining(parent -> path.append(parent.name).append('/'));
        return path.append(name).toString();
    }

    private void run(Directory root, Visitor visitor) throws IOException {
        visitor.enter(root, this);
        open.push(new Open("", root));
        while (!open.isEmpty()) {
            Open current = open.peek();
            if (!current.rest.hasNext()) {
                visitor.leave(current.directory, this);
                open.pop();
                continue;
            }
            Map.Entry<String, Node> child = current.rest.next();
            if (child.getValue() instanceof Directory directory) {
                open.push(new Open(child.getKey(), directory));
                visitor.enter(directory, this);
            }
        }
    }

    private static final class Open {
        private final String name;
        private final Directory directory;
        private final Iterator<Map.Entry<String, Node>> rest;

        Open(String name, Directory directory) {
            this.name = name;
            this.directory = directory;
            this.rest = directory.children().entrySet().iterator();
        }
    }
}
