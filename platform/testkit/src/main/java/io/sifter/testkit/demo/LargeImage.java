package io.sifter.testkit.demo;

import io.sifter.spi.reference.Digest;
import java.io.BufferedOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.security.DigestOutputStream;
import java.security.MessageDigest;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.List;
import java.util.SplittableRandom;
import java.util.zip.GZIPOutputStream;

/**
 * Makes an image of any size as an OCI layout, to see what size costs: files of some hundred bytes, a hundred in a
 * directory, spread over layers; what else a shape asks for is in the first layer. Every layer hides a file of the one
 * below. Nothing is held in memory or written twice. Equal shapes give equal bytes.
 *
 * <pre>java -cp … io.sifter.testkit.demo.LargeImage DIRECTORY files=1000000 layers=120</pre>
 */
public final class LargeImage {
    private static final int BLOCK = 512;
    private static final int FILES_IN_DIRECTORY = 100;
    private static final int DIRECTORIES_IN_DIRECTORY = 100;
    private static final int SMALLEST = 64;
    private static final int LARGEST = 640;
    private static final long MAX_OCTAL = 077777777777L;
    private static final byte[] LETTERS = "etaoin shrdlu\n_=();0123".getBytes(StandardCharsets.US_ASCII);

    private final Shape shape;
    private final Path blobs;
    private final List<String> diffIds = new ArrayList<>();
    private final List<String> descriptors = new ArrayList<>();

    private LargeImage(Shape shape, Path directory) {
        this.shape = shape;
        this.blobs = directory.resolve("blobs/sha256");
    }

    /**
     * What is in an image.
     *
     * @param files small ones, spread over the layers
     * @param layers at least 1
     * @param wide empty files in one directory
     * @param deep directories in one another
     * @param owners that files have in turn, at least 1
     * @param xattrs files with an extended attribute of their own
     * @param random bytes of one file that do not compress
     * @param zeros bytes that follow in that file
     */
    public record Shape(int files, int layers, int wide, int deep, int owners, int xattrs, long random, long zeros) {
        public Shape {
            if (layers < 1 || owners < 1) {
                throw new IllegalArgumentException("No image has %d layers and %d owners".formatted(layers, owners));
            }
        }

        /** Small files only, all of one owner. */
        public static Shape of(int files, int layers) {
            return new Shape(files, layers, 0, 0, 1, 0, 0, 0);
        }

        /** Says {@code NAME=NUMBER} for what is not as in {@code of(0, 1)}. */
        static Shape parse(List<String> words) {
            long[] values = {0, 1, 0, 0, 1, 0, 0, 0};
            List<String> names = List.of("files", "layers", "wide", "deep", "owners", "xattrs", "random", "zeros");
            for (String word : words) {
                int at = names.indexOf(word.substring(0, Math.max(0, word.indexOf('='))));
                if (at < 0) {
                    throw new IllegalArgumentException("'%s' is none of %s with a number".formatted(word, names));
                }
                values[at] = Long.parseLong(word.substring(word.indexOf('=') + 1));
            }
            return new Shape((int) values[0], (int) values[1], (int) values[2], (int) values[3], (int) values[4],
                    (int) values[5], values[6], values[7]);
        }
    }

    public static void main(String[] arguments) throws IOException {
        write(Shape.parse(List.of(arguments).subList(1, arguments.length)), Path.of(arguments[0]));
    }

    /**
     * Writes a layout with one image, {@code large}.
     *
     * @param directory made if it is not there
     */
    public static void write(Shape shape, Path directory) throws IOException {
        new LargeImage(shape, directory).write(directory);
    }

    private void write(Path directory) throws IOException {
        Files.createDirectories(blobs);
        for (int layer = 0; layer < shape.layers; layer++) {
            writeLayer(layer);
        }
        String config = blob("""
                {"architecture":"amd64","os":"linux","created":"2020-01-01T00:00:00Z","config":{"Cmd":["/bin/sh"]},\
                "rootfs":{"type":"layers","diff_ids":[%s]}}""".formatted(String.join(",", diffIds)), "config");
        String manifest = blob("""
                {"schemaVersion":2,"mediaType":"application/vnd.oci.image.manifest.v1+json","config":%s,"layers":[%s]}"""
                .formatted(config, String.join(",", descriptors)), "manifest");
        String named = manifest.replace("}", ",\"annotations\":{\"org.opencontainers.image.ref.name\":\"large\"}}");
        Files.writeString(directory.resolve("index.json"), "{\"schemaVersion\":2,\"manifests\":[%s]}".formatted(named));
        Files.writeString(directory.resolve("oci-layout"), "{\"imageLayoutVersion\":\"1.0.0\"}");
    }

    /** Stores a document; its descriptor. */
    private String blob(String json, String kind) throws IOException {
        byte[] bytes = json.getBytes(StandardCharsets.UTF_8);
        String hex = Digest.sha256(bytes).hex();
        Files.write(blobs.resolve(hex), bytes);
        return descriptor("application/vnd.oci.image.%s.v1+json".formatted(kind), hex, bytes.length);
    }

    private static String descriptor(String type, String hex, long size) {
        return "{\"mediaType\":\"%s\",\"digest\":\"sha256:%s\",\"size\":%d}".formatted(type, hex, size);
    }

    private void writeLayer(int layer) throws IOException {
        MessageDigest compressed = Digest.Algorithm.SHA256.start();
        MessageDigest plain = Digest.Algorithm.SHA256.start();
        Path part = blobs.resolve("layer.partial");
        try (OutputStream file = new DigestOutputStream(new BufferedOutputStream(Files.newOutputStream(part), 1 << 16), compressed);
                OutputStream gzip = new FastGzip(file);
                OutputStream tar = new BufferedOutputStream(new DigestOutputStream(gzip, plain), 1 << 16)) {
            new Tar(tar).layer(layer);
        }
        String hex = HexFormat.of().formatHex(compressed.digest());
        diffIds.add("\"sha256:%s\"".formatted(HexFormat.of().formatHex(plain.digest())));
        descriptors.add(descriptor("application/vnd.oci.image.layer.v1.tar+gzip", hex, Files.size(part)));
        Files.move(part, blobs.resolve(hex), StandardCopyOption.REPLACE_EXISTING);
    }

    private int first(int layer) {
        return (int) ((long) shape.files * layer / shape.layers);
    }

    private static String directoryOf(int file) {
        int directory = file / FILES_IN_DIRECTORY;
        return "srv/d%03d/d%03d/".formatted(directory / DIRECTORIES_IN_DIRECTORY, directory % DIRECTORIES_IN_DIRECTORY);
    }

    private static final class FastGzip extends GZIPOutputStream {
        FastGzip(OutputStream out) throws IOException {
            super(out, 1 << 16);
            def.setLevel(1);
        }
    }

    /** Writes the entries of one layer. */
    private final class Tar {
        private final OutputStream out;
        private final byte[] content = new byte[LARGEST];

        Tar(OutputStream out) {
            this.out = out;
        }

        void layer(int layer) throws IOException {
            if (layer == 0) {
                extras();
            } else if (first(layer - 1) < first(layer)) {
                header('0', "%s.wh.f%d".formatted(directoryOf(first(layer - 1)), first(layer - 1)), 0, 0);
            }
            for (int file = first(layer); file < first(layer + 1); file++) {
                small(file);
            }
            out.write(new byte[2 * BLOCK]);
        }

        private void small(int number) throws IOException {
            SplittableRandom random = new SplittableRandom(number);
            int size = random.nextInt(SMALLEST, LARGEST);
            for (int i = 0; i < size; i++) {
                content[i] = LETTERS[random.nextInt(LETTERS.length)];
            }
            if (number < shape.xattrs) {
                pax("SCHILY.xattr.user.number=" + number);
            }
            header('0', directoryOf(number) + "f" + number, size, number % shape.owners);
            out.write(content, 0, size);
            pad(size);
        }

        private void extras() throws IOException {
            for (int i = 0; i < shape.wide; i++) {
                header('0', "srv/wide/f%07d".formatted(i), 0, 0);
            }
            StringBuilder path = new StringBuilder("srv/deep/");
            for (int i = 0; i < shape.deep; i++) {
                path.append("d/");
                pax("path=" + path);
                header('5', "d", 0, 0);
            }
            long size = shape.random + shape.zeros;
            if (size > 0) {
                pax("size=" + size);
                header('0', "srv/single", Math.min(size, MAX_OCTAL), 0);
                SplittableRandom random = new SplittableRandom(0);
                byte[] chunk = new byte[1 << 16];
                for (long left = shape.random; left > 0; left -= chunk.length) {
                    random.nextBytes(chunk);
                    out.write(chunk, 0, (int) Math.min(left, chunk.length));
                }
                Arrays.fill(chunk, (byte) 0);
                for (long left = shape.zeros; left > 0; left -= chunk.length) {
                    out.write(chunk, 0, (int) Math.min(left, chunk.length));
                }
                pad(size);
            }
        }

        private void pax(String record) throws IOException {
            int length = record.length() + 2;
            while (length != record.length() + 2 + Integer.toString(length).length()) {
                length = record.length() + 2 + Integer.toString(length).length();
            }
            header('x', "pax", length, 0);
            out.write("%d %s\n".formatted(length, record).getBytes(StandardCharsets.ISO_8859_1));
            pad(length);
        }

        private void header(char type, String name, long size, int owner) throws IOException {
            byte[] header = new byte[BLOCK];
            put(header, 0, name);
            put(header, 100, type == '5' ? "0000755" : "0000644");
            put(header, 108, octal(owner, 7));
            put(header, 116, octal(owner, 7));
            put(header, 124, octal(size, 11));
            put(header, 136, octal(1_577_836_800, 11));
            put(header, 148, "        ");
            header[156] = (byte) type;
            put(header, 257, "ustar\0" + "00");
            int sum = 0;
            for (byte b : header) {
                sum += b & 0xFF;
            }
            put(header, 148, octal(sum, 6) + "\0");
            out.write(header);
        }

        private static void put(byte[] header, int at, String text) {
            byte[] bytes = text.getBytes(StandardCharsets.ISO_8859_1);
            System.arraycopy(bytes, 0, header, at, bytes.length);
        }

        private static String octal(long value, int digits) {
            String text = Long.toOctalString(value);
            return "0".repeat(digits - text.length()) + text;
        }

        private void pad(long size) throws IOException {
            out.write(new byte[(int) (-size & (BLOCK - 1))]);
        }
    }
}
