package io.sifter.image.layer;

import io.sifter.image.tar.TarEntry;
import io.sifter.image.tar.TarReader;
import io.sifter.spi.reference.Digest;
import io.sifter.spi.tree.Compression;
import io.sifter.squashfs.BlockBuffers;
import io.sifter.squashfs.BlockPackWriter;
import java.io.BufferedInputStream;
import java.io.BufferedOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.lang.management.ManagementFactory;
import java.lang.management.ThreadMXBean;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.security.MessageDigest;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;

/**
 * What a conversion cannot be faster than on this machine: every part of the work on given layers, measured alone, as
 * processor time. {@code Limit CODEC-LEVEL-KIB DIRECTORY LAYER…} prints the parts and, last, the limit: the sum over the
 * processors, or the longest chain of one layer that no second processor can help with, whichever is more. Starting a
 * JVM, the network and the tables of the file system are not in it.
 */
public final class Limit {
    private static final ThreadMXBean THREADS = ManagementFactory.getThreadMXBean();
    private static final int CHUNK = 256 << 10;
    private static final double SECOND = 1e9;

    private final Compression compression;
    private final Path directory;
    private long blobHash;
    private long inflate;
    private long diffHash;
    private long cut;
    private long compress;
    private long copy;
    private long chain;

    private Limit(Compression compression, Path directory) {
        this.compression = compression;
        this.directory = directory;
    }

    public static void main(String[] args) throws Exception {
        String[] parts = args[0].split("-");
        Compression compression = new Compression(Compression.Codec.valueOf(parts[0].toUpperCase(Locale.ROOT)),
                Integer.parseInt(parts[1]), Integer.parseInt(parts[2]) << 10);
        Path directory = Path.of(args[1]);
        List<Path> layers = Arrays.stream(args).skip(2).map(Path::of).toList();
        Path smallest = layers.getFirst();
        for (Path layer : layers) {
            smallest = Files.size(layer) < Files.size(smallest) ? layer : smallest;
        }
        // Once for the compilers.
        new Limit(compression, directory).measure(smallest);
        Limit limit = new Limit(compression, directory);
        for (Path layer : layers) {
            limit.measure(layer);
        }
        limit.print(Runtime.getRuntime().availableProcessors());
    }

    private void print(int processors) {
        long sum = blobHash + inflate + diffHash + cut + compress + copy;
        System.out.printf(Locale.ROOT, "limit of %s: hash blobs %.1f s, inflate %.1f s, hash layers %.1f s, cut %.1f s, compress and write %.1f s, copy %.1f s;%n"
                        + "  in all %.1f s on %d processors, longest chain of one layer %.1f s: %.1f s%n",
                compression, blobHash / SECOND, inflate / SECOND, diffHash / SECOND, cut / SECOND, compress / SECOND, copy / SECOND,
                sum / SECOND, processors, chain / SECOND, Math.max(sum / processors, chain) / SECOND);
    }

    private void measure(Path layer) throws Exception {
        Path tar = Files.createTempFile(directory, "limit", ".tar");
        Path pack = Files.createTempFile(directory, "limit", ".pack");
        Path image = Files.createTempFile(directory, "limit", ".image");
        try {
            long layerInflate = inflate(layer, tar);
            long layerBlobHash = hash(layer);
            long layerDiffHash = hash(tar);
            long layerCut = pack(tar, pack);
            inflate += layerInflate;
            blobHash += layerBlobHash;
            diffHash += layerDiffHash;
            cut += layerCut;
            copy += copy(pack, image);
            for (long part : new long[] {layerInflate, layerBlobHash, layerDiffHash, layerCut}) {
                chain = Math.max(chain, part);
            }
        } finally {
            Files.delete(tar);
            Files.delete(pack);
            Files.delete(image);
        }
    }

    private static long inflate(Path layer, Path tar) throws IOException {
        HashThread unused = new HashThread("unused");
        long spent = 0;
        try (InputStream blob = Files.newInputStream(layer);
                OutputStream out = new BufferedOutputStream(Files.newOutputStream(tar), 1 << 20)) {
            BlobInput input = new BlobInput(blob, unused, Optional.empty());
            input.fill();
            byte[] magic = Arrays.copyOfRange(input.bytes(), input.at(), input.at() + BlobFormat.MAGIC_LENGTH);
            byte[] chunk = new byte[CHUNK];
            try (Decoder decoder = Decoder.open(BlobFormat.of(magic, magic.length), input, true)) {
                while (true) {
                    long start = THREADS.getCurrentThreadCpuTime();
                    int n = decoder.read(chunk, 0, chunk.length);
                    spent += THREADS.getCurrentThreadCpuTime() - start;
                    if (n < 0) {
                        return spent;
                    }
                    out.write(chunk, 0, n);
                }
            }
        } finally {
            unused.end();
        }
    }

    private static long hash(Path file) throws IOException {
        MessageDigest digest = Digest.Algorithm.SHA256.start();
        byte[] chunk = new byte[CHUNK];
        long spent = 0;
        try (InputStream in = Files.newInputStream(file)) {
            for (int n = in.read(chunk); n >= 0; n = in.read(chunk)) {
                long start = THREADS.getCurrentThreadCpuTime();
                digest.update(chunk, 0, n);
                spent += THREADS.getCurrentThreadCpuTime() - start;
            }
        }
        return spent;
    }

    /** Adds what the compressing thread needs; returns what cutting, comparing and handing over need. */
    private long pack(Path tar, Path pack) throws Exception {
        try (ExecutorService worker = Executors.newFixedThreadPool(1);
                FileChannel out = FileChannel.open(pack, StandardOpenOption.READ, StandardOpenOption.WRITE);
                InputStream in = new BufferedInputStream(Files.newInputStream(tar), CHUNK);
                BlockPackWriter writer = new BlockPackWriter(out, compression, worker, new BlockBuffers(64 << 20))) {
            Future<Long> before = worker.submit(THREADS::getCurrentThreadCpuTime);
            long workerStart = before.get();
            long start = THREADS.getCurrentThreadCpuTime();
            TarReader reader = new TarReader(in, _ -> {});
            for (Optional<TarEntry> next = reader.next(); next.isPresent(); next = reader.next()) {
                if (next.get().size() > 0) {
                    writer.add(reader.body(), next.get().size());
                }
            }
            writer.finish();
            long spent = THREADS.getCurrentThreadCpuTime() - start;
            compress += worker.submit(THREADS::getCurrentThreadCpuTime).get() - workerStart;
            return spent;
        }
    }

    private static long copy(Path pack, Path image) throws IOException {
        long start = THREADS.getCurrentThreadCpuTime();
        try (FileChannel in = FileChannel.open(pack, StandardOpenOption.READ);
                FileChannel out = FileChannel.open(image, StandardOpenOption.WRITE)) {
            out.write(ByteBuffer.allocate(1));
            for (long at = 0, size = in.size(); at < size; ) {
                at += in.transferTo(at, size - at, out);
            }
        }
        return THREADS.getCurrentThreadCpuTime() - start;
    }
}
