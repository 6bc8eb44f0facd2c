package io.sifter.squashfs;

import io.sifter.spi.tree.Compression;
import io.sifter.spi.tree.Compression.Codec;
import java.io.BufferedInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.lang.management.ManagementFactory;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.AbstractExecutorService;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;

/**
 * Packs the files of an uncompressed layer and tells time, CPU time and size: {@code PackBenchmark layer.tar directory
 * workers codec-level-KiB…}. With 0 workers everything happens in one thread: half of that time is what two cores
 * could do at best.
 */
final class PackBenchmark {
    private PackBenchmark() {}

    public static void main(String[] args) throws Exception {
        var layer = Path.of(args[0]);
        var directory = Path.of(args[1]);
        int count = Integer.parseInt(args[2]);
        ExecutorService workers = count == 0 ? new Inline() : Executors.newFixedThreadPool(count);
        System.out.println("setting        wall s   CPU s      MB  blocks MB/s");
        for (String setting : List.of(args).subList(3, args.length)) {
            String[] parts = setting.split("-");
            var compression = new Compression(
                    Codec.valueOf(parts[0].toUpperCase(Locale.ROOT)),
                    Integer.parseInt(parts[1]),
                    Integer.parseInt(parts[2]) << 10);
            Path pack = Files.createTempFile(directory, "pack", ".partial");
            try {
                run(setting, layer, pack, compression, workers);
            } finally {
                Files.delete(pack);
            }
        }
        workers.shutdown();
    }

    private static void run(String setting, Path layer, Path pack, Compression compression, ExecutorService workers)
            throws IOException, InterruptedException {
        long cpu = cpu();
        long start = System.nanoTime();
        long bytes = 0;
        long end;
        try (FileChannel out = FileChannel.open(pack, StandardOpenOption.READ, StandardOpenOption.WRITE);
                InputStream tar = new BufferedInputStream(Files.newInputStream(layer), 1 << 18);
                var writer = new BlockPackWriter(out, pack, compression, workers, new BlockBuffers(64 << 20))) {
            byte[] header = new byte[512];
            while (tar.readNBytes(header, 0, header.length) == header.length && header[0] != 0) {
                long size = size(header);
                if (header[156] == '0' || header[156] == 0) {
                    writer.add(tar, size);
                    bytes += size;
                    tar.skipNBytes(-size & 511);
                } else {
                    tar.skipNBytes(size + 511 & ~511L);
                }
            }
            end = writer.finish();
        }
        double wall = (System.nanoTime() - start) / 1e9;
        System.out.printf(
                Locale.ROOT, "%-14s %6.2f  %6.2f  %6.1f  %6.0f%n",
                setting, wall, (cpu() - cpu) / 1e9, end / 1e6, bytes / 1e6 / wall);
    }

    private static long size(byte[] header) {
        if (header[124] < 0) {
            long size = 0;
            for (int i = 128; i < 136; i++) {
                size = size << 8 | header[i] & 0xFF;
            }
            return size;
        }
        String octal = new String(header, 124, 12, StandardCharsets.US_ASCII).replace('\0', ' ').strip();
        return octal.isEmpty() ? 0 : Long.parseLong(octal, 8);
    }

    static long cpu() {
        var system = (com.sun.management.OperatingSystemMXBean) ManagementFactory.getOperatingSystemMXBean();
        return system.getProcessCpuTime();
    }

    private static final class Inline extends AbstractExecutorService {
        @Override
        public void execute(Runnable task) {
            task.run();
        }

        @Override
        public void shutdown() {}

        @Override
        public List<Runnable> shutdownNow() {
            return List.of();
        }

        @Override
        public boolean isShutdown() {
            return false;
        }

        @Override
        public boolean isTerminated() {
            return false;
        }

        @Override
        public boolean awaitTermination(long timeout, TimeUnit unit) {
            return true;
        }
    }
}
