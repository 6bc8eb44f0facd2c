package io.sifter.image.layer;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.airlift.compress.v3.zstd.ZstdOutputStream;
import io.sifter.image.document.MediaTypes;
import io.sifter.spi.error.CorruptDataException;
import io.sifter.spi.error.ExternalException;
import io.sifter.spi.event.Event;
import io.sifter.spi.reference.Digest;
import io.sifter.spi.tree.Compression;
import io.sifter.spi.tree.FileTree;
import io.sifter.squashfs.BlockBuffers;
import io.sifter.testkit.TarLayer;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.InterruptedIOException;
import java.io.OutputStream;
import java.io.SequenceInputStream;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.Random;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.zip.CRC32;
import java.util.zip.Deflater;
import java.util.zip.GZIPOutputStream;
import org.apache.commons.compress.compressors.bzip2.BZip2CompressorOutputStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.tukaani.xz.LZMA2Options;
import org.tukaani.xz.XZOutputStream;

@Timeout(value = 2, unit = TimeUnit.MINUTES, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
class LayerPackerTest {
    private static final byte[] TAR = TarLayer.with().file("a", "content").file("b", "x".repeat(10_000)).tar();

    @TempDir
    private Path directory;

    private final ExecutorService workers = Executors.newFixedThreadPool(2);
    private final BlockBuffers memory = new BlockBuffers(8 << 20);
    private final List<Event> events = new CopyOnWriteArrayList<>();

    @AfterEach
    void stopWorkers() {
        workers.shutdownNow();
    }

    @ParameterizedTest
    @EnumSource(BlobFormat.class)
    void readsEveryCompression(BlobFormat format) throws Exception {
        byte[] blob = compress(format, TAR);
        String type = switch (format) {
            case GZIP -> MediaTypes.OCI_LAYER_GZIP;
            case ZSTD -> MediaTypes.OCI_LAYER_ZSTD;
            default -> "application/octet-stream";
        };
        PackInfo info = pack(blob, type, Optional.of(Digest.sha256(blob)), Optional.of(Digest.sha256(TAR)));
        assertThat(info.diffId()).isEqualTo(Digest.sha256(TAR));
        assertThat(info.blobDigest()).contains(Digest.sha256(blob));
        assertThat(info.entries()).isEqualTo(2);
        assertThat(info.contentBytes()).isEqualTo(10_007);
        assertThat(events).isEmpty();
        assertThat(shown()).isEqualTo("a=content, b=10000 bytes");
    }

    @Test
    void computesDigestsOfOtherKinds() throws Exception {
        byte[] hash = Digest.Algorithm.SHA512.start().digest(TAR);
        Digest sha512 = Digest.finish(Digest.Algorithm.SHA512, hash);
        assertThat(pack(TAR, MediaTypes.OCI_LAYER, Optional.of(sha512), Optional.of(sha512)).diffId()).isEqualTo(sha512);
        try (LayerPack pack = LayerPack.open(file())) {
            assertThat(pack.info().blobDigest()).contains(sha512);
        }
    }

    @Test
    void saysWhenALabelIsWrong() throws Exception {
        pack(TAR, MediaTypes.DOCKER_LAYER_GZIP, Optional.empty(), Optional.empty());
        assertThat(events).singleElement().isEqualTo(Event.warning(
                "A layer labelled application/vnd.docker.image.rootfs.diff.tar.gzip is plain tar; it is read as what it is"));
        assertThat(shown()).startsWith("a=content");
    }

    @Test
    void readsAllMembersOfAGzipFile() throws Exception {
        ByteArrayOutputStream blob = new ByteArrayOutputStream();
        blob.writeBytes(member(Arrays.copyOfRange(TAR, 0, 100), 0));
        blob.writeBytes(member(new byte[0], 0x1F));
        blob.writeBytes(member(Arrays.copyOfRange(TAR, 100, TAR.length), 0x1E));
        blob.writeBytes(new byte[1000]);
        pack(blob.toByteArray(), MediaTypes.OCI_LAYER_GZIP, Optional.of(Digest.sha256(blob.toByteArray())), Optional.of(Digest.sha256(TAR)));
        assertThat(events).isEmpty();
        assertThat(shown()).isEqualTo("a=content, b=10000 bytes");
    }

    @Test
    void readsAllFramesOfAZstdFile() throws Exception {
        ByteArrayOutputStream blob = new ByteArrayOutputStream();
        byte[] skippable = {0x5A, 0x2A, 0x4D, 0x18, 5, 0, 0, 0, 1, 2, 3, 4, 5};
        blob.writeBytes(skippable);
        blob.writeBytes(compress(BlobFormat.ZSTD, Arrays.copyOfRange(TAR, 0, 700)));
        blob.writeBytes(skippable);
        blob.writeBytes(compress(BlobFormat.ZSTD, Arrays.copyOfRange(TAR, 700, TAR.length)));
        blob.writeBytes(skippable);
        pack(blob.toByteArray(), MediaTypes.OCI_LAYER_ZSTD, Optional.of(Digest.sha256(blob.toByteArray())), Optional.of(Digest.sha256(TAR)));
        assertThat(shown()).isEqualTo("a=content, b=10000 bytes");
    }

    @Test
    void passesOverWhatFollowsTheGzipDataAndSaysSo() throws Exception {
        byte[] blob = concat(compress(BlobFormat.GZIP, TAR), "junk".getBytes(UTF_8));
        pack(blob, MediaTypes.OCI_LAYER_GZIP, Optional.of(Digest.sha256(blob)), Optional.of(Digest.sha256(TAR)));
        assertThat(events).singleElement().asString().contains("is followed by other bytes");
    }

    @Test
    void theDiffIdCoversWhatFollowsTheArchive() throws Exception {
        byte[] zeros = concat(TAR, new byte[10 << 10]);
        assertThat(pack(compress(BlobFormat.GZIP, zeros), MediaTypes.OCI_LAYER_GZIP, Optional.empty(), Optional.of(Digest.sha256(zeros))).diffId())
                .isEqualTo(Digest.sha256(zeros));
        assertThat(events).isEmpty();

        byte[] junk = concat(TAR, "junk".getBytes(UTF_8));
        pack(compress(BlobFormat.GZIP, junk), MediaTypes.OCI_LAYER_GZIP, Optional.empty(), Optional.of(Digest.sha256(junk)));
        assertThat(shown()).isEqualTo("a=content, b=10000 bytes");
        assertThat(events).singleElement().asString().contains("followed by bytes that are not zero");

        assertThatThrownBy(() -> pack(compress(BlobFormat.GZIP, junk), MediaTypes.OCI_LAYER_GZIP, Optional.empty(), Optional.of(Digest.sha256(TAR))))
                .isInstanceOf(CorruptDataException.class).hasMessageContaining("The uncompressed layer has the digest");
    }

    @Test
    void refusesAnotherBlobThanExpected() {
        assertThatThrownBy(() -> pack(compress(BlobFormat.GZIP, TAR), MediaTypes.OCI_LAYER_GZIP, Optional.of(Digest.sha256(TAR)), Optional.empty()))
                .isInstanceOf(CorruptDataException.class).hasMessageContaining("The blob has the digest").hasMessageContaining("expected");
    }

    @Test
    void emptyBlobsAreEmptyLayers() throws Exception {
        assertThat(pack(new byte[0], MediaTypes.OCI_LAYER_GZIP, Optional.empty(), Optional.empty()).diffId()).isEqualTo(Digest.sha256(new byte[0]));
        assertThat(shown()).isEmpty();
        pack(compress(BlobFormat.GZIP, new byte[1024]), MediaTypes.OCI_LAYER_GZIP, Optional.empty(), Optional.empty());
        assertThat(shown()).isEmpty();
        assertThat(events).isEmpty();
    }

    @ParameterizedTest
    @EnumSource(value = BlobFormat.class, mode = EnumSource.Mode.EXCLUDE, names = "TAR")
    void aBlobCutOffAnywhereIsRefused(BlobFormat format) throws Exception {
        byte[] blob = compress(format, TAR);
        for (int length = 8; length < blob.length; length += Math.max(1, blob.length / 40)) {
            byte[] cut = Arrays.copyOf(blob, length);
            assertThatThrownBy(() -> pack(cut, "x", Optional.empty(), Optional.of(Digest.sha256(TAR))))
                    .as("%s cut at %d of %d", format, length, blob.length).isInstanceOf(CorruptDataException.class);
        }
    }

    @ParameterizedTest
    @EnumSource(BlobFormat.class)
    void nothingButCorruptDataComesOutOfDamagedBlobs(BlobFormat format) throws Exception {
        byte[] blob = compress(format, TAR);
        Random random = new Random(3);
        for (int i = 0; i < 60; i++) {
            byte[] damaged = blob.clone();
            damaged[random.nextInt(damaged.length)] ^= (byte) (1 << random.nextInt(8));
            try {
                assertThat(pack(damaged, "x", Optional.empty(), Optional.of(Digest.sha256(TAR))).diffId()).isEqualTo(Digest.sha256(TAR));
            } catch (CorruptDataException expected) {
                assertThat(expected.getMessage()).isNotBlank();
            }
        }
    }

    @Test
    void refusesGzipThatLiesAboutItself() throws Exception {
        byte[] blob = compress(BlobFormat.GZIP, TAR);
        for (int fromEnd : new int[] {1, 8}) {
            byte[] lying = blob.clone();
            lying[lying.length - fromEnd]++;
            assertThatThrownBy(() -> pack(lying, "x", Optional.empty(), Optional.empty()))
                    .isInstanceOf(CorruptDataException.class).hasMessageContaining("The layer is damaged: as gzip, at byte").hasMessageContaining("are stated");
        }
        byte[] flags = blob.clone();
        flags[3] = (byte) 0x80;
        assertThatThrownBy(() -> pack(flags, "x", Optional.empty(), Optional.empty()))
                .isInstanceOf(CorruptDataException.class).hasMessageContaining("unknown flags 0x80");
    }

    @Test
    void refusesZstdWindowsThatNoMachineShouldNeed() {
        // Frame header: magic, descriptor without content size, window descriptor of 2^31 bytes.
        byte[] huge = {0x28, (byte) 0xB5, 0x2F, (byte) 0xFD, 0, (byte) ((31 - 10) << 3), 1, 0, 0};
        assertThatThrownBy(() -> pack(huge, MediaTypes.OCI_LAYER_ZSTD, Optional.empty(), Optional.empty()))
                .isInstanceOf(CorruptDataException.class).hasMessageContaining("as zstd");
    }

    @Test
    void whatTheSourceThrowsPassesUnchanged() {
        ExternalException broken = new ExternalException("the line is cut");
        for (BlobFormat format : BlobFormat.values()) {
            InputStream blob = new SequenceInputStream(new ByteArrayInputStream(half(compress(format, TAR))), failing(broken));
            assertThatThrownBy(() -> pack(blob, "x", LayerLimits.STANDARD)).as(format.toString()).isSameAs(broken);
        }
    }

    @Test
    void stopsABombAtItsLimit() throws Exception {
        byte[] zeros = new byte[64 << 20];
        byte[] blob = compress(BlobFormat.GZIP, zeros);
        assertThatThrownBy(() -> pack(new ByteArrayInputStream(blob), "x", new LayerLimits(32 << 20, 100, 1 << 20)))
                .isInstanceOf(CorruptDataException.class).hasMessageContaining("more than the 33554432 bytes that are allowed after decompression");
    }

    @Test
    void boundsFilesThatAreAllHole() {
        byte[] tar = TarLayer.with().file("hole", Arrays.copyOf("0\n".getBytes(UTF_8), 512)).pax("GNU.sparse.major", "1")
                .pax("GNU.sparse.realsize", "9000000000000000000").tar();
        assertThatThrownBy(() -> pack(new ByteArrayInputStream(tar), "x", LayerLimits.STANDARD))
                .isInstanceOf(CorruptDataException.class).hasMessageContaining("files have more than the");
    }

    @Test
    void boundsEntriesAndNames() {
        TarLayer many = TarLayer.with();
        for (int i = 0; i < 11; i++) {
            many.file("f" + i, "");
        }
        assertThatThrownBy(() -> pack(new ByteArrayInputStream(many.tar()), "x", new LayerLimits(1 << 20, 10, 1 << 20)))
                .isInstanceOf(CorruptDataException.class).hasMessageContaining("more than the 10 entries");
        TarLayer large = TarLayer.with().file("f", "").xattr("user.x", new byte[5000]);
        assertThatThrownBy(() -> pack(new ByteArrayInputStream(large.tar()), "x", new LayerLimits(1 << 20, 10, 4096)))
                .isInstanceOf(CorruptDataException.class).hasMessageContaining("more than the 4096 bytes");
    }

    @Test
    void refusesABodyThatEndsEarlyEvenIfTheStatedSizeIsHuge() {
        byte[] tar = TarLayer.with().file("f", "x").gnu().statedSize(8L << 30).tar();
        assertThatThrownBy(() -> pack(compress(BlobFormat.GZIP, tar), "x", Optional.empty(), Optional.empty()))
                .isInstanceOf(CorruptDataException.class).hasMessageContaining("ends inside the content");
    }

    @Test
    void interruptionStopsItAtOnce() throws Exception {
        CountDownLatch reached = new CountDownLatch(1);
        InputStream endless = new SequenceInputStream(new ByteArrayInputStream(half(compress(BlobFormat.GZIP, TAR))), new InputStream() {
            @Override
            public int read() throws IOException {
                reached.countDown();
                try {
                    Thread.sleep(600_000);
                } catch (InterruptedException e) {
                    throw new InterruptedIOException();
                }
                return -1;
            }
        });
        try (ExecutorService threads = Executors.newSingleThreadExecutor()) {
            Future<?> packing = threads.submit(() -> pack(endless, "x", LayerLimits.STANDARD));
            reached.await();
            long start = System.nanoTime();
            threads.shutdownNow();
            assertThatThrownBy(packing::get).hasCauseInstanceOf(InterruptedException.class);
            assertThat(System.nanoTime() - start).isLessThan(TimeUnit.SECONDS.toNanos(4));
        }
    }

    @ParameterizedTest
    @ValueSource(ints = {1, 2, 5})
    void theBytesOfAPackDependOnTheLayerAlone(int threads) throws Exception {
        TarLayer layer = TarLayer.with();
        Random random = new Random(1);
        for (int i = 0; i < 200; i++) {
            byte[] content = new byte[random.nextInt(20_000)];
            random.nextBytes(content);
            layer.file("f" + i, Arrays.copyOf(content, content.length * 2)).mtime(i);
        }
        byte[] blob = layer.gzip();
        pack(blob, MediaTypes.OCI_LAYER_GZIP, Optional.empty(), Optional.empty());
        byte[] first = Files.readAllBytes(file());
        try (ExecutorService other = Executors.newFixedThreadPool(threads);
                FileChannel out = FileChannel.open(file(), StandardOpenOption.TRUNCATE_EXISTING, StandardOpenOption.READ, StandardOpenOption.WRITE)) {
            new LayerPacker(Packs.SMALL_BLOCKS, other, new BlockBuffers(1 << 20), LayerLimits.STANDARD, events::add)
                    .pack(new ByteArrayInputStream(blob), "x", Optional.empty(), Optional.empty(), out);
        }
        assertThat(file()).hasBinaryContent(first);
    }

    /** A digest that is verified says more. */
    @Test
    void aWrongCrcMattersWhereNothingElseIsKnown() throws Exception {
        byte[] blob = compress(BlobFormat.GZIP, TAR);
        blob[blob.length - 8] ^= 1;

        assertThat(pack(blob, MediaTypes.OCI_LAYER_GZIP, Optional.empty(), Optional.of(Digest.sha256(TAR))).diffId()).isEqualTo(Digest.sha256(TAR));
        assertThatThrownBy(() -> pack(blob, MediaTypes.OCI_LAYER_GZIP, Optional.empty(), Optional.empty()))
                .isInstanceOf(CorruptDataException.class).hasMessageContaining("has the CRC");
    }

    private PackInfo pack(byte[] blob, String mediaType, Optional<Digest> blobDigest, Optional<Digest> diffId) throws IOException, InterruptedException {
        return pack(new ByteArrayInputStream(blob), mediaType, LayerLimits.STANDARD, blobDigest, diffId);
    }

    private PackInfo pack(InputStream blob, String mediaType, LayerLimits limits) throws IOException, InterruptedException {
        return pack(blob, mediaType, limits, Optional.empty(), Optional.empty());
    }

    private PackInfo pack(InputStream blob, String mediaType, LayerLimits limits, Optional<Digest> blobDigest, Optional<Digest> diffId)
            throws IOException, InterruptedException {
        Compression compression = Packs.SMALL_BLOCKS;
        try (FileChannel out = FileChannel.open(file(), StandardOpenOption.CREATE, StandardOpenOption.TRUNCATE_EXISTING,
                StandardOpenOption.READ, StandardOpenOption.WRITE)) {
            PackInfo info = new LayerPacker(compression, workers, memory, limits, events::add).pack(blob, mediaType, blobDigest, diffId, out);
            assertThat(info.size()).isEqualTo(out.size());
            return info;
        }
    }

    private Path file() {
        return directory.resolve("pack");
    }

    private String shown() throws IOException {
        try (FileTree tree = LayerMerge.merge(List.of(LayerPack.open(file())), MergePolicy.STANDARD, events::add)) {
            return Packs.show(tree);
        }
    }

    private static InputStream failing(IOException failure) {
        return new InputStream() {
            @Override
            public int read() throws IOException {
                throw failure;
            }

            @Override
            public int read(byte[] target, int offset, int length) throws IOException {
                throw failure;
            }
        };
    }

    private static byte[] half(byte[] bytes) {
        return Arrays.copyOf(bytes, bytes.length / 2);
    }

    private static byte[] concat(byte[] left, byte[] right) {
        byte[] both = Arrays.copyOf(left, left.length + right.length);
        System.arraycopy(right, 0, both, left.length, right.length);
        return both;
    }

    private static byte[] compress(BlobFormat format, byte[] plain) {
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        try (OutputStream out = switch (format) {
            case TAR -> bytes;
            case GZIP -> new GZIPOutputStream(bytes);
            case ZSTD -> new ZstdOutputStream(bytes);
            case XZ -> new XZOutputStream(bytes, new LZMA2Options(1));
            case BZIP2 -> new BZip2CompressorOutputStream(bytes);
        }) {
            out.write(plain);
        } catch (IOException e) {
            throw new AssertionError(e);
        }
        return bytes.toByteArray();
    }

    /** A gzip member with the header fields of {@code flags}. */
    private static byte[] member(byte[] plain, int flags) {
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        out.writeBytes(new byte[] {0x1F, (byte) 0x8B, 8, (byte) flags, 0, 0, 0, 0, 0, 3});
        if ((flags & 4) != 0) {
            out.writeBytes(new byte[] {3, 0, 'e', 'x', 't'});
        }
        if ((flags & 8) != 0) {
            out.writeBytes("name\0".getBytes(UTF_8));
        }
        if ((flags & 16) != 0) {
            out.writeBytes("comment\0".getBytes(UTF_8));
        }
        if ((flags & 2) != 0) {
            out.writeBytes(new byte[2]);
        }
        Deflater deflater = new Deflater(6, true);
        deflater.setInput(plain);
        deflater.finish();
        byte[] compressed = new byte[plain.length + 100];
        out.write(compressed, 0, deflater.deflate(compressed));
        deflater.end();
        CRC32 crc = new CRC32();
        crc.update(plain);
        for (long value : new long[] {crc.getValue(), plain.length}) {
            for (int shift = 0; shift < 32; shift += 8) {
                out.write((int) (value >> shift));
            }
        }
        return out.toByteArray();
    }
}
