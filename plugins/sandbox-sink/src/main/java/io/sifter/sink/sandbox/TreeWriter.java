package io.sifter.sink.sandbox;

import io.sifter.image.directory.LinuxFiles;
import io.sifter.image.directory.Workplace;
import io.sifter.spi.tree.Directory;
import io.sifter.spi.tree.Node;
import io.sifter.spi.tree.RawName;
import io.sifter.spi.tree.RegularFile;
import java.io.IOException;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.Iterator;
import java.util.List;
import java.util.Map;
import java.util.concurrent.atomic.AtomicInteger;

/**
 * Makes a tree in a directory of its own: first the inodes with several names, in a place of their own; then, from the
 * top, directories by this thread and what is in them by the crew; then, from the bottom, the directories' attributes.
 * Directories stay private until then, so that the way back up, {@code ..}, is the way that was gone down.
 */
final class TreeWriter {
    private static final int JOB_NODES = 128;
    private static final long JOB_BYTES = 1 << 20;

    private final Directory root;
    private final Names links;
    private final NodeWriter nodes;
    private final Crew crew;

    private TreeWriter(Directory root, Names links, NodeWriter nodes, Crew crew) {
        this.root = root;
        this.links = links;
        this.nodes = nodes;
        this.crew = crew;
    }

    static void write(Directory root, Names links, Workplace workplace, NodeWriter nodes, Crew crew)
            throws IOException, InterruptedException {
        new TreeWriter(root, links, nodes, crew).write(workplace.makeDirectory());
    }

    private void write(int top) throws IOException, InterruptedException {
        int linkPlace = -1;
        try {
            nodes.probe(top);
            if (!links.linked().isEmpty()) {
                linkPlace = LinuxFiles.makeDirectory(top, links.place());
                Handle handle = new Handle(LinuxFiles.openDirectory(linkPlace, "."), null, links.place());
                try {
                    List<Map.Entry<String, Node>> inodes = new ArrayList<>();
                    links.linked().forEach((node, name) -> inodes.add(Map.entry(name, node)));
                    give(handle, -1, inodes);
                } finally {
                    handle.release();
                }
                crew.settle();
            }
            makeAll(top, linkPlace);
            crew.settle();
            if (linkPlace >= 0) {
                for (String name : links.linked().values()) {
                    LinuxFiles.remove(linkPlace, name, false);
                }
                LinuxFiles.remove(top, links.place(), true);
            }
            finishAll(top);
        } finally {
            crew.dismiss();
            if (linkPlace >= 0) {
                LinuxFiles.close(linkPlace);
            }
        }
    }

    /** Goes down the tree and makes everything in it. */
    private void makeAll(int top, int linkPlace) throws IOException, InterruptedException {
        Deque<Iterator<Map.Entry<String, Node>>> way = new ArrayDeque<>();
        Handle here = new Handle(LinuxFiles.openDirectory(top, "."), null, "");
        try {
            way.push(enter(root, here, linkPlace));
            while (true) {
                if (!way.peek().hasNext()) {
                    way.pop();
                    if (way.isEmpty()) {
                        return;
                    }
                    Handle up = here.parent.reopened(LinuxFiles.openDirectory(here.descriptor, ".."));
                    here.release();
                    here = up;
                    continue;
                }
                crew.check();
                Map.Entry<String, Node> child = way.peek().next();
                Handle down;
                try {
                    down = new Handle(LinuxFiles.makeDirectory(here.descriptor, child.getKey()), here, child.getKey());
                } catch (LinuxFiles.Failure e) {
                    throw here.failed(child.getKey(), e);
                }
                here.release();
                here = down;
                way.push(enter((Directory) child.getValue(), here, linkPlace));
            }
        } finally {
            here.release();
        }
    }

    /** Hands out everything in a directory but the directories. */
    private Iterator<Map.Entry<String, Node>> enter(Directory directory, Handle handle, int linkPlace)
            throws IOException, InterruptedException {
        List<Map.Entry<String, Node>> directories = new ArrayList<>();
        List<Map.Entry<String, Node>> others = new ArrayList<>();
        for (Map.Entry<String, Node> child : directory.children().entrySet()) {
            (child.getValue() instanceof Directory ? directories : others).add(child);
        }
        give(handle, linkPlace, others);
        return directories.iterator();
    }

    private void give(Handle handle, int linkPlace, List<Map.Entry<String, Node>> children)
            throws IOException, InterruptedException {
        int from = 0;
        long bytes = 0;
        for (int i = 0; i < children.size(); i++) {
            bytes += children.get(i).getValue() instanceof RegularFile file ? file.content().size() : 0;
            if (i + 1 == children.size() || i + 1 - from == JOB_NODES || bytes >= JOB_BYTES) {
                handle.keep();
                crew.give(new Making(handle, linkPlace, children.subList(from, i + 1)));
                from = i + 1;
                bytes = 0;
            }
        }
    }

    /** Goes through the directories once more and gives each its attributes when nothing in it changes any more. */
    private void finishAll(int top) throws IOException, InterruptedException {
        record Step(Directory directory, Iterator<Node> children, Iterator<String> names) {
            static Step of(Directory directory) {
                return new Step(directory, directory.children().values().iterator(), directory.children().keySet().iterator());
            }
        }

        Deque<Step> way = new ArrayDeque<>();
        way.push(Step.of(root));
        int here = LinuxFiles.openDirectory(top, ".");
        try {
            while (true) {
                Step step = way.peek();
                if (!step.children.hasNext()) {
                    way.pop();
                    if (way.isEmpty()) {
                        nodes.directoryAttributes(here, root.attributes());
                        return;
                    }
                    if (Thread.interrupted()) {
                        throw new InterruptedException();
                    }
                    // Up first: once a directory has its mode there may be no way out of it.
                    int up = LinuxFiles.openDirectory(here, "..");
                    int done = here;
                    here = up;
                    try {
                        nodes.directoryAttributes(done, step.directory.attributes());
                    } finally {
                        LinuxFiles.close(done);
                    }
                    continue;
                }
                Node child = step.children.next();
                String name = step.names.next();
                if (child instanceof Directory directory) {
                    int down = LinuxFiles.openDirectory(here, name);
                    LinuxFiles.close(here);
                    here = down;
                    way.push(Step.of(directory));
                }
            }
        } finally {
            LinuxFiles.close(here);
        }
    }

    private final class Making implements Crew.Job {
        private final Handle handle;
        private final int linkPlace;
        private final List<Map.Entry<String, Node>> children;

        Making(Handle handle, int linkPlace, List<Map.Entry<String, Node>> children) {
            this.handle = handle;
            this.linkPlace = linkPlace;
            this.children = children;
        }

        @Override
        public void run() throws IOException, InterruptedException {
            for (Map.Entry<String, Node> child : children) {
                crew.checkStopped();
                Node node = child.getValue();
                try {
                    String first = linkPlace < 0 ? null : links.linked().get(node);
                    if (first == null) {
                        nodes.make(handle.descriptor, child.getKey(), node, crew);
                    } else {
                        LinuxFiles.link(linkPlace, first, handle.descriptor, child.getKey());
                    }
                } catch (LinuxFiles.Failure e) {
                    throw handle.failed(child.getKey(), e);
                }
            }
        }

        @Override
        public void drop() {
            handle.release();
        }
    }

    /** An open directory that several use; whoever is last closes it. */
    private static final class Handle {
        private final int descriptor;
        private final Handle parent;
        private final String name;
        private final AtomicInteger users = new AtomicInteger(1);

        Handle(int descriptor, Handle parent, String name) {
            this.descriptor = descriptor;
            this.parent = parent;
            this.name = name;
        }

        /** The same directory, opened anew. */
        Handle reopened(int newDescriptor) {
            return new Handle(newDescriptor, parent, name);
        }

        void keep() {
            users.incrementAndGet();
        }

        void release() {
            if (users.decrementAndGet() == 0) {
                LinuxFiles.close(descriptor);
            }
        }

        /** The failure, with the path in the tree where it happened. */
        IOException failed(String child, LinuxFiles.Failure cause) {
            Deque<String> path = new ArrayDeque<>();
            path.push(RawName.display(child));
            for (Handle handle = this; handle.parent != null; handle = handle.parent) {
                path.push(RawName.display(handle.name));
            }
            return cause.at("/" + String.join("/", path));
        }
    }
}
