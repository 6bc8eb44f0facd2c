package io.sifter.engine.cache;

import io.sifter.spi.error.CorruptDataException;
import io.sifter.spi.reference.Digest;
import io.sifter.spi.source.Layer;
import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.security.MessageDigest;
import java.util.function.LongConsumer;

/**
 * A blob on its way from its source to a file, read by a follower while it arrives. The source is emptied at its own speed:
 * a slow follower never holds it up, and no more than a buffer of it is in memory. One thread calls {@link #run}, another
 * reads {@link #follow}.
 */
final class Download implements AutoCloseable {
    private static final int BUFFER = 1 << 18;

    private final Layer layer;
    private final Path path;
    private final FileChannel file;
    private final long resumedAt;
    private long arrived;
    private boolean complete;
    private Throwable failure;

    /** @param path of the file, which may hold the beginning of the blob already */
    Download(Layer layer, Path path) throws IOException {
        this.layer = layer;
        this.path = path;
        this.file = FileChannel.open(path, StandardOpenOption.CREATE, StandardOpenOption.READ, StandardOpenOption.WRITE);
        long size = layer.size().orElse(Long.MAX_VALUE);
        if (file.size() > size) {
            file.truncate(0);
        }
        this.resumedAt = file.size();
    }

    /**
     * Fetches what is missing and verifies the whole.
     *
     * @param progress told of every portion that is there, bytes
     * @throws CorruptDataException if the blob is not what its digest says; the file is gone then
     */
    void run(LongConsumer progress) throws IOException, InterruptedException {
        try {
            fetch(progress);
            synchronized (this) {
                complete = true;
                notifyAll();
            }
        } catch (IOException | InterruptedException | RuntimeException | Error e) {
            synchronized (this) {
                failure = e;
                notifyAll();
            }
            throw e;
        }
    }

    private void fetch(LongConsumer progress) throws IOException, InterruptedException {
        Digest expected = layer.digest().orElseThrow();
        MessageDigest hash = expected.algorithm().start();
        byte[] buffer = new byte[BUFFER];
        for (long at = 0; at < resumedAt; ) {
            int read = file.read(ByteBuffer.wrap(buffer), at);
            hash.update(buffer, 0, read);
            at += read;
            arrived(read, progress);
        }
        if (layer.size().isEmpty() || resumedAt < layer.size().getAsLong()) {
            try (InputStream in = layer.bytes().open(resumedAt)) {
                long at = resumedAt;
                for (int read; (read = in.read(buffer)) >= 0; at += read) {
                    if (Thread.interrupted()) {
                        throw new InterruptedException();
                    }
                    hash.update(buffer, 0, read);
                    for (ByteBuffer rest = ByteBuffer.wrap(buffer, 0, read); rest.hasRemaining(); ) {
                        file.write(rest, at + rest.position());
                    }
                    arrived(read, progress);
                    if (layer.size().isPresent() && at + read > layer.size().getAsLong()) {
                        throw corrupt("it has more than the %d bytes that the manifest states".formatted(layer.size().getAsLong()));
                    }
                }
            }
        }
        if (layer.size().isPresent() && arrived != layer.size().getAsLong()) {
            throw corrupt("%d bytes arrived of the %d that the manifest states".formatted(arrived, layer.size().getAsLong()));
        }
        Digest actual = Digest.finish(expected.algorithm(), hash.digest());
        if (!actual.equals(expected)) {
            throw corrupt("its content has the digest " + actual);
        }
    }

    private CorruptDataException corrupt(String what) throws IOException {
        // What was kept cannot be continued.
        file.truncate(0);
        java.nio.file.Files.deleteIfExists(path);
        return new CorruptDataException("Blob %s is damaged: %s".formatted(layer.digest().orElseThrow(), what),
                "Try again; if it stays so, the registry or a proxy serves wrong data.");
    }

    private void arrived(int count, LongConsumer progress) {
        synchronized (this) {
            arrived += count;
            notifyAll();
        }
        progress.accept(count);
    }

    /** The blob from its first byte, waiting for what has not arrived; a failed download fails the reader. */
    InputStream follow() {
        return new InputStream() {
            private long at;

            @Override
            public int read() throws IOException {
                byte[] one = new byte[1];
                return read(one, 0, 1) < 0 ? -1 : one[0] & 0xFF;
            }

            @Override
            public int read(byte[] bytes, int offset, int length) throws IOException {
                if (length == 0) {
                    return 0;
                }
                long available;
                synchronized (Download.this) {
                    while ((available = arrived - at) == 0 && !complete && failure == null) {
                        try {
                            Download.this.wait();
                        } catch (InterruptedException e) {
                            Thread.currentThread().interrupt();
                            throw new java.io.InterruptedIOException("Interrupted while waiting for " + layer.displayDigest());
                        }
                    }
                    if (failure != null) {
                        throw new FetchFailed(failure);
                    }
                }
                if (available == 0) {
                    return -1;
                }
                int read = file.read(ByteBuffer.wrap(bytes, offset, (int) Math.min(length, available)), at);
                if (read > 0) {
                    at += read;
                }
                return read;
            }
        };
    }

    /** Tells a follower that the download failed; the failure itself is thrown where {@link #run} was called. */
    static final class FetchFailed extends IOException {
        private static final long serialVersionUID = 1;

        FetchFailed(Throwable cause) {
            super(cause);
        }
    }

    @Override
    public void close() throws IOException {
        file.close();
    }
}
