package io.sifter.image.layer;

import io.sifter.spi.tree.Attributes;
import io.sifter.spi.tree.Directory;
import io.sifter.spi.tree.Node;
import io.sifter.spi.tree.Symlink;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.List;
import java.util.Map;
import java.util.NavigableMap;
import java.util.Optional;
import java.util.TreeMap;
import java.util.function.BiConsumer;

/**
 * A tree while layers are applied to it: names bound to directories, which can change, and to leaves, which are final.
 * Every name remembers the layer that bound it. Nothing here recurses.
 */
final class MergeTree {
    static final int MAX_DEPTH = 4096;

    private static final int MAX_HOPS = 40;

    /** A name in a directory. */
    record Place(Dir directory, String name) {}

    /** Says why something cannot be; whoever knows the entry says which. */
    static final class Refusal extends Exception {
        private static final long serialVersionUID = 1;

        Refusal(String reason) {
            super(reason, null, false, false);
        }
    }

    /** A directory. Until {@link #toDirectory} its children are {@link Binding}s, then nodes. */
    static final class Dir {
        private final Dir parent;
        private final String name;
        private final int depth;
        private final TreeMap<String, Object> children = new TreeMap<>();
        private Attributes attributes;

        private Dir(Dir parent, String name, Attributes attributes) {
            this.parent = parent;
            this.name = name;
            this.depth = parent == null ? 0 : parent.depth + 1;
            this.attributes = attributes;
        }

        void setAttributes(Attributes newAttributes) {
            attributes = newAttributes;
        }
    }

    /** What a name stands for, {@link Dir} or {@link Node}, and since which layer. */
    private record Binding(Object node, int layer) {}

    private final Dir root;
    private final Attributes implied;
    private final int maxNodes;
    private int nodes;
    private int layer;

    /** The directory that the last path led to; most entries follow their siblings. */
    private List<String> lastPath = List.of();
    private Dir lastDirectory;

    /** @param implied attributes of directories that nobody described */
    MergeTree(Attributes implied, int maxNodes) {
        this.root = new Dir(null, "", implied);
        this.implied = implied;
        this.maxNodes = maxNodes;
    }

    void startLayer(int newLayer) {
        layer = newLayer;
    }

    Dir root() {
        return root;
    }

    /** A {@link Dir}, a {@link Node}, or null. */
    Object get(Place place) {
        return place.directory.children.get(place.name) instanceof Binding binding ? binding.node : null;
    }

    /** The layer that bound the name; 0 if it is free. */
    int layerOf(Place place) {
        return place.directory.children.get(place.name) instanceof Binding binding ? binding.layer : 0;
    }

    void remove(Dir directory, String name) {
        if (directory.children.remove(name) instanceof Binding binding) {
            forget(binding.node);
        }
    }

    void clear(Dir directory) {
        directory.children.clear();
        lastDirectory = null;
    }

    /** Binds a name to a leaf, in place of whatever it stood for. */
    void bind(Place place, Node leaf) throws Refusal {
        put(place, leaf);
    }

    /** Makes a name a directory: one that is there keeps what it holds and gets the attributes, anything else goes. */
    void directory(Place place, Attributes attributes) throws Refusal {
        if (get(place) instanceof Dir present) {
            present.attributes = attributes;
        } else {
            put(place, new Dir(place.directory, place.name, attributes));
        }
    }

    private void put(Place place, Object node) throws Refusal {
        if (place.directory.depth >= MAX_DEPTH) {
            throw new Refusal("is nested more than %d deep".formatted(MAX_DEPTH));
        }
        if (++nodes > maxNodes) {
            throw new Refusal("is one of more than the %d entries that are allowed".formatted(maxNodes));
        }
        if (place.directory.children.put(place.name, new Binding(node, layer)) instanceof Binding replaced) {
            forget(replaced.node);
        }
    }

    /** Paths led through directories and symbolic links only. */
    private void forget(Object node) {
        if (node instanceof Dir || node instanceof Symlink) {
            lastDirectory = null;
        }
    }

    /** The directory at the end of a path, through symbolic links; empty if there is none. */
    Optional<Dir> find(List<String> path) throws Refusal {
        return Optional.ofNullable(walk(path, null));
    }

    /**
     * The directory at the end of a path, through symbolic links. What is missing is created; a file that a lower layer
     * has in the way gives way.
     *
     * @param odd told what was done, and where
     */
    Dir make(List<String> path, BiConsumer<Oddities.Kind, String> odd) throws Refusal {
        if (lastDirectory != null && lastPath.equals(path)) {
            return lastDirectory;
        }
        Dir directory = walk(path, odd);
        lastPath = List.copyOf(path);
        lastDirectory = directory;
        return directory;
    }

    private Dir walk(List<String> path, BiConsumer<Oddities.Kind, String> odd) throws Refusal {
        Deque<String> ahead = new ArrayDeque<>(path);
        Dir at = root;
        int hops = 0;
        // How many of the components ahead come from link targets rather than from the path itself.
        int fromLinks = 0;
        while (!ahead.isEmpty()) {
            String component = ahead.pop();
            boolean linked = fromLinks > 0;
            fromLinks -= linked ? 1 : 0;
            if (component.equals("..")) {
                if (at == root && odd != null) {
                    odd.accept(Oddities.Kind.CLAMPED, String.join("/", path));
                }
                at = at == root ? root : at.parent;
                continue;
            }
            Place place = new Place(at, component);
            Object node = get(place);
            if (node instanceof Symlink link) {
                if (++hops > MAX_HOPS) {
                    throw new Refusal("lies behind more than %d symbolic links, or links that lead in a circle".formatted(MAX_HOPS));
                }
                at = link.target().startsWith("/") ? root : at;
                fromLinks += push(link.target(), ahead);
                continue;
            }
            if (!(node instanceof Dir)) {
                if (odd == null) {
                    return null;
                }
                if (node != null && layerOf(place) == layer) {
                    throw new Refusal("lies in '%s', which the same layer makes something else than a directory"
                            .formatted(Oddities.display(pathOf(place))));
                }
                if (node != null) {
                    odd.accept(Oddities.Kind.FILE_REPLACED, pathOf(place));
                } else if (linked) {
                    odd.accept(Oddities.Kind.TARGET_CREATED, pathOf(place));
                }
                node = new Dir(at, component, implied);
                put(place, node);
            }
            at = (Dir) node;
        }
        return at;
    }

    /** Puts a link target before what is ahead; how many components that are. */
    private static int push(String target, Deque<String> ahead) {
        String[] components = target.split("/");
        int pushed = 0;
        for (int i = components.length - 1; i >= 0; i--) {
            if (!components[i].isEmpty() && !components[i].equals(".")) {
                ahead.push(components[i]);
                pushed++;
            }
        }
        return pushed;
    }

    private static String pathOf(Place place) {
        Deque<String> names = new ArrayDeque<>(List.of(place.name));
        for (Dir dir = place.directory; dir.parent != null; dir = dir.parent) {
            names.push(dir.name);
        }
        return String.join("/", names);
    }

    /** Whether the directory still is where it was made. */
    boolean isAttached(Dir directory) {
        for (Dir dir = directory; dir.parent != null; dir = dir.parent) {
            if (get(new Place(dir.parent, dir.name)) != dir) {
                return false;
            }
        }
        return true;
    }

    /** Whether the directory is the top-level one of this name, or in it. */
    boolean isBelow(Dir directory, String topLevel) {
        Dir dir = directory;
        while (dir.depth > 1) {
            dir = dir.parent;
        }
        return dir.depth == 1 && dir.name.equals(topLevel);
    }

    /** The finished tree. It takes over the maps, so this is the end of the merge tree. */
    Directory toDirectory() {
        Directory top = shell(root);
        Deque<Dir> ahead = new ArrayDeque<>(List.of(root));
        while (!ahead.isEmpty()) {
            for (Map.Entry<String, Object> child : ahead.pop().children.entrySet()) {
                Object node = ((Binding) child.getValue()).node;
                if (node instanceof Dir dir) {
                    ahead.push(dir);
                    node = shell(dir);
                }
                child.setValue(node);
            }
        }
        return top;
    }

    /** All values of the map become nodes before anybody else sees it. */
    @SuppressWarnings("unchecked")
    private static Directory shell(Dir dir) {
        NavigableMap<String, ?> children = dir.children;
        return new Directory(dir.attributes, (NavigableMap<String, Node>) children);
    }
}
