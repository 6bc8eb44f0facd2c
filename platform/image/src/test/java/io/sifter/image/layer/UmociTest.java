package io.sifter.image.layer;

import static org.assertj.core.api.Assertions.assertThat;

import io.sifter.image.Peers;
import io.sifter.image.document.Descriptor;
import io.sifter.image.document.Documents;
import io.sifter.image.document.Manifest;
import io.sifter.image.layout.OciLayout;
import io.sifter.spi.reference.Digest;
import io.sifter.spi.reference.Platform;
import io.sifter.spi.source.Document;
import io.sifter.spi.source.Layer;
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
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.security.DigestInputStream;
import java.security.MessageDigest;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * Real images come out as umoci unpacks them: type, mode, owner, time, target, attributes, content and links of every
 * entry. {@code SIFTER_TEST_LAYOUT} names an OCI layout with the images.
 */
class UmociTest {
    @TempDir
    private Path directory;

    @ParameterizedTest
    @ValueSource(strings = {"base", "lolcow"})
    void mergesRealImagesAsUmociUnpacksThem(String tag) throws Exception {
        Path oci = Path.of(System.getenv().getOrDefault("SIFTER_TEST_LAYOUT", System.getProperty("user.home") + "/lab/img/oci"));
        Peers.require("umoci");
        Peers.require("getfattr");
        Peers.require(Files.exists(oci.resolve("index.json")), "there is no image layout in " + oci);
        Peers.require(System.getProperty("user.name").equals("root"), "only root can unpack owners");

        Peers.run(directory, List.of("umoci", "unpack", "--image", oci + ":" + tag, "bundle"), Map.of());
        Map<String, String> expected = unpacked(directory.resolve("bundle/rootfs"));
        Peers.run(directory, List.of("rm", "-rf", "bundle"), Map.of());
        try (FileTree tree = merged(OciLayout.open(oci), tag)) {
            Map<String, String> actual = described(tree);
            assertThat(actual).hasSizeGreaterThan(5000);
            assertThat(actual.keySet()).isEqualTo(expected.keySet());
            Map<String, String> differing = new TreeMap<>();
            actual.forEach((path, text) -> {
                if (!text.equals(expected.get(path))) {
                    differing.put(path, text + " instead of " + expected.get(path));
                }
            });
            assertThat(differing).isEmpty();
        }
    }

    private FileTree merged(OciLayout layout, String tag) throws Exception {
        Descriptor top = layout.choose(Optional.of(tag), Optional.empty(), Platform.host());
        Document manifest = Documents.select(layout.document(top), Platform.host(), layout::document);
        Manifest parsed = Documents.parseManifest(manifest);
        List<Layer> layers = Documents.layered(manifest, layout.document(parsed.config()), blob -> layout.blob(blob.digest()), true).layers();
        List<LayerPack> packs = new ArrayList<>();
        ExecutorService workers = Executors.newFixedThreadPool(2);
        try {
            LayerPacker packer = new LayerPacker(new Compression(Compression.Codec.ZSTD, 1, 128 << 10), workers, new BlockBuffers(16 << 20),
                    LayerLimits.STANDARD, event -> {});
            for (Layer layer : layers) {
                Path file = directory.resolve("pack" + packs.size());
                try (InputStream blob = layer.bytes().open(0);
                        FileChannel out = FileChannel.open(file, StandardOpenOption.CREATE_NEW, StandardOpenOption.READ, StandardOpenOption.WRITE)) {
                    packer.pack(blob, layer.mediaType(), layer.digest(), layer.diffId(), out);
                }
                packs.add(LayerPack.open(file));
            }
        } finally {
            workers.shutdownNow();
        }
        return LayerMerge.merge(packs, MergePolicy.STANDARD, event -> {});
    }

    private static Map<String, String> described(FileTree tree) throws Exception {
        Map<String, Node> nodes = Packs.flatten(tree.root());
        Map<Node, String> firstNames = new IdentityHashMap<>();
        Map<Node, Integer> names = new IdentityHashMap<>();
        nodes.forEach((path, node) -> {
            firstNames.putIfAbsent(node, path);
            names.merge(node, 1, Integer::sum);
        });
        Map<String, String> described = new TreeMap<>();
        for (Map.Entry<String, Node> entry : nodes.entrySet()) {
            Node node = entry.getValue();
            String type = switch (node) {
                case Directory _ -> "d";
                case RegularFile file -> "f " + hash(file);
                case Symlink link -> "l " + link.target();
                case Device device -> (device.block() ? "b " : "c ") + device.major() + ":" + device.minor();
                case Special special -> special.kind() == Special.Kind.FIFO ? "p" : "s";
            };
            Attributes a = node.attributes();
            Map<String, String> xattrs = new TreeMap<>();
            a.xattrs().forEach((name, value) -> xattrs.put(name, HexFormat.of().formatHex(value)));
            described.put(entry.getKey(), "%s %o %d:%d @%d %s%s".formatted(type, a.mode(), a.uid(), a.gid(), a.mtime(), xattrs,
                    names.get(node) > 1 ? " with " + firstNames.get(node) : ""));
        }
        return described;
    }

    private static String hash(RegularFile file) throws Exception {
        MessageDigest digest = Digest.Algorithm.SHA256.start();
        try (InputStream in = new DigestInputStream(file.content().open(), digest)) {
            in.transferTo(OutputStream.nullOutputStream());
        }
        return HexFormat.of().formatHex(digest.digest());
    }

    private static Map<String, String> unpacked(Path root) throws Exception {
        Map<String, String> hashes = new TreeMap<>();
        for (String line : Peers.run(root, List.of("sh", "-c", "find . -mindepth 1 -type f -print0 | xargs -0 sha256sum -z"), Map.of()).split("\0")) {
            hashes.put(line.substring(68), line.substring(0, 64));
        }
        Map<String, Map<String, String>> xattrs = new TreeMap<>();
        Map<String, String> current = new TreeMap<>();
        for (String line : Peers.run(root, List.of("getfattr", "-R", "-h", "-d", "-m", "-", "-e", "hex", "."), Map.of()).split("\n")) {
            if (line.startsWith("# file: ")) {
                current = xattrs.computeIfAbsent(line.substring(8), _ -> new TreeMap<>());
            } else if (line.contains("=0x")) {
                current.put(line.substring(0, line.indexOf('=')), line.substring(line.indexOf("=0x") + 3));
            }
        }
        String[] fields = Peers.run(root, List.of("find", ".", "-mindepth", "1", "-printf", "%P\\0%y\\0%m\\0%U\\0%G\\0%T@\\0%i\\0%n\\0%l\\0"), Map.of()).split("\0", -1);
        Map<String, String> devices = new TreeMap<>();
        for (String line : Peers.run(root, List.of("sh", "-c", "find . -type b -o -type c | xargs -r stat -c '%n %t %T'"), Map.of()).split("\n")) {
            if (!line.isEmpty()) {
                String[] parts = line.split(" ");
                devices.put(parts[0].substring(2), " " + Integer.parseInt(parts[1], 16) + ":" + Integer.parseInt(parts[2], 16));
            }
        }
        Map<String, String[]> found = new TreeMap<>();
        for (int i = 0; i + 9 <= fields.length; i += 9) {
            found.put(fields[i], Arrays.copyOfRange(fields, i + 1, i + 9));
        }
        Map<String, String> firstNames = new TreeMap<>();
        Map<String, String> described = new TreeMap<>();
        found.forEach((path, f) -> {
            boolean linked = !f[0].equals("d") && Integer.parseInt(f[6]) > 1;
            String first = firstNames.computeIfAbsent(f[5], _ -> path);
            String type = switch (f[0]) {
                case "f" -> "f " + hashes.get(path);
                case "l" -> "l " + f[7];
                default -> f[0] + devices.getOrDefault(path, "");
            };
            described.put(path, "%s %s %s:%s @%s %s%s".formatted(type, f[1], f[2], f[3], f[4].substring(0, f[4].indexOf('.')),
                    xattrs.getOrDefault(path, Map.of()), linked ? " with " + first : ""));
        });
        return described;
    }
}
