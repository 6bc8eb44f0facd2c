package io.sifter.squashfs;

import static org.assertj.core.api.Assertions.assertThat;

import io.sifter.spi.tree.Attributes;
import io.sifter.spi.tree.Device;
import io.sifter.spi.tree.Directory;
import io.sifter.spi.tree.FileTree;
import io.sifter.spi.tree.Node;
import io.sifter.spi.tree.RegularFile;
import io.sifter.spi.tree.Special;
import io.sifter.spi.tree.Symlink;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/** A tree as sorted lines: path, type, mode, owners, time, links, and what is particular to the type. */
final class Manifest {
    private Manifest() {}

    static List<String> of(FileTree tree) throws Exception {
        Map<String, Node> nodes = new TreeMap<>();
        Map<Node, Integer> links = new IdentityHashMap<>();
        nodes.put("", tree.root());
        collect(tree.root(), "", nodes, links);
        List<String> lines = new ArrayList<>();
        for (Map.Entry<String, Node> entry : nodes.entrySet()) {
            Node node = entry.getValue();
            Attributes attributes = node.attributes();
            int count = links.getOrDefault(node, 1);
            String line = switch (node) {
                case Directory directory -> line(entry.getKey(), "d", attributes, 2 + (int)
                        directory.children().values().stream().filter(Directory.class::isInstance).count(), "");
                case RegularFile file -> line(entry.getKey(), "f", attributes, count,
                        file.content().size() + " " + digest(file));
                case Symlink link -> line(entry.getKey(), "l", attributes, count, link.target());
                case Device device -> line(entry.getKey(), device.block() ? "b" : "c", attributes, count,
                        "%x:%x".formatted(device.major(), device.minor()));
                case Special special -> line(entry.getKey(), special.kind() == Special.Kind.FIFO ? "p" : "s",
                        attributes, count, "");
            };
            lines.add(line);
        }
        return lines;
    }

    /** Of what is under a directory, as other programs see it. */
    static List<String> of(Path directory) throws IOException, InterruptedException {
        return parse(
                records("find", directory.toString(), "-printf", "%P\\0%y\\0%m\\0%U\\0%G\\0%T@\\0%n\\0%s\\0%l\\0"),
                records("find", directory.toString(), "-type", "f", "-size", "+0",
                        "-exec", "sha256sum", "--zero", "{}", "+"),
                records("find", directory.toString(), "(", "-type", "b", "-o", "-type", "c", ")",
                        "-exec", "stat", "--printf", "%t:%T %n\\0", "{}", "+"),
                xattrs(directory),
                directory.toString());
    }

    /** An image without any extended attributes does not even support asking for them. */
    private static List<String> xattrs(Path directory) throws IOException, InterruptedException {
        Said said = run("getfattr", "-R", "-P", "-h", "-d", "-m", "-", "-e", "hex", "--absolute-names", directory.toString());
        List<String> lines = said.text().lines().toList();
        assertThat(said.exit() == 0 || lines.stream().allMatch(line -> line.endsWith("Operation not supported"))).as(said.text()).isTrue();
        return said.exit() == 0 ? lines : List.of();
    }

    private static List<String> records(String... command) throws IOException, InterruptedException {
        Said said = run(command);
        assertThat(said.exit()).as(said.text()).isZero();
        return List.of(said.text().split("\0", -1));
    }

    /** Byte by byte, for names are in no charset. */
    private record Said(int exit, String text) {}

    private static Said run(String... command) throws IOException, InterruptedException {
        Process process = new ProcessBuilder(command).redirectErrorStream(true).start();
        String text = new String(process.getInputStream().readAllBytes(), StandardCharsets.ISO_8859_1);
        return new Said(process.waitFor(), text);
    }

    /** Says where two manifests part, without printing all of both. */
    static void assertEqual(List<String> actual, List<String> expected) {
        for (int i = 0; i < Math.min(actual.size(), expected.size()); i++) {
            assertThat(actual.get(i)).as("line %d", i).isEqualTo(expected.get(i));
        }
        assertThat(actual).hasSameSizeAs(expected);
    }

    private static void collect(Directory directory, String path, Map<String, Node> nodes, Map<Node, Integer> links) {
        directory.children().forEach((name, node) -> {
            String child = path.isEmpty() ? name : path + "/" + name;
            nodes.put(child, node);
            links.merge(node, 1, Integer::sum);
            if (node instanceof Directory below) {
                collect(below, child, nodes, links);
            }
        });
    }

    private static String digest(RegularFile file) throws Exception {
        if (file.content().size() == 0) {
            return "";
        }
        MessageDigest sha256 = MessageDigest.getInstance("SHA-256");
        try (InputStream in = file.content().open()) {
            sha256.update(in.readAllBytes());
        }
        return HexFormat.of().formatHex(sha256.digest());
    }

    private static String line(String path, String type, Attributes attributes, int links, String rest) {
        Map<String, String> xattrs = new TreeMap<>();
        attributes.xattrs().forEach((name, value) -> xattrs.put(name, HexFormat.of().formatHex(value)));
        return line(path, type, Integer.toOctalString(attributes.mode()), attributes.uid(), attributes.gid(),
                attributes.mtime(), links, rest, xattrs);
    }

    private static String line(
            String path, String type, String mode, long uid, long gid, long mtime, int links, String rest,
            Map<String, String> xattrs) {
        return "%s %s %s %d:%d %d %d %s %s".formatted(path, type, mode, uid, gid, mtime, links, rest, xattrs);
    }

    /** Puts together what find, sha256sum, stat and getfattr say about a directory. */
    private static List<String> parse(
            List<String> found, List<String> digests, List<String> devices, List<String> xattrs, String root)
            throws IOException {
        Map<String, String> details = new TreeMap<>();
        for (String record : digests) {
            if (!record.isEmpty()) {
                details.put(relative(record.substring(66), root), record.substring(0, 64));
            }
        }
        for (String record : devices) {
            if (!record.isEmpty()) {
                int space = record.indexOf(' ');
                details.put(relative(record.substring(space + 1), root), record.substring(0, space));
            }
        }
        Map<String, Map<String, String>> attributes = new TreeMap<>();
        String file = "";
        for (String line : xattrs) {
            int equals = line.indexOf('=');
            if (line.startsWith("# file: ")) {
                file = relative(unescape(line.substring(8)), root);
            } else if (!line.isEmpty()) {
                String name = unescape(equals < 0 ? line : line.substring(0, equals));
                String value = equals < 0 ? "" : line.substring(equals + 3);
                attributes.computeIfAbsent(file, _ -> new TreeMap<>()).put(name, value);
            }
        }
        Map<String, String> lines = new TreeMap<>();
        for (int i = 0; i + 9 <= found.size(); i += 9) {
            String path = found.get(i);
            String type = found.get(i + 1);
            String rest = switch (type) {
                case "f" -> found.get(i + 7) + " " + details.getOrDefault(path, "");
                case "l" -> found.get(i + 8);
                case "b", "c" -> details.get(path);
                default -> "";
            };
            lines.put(path, line(
                    path,
                    type,
                    found.get(i + 2),
                    Long.parseLong(found.get(i + 3)),
                    Long.parseLong(found.get(i + 4)),
                    Long.parseLong(found.get(i + 5).replaceFirst("\\..*", "")),
                    Integer.parseInt(found.get(i + 6)),
                    rest,
                    attributes.getOrDefault(path, new TreeMap<>())));
        }
        return List.copyOf(lines.values());
    }

    private static String relative(String path, String root) {
        return path.length() == root.length() ? "" : path.substring(root.length() + 1);
    }

    /** getfattr shows unusual bytes as three octal digits. */
    private static String unescape(String text) {
        StringBuilder raw = new StringBuilder();
        for (int i = 0; i < text.length(); i++) {
            if (text.charAt(i) == '\\') {
                raw.append((char) Integer.parseInt(text.substring(i + 1, i + 4), 8));
                i += 3;
            } else {
                raw.append(text.charAt(i));
            }
        }
        return raw.toString();
    }
}
