package io.sifter.squashfs;

import io.sifter.spi.tree.Compression;
import io.sifter.spi.tree.Compression.Codec;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Locale;
import java.util.concurrent.TimeUnit;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Fork;
import org.openjdk.jmh.annotations.Measurement;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.Warmup;

/** Compressing 16 MiB of the JDK's own code in blocks. */
@State(Scope.Benchmark)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.MILLISECONDS)
@Warmup(iterations = 1, time = 3)
@Measurement(iterations = 3, time = 3)
@Fork(value = 1, jvmArgsAppend = {"--enable-native-access=ALL-UNNAMED", "-XX:+UseSerialGC", "-Xmx512m"})
public class BlockBenchmark {
    private static final int LENGTH = 16 << 20;

    @Param({"gzip-4", "gzip-5", "gzip-6", "zstd-3", "zstd-15"})
    public String codec;

    @Param({"128", "256", "512", "1024"})
    public int kib;

    private final MemorySegment data = Arena.ofAuto().allocate(LENGTH, 64);
    private MemorySegment buffer;
    private BlockPress press;

    @Setup
    public void prepare() throws IOException {
        String[] parts = codec.split("-");
        press = new BlockPress(new Compression(Codec.valueOf(parts[0].toUpperCase(Locale.ROOT)), Integer.parseInt(parts[1]), kib << 10));
        buffer = Arena.ofAuto().allocate(press.bufferSize(), 64);
        try (var in = Files.newInputStream(Path.of(System.getProperty("java.home"), "lib", "modules"))) {
            MemorySegment.copy(in.readNBytes(LENGTH), 0, data, ValueLayout.JAVA_BYTE, 0, LENGTH);
        }
    }

    @Benchmark
    public long compress() {
        int block = kib << 10;
        long length = 0;
        for (int at = 0; at < LENGTH; at += block) {
            MemorySegment.copy(data, at, buffer, 0, block);
            BlockPress.Pressed pressed = press.press(buffer, block);
            buffer = pressed.buffer();
            length += SizeWord.length(pressed.word());
        }
        return length;
    }
}
