package io.sifter.product;

import io.sifter.sif.SifDescriptor;
import io.sifter.sif.SifImage;
import io.sifter.spi.reference.Digest;
import io.sifter.spi.tree.Attributes;
import io.sifter.spi.tree.Device;
import io.sifter.spi.tree.Directory;
import io.sifter.spi.tree.FileTree;
import io.sifter.spi.tree.Node;
import io.sifter.spi.tree.RegularFile;
import io.sifter.spi.tree.Special;
import io.sifter.spi.tree.Symlink;
import io.sifter.squashfs.SquashFsReader;
import io.sifter.testkit.Peers;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.security.DigestInputStream;
import java.security.MessageDigest;
import java.util.ArrayDeque;
import java.util.Arrays;
import java.util.Deque;
import java.util.HashMap;
import java.util.HexFormat;
import java.util.IdentityHashMap;
import java.util.Map;
import java.util.TreeMap;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * File trees as text to compare: by path, one byte a character, the type with content's hash, target or device number, mode, owner,
 * time, extended attributes, and for hard links the first of the names.
 */
final class Trees {
    private static final Pattern OCTAL = Pattern.compile("\\\\([0-3][0-7]{2})");

    private Trees() {}

    /** Where the file system lies in an image file. */
    static SifDescriptor partition(Path sif) throws IOException {
        try (SifImage image = SifImage.open(sif)) {
            return image.primaryPartition().orElseThrow();
        }
    }

    /** As our own reader sees the image. */
    static Map<String, String> read(Path sif) throws IOException {
        try (SifImage image = SifImage.open(sif)) {
            SifDescriptor partition = image.primaryPartition().orElseThrow();
            try (SquashFsReader reader = SquashFsReader.open(image.channel(), partition.offset(), partition.size()); FileTree tree = reader.tree()) {
                return describe(tree);
            }
        }
    }

    private static Map<String, String> describe(FileTree tree) throws IOException {
        record Open(String path, Directory directory) {}
        Map<String, Node> nodes = new TreeMap<>();
        Deque<Open> open = new ArrayDeque<>();
        open.add(new Open("", tree.root()));
        while (!open.isEmpty()) {
            Open next = open.remove();
            next.directory.children().forEach((name, node) -> {
                nodes.put(next.path + name, node);
                if (node instanceof Directory directory) {
                    open.add(new Open(next.path + name + "/", directory));
                }
            });
        }
        Map<Node, String> firsts = new IdentityHashMap<>();
        Map<Node, Integer> names = new IdentityHashMap<>();
        nodes.forEach((path, node) -> {
            firsts.putIfAbsent(node, path);
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
            described.put(entry.getKey(), line(type, Integer.toOctalString(a.mode()), a.uid() + ":" + a.gid(), String.valueOf(a.mtime()), xattrs,
                    names.get(node) > 1 ? firsts.get(node) : ""));
        }
        return described;
    }

    private static String line(String type, String mode, String owner, String time, Map<String, String> xattrs, String first) {
        return "%s %s %s @%s %s%s".formatted(type, mode, owner, time, xattrs, first.isEmpty() ? "" : " with " + first);
    }

    private static String hash(RegularFile file) throws IOException {
        MessageDigest digest = Digest.Algorithm.SHA256.start();
        try (InputStream in = new DigestInputStream(file.content().open(), digest)) {
            in.transferTo(OutputStream.nullOutputStream());
        }
        return HexFormat.of().formatHex(digest.digest());
    }

    /** As the kernel shows a directory; needs root to see everything. */
    static Map<String, String> of(Path root) throws IOException, InterruptedException {
        Map<String, String> hashes = new HashMap<>();
        for (String line : output(root, "find . -mindepth 1 -type f -print0 | xargs -0 -r sha256sum -z").split("\0")) {
            if (!line.isEmpty()) {
                hashes.put(line.substring(68), line.substring(0, 64));
            }
        }
        Map<String, Map<String, String>> xattrs = new HashMap<>();
        Map<String, String> current = new TreeMap<>();
        Peers.program("getfattr");
        for (String line : output(root, "getfattr -R -h -P -d -m - -e hex . 2>/dev/null").split("\n")) {
            if (line.startsWith("# file: ")) {
                current = xattrs.computeIfAbsent(unescape(line.substring(8)), _ -> new TreeMap<>());
            } else if (line.contains("=0x")) {
                current.put(line.substring(0, line.indexOf('=')), line.substring(line.indexOf("=0x") + 3));
            } else if (line.endsWith("=\"\"")) {
                current.put(line.substring(0, line.indexOf('=')), "");
            }
        }
        Map<String, String> devices = new HashMap<>();
        for (String line : output(root, "find . -type b -o -type c | xargs -r stat -c '%n %t %T'").split("\n")) {
            if (!line.isEmpty()) {
                String[] parts = line.split(" ");
                devices.put(parts[0].substring(2), " " + Integer.parseInt(parts[1], 16) + ":" + Integer.parseInt(parts[2], 16));
            }
        }
        String[] fields = output(root, "find . -mindepth 1 -printf '%P\\0%y\\0%m\\0%U\\0%G\\0%T@\\0%i\\0%n\\0%l\\0'").split("\0", -1);
        Map<String, String[]> found = new TreeMap<>();
        for (int i = 0; i + 9 <= fields.length; i += 9) {
            found.put(fields[i], Arrays.copyOfRange(fields, i + 1, i + 9));
        }
        Map<String, String> firsts = new HashMap<>();
        Map<String, String> described = new TreeMap<>();
        found.forEach((path, f) -> {
            boolean linked = !f[0].equals("d") && Integer.parseInt(f[6]) > 1;
            String first = firsts.computeIfAbsent(f[5], _ -> path);
            String type = switch (f[0]) {
                case "f" -> "f " + hashes.get(path);
                case "l" -> "l " + f[7];
                default -> f[0] + devices.getOrDefault(path, "");
            };
            described.put(path, line(type, f[1], f[2] + ":" + f[3], f[4].replaceFirst("\\..*", ""), xattrs.getOrDefault(path, Map.of()), linked ? first : ""));
        });
        return described;
    }

    private static String unescape(String name) {
        return OCTAL.matcher(name).replaceAll(octal -> Matcher.quoteReplacement(String.valueOf((char) Integer.parseInt(octal.group(1), 8))));
    }

    /** Names are bytes, so that each must stay one. */
    private static String output(Path directory, String line) throws IOException, InterruptedException {
        ProcessBuilder builder = new ProcessBuilder("sh", "-c", line).directory(directory.toFile());
        builder.environment().put("LC_ALL", "C");
        Process process = builder.redirectError(ProcessBuilder.Redirect.INHERIT).start();
        process.getOutputStream().close();
        String text = new String(process.getInputStream().readAllBytes(), StandardCharsets.ISO_8859_1);
        process.waitFor();
        return text;
    }
}
