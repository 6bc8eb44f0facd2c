package io.sifter.squashfs;

import static io.sifter.squashfs.BlockPackWriterTest.noise;
import static io.sifter.squashfs.BlockPackWriterTest.text;
import static java.nio.charset.StandardCharsets.ISO_8859_1;
import static java.nio.file.StandardOpenOption.READ;
import static java.nio.file.StandardOpenOption.WRITE;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.sifter.spi.error.CorruptDataException;
import io.sifter.spi.tree.Compression;
import io.sifter.spi.tree.Compression.Codec;
import io.sifter.spi.tree.Content;
import io.sifter.spi.tree.FileTree;
import io.sifter.spi.tree.PackedContent;
import io.sifter.spi.tree.PackedContent.Slice;
import io.sifter.testkit.Peers;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.channels.WritableByteChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.Optional;
import java.util.Random;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

@Timeout(120)
class PackedContentTest {
    private static final int BLOCK = 4096;
    private static final Compression GZIP = new Compression(Codec.GZIP, 6, BLOCK);

    @TempDir
    private Path directory;

    private final ExecutorService workers = Executors.newFixedThreadPool(2);

    @AfterEach
    void stop() {
        workers.shutdownNow();
    }

    @ParameterizedTest
    @CsvSource({"GZIP, 4096, true", "GZIP, 4096, false", "ZSTD, 4096, true", "GZIP, 8192, true", "ZSTD, 131072, false"})
    void packedAndPlainFilesMixedComeBackWhateverTheImageIs(Codec codec, int block, boolean tellLengths)
            throws Exception {
        var random = new Random(3);
        List<byte[]> contents = new ArrayList<>();
        for (int i = 0; i < 300; i++) {
            int size = random.nextInt(6) == 0 ? random.nextInt(20 * BLOCK) : random.nextInt(1500);
            contents.add(random.nextInt(20) == 0 ? new byte[size] : text(size, random.nextInt(200)));
        }
        try (Pack first = pack(tellLengths, contents.subList(0, 200));
                Pack second = pack(tellLengths, contents.subList(100, 300))) {
            var tree = new Tree();
            for (int i = 0; i < 300; i++) {
                Content content = switch (i % 3) {
                    case 0 -> Content.of(contents.get(i));
                    case 1 -> i < 200 ? first.content(i) : second.content(i - 100);
                    default -> i < 100 ? first.content(i) : second.content(i - 100);
                };
                tree.file("f" + i, content);
            }
            assertComesBack(tree.build(), new Compression(codec, 2, block), contents);
        }
    }

    @ParameterizedTest
    @ValueSource(booleans = {true, false})
    void whatIsUsedWholeIsCopiedToTheByte(boolean tellLengths) throws Exception {
        List<byte[]> contents = List.of(
                text(10 * BLOCK + 7, 1), text(100, 2), text(BLOCK, 3), text(200, 4), noise(3 * BLOCK, 5), text(BLOCK - 1, 6));
        try (Pack pack = pack(tellLengths, contents)) {
            var tree = new Tree();
            for (int i = 0; i < contents.size(); i++) {
                tree.file("f" + (9 - i), pack.content(i));
            }
            byte[] image = Files.readAllBytes(write(tree.build(), GZIP, 2));
            byte[] packed = new byte[(int) pack.channel().size()];
            pack.channel().read(java.nio.ByteBuffer.wrap(packed), 0);
            assertThat(Arrays.copyOfRange(image, Superblock.SIZE, Superblock.SIZE + packed.length)).isEqualTo(packed);
        }
    }

    @ParameterizedTest
    @ValueSource(booleans = {true, false})
    void nothingOfADeletedFileIsShipped(boolean tellLengths) throws Exception {
        // Noise is stored as it is, so that it can be searched for.
        byte[] secret = noise(500, 99);
        byte[] large = noise(2 * BLOCK + 300, 98);
        List<byte[]> contents = List.of(noise(400, 1), secret, noise(BLOCK + 600, 2), large, noise(700, 3));
        try (Pack pack = pack(tellLengths, contents)) {
            var all = new Tree();
            var cleaned = new Tree();
            for (int i = 0; i < contents.size(); i++) {
                all.file("f" + i, pack.content(i));
                if (i != 1 && i != 3) {
                    cleaned.file("f" + i, pack.content(i));
                }
            }
            String before = new String(Files.readAllBytes(write(all.build(), GZIP, 2)), ISO_8859_1);
            String after = new String(Files.readAllBytes(write(cleaned.build(), GZIP, 2)), ISO_8859_1);
            for (byte[] hidden : List.of(secret, Arrays.copyOf(large, BLOCK), Arrays.copyOfRange(large, 2 * BLOCK, large.length))) {
                String part = new String(hidden, ISO_8859_1);
                assertThat(before.contains(part)).isTrue();
                assertThat(after.contains(part.substring(0, 50))).isFalse();
                assertThat(after.contains(part.substring(part.length() - 50))).isFalse();
            }
            for (int i : new int[] {0, 4}) {
                assertThat(after.contains(new String(contents.get(i), ISO_8859_1))).isTrue();
            }
        }
    }

    @Test
    void theLastBytesOfAFragmentBlockCountAsWell() throws Exception {
        byte[] secret = noise(500, 99);
        try (Pack pack = pack(false, List.of(noise(400, 1), secret))) {
            String image = new String(
                    Files.readAllBytes(write(new Tree().file("a", pack.content(0)).build(), GZIP, 1)), ISO_8859_1);
            assertThat(image.contains(new String(noise(400, 1), ISO_8859_1))).isTrue();
            assertThat(image.contains(new String(secret, 400, 100, ISO_8859_1))).isFalse();
        }
    }

    @Test
    void equalBlocksOfDifferentPacksAreCopiedOnce() throws Exception {
        byte[] large = noise(100 * BLOCK + 55, 1);
        try (Pack first = pack(true, List.of(text(9000, 1), large));
                Pack second = pack(true, List.of(large, text(5000, 2)))) {
            FileTree tree = new Tree()
                    .file("a", first.content(0))
                    .file("b", first.content(1))
                    .file("c", second.content(0))
                    .file("d", second.content(1))
                    .build();
            Path image = assertComesBack(tree, GZIP, List.of(text(9000, 1), large, large, text(5000, 2)));
            assertThat(Files.size(image)).isLessThan(108L * BLOCK);
        }
    }

    @Test
    void aPlainFileThatIsInAPackIsNotCompressedAgain() throws Exception {
        byte[] large = noise(100 * BLOCK + 55, 1);
        try (Pack pack = pack(true, List.of(large))) {
            FileTree tree = new Tree()
                    .file("a", Content.of(large.clone()))
                    .file("b", pack.content(0))
                    .build();
            Path image = assertComesBack(tree, GZIP, List.of(large, large));
            assertThat(Files.size(image)).isLessThan(104L * BLOCK);
        }
    }

    @ParameterizedTest
    @ValueSource(ints = {1, 2, 8})
    void theBytesDoNotDependOnTheNumberOfWorkers(int count) throws Exception {
        List<byte[]> contents = new ArrayList<>();
        for (int i = 0; i < 200; i++) {
            contents.add(text(i * 37 % 9000, i % 50));
        }
        try (Pack pack = pack(true, contents)) {
            var tree = new Tree();
            for (int i = 0; i < 200; i++) {
                if (i % 7 != 3) {
                    tree.file("f" + i, i % 2 == 0 ? Content.of(contents.get(i)) : pack.content(i));
                }
            }
            Path reference = write(tree.build(), GZIP, 3);
            assertThat(write(tree.build(), GZIP, count)).hasSameBinaryContentAs(reference);
        }
    }

    @Test
    void packedContentThatLiesIsRefusedByPath() throws Exception {
        try (Pack pack = pack(true, List.of(text(3 * BLOCK + 100, 1), noise(2 * BLOCK, 2), text(300, 4)))) {
            PackedContent good = pack.packed(0);
            Slice tail = good.tail().orElseThrow();
            long size = 3 * BLOCK + 100;
            assertLie(pack.content(good, size + BLOCK), "blocks");
            assertLie(pack.content(good, 3 * BLOCK), "tail");
            assertLie(pack.content(with(good, Optional.empty()), size), "blocks");
            assertLie(pack.content(with(good, Optional.of(new Slice(
                    tail.position(), tail.sizeWord(), 50, tail.offset(), tail.length()))), size), "fragment");
            assertLie(pack.content(with(good, Optional.of(new Slice(
                    tail.position(), tail.sizeWord(), 0, 5000, tail.length()))), size), "fragment");
            assertLie(pack.content(with(good, Optional.of(new Slice(
                    1L << 40, tail.sizeWord(), 0, 0, tail.length()))), size), "ends");
            assertLie(pack.content(with(good, Optional.of(new Slice(
                    -5, tail.sizeWord(), 0, 0, tail.length()))), size), "position");
            assertLie(pack.content(
                    new PackedContent(good.store(), 1L << 40, good.sizeWords(), good.tail()), size), "ends");
            int[] words = good.sizeWords().clone();
            words[1] = 1 << 26 | 5;
            assertLie(pack.content(new PackedContent(good.store(), 0, words, good.tail()), size), "0x04000005");
        }
    }

    @Test
    void damagedBlocksAreFoundWhenTheyAreRead() throws Exception {
        byte[] content = text(3 * BLOCK + 100, 1);
        try (Pack pack = pack(true, List.of(content, text(300, 4)))) {
            pack.channel().write(java.nio.ByteBuffer.wrap(noise(100, 5)), 700);
            assertThatThrownBy(() -> read(pack.content(0)))
                    .isInstanceOf(CorruptDataException.class)
                    .hasMessageContaining("byte 0");
            FileTree tree = new Tree().file("d/damaged", pack.content(0)).build();
            assertThatThrownBy(() -> write(tree, new Compression(Codec.ZSTD, 3, BLOCK), 1))
                    .isInstanceOf(CorruptDataException.class)
                    .hasMessageContaining("/d/damaged");
        }
    }

    private static PackedContent with(PackedContent content, Optional<Slice> tail) {
        return new PackedContent(content.store(), content.position(), content.sizeWords(), tail);
    }

    private void assertLie(Content content, String message) {
        FileTree tree = new Tree().file("d/lie", content).build();
        assertThatThrownBy(() -> write(tree, GZIP, 1))
                .isInstanceOf(CorruptDataException.class)
                .hasMessageContaining(message);
    }

    private Pack pack(boolean tellLengths, List<byte[]> contents) throws Exception {
        Path file = Files.createTempFile(directory, "pack", "");
        Files.delete(file);
        return new Pack(file, GZIP, tellLengths, workers, contents);
    }

    private Path assertComesBack(FileTree tree, Compression compression, List<byte[]> contents) throws Exception {
        List<Content> packed = new ArrayList<>();
        tree.root().children().values().forEach(node ->
                packed.add(((io.sifter.spi.tree.RegularFile) node).content()));
        assertThat(packed).hasSameSizeAs(contents);
        Path image = write(tree, compression, 2);
        Peers.programs("unsquashfs");
        Path unpacked = directory.resolve("unpacked");
        Peers.run("unsquashfs", "-n", "-d", unpacked.toString(), image.toString()).ok();
        List<String> names = new ArrayList<>(tree.root().children().keySet());
        for (String name : names) {
            Content content = ((io.sifter.spi.tree.RegularFile) tree.root().children().get(name)).content();
            assertThat(unpacked.resolve(name)).hasBinaryContent(read(content));
        }
        List<String> given = new ArrayList<>();
        contents.forEach(content -> given.add(new String(content, ISO_8859_1)));
        List<String> found = new ArrayList<>();
        for (String name : names) {
            found.add(Files.readString(unpacked.resolve(name), ISO_8859_1));
        }
        Collections.sort(given);
        Collections.sort(found);
        assertThat(found.equals(given)).isTrue();
        return image;
    }

    /** Both ways: to the heap, and past it. */
    private static byte[] read(Content content) throws IOException {
        byte[] bytes;
        try (InputStream in = content.open()) {
            bytes = in.readAllBytes();
        }
        var past = new Past();
        try (InputStream in = content.open()) {
            assertThat(in.transferTo(past)).isEqualTo(bytes.length);
        }
        assertThat(past.toByteArray()).isEqualTo(bytes);
        assertThat(past.buffers > 0).isEqualTo(content.packed().isPresent() && bytes.length > 0);
        return bytes;
    }

    private static final class Past extends ByteArrayOutputStream implements WritableByteChannel {
        private int buffers;

        @Override
        public int write(ByteBuffer bytes) {
            byte[] some = new byte[bytes.remaining()];
            bytes.get(some);
            writeBytes(some);
            buffers++;
            return some.length;
        }

        @Override
        public boolean isOpen() {
            return true;
        }
    }

    private Path write(FileTree tree, Compression compression, int count) throws Exception {
        Path image = Files.createTempFile(directory, "image", ".sqfs");
        try (FileChannel out = FileChannel.open(image, READ, WRITE);
                ExecutorService pool = Executors.newFixedThreadPool(count)) {
            SquashFsWriter.write(tree, out, 0, SquashFsOptions.of(compression, 0, image), pool);
        }
        return image;
    }
}
