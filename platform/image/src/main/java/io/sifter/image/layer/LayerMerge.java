package io.sifter.image.layer;

import io.sifter.image.tar.TarEntry;
import io.sifter.spi.error.CorruptDataException;
import io.sifter.spi.event.Event;
import io.sifter.spi.tree.Attributes;
import io.sifter.spi.tree.Content;
import io.sifter.spi.tree.Device;
import io.sifter.spi.tree.Directory;
import io.sifter.spi.tree.FileTree;
import io.sifter.spi.tree.Node;
import io.sifter.spi.tree.RegularFile;
import io.sifter.spi.tree.Special;
import io.sifter.spi.tree.Symlink;
import java.io.IOException;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.function.Consumer;

/**
 * Replays the journals of layers, lowest first, on a tree in memory (OCI image specification, layer, "Applying
 * changesets"). In each layer whiteouts are applied first, to what lower layers left, wherever they stand in it; then
 * its entries in their order. Links are resolved inside the tree, as it is at that moment.
 *
 * <p>What is odd but has one meaning is a warning. What would leave the root, has no meaning or no end is a
 * {@link CorruptDataException} that names the layer and the path. For one thread at a time.
 */
public final class LayerMerge {
    /** Longest path of an entry, bytes; what fits in {@link #MAX_DEPTH} components of a few bytes. */
    private static final int MAX_PATH = 1 << 16;

    private static final int MAX_NAME = 255;
    private static final int MAX_LINK_TARGET = 4095;
    private static final int FORWARD_ROUNDS = 40;
    private static final int IMPLIED_MODE = 0755;
    private static final int SYMLINK_MODE = 0777;
    private static final int OPEN_DIRECTORY = 0700;
    private static final int OPEN_FILE = 0600;
    private static final long MAX_MTIME = 0xFFFF_FFFFL;
    private static final int MAX_MAJOR = 0xFFF;
    private static final int MAX_MINOR = 0xFFFFF;
    private static final Content EMPTY = Content.of(new byte[0]);
    private static final List<String> STORABLE_XATTRS = List.of("user.", "trusted.", "security.");

    private final MergePolicy policy;
    private final Oddities oddities;
    private final MergeTree tree;
    private final Interned interned = new Interned();
    private final List<LayerPack> packs = new ArrayList<>();
    private int layer;
    private String layerName = "";
    private int entries;

    /** A merge of no layers yet. */
    public LayerMerge(MergePolicy policy, Consumer<Event> events) {
        this.policy = policy;
        this.oddities = new Oddities(events);
        this.tree = new MergeTree(Attributes.of(IMPLIED_MODE, policy.mtimeCeiling().orElse(0)), policy.maxNodes());
    }

    /**
     * Merges layers.
     *
     * @param layers lowest first; closed with the tree, or when this fails
     * @return the tree; its files are read from the packs, which stay open until it is closed
     * @throws CorruptDataException if a layer is hostile, beyond the limits, or its pack damaged
     */
    public static FileTree merge(List<LayerPack> layers, MergePolicy policy, Consumer<Event> events) throws IOException {
        List<LayerPack> packs = List.copyOf(layers);
        try {
            LayerMerge merge = new LayerMerge(policy, events);
            for (LayerPack pack : packs) {
                merge.apply(pack);
            }
            return merge.finish();
        } catch (IOException | RuntimeException | Error e) {
            closeAll(packs);
            throw e;
        }
    }

    /**
     * Ends the merge.
     *
     * @return the tree; its files are read from the packs that were applied, which are closed with it
     */
    public FileTree finish() {
        oddities.summarize();
        return new Merged(tree.toDirectory(), List.copyOf(packs));
    }

    /** The layer, from 1, that a file of a merged tree came with; known of files that are not empty. */
    public static OptionalInt layerOf(RegularFile file) {
        return file.content() instanceof PackedFileContent packed ? OptionalInt.of(packed.layer()) : OptionalInt.empty();
    }

    private record Merged(Directory root, List<LayerPack> packs) implements FileTree {
        @Override
        public void close() throws IOException {
            closeAll(packs);
        }
    }

    private static void closeAll(List<LayerPack> packs) throws IOException {
        for (LayerPack pack : packs) {
            pack.close();
        }
    }

    /**
     * Applies the next layer. After a failure nothing else makes sense; packs that were applied are the caller's to close until the
     * merge is {@linkplain #finish finished}.
     *
     * @throws CorruptDataException if the layer is hostile, beyond the limits, or its pack damaged
     */
    public void apply(LayerPack pack) throws IOException {
        packs.add(pack);
        layer++;
        layerName = "Layer %d (%s)".formatted(layer, pack.info().blobDigest().orElse(pack.info().diffId()).toString().substring(0, 19));
        tree.startLayer(layer);
        byte[] journal = pack.journal();
        if (pack.hasWhiteouts()) {
            applyWhiteouts(journal, pack.journalName());
        }
        new Replay(pack, journal).run();
    }

    /** All whiteouts are found before the first is applied, so their order does not matter either. */
    private void applyWhiteouts(byte[] journal, String journalName) throws IOException {
        List<MergeTree.Place> hidden = new ArrayList<>();
        List<MergeTree.Dir> emptied = new ArrayList<>();
        Journal.Reader reader = new Journal.Reader(journal, journalName);
        while (reader.hasNext()) {
            if (!(reader.next() instanceof Journal.Fact.Entry(TarEntry entry)) || !entry.name().contains(Whiteout.PREFIX)) {
                continue;
            }
            List<String> path = normalize(entry.name(), entry.name(), false);
            if (path.isEmpty() || Whiteout.isAufs(path.getFirst()) || !Whiteout.isMarker(path.getLast())) {
                continue;
            }
            String marker = path.getLast();
            if (marker.startsWith(Whiteout.META_PREFIX) && !marker.equals(Whiteout.OPAQUE)) {
                continue;
            }
            String name = marker.substring(Whiteout.PREFIX.length());
            if (name.isEmpty() || name.equals(".") || name.equals("..")) {
                throw refuse(entry.name(), "is a whiteout of nothing that can exist");
            }
            if (entry.kind() != TarEntry.Kind.REGULAR || entry.size() > 0) {
                oddities.note(Oddities.Kind.ODD_WHITEOUT, layerName, entry.name());
            }
            Optional<MergeTree.Dir> directory = find(path.subList(0, path.size() - 1), entry.name());
            directory.ifPresent(dir -> {
                if (marker.equals(Whiteout.OPAQUE)) {
                    emptied.add(dir);
                } else {
                    hidden.add(new MergeTree.Place(dir, name));
                }
            });
        }
        hidden.forEach(place -> tree.remove(place.directory(), place.name()));
        emptied.forEach(tree::clear);
    }

    /**
     * Cleans a name: no empty components, no {@code .}, {@code ..} folded.
     *
     * @param entry whose name or target it is, for messages
     * @param told whether folding is worth a warning
     * @return no components for the root itself
     */
    private List<String> normalize(String name, String entry, boolean told) throws CorruptDataException {
        if (name.length() > MAX_PATH) {
            throw refuse(entry, "has a path of %d bytes, more than %d".formatted(name.length(), MAX_PATH));
        }
        List<String> path = new ArrayList<>();
        boolean folded = false;
        for (int from = 0; from < name.length();) {
            int slash = name.indexOf('/', from);
            int to = slash < 0 ? name.length() : slash;
            String component = name.substring(from, to);
            from = to + 1;
            switch (component) {
                case "", "." -> {}
                case ".." -> {
                    if (path.isEmpty()) {
                        throw refuse(entry, name.equals(entry) ? "climbs out of the root"
                                : "has a target that climbs out of the root: '%s'".formatted(Oddities.display(name)));
                    }
                    path.removeLast();
                    folded = true;
                }
                default -> {
                    if (component.length() > MAX_NAME || component.indexOf('\0') >= 0) {
                        throw refuse(entry, "has a component that no file system takes (1 to %d bytes, no NUL)".formatted(MAX_NAME));
                    }
                    path.add(component);
                }
            }
        }
        if (path.size() > MergeTree.MAX_DEPTH) {
            throw refuse(entry, "is nested %d deep, more than %d".formatted(path.size(), MergeTree.MAX_DEPTH));
        }
        if (folded && told) {
            oddities.note(Oddities.Kind.FOLDED, layerName, entry);
        }
        return path;
    }

    private Optional<MergeTree.Dir> find(List<String> path, String entry) throws CorruptDataException {
        try {
            return tree.find(path);
        } catch (MergeTree.Refusal e) {
            throw refuse(entry, e.getMessage());
        }
    }

    private CorruptDataException refuse(String entry, String reason) {
        return new CorruptDataException("%s: '%s' %s".formatted(layerName, Oddities.display(entry), reason),
                "The image is damaged or hostile; it is not unpacked");
    }

    /** The entries of one layer. */
    private final class Replay {
        private final Journal.Reader reader;
        private final PackContents contents;
        private final Map<String, Node> aufsLinks = new HashMap<>();
        private final List<Pending> pending = new ArrayList<>();
        private int record;

        /** A hard link whose target has not come yet. */
        private record Pending(MergeTree.Place place, List<String> target, TarEntry entry) {}

        Replay(LayerPack pack, byte[] journal) throws IOException {
            this.reader = new Journal.Reader(journal, pack.journalName());
            this.contents = pack.contents(layer);
            this.record = contents.firstRecord();
        }

        void run() throws CorruptDataException {
            while (reader.hasNext()) {
                switch (reader.next()) {
                    case Journal.Fact.Notice(String text) -> oddities.notice(layerName, text);
                    case Journal.Fact.Entry(TarEntry entry) -> apply(entry);
                }
            }
            if (!contents.isEnd(record)) {
                throw new CorruptDataException("%s: its pack places more files than its journal has".formatted(layerName), LayerPack.REMEDY);
            }
            bindPending();
        }

        private void apply(TarEntry entry) throws CorruptDataException {
            if (++entries > policy.maxNodes()) {
                throw new CorruptDataException("%s: the image has more than the %d entries that are allowed".formatted(layerName, policy.maxNodes()));
            }
            Content content = entry.kind() == TarEntry.Kind.REGULAR ? content(entry.size()) : null;
            List<String> path = normalize(entry.name(), entry.name(), true);
            if (path.isEmpty()) {
                if (entry.kind() != TarEntry.Kind.DIRECTORY) {
                    throw refuse(entry.name(), "would make the root something else than a directory");
                }
                tree.root().setAttributes(attributes(entry));
                return;
            }
            String name = path.getLast();
            List<String> parents = path.subList(0, path.size() - 1);
            if (Whiteout.isAufs(path.getFirst())) {
                if (path.size() == 2 && path.getFirst().equals(Whiteout.AUFS_LINKS) && content != null) {
                    aufsLinks.put(name, new RegularFile(attributes(entry), content));
                }
                return;
            }
            for (String parent : parents) {
                if (Whiteout.isMarker(parent)) {
                    throw refuse(entry.name(), "lies in a whiteout");
                }
            }
            if (Whiteout.isMarker(name)) {
                if (name.equals(Whiteout.OPAQUE)) {
                    directory(parents, entry.name());
                }
                return;
            }
            MergeTree.Place place = new MergeTree.Place(directory(parents, entry.name()), name);
            switch (entry.kind()) {
                case DIRECTORY -> {
                    if (tree.get(place) instanceof Symlink) {
                        oddities.note(Oddities.Kind.LINK_REPLACED, layerName, entry.name());
                    }
                    noteDuplicate(place, entry, MergeTree.Dir.class);
                    make(place, entry);
                }
                case HARD_LINK -> link(place, entry);
                case REGULAR, SYMLINK, CHARACTER_DEVICE, BLOCK_DEVICE, FIFO -> {
                    noteDuplicate(place, entry, null);
                    bind(place, leaf(entry, content, place), entry);
                }
            }
        }

        /** The next file's content; checked here, so that nobody has to later. */
        private Content content(long size) throws CorruptDataException {
            if (size == 0) {
                return EMPTY;
            }
            int at = record;
            record = contents.read(at, size).next();
            return new PackedFileContent(contents, at, size);
        }

        private Node leaf(TarEntry entry, Content content, MergeTree.Place place) throws CorruptDataException {
            Attributes attributes = attributes(entry);
            return switch (entry.kind()) {
                case REGULAR -> new RegularFile(attributes, content);
                case SYMLINK -> {
                    String target = entry.linkName();
                    if (target.isEmpty() || target.length() > MAX_LINK_TARGET || target.indexOf('\0') >= 0) {
                        throw refuse(entry.name(), "is a symbolic link with a target of %d bytes, expected 1 to %d without NUL"
                                .formatted(target.length(), MAX_LINK_TARGET));
                    }
                    yield new Symlink(attributes, target);
                }
                case CHARACTER_DEVICE, BLOCK_DEVICE -> {
                    if (entry.major() < 0 || entry.major() > MAX_MAJOR || entry.minor() < 0 || entry.minor() > MAX_MINOR) {
                        throw refuse(entry.name(), "is device %d:%d, out of range".formatted(entry.major(), entry.minor()));
                    }
                    if (!tree.isBelow(place.directory(), "dev")) {
                        oddities.note(Oddities.Kind.DEVICE, layerName, entry.name());
                    }
                    yield new Device(attributes, entry.kind() == TarEntry.Kind.BLOCK_DEVICE, (int) entry.major(), (int) entry.minor());
                }
                case FIFO -> new Special(attributes, Special.Kind.FIFO);
                case DIRECTORY, HARD_LINK -> throw new IllegalStateException("Not a leaf: " + entry.kind());
            };
        }

        private void link(MergeTree.Place place, TarEntry entry) throws CorruptDataException {
            List<String> target = normalize(entry.linkName(), entry.name(), false);
            if (target.isEmpty()) {
                throw refuse(entry.name(), "is a hard link to the root directory");
            }
            Node found = target(place, target, entry);
            noteDuplicate(place, entry, null);
            if (found == null) {
                // From now on the name is the link's: what it was before is gone, and who links to it waits as well.
                tree.remove(place.directory(), place.name());
                pending.add(new Pending(place, target, entry));
            } else {
                bind(place, found, entry);
            }
        }

        /** What a hard link points to now, never a directory; null if there is nothing yet. */
        private Node target(MergeTree.Place place, List<String> target, TarEntry entry) throws CorruptDataException {
            if (target.size() == 2 && target.getFirst().equals(Whiteout.AUFS_LINKS)) {
                return aufsLinks.get(target.getLast());
            }
            Optional<MergeTree.Dir> directory = find(target.subList(0, target.size() - 1), entry.name());
            if (directory.isEmpty()) {
                return null;
            }
            if (directory.get() == place.directory() && target.getLast().equals(place.name())) {
                throw refuse(entry.name(), "is a hard link to itself");
            }
            Object found = tree.get(new MergeTree.Place(directory.get(), target.getLast()));
            if (found == null || found instanceof Node) {
                return (Node) found;
            }
            throw refuse(entry.name(), "is a hard link to a directory: '%s'".formatted(Oddities.display(entry.linkName())));
        }

        /** Links that came before their targets are bound when the layer is complete. */
        private void bindPending() throws CorruptDataException {
            List<Pending> waiting = pending.stream()
                    .filter(link -> tree.isAttached(link.place.directory()) && tree.get(link.place) == null).toList();
            for (int round = 0; round < FORWARD_ROUNDS && !waiting.isEmpty(); round++) {
                List<Pending> still = new ArrayList<>();
                for (Pending link : waiting) {
                    Node found = target(link.place, link.target, link.entry);
                    if (found == null) {
                        still.add(link);
                    } else {
                        oddities.note(Oddities.Kind.FORWARD_LINK, layerName, link.entry.name());
                        bind(link.place, found, link.entry);
                    }
                }
                // Chains against the order of a round take as many rounds; turned around they take one.
                waiting = still.reversed();
            }
            if (!waiting.isEmpty()) {
                TarEntry entry = waiting.getFirst().entry;
                throw refuse(entry.name(), "is a hard link to '%s', which does not exist".formatted(Oddities.display(entry.linkName())));
            }
        }

        private void noteDuplicate(MergeTree.Place place, TarEntry entry, Class<?> expected) {
            Object present = tree.get(place);
            if (present != null && !present.getClass().equals(expected) && tree.layerOf(place) == layer) {
                oddities.note(Oddities.Kind.DUPLICATE, layerName, entry.name());
            }
        }

        private MergeTree.Dir directory(List<String> path, String entry) throws CorruptDataException {
            try {
                return tree.make(path, (kind, where) -> oddities.note(kind, layerName, where));
            } catch (MergeTree.Refusal e) {
                throw refuse(entry, e.getMessage());
            }
        }

        private void make(MergeTree.Place place, TarEntry entry) throws CorruptDataException {
            try {
                tree.directory(place, attributes(entry));
            } catch (MergeTree.Refusal e) {
                throw refuse(entry.name(), e.getMessage());
            }
        }

        private void bind(MergeTree.Place place, Node node, TarEntry entry) throws CorruptDataException {
            try {
                tree.bind(place, node);
            } catch (MergeTree.Refusal e) {
                throw refuse(entry.name(), e.getMessage());
            }
        }
    }

    private Attributes attributes(TarEntry entry) {
        int mode = switch (entry.kind()) {
            case SYMLINK -> SYMLINK_MODE;
            case DIRECTORY -> entry.mode() | (policy.openToOwner() ? OPEN_DIRECTORY : 0);
            case REGULAR -> entry.mode() | (policy.openToOwner() ? OPEN_FILE : 0);
            case HARD_LINK, CHARACTER_DEVICE, BLOCK_DEVICE, FIFO -> entry.mode();
        };
        long mtime = Math.clamp(entry.mtime(), 0, policy.mtimeCeiling().orElse(MAX_MTIME));
        return interned.attributes(new Attributes(mode, entry.uid(), entry.gid(), mtime, xattrs(entry)));
    }

    private Map<String, byte[]> xattrs(TarEntry entry) {
        if (entry.xattrs().isEmpty()) {
            return Map.of();
        }
        boolean user = entry.kind() == TarEntry.Kind.REGULAR || entry.kind() == TarEntry.Kind.DIRECTORY;
        Map<String, byte[]> kept = new LinkedHashMap<>(entry.xattrs());
        for (Iterator<String> names = kept.keySet().iterator(); names.hasNext();) {
            String name = names.next();
            if (policy.drops(name)) {
                names.remove();
            } else if (STORABLE_XATTRS.stream().noneMatch(prefix -> name.startsWith(prefix) && name.length() > prefix.length())) {
                oddities.note(Oddities.Kind.XATTR_UNSUPPORTED, layerName, entry.name());
                names.remove();
            } else if (!user && name.startsWith("user.")) {
                oddities.note(Oddities.Kind.XATTR_MISPLACED, layerName, entry.name());
                names.remove();
            }
        }
        return kept;
    }

    /** Files of one archive mostly share what they do not own; one object for many saves a tenth of the tree. */
    private static final class Interned {
        private final Attributes[] recent = new Attributes[1 << 12];

        Attributes attributes(Attributes attributes) {
            if (!attributes.xattrs().isEmpty()) {
                return attributes;
            }
            // By hand: what the compiler generates for records is slow until it is optimized, which here it never is.
            long mixed = ((attributes.mtime() * 31 + attributes.uid()) * 31 + attributes.gid()) * 31 + attributes.mode();
            int slot = (int) (mixed * 0x9E37_79B9_7F4A_7C15L >>> 52);
            Attributes known = recent[slot];
            if (known != null && known.mode() == attributes.mode() && known.uid() == attributes.uid() && known.gid() == attributes.gid()
                    && known.mtime() == attributes.mtime()) {
                return known;
            }
            recent[slot] = attributes;
            return attributes;
        }
    }
}
