package io.sifter.squashfs;

import static java.nio.file.StandardOpenOption.CREATE_NEW;
import static java.nio.file.StandardOpenOption.READ;
import static java.nio.file.StandardOpenOption.WRITE;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.sifter.spi.error.ExternalException;
import io.sifter.spi.error.UserException;
import io.sifter.spi.tree.Compression;
import io.sifter.spi.tree.Compression.Codec;
import java.io.ByteArrayInputStream;
import java.io.EOFException;
import java.io.InputStream;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

@Timeout(60)
class BlockPackWriterTest {
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
    @EnumSource(value = Codec.class, names = {"GZIP", "ZSTD"})
    void filesOfEverySizeAroundABlockComeBack(Codec codec) throws Exception {
        var compression = new Compression(codec, 3, BLOCK);
        List<byte[]> contents = new ArrayList<>();
        for (int size : new int[] {0, 1, 2, BLOCK - 1, BLOCK, BLOCK + 1, 2 * BLOCK, 2 * BLOCK + 5, 40 * BLOCK + 17}) {
            contents.add(text(size, size));
            contents.add(noise(size, size));
        }
        assertComesBack(contents, compression);
    }

    @Test
    void zerosTakeNoSpaceWhereverTheyAre() throws Exception {
        byte[] holes = noise(5 * BLOCK + 9, 1);
        Arrays.fill(holes, 0, BLOCK, (byte) 0);
        Arrays.fill(holes, 2 * BLOCK, 4 * BLOCK, (byte) 0);
        byte[] zeroTail = noise(BLOCK + 3000, 2);
        Arrays.fill(zeroTail, BLOCK, zeroTail.length, (byte) 0);
        List<PackedFile> packed = assertComesBack(
                List.of(holes, zeroTail, new byte[3 * BLOCK], new byte[100], new byte[2 * BLOCK + 1]), GZIP);

        assertThat(packed.get(0).sizeWords()).hasSize(5);
        assertThat(packed.get(0).sizeWords()[0]).isZero();
        assertThat(packed.get(0).sizeWords()[1]).isNotZero();
        assertThat(packed.get(1).sizeWords()).hasSize(2);
        assertThat(packed.get(1).sizeWords()[1]).isZero();
        assertThat(packed.get(1).fragment()).isEqualTo(PackedFile.NO_FRAGMENT);
        assertThat(packed.get(2).sizeWords()).containsExactly(0, 0, 0);
        assertThat(packed.get(3).sizeWords()).containsExactly(0);
        assertThat(packed.get(4).sizeWords()).containsExactly(0, 0, 0);
    }

    @Test
    void equalSmallFilesAndTailsShareASlice() throws Exception {
        byte[] small = text(700, 1);
        byte[] large = Arrays.copyOf(noise(BLOCK, 3), BLOCK + 700);
        System.arraycopy(small, 0, large, BLOCK, 700);
        List<PackedFile> packed = assertComesBack(List.of(small, text(900, 2), small.clone(), large), GZIP);

        assertThat(packed.get(2)).isSameAs(packed.get(0));
        assertThat(packed.get(3).fragment()).isEqualTo(packed.get(0).fragment());
        assertThat(packed.get(3).fragmentOffset()).isEqualTo(packed.get(0).fragmentOffset());
    }

    @Test
    void equalLargeFilesShareBlocks() throws Exception {
        byte[] large = text(30 * BLOCK + 5, 1);
        byte[] changed = large.clone();
        changed[29 * BLOCK] ^= 1;
        List<PackedFile> packed = assertComesBack(List.of(large, text(9000, 7), large.clone(), changed), GZIP);

        assertThat(packed.get(2).position()).isEqualTo(packed.get(0).position());
        assertThat(packed.get(2).sizeWords()).isEqualTo(packed.get(0).sizeWords());
        assertThat(packed.get(3).position()).isNotEqualTo(packed.get(0).position());
    }

    @Test
    void filesOfEqualWordsButOtherBytesAreKeptApart() throws Exception {
        // Noise is stored raw, so that all words are equal.
        List<PackedFile> packed = assertComesBack(List.of(noise(3 * BLOCK, 1), noise(3 * BLOCK, 2)), GZIP);

        assertThat(packed.get(0).sizeWords()).isEqualTo(packed.get(1).sizeWords());
        assertThat(packed.get(0).position()).isNotEqualTo(packed.get(1).position());
    }

    @Test
    void whatIsNotCompressedIsNotShared() throws Exception {
        byte[] large = text(3 * BLOCK + 5, 1);
        byte[] small = text(700, 2);
        List<PackedFile> packed = assertComesBack(List.of(large, small, large.clone(), small.clone()), new Compression(Compression.Codec.GZIP, 0, BLOCK));

        assertThat(packed.get(2).position()).isNotEqualTo(packed.get(0).position());
        assertThat(packed.get(3).fragmentOffset()).isNotEqualTo(packed.get(1).fragmentOffset());
    }

    @ParameterizedTest
    @ValueSource(ints = {1, 2, 8})
    void theBytesDoNotDependOnTheNumberOfWorkers(int count) throws Exception {
        List<byte[]> contents = new ArrayList<>();
        var random = new Random(42);
        for (int i = 0; i < 400; i++) {
            contents.add(text(random.nextInt(6 * BLOCK), random.nextInt(300)));
        }
        Path reference = directory.resolve("inline");
        pack(reference, contents, workers, 0);
        Path pack = directory.resolve("parallel");
        try (ExecutorService many = Executors.newFixedThreadPool(count)) {
            pack(pack, contents, many, 64 << 20);
        }
        assertThat(pack).hasSameBinaryContentAs(reference);
    }

    @Test
    void packsThatShareFarTooLittleMemoryAllGetDone() throws Exception {
        var memory = new BlockBuffers(0);
        List<Thread> callers = new ArrayList<>();
        List<Throwable> failures = new ArrayList<>();
        for (int i = 0; i < 6; i++) {
            Path pack = directory.resolve("pack" + i);
            int seed = i;
            callers.add(Thread.ofPlatform().start(() -> {
                try (FileChannel out = FileChannel.open(pack, CREATE_NEW, READ, WRITE);
                        var writer = new BlockPackWriter(out, GZIP, workers, memory)) {
                    for (int j = 0; j < 100; j++) {
                        byte[] content = text(j * 300, seed);
                        writer.add(new ByteArrayInputStream(content), content.length);
                    }
                    writer.finish();
                } catch (Throwable t) {
                    synchronized (failures) {
                        failures.add(t);
                    }
                }
            }));
        }
        for (Thread caller : callers) {
            caller.join();
        }
        assertThat(failures).isEmpty();
    }

    @Test
    void blocksGoWhereTheChannelStands() throws Exception {
        Path pack = directory.resolve("pack");
        Files.writeString(pack, "header");
        try (FileChannel out = FileChannel.open(pack, READ, WRITE)) {
            out.position(6);
            var writer = new BlockPackWriter(out, GZIP, workers, new BlockBuffers(1 << 20));
            PackedFile file = writer.add(new ByteArrayInputStream(noise(2 * BLOCK, 1)), 2 * BLOCK);
            long end = writer.finish();

            assertThat(file.position()).isEqualTo(6);
            assertThat(end).isEqualTo(out.position()).isEqualTo(out.size()).isEqualTo(6 + 2 * BLOCK);
        }
        assertThat(new String(Files.readAllBytes(pack), 0, 6, "US-ASCII")).isEqualTo("header");
    }

    @Test
    void aStreamThatEndsEarlyIsToldFromItsPlace() throws Exception {
        try (FileChannel out = FileChannel.open(directory.resolve("pack"), CREATE_NEW, READ, WRITE);
                var writer = new BlockPackWriter(out, GZIP, workers, new BlockBuffers(1 << 20))) {
            assertThatThrownBy(() -> writer.add(new ByteArrayInputStream(noise(5000, 1)), 9000))
                    .isInstanceOf(EOFException.class)
                    .hasMessageContaining("5000 of 9000");
        }
    }

    @Test
    void aStatedSizeCostsNothingUntilTheBytesCome() throws Exception {
        try (FileChannel out = FileChannel.open(directory.resolve("pack"), CREATE_NEW, READ, WRITE);
                var writer = new BlockPackWriter(out, GZIP, workers, new BlockBuffers(1 << 20))) {
            assertThatThrownBy(() -> writer.add(new ByteArrayInputStream(noise(5000, 1)), 1L << 42))
                    .isInstanceOf(EOFException.class)
                    .hasMessageContaining("5000 of 4398046511104");
            assertThatThrownBy(() -> writer.add(new ByteArrayInputStream(noise(5000, 1)), Long.MAX_VALUE))
                    .isInstanceOf(UserException.class)
                    .hasMessageContaining("9223372036854775807");
        }
    }

    @Test
    void aFullDiskStopsTheCallerAndIsNamed() throws Exception {
        Path full = Path.of("/dev/full");
        try (FileChannel out = FileChannel.open(full, READ, WRITE);
                var writer = new BlockPackWriter(out, full, GZIP, workers, new BlockBuffers(1 << 20))) {
            assertThatThrownBy(() -> {
                        for (int i = 0; i < 10_000; i++) {
                            writer.add(new ByteArrayInputStream(noise(BLOCK, i)), BLOCK);
                        }
                        writer.finish();
                    })
                    .isInstanceOf(ExternalException.class)
                    .hasMessageContaining("/dev")
                    .hasMessageContaining("No space left on device");
        }
    }

    @Test
    void anInterruptedCallerLeavesWorkersAndMemoryToOthers() throws Exception {
        var memory = new BlockBuffers(0);
        try (FileChannel out = FileChannel.open(directory.resolve("first"), CREATE_NEW, READ, WRITE);
                var writer = new BlockPackWriter(out, GZIP, workers, memory)) {
            writer.add(new ByteArrayInputStream(text(100, 1)), 100);
            Thread.currentThread().interrupt();
            assertThatThrownBy(() -> writer.add(new ByteArrayInputStream(noise(9000, 1)), 9000))
                    .isInstanceOf(InterruptedException.class);
        }
        assertComesBack(List.of(text(90_000, 1)), GZIP);
    }

    @Test
    void aCodecThatIsNeverWrittenIsRefused() {
        var xz = new Compression(Codec.XZ, 6, BLOCK);
        assertThatThrownBy(() -> pack(directory.resolve("pack"), List.of(), xz))
                .isInstanceOf(UserException.class)
                .hasMessageContaining("xz");
        var tooSlow = new Compression(Codec.ZSTD, 23, BLOCK);
        assertThatThrownBy(() -> pack(directory.resolve("other"), List.of(), tooSlow))
                .isInstanceOf(UserException.class)
                .hasMessageContaining("level 23");
    }

    private List<PackedFile> assertComesBack(List<byte[]> contents, Compression compression) throws Exception {
        Path pack = directory.resolve("pack-" + contents.hashCode());
        try (FileChannel out = FileChannel.open(pack, CREATE_NEW, READ, WRITE);
                var writer = new BlockPackWriter(out, compression, workers, new BlockBuffers(1 << 20))) {
            List<PackedFile> packed = new ArrayList<>();
            for (byte[] content : contents) {
                packed.add(writer.add(new ByteArrayInputStream(content), content.length));
            }
            writer.finish();
            var reading = new PackReading(out, compression, writer.fragments());
            for (int i = 0; i < contents.size(); i++) {
                assertThat(packed.get(i).size()).isEqualTo(contents.get(i).length);
                assertThat(reading.read(packed.get(i))).isEqualTo(contents.get(i));
            }
            return packed;
        }
    }

    private void pack(Path pack, List<byte[]> contents, Compression compression) throws Exception {
        try (FileChannel out = FileChannel.open(pack, CREATE_NEW, READ, WRITE)) {
            new BlockPackWriter(out, compression, workers, new BlockBuffers(1 << 20)).close();
        }
    }

    private static void pack(Path pack, List<byte[]> contents, ExecutorService workers, long budget) throws Exception {
        try (FileChannel out = FileChannel.open(pack, CREATE_NEW, READ, WRITE);
                var writer = new BlockPackWriter(out, GZIP, workers, new BlockBuffers(budget))) {
            for (byte[] content : contents) {
                InputStream in = new ByteArrayInputStream(content);
                writer.add(in, content.length);
            }
            writer.finish();
        }
    }

    static byte[] text(int size, int seed) {
        var random = new Random(seed);
        byte[] bytes = new byte[size];
        for (int i = 0; i < size; i++) {
            bytes[i] = (byte) ('a' + random.nextInt(16));
        }
        return bytes;
    }

    static byte[] noise(int size, int seed) {
        byte[] bytes = new byte[size];
        new Random(seed).nextBytes(bytes);
        return bytes;
    }
}
