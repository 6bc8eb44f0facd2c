package io.sifter.image.layer;

import static java.nio.charset.StandardCharsets.ISO_8859_1;

import io.sifter.image.document.MediaTypes;
import io.sifter.spi.event.Event;
import io.sifter.spi.tree.Attributes;
import io.sifter.spi.tree.Compression;
import io.sifter.spi.tree.Device;
import io.sifter.spi.tree.Directory;
import io.sifter.spi.tree.FileTree;
import io.sifter.spi.tree.Node;
import io.sifter.spi.tree.RegularFile;
import io.sifter.spi.tree.Special;
import io.sifter.spi.tree.Symlink;
import io.sifter.squashfs.BlockBuffers;
import io.sifter.testkit.TarLayer;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.stream.Collectors;

/** Packs and merges layers for tests, and shows trees as text. */
final class Packs implements AutoCloseable {
    static final Compression SMALL_BLOCKS = new Compression(Compression.Codec.GZIP, 1, 4096);

    private final Path directory;
    private final Compression compression;
    private final ExecutorService workers = Executors.newFixedThreadPool(2);
    private final BlockBuffers memory = new BlockBuffers(8 << 20);
    private final List<Event> events = new CopyOnWriteArrayList<>();
    private int count;

    Packs(Path directory) {
        this(directory, SMALL_BLOCKS);
    }

    Packs(Path directory, Compression compression) {
        this.directory = directory;
        this.compression = compression;
    }

    LayerPacker packer(LayerLimits limits) {
        return new LayerPacker(compression, workers, memory, limits, events::add);
    }

    Path pack(TarLayer layer) throws IOException, InterruptedException {
        return pack(layer.gzip());
    }

    Path pack(byte[] blob) throws IOException, InterruptedException {
        return pack(new ByteArrayInputStream(blob), MediaTypes.OCI_LAYER_GZIP, LayerLimits.STANDARD);
    }

    Path pack(InputStream blob, String mediaType, LayerLimits limits) throws IOException, InterruptedException {
        Path file = directory.resolve("pack" + count++);
        try (FileChannel out = FileChannel.open(file, StandardOpenOption.CREATE, StandardOpenOption.READ, StandardOpenOption.WRITE)) {
            packer(limits).pack(blob, mediaType, Optional.empty(), Optional.empty(), out);
        }
        return file;
    }

    FileTree merge(List<TarLayer> layers) throws IOException, InterruptedException {
        List<Path> files = new ArrayList<>();
        for (TarLayer layer : layers) {
            files.add(pack(layer));
        }
        return mergePacks(files, MergePolicy.STANDARD);
    }

    FileTree mergePacks(List<Path> files, MergePolicy policy) throws IOException {
        List<LayerPack> packs = new ArrayList<>();
        for (Path file : files) {
            packs.add(LayerPack.open(file));
        }
        return LayerMerge.merge(packs, policy, events::add);
    }

    List<String> warnings() {
        return events.stream().filter(Event.Logged.class::isInstance).map(event -> ((Event.Logged) event).message()).toList();
    }

    @Override
    public void close() throws IOException {
        workers.shutdownNow();
        for (int i = 0; i < count; i++) {
            Files.deleteIfExists(directory.resolve("pack" + i));
        }
    }

    /**
     * A tree on one line: {@code d/}, {@code f=content}, {@code s→target}, devices {@code c 1:3}; attributes that are not
     * the usual ones, extended attributes, and the number of names of an inode behind each.
     */
    static String show(FileTree tree) throws IOException {
        Map<Node, Integer> names = new IdentityHashMap<>();
        Map<String, Node> nodes = flatten(tree.root());
        nodes.values().forEach(node -> names.merge(node, 1, Integer::sum));
        List<String> shown = new ArrayList<>();
        String root = attributes(tree.root().attributes(), 0755);
        if (!root.isEmpty()) {
            shown.add("/" + root);
        }
        for (Map.Entry<String, Node> entry : nodes.entrySet()) {
            Node node = entry.getValue();
            String text = switch (node) {
                case Directory directory -> "/" + attributes(directory.attributes(), 0755);
                case RegularFile file -> "=" + content(file) + attributes(file.attributes(), 0644);
                case Symlink link -> "→" + link.target() + attributes(link.attributes(), 0777);
                case Device device -> " %s %d:%d".formatted(device.block() ? "b" : "c", device.major(), device.minor()) + attributes(device.attributes(), 0600);
                case Special special -> " " + special.kind() + attributes(special.attributes(), 0644);
            };
            shown.add(entry.getKey() + text + (names.get(node) > 1 ? " x" + names.get(node) : ""));
        }
        return String.join(", ", shown);
    }

    static String content(RegularFile file) throws IOException {
        try (InputStream in = file.content().open()) {
            byte[] bytes = in.readAllBytes();
            if (bytes.length != file.content().size()) {
                throw new AssertionError("%d bytes instead of %d".formatted(bytes.length, file.content().size()));
            }
            return bytes.length <= 100 ? new String(bytes, ISO_8859_1) : bytes.length + " bytes";
        }
    }

    /** Every path below a directory, in the order of the tree. */
    static Map<String, Node> flatten(Directory root) {
        Map<String, Node> nodes = new TreeMap<>();
        Deque<Map.Entry<String, Directory>> ahead = new ArrayDeque<>(List.of(Map.entry("", root)));
        while (!ahead.isEmpty()) {
            Map.Entry<String, Directory> next = ahead.pop();
            next.getValue().children().forEach((name, node) -> {
                nodes.put(next.getKey() + name, node);
                if (node instanceof Directory directory) {
                    ahead.push(Map.entry(next.getKey() + name + "/", directory));
                }
            });
        }
        return nodes;
    }

    private static String attributes(Attributes attributes, int usualMode) {
        StringBuilder text = new StringBuilder();
        if (attributes.mode() != usualMode) {
            text.append(" %04o".formatted(attributes.mode()));
        }
        if (attributes.uid() != 0 || attributes.gid() != 0) {
            text.append(" %d:%d".formatted(attributes.uid(), attributes.gid()));
        }
        if (attributes.mtime() != 0) {
            text.append(" @").append(attributes.mtime());
        }
        if (!attributes.xattrs().isEmpty()) {
            text.append(attributes.xattrs().entrySet().stream().sorted(Map.Entry.comparingByKey())
                    .map(xattr -> xattr.getKey() + "=" + new String(xattr.getValue(), ISO_8859_1)).collect(Collectors.joining(",", " {", "}")));
        }
        return text.toString();
    }
}
