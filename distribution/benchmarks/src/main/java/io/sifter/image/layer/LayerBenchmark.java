package io.sifter.image.layer;

import io.sifter.image.document.MediaTypes;
import io.sifter.image.tar.TarEntry;
import io.sifter.image.tar.TarReader;
import io.sifter.spi.tree.Compression;
import io.sifter.spi.tree.FileTree;
import io.sifter.squashfs.BlockBuffers;
import io.sifter.testkit.TarLayer;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;
import java.util.zip.DataFormatException;
import java.util.zip.GZIPOutputStream;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Fork;
import org.openjdk.jmh.annotations.Level;
import org.openjdk.jmh.annotations.Measurement;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.TearDown;
import org.openjdk.jmh.annotations.Warmup;

/** Decompressing, reading archives, merging layers. */
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.MILLISECONDS)
@Warmup(iterations = 2, time = 3)
@Measurement(iterations = 3, time = 3)
@Fork(value = 1, jvmArgsAppend = {"--enable-native-access=ALL-UNNAMED", "-XX:+UseSerialGC", "-Xmx512m"})
public class LayerBenchmark {
    /** 32 MiB of the JDK's own code, in deflate. */
    @State(Scope.Benchmark)
    public static class Compressed {
        @Param({"jdk", "isal"})
        public String inflater;

        private final byte[] target = new byte[512 << 10];
        private byte[] stream;
        private RawInflater raw;

        @Setup
        public void prepare() throws IOException {
            byte[] gzip;
            ByteArrayOutputStream bytes = new ByteArrayOutputStream();
            try (OutputStream out = new GZIPOutputStream(bytes)) {
                out.write(jdk(32 << 20));
            }
            gzip = bytes.toByteArray();
            stream = Arrays.copyOfRange(gzip, 10, gzip.length - 8);
            raw = inflater.equals("jdk") ? new RawInflater.Jdk() : IsalInflater.open().orElseThrow();
        }
    }

    @Benchmark
    public long inflate(Compressed compressed) throws DataFormatException {
        RawInflater raw = compressed.raw;
        raw.reset();
        long length = 0;
        for (int at = 0; !raw.finished(); ) {
            if (raw.needsInput()) {
                at += raw.input(compressed.stream, at, Math.min(128 << 10, compressed.stream.length - at));
            }
            length += raw.inflate(compressed.target, 0, compressed.target.length);
        }
        return length;
    }

    /** 20,000 small files. */
    @State(Scope.Benchmark)
    public static class Archive {
        private byte[] tar;

        @Setup
        public void prepare() {
            tar = layer(0).tar();
        }
    }

    @Benchmark
    public long scan(Archive archive) throws IOException {
        TarReader reader = new TarReader(new ByteArrayInputStream(archive.tar), _ -> {});
        long entries = 0;
        for (Optional<TarEntry> next = reader.next(); next.isPresent(); next = reader.next()) {
            entries++;
        }
        return entries;
    }

    /** Three layers of 20,000 files, half of which the next layer replaces. */
    @State(Scope.Benchmark)
    public static class Layers {
        private final List<LayerPack> packs = new ArrayList<>();
        private Path directory;

        @Setup(Level.Invocation)
        public void open() throws IOException, InterruptedException {
            directory = Files.createTempDirectory("benchmark");
            packs.clear();
            try (ExecutorService workers = Executors.newFixedThreadPool(2)) {
                LayerPacker packer = new LayerPacker(new Compression(Compression.Codec.ZSTD, 1, 128 << 10), workers,
                        new BlockBuffers(16 << 20), LayerLimits.STANDARD, _ -> {});
                for (int i = 0; i < 3; i++) {
                    Path file = directory.resolve("layer" + i);
                    try (FileChannel out = FileChannel.open(file, StandardOpenOption.CREATE_NEW, StandardOpenOption.READ, StandardOpenOption.WRITE)) {
                        packer.pack(new ByteArrayInputStream(layer(i).tar()), MediaTypes.OCI_LAYER, Optional.empty(), Optional.empty(), out);
                    }
                    packs.add(LayerPack.open(file));
                }
            }
        }

        @TearDown(Level.Invocation)
        public void remove() throws IOException {
            for (int i = 0; i < 3; i++) {
                Files.delete(directory.resolve("layer" + i));
            }
            Files.delete(directory);
        }
    }

    @Benchmark
    public Object merge(Layers layers) throws IOException {
        try (FileTree tree = LayerMerge.merge(layers.packs, MergePolicy.STANDARD, _ -> {})) {
            return tree.root();
        }
    }

    private static TarLayer layer(int number) {
        TarLayer layer = TarLayer.with();
        for (int i = 0; i < 20_000; i++) {
            layer.file("usr/lib/package%d/file%d".formatted(i / 50 + 200 * number, i), "content " + (i % 1_000));
        }
        return layer;
    }

    private static byte[] jdk(int length) throws IOException {
        try (var in = Files.newInputStream(Path.of(System.getProperty("java.home"), "lib", "modules"))) {
            return in.readNBytes(length);
        }
    }
}
