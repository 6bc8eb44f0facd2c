package io.sifter.squashfs;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.sifter.spi.tree.Compression;
import io.sifter.spi.tree.Compression.Codec;
import io.sifter.testkit.Peers;
import java.io.ByteArrayOutputStream;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Random;
import java.util.zip.DataFormatException;
import java.util.zip.Deflater;
import java.util.zip.Inflater;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;

class CodecsTest {
    @TempDir
    private Path directory;

    @ParameterizedTest
    @CsvSource({"GZIP, 1", "GZIP, 6", "GZIP, 9", "GZIP, 12", "ZSTD, 1", "ZSTD, 3", "ZSTD, 15", "ZSTD, 22"})
    void blocksComeBackFromHeapAndNativeMemory(Codec codec, int level) throws Exception {
        BlockCompressor compressor = Codecs.compressor(new Compression(codec, level, 1 << 20));
        BlockDecompressor decompressor = Codecs.decompressor(codec);
        try (Arena arena = Arena.ofConfined()) {
            for (int size : new int[] {2000, 8192, 131072, 1 << 20}) {
                MemorySegment block = MemorySegment.ofArray(BlockPackWriterTest.text(size, size));
                MemorySegment nativeBlock = arena.allocate(size).copyFrom(block);
                MemorySegment heap = MemorySegment.ofArray(new byte[compressor.capacity(size)]);
                MemorySegment nativeMemory = arena.allocate(compressor.capacity(size));
                int length = compressor.compress(block, heap);

                assertThat(length).isPositive().isLessThan(size);
                assertThat(compressor.compress(nativeBlock, nativeMemory)).isEqualTo(length);
                assertThat(nativeMemory.asSlice(0, length).mismatch(heap.asSlice(0, length))).isEqualTo(-1);
                MemorySegment back = MemorySegment.ofArray(new byte[size]);
                assertThat(decompressor.decompress(nativeMemory.asSlice(0, length), back)).isEqualTo(size);
                assertThat(back.mismatch(block)).isEqualTo(-1);
            }
        }
    }

    @ParameterizedTest
    @EnumSource(value = Codec.class, names = {"GZIP", "ZSTD"})
    void whatDoesNotShrinkIsSaidToBeIncompressible(Codec codec) throws Exception {
        BlockCompressor compressor = Codecs.compressor(new Compression(codec, 6, 4096));
        for (int size : new int[] {1, 2, 10, 4096}) {
            MemorySegment noise = MemorySegment.ofArray(BlockPackWriterTest.noise(size, size));
            assertThat(compressor.compress(noise, MemorySegment.ofArray(new byte[compressor.capacity(size)])))
                    .isEqualTo(BlockCompressor.INCOMPRESSIBLE);
        }
    }

    @Test
    void gzipBlocksAreZlibStreams() throws Exception {
        byte[] block = BlockPackWriterTest.text(100_000, 1);
        MemorySegment out = MemorySegment.ofArray(new byte[110_000]);
        int length = Codecs.compressor(new Compression(Codec.GZIP, 6, 1 << 17))
                .compress(MemorySegment.ofArray(block), out);
        byte[] stream = out.asSlice(0, length).toArray(ValueLayout.JAVA_BYTE);
        assertThat(stream).startsWith(0x78);
        var inflater = new Inflater();
        inflater.setInput(stream);
        byte[] back = new byte[block.length];
        assertThat(inflater.inflate(back)).isEqualTo(block.length);
        assertThat(inflater.finished() && inflater.getRemaining() == 0).isTrue();
        assertThat(back).isEqualTo(block);
    }

    @ParameterizedTest
    @CsvSource({"1, 4096", "3, 131072", "15, 1048576", "22, 1048576"})
    void zstdFramesSayTheirSizeAndNeedNoWindowBeyondIt(int level, int size) throws Exception {
        MemorySegment out = MemorySegment.ofArray(new byte[size * 2]);
        Codecs.compressor(new Compression(Codec.ZSTD, level, size))
                .compress(MemorySegment.ofArray(BlockPackWriterTest.text(size, 1)), out);
        assertThat(out.get(ValueLayout.JAVA_INT_UNALIGNED, 0)).isEqualTo(0xFD2FB528);
        int descriptor = out.get(ValueLayout.JAVA_BYTE, 4) & 0xFF;
        assertThat(descriptor & 0x20).as("single segment").isNotZero();
    }

    @ParameterizedTest
    @EnumSource(value = Codec.class, names = {"GZIP", "ZSTD"})
    void aBlockThatExpandsBeyondItsLimitIsRefused(Codec codec) throws Exception {
        MemorySegment out = MemorySegment.ofArray(new byte[2000]);
        int length = Codecs.compressor(new Compression(codec, 6, 1 << 20))
                .compress(MemorySegment.ofArray(new byte[1 << 20]), out);
        MemorySegment bomb = out.asSlice(0, length);
        assertThatThrownBy(() -> Codecs.decompressor(codec).decompress(bomb, MemorySegment.ofArray(new byte[131072])))
                .isInstanceOf(DataFormatException.class);
    }

    @ParameterizedTest
    @EnumSource(value = Codec.class, names = "LZMA", mode = EnumSource.Mode.EXCLUDE)
    void noDecompressorDoesAnythingButRefuseNoise(Codec codec) throws Exception {
        BlockDecompressor decompressor = Codecs.decompressor(codec);
        var random = new Random(4);
        MemorySegment out = MemorySegment.ofArray(new byte[8192]);
        for (int i = 0; i < 3000; i++) {
            byte[] noise = new byte[random.nextInt(300)];
            random.nextBytes(noise);
            try {
                assertThat(decompressor.decompress(MemorySegment.ofArray(noise), out)).isBetween(0, 8192);
            } catch (DataFormatException refused) {
                assertThat(refused).isNotNull();
            }
        }
    }

    @ParameterizedTest
    @EnumSource(value = Codec.class, names = {"GZIP", "ZSTD"})
    void everyFlippedBitIsRefusedOrStaysInBounds(Codec codec) throws Exception {
        byte[] block = BlockPackWriterTest.text(3000, 1);
        MemorySegment out = MemorySegment.ofArray(new byte[4000]);
        int length = Codecs.compressor(new Compression(codec, 6, 4096)).compress(MemorySegment.ofArray(block), out);
        BlockDecompressor decompressor = Codecs.decompressor(codec);
        for (int bit = 0; bit < length * 8; bit++) {
            byte[] damaged = out.asSlice(0, length).toArray(ValueLayout.JAVA_BYTE);
            damaged[bit / 8] ^= (byte) (1 << bit % 8);
            byte[] back = new byte[3000];
            try {
                int got = decompressor.decompress(MemorySegment.ofArray(damaged), MemorySegment.ofArray(back));
                assertThat(got).isLessThanOrEqualTo(3000);
                assertThat(codec == Codec.GZIP && !Arrays.equals(back, block)).as("bit %d", bit).isFalse();
            } catch (DataFormatException refused) {
                assertThat(refused).isNotNull();
            }
        }
    }

    @ParameterizedTest
    @CsvSource({"gzip, GZIP", "lzo, LZO", "xz, XZ", "lz4, LZ4", "zstd, ZSTD"})
    void blocksOfEveryCodecThatMksquashfsKnowsAreRead(String name, Codec codec) throws Exception {
        Peers.programs("mksquashfs");
        byte[] content = new byte[131072];
        for (int i = 0; i < content.length; i += 512) {
            System.arraycopy(BlockPackWriterTest.text(512, i % 7), 0, content, i, 512);
        }
        Path source = Files.createDirectory(directory.resolve("source"));
        Files.write(source.resolve("file"), content);
        Path image = directory.resolve("image");
        Peers.run("mksquashfs", source.toString(), image.toString(), "-comp", name, "-no-fragments").ok();
        byte[] bytes = Files.readAllBytes(image);
        Superblock superblock = Superblock.read(new FieldInput.OfArray(bytes, "image"));
        assertThat(superblock.codec()).isEqualTo(codec);

        var table = new FieldInput.OfArray(metadata(bytes, (int) superblock.inodeTable(), codec), "inodes");
        var file = (Inode.File) Inode.read(table, superblock);
        int length = SizeWord.length(file.words()[0]);
        assertThat(SizeWord.raw(file.words()[0])).isFalse();
        MemorySegment back = MemorySegment.ofArray(new byte[131072]);
        Codecs.decompressor(codec).decompress(
                MemorySegment.ofArray(bytes).asSlice(file.start(), length), back);
        assertThat(back.toArray(ValueLayout.JAVA_BYTE)).isEqualTo(content);
    }

    @Test
    void theJdkTakesOverWhereNothingNativeCanBeLoaded() throws Exception {
        String java = Path.of(System.getProperty("java.home"), "bin", "java").toString();
        String output = Peers.run(java, "-Dio.airlift.compress.v3.disable-native=true", "-cp",
                System.getProperty("java.class.path"), Fallback.class.getName()).ok();
        assertThat(output.strip()).isEqualTo("false jdk-zlib/%s zstd-java/aircompressor-3.14 ok".formatted(
                "%d.%d.%d".formatted(Runtime.version().feature(), Runtime.version().interim(), Runtime.version().update())));
    }

    @Test
    void nativeCodeIsLoadedWithoutATemporaryFile() throws Exception {
        String java = Path.of(System.getProperty("java.home"), "bin", "java").toString();
        String output = Peers.run(java, "-Djava.io.tmpdir=/nowhere/at/all", "-cp", System.getProperty("java.class.path"), Fallback.class.getName()).ok();
        assertThat(output.strip()).startsWith("true libdeflate/").contains(" zstd-").endsWith(" ok");
    }

    /** Started by a test. */
    static final class Fallback {
        public static void main(String[] args) throws Exception {
            byte[] block = BlockPackWriterTest.text(100_000, 1);
            String ok = "ok";
            for (Codec codec : new Codec[] {Codec.GZIP, Codec.ZSTD}) {
                BlockCompressor compressor = Codecs.compressor(new Compression(codec, 12, 1 << 17));
                MemorySegment out = MemorySegment.ofArray(new byte[compressor.capacity(block.length)]);
                int length = compressor.compress(MemorySegment.ofArray(block), out);
                MemorySegment back = MemorySegment.ofArray(new byte[block.length]);
                int got = Codecs.decompressor(codec).decompress(out.asSlice(0, length), back);
                if (length <= 0 || got != block.length || back.mismatch(MemorySegment.ofArray(block)) >= 0) {
                    ok = "broken";
                }
            }
            System.out.printf("%s %s %s %s%n", Codecs.isNative(Codec.GZIP),
                    Codecs.build(new Compression(Codec.GZIP, 6, 4096)),
                    Codecs.build(new Compression(Codec.ZSTD, 6, 4096)), ok);
        }
    }

    @Test
    void theJdksDecoderKeepsToTheLimitAsWell() throws Exception {
        var deflater = new Deflater();
        deflater.setInput(new byte[100_000]);
        deflater.finish();
        var stream = new ByteArrayOutputStream();
        byte[] some = new byte[1000];
        stream.write(some, 0, deflater.deflate(some));
        String java = Path.of(System.getProperty("java.home"), "bin", "java").toString();
        Path bomb = Files.write(directory.resolve("bomb"), stream.toByteArray());
        String output = Peers.run(java, "-Dio.airlift.compress.v3.disable-native=true", "-cp",
                System.getProperty("java.class.path"), Bomb.class.getName(), bomb.toString()).ok();
        assertThat(output.strip()).isEqualTo("100000 refused");
    }

    /** Started by a test. */
    static final class Bomb {
        public static void main(String[] args) throws Exception {
            MemorySegment bomb = MemorySegment.ofArray(Files.readAllBytes(Path.of(args[0])));
            BlockDecompressor decompressor = Codecs.decompressor(Codec.GZIP);
            System.out.print(decompressor.decompress(bomb, MemorySegment.ofArray(new byte[100_000])));
            try {
                decompressor.decompress(bomb, MemorySegment.ofArray(new byte[99_999]));
            } catch (DataFormatException refused) {
                System.out.println(" refused");
            }
        }
    }

    private static byte[] metadata(byte[] image, int position, Codec codec) throws Exception {
        int header = (image[position] & 0xFF) | (image[position + 1] & 0xFF) << 8;
        MemorySegment stored = MemorySegment.ofArray(image).asSlice(position + 2, MetadataBlock.length(header));
        if (MetadataBlock.raw(header)) {
            return stored.toArray(ValueLayout.JAVA_BYTE);
        }
        MemorySegment block = MemorySegment.ofArray(new byte[MetadataBlock.CAPACITY]);
        int length = Codecs.decompressor(codec).decompress(stored, block);
        return block.asSlice(0, length).toArray(ValueLayout.JAVA_BYTE);
    }
}
