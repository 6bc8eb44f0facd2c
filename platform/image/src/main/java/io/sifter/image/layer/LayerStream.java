package io.sifter.image.layer;

import io.sifter.spi.error.CorruptDataException;
import io.sifter.spi.error.SifterException;
import io.sifter.spi.event.Event;
import io.sifter.spi.reference.Digest;
import java.io.IOException;
import java.io.InputStream;
import java.io.InterruptedIOException;
import java.security.MessageDigest;
import java.util.Objects;
import java.util.Optional;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.function.Consumer;

/**
 * The tar archive inside a layer's blob. A thread of its own decompresses, another one hashes; this stream, which
 * belongs to a third, hands out what is ready. Reading it to the end reads the blob to its end, whatever stands behind
 * the archive; then the digests are known. Closing stops the threads; the blob stays the caller's to close.
 */
final class LayerStream extends InputStream {
    private static final int CHUNKS = 8;
    private static final int CHUNK_SIZE = 512 << 10;
    private static final int STOP_PATIENCE_MILLIS = 5_000;

    /** What the digests were computed with, and what came out. */
    record Digests(Digest diffId, Optional<Digest> blob) {}

    private record Piece(Chunk chunk, Throwable failure) {}

    private final String mediaType;
    private final LayerLimits limits;
    private final Consumer<Event> events;
    private final Digest.Algorithm diffAlgorithm;
    private final boolean digested;
    private final Optional<Digest.Algorithm> blobAlgorithm;
    private final MessageDigest diffDigest;
    private final Optional<MessageDigest> blobDigest;
    private final BlobInput blob;
    private final HashThread hashes = new HashThread("layer-digest");
    private final Chunk.Pool pool = Chunk.Pool.of(CHUNKS, CHUNK_SIZE);
    private final BlockingQueue<Piece> ready = new LinkedBlockingQueue<>();
    private final Thread decoding;
    private Chunk chunk;
    private int at;
    private boolean ended;
    private Throwable failure;

    /**
     * @param diffAlgorithm of the digest of what this stream yields
     * @param digested whether it is held against a known one
     * @param blobAlgorithm of the digest of {@code blob}, if it is wanted
     */
    LayerStream(InputStream blob, String mediaType, Digest.Algorithm diffAlgorithm, boolean digested, Optional<Digest.Algorithm> blobAlgorithm,
                LayerLimits limits, Consumer<Event> events) {
        this.mediaType = mediaType;
        this.limits = limits;
        this.events = events;
        this.diffAlgorithm = diffAlgorithm;
        this.digested = digested;
        this.blobAlgorithm = blobAlgorithm;
        this.diffDigest = diffAlgorithm.start();
        this.blobDigest = blobAlgorithm.map(Digest.Algorithm::start);
        this.blob = new BlobInput(blob, hashes, blobDigest);
        this.decoding = Thread.ofPlatform().daemon().name("layer-decode").start(this::decode);
    }

    /** Reads what is left and waits for the digests. */
    Digests finish() throws IOException, InterruptedException {
        while (fill()) {
            releaseChunk();
        }
        hashes.await();
        pool.giveBack();
        blob.giveBack();
        return new Digests(Digest.finish(diffAlgorithm, diffDigest.digest()),
                blobAlgorithm.map(algorithm -> Digest.finish(algorithm, blobDigest.get().digest())));
    }

    private void decode() {
        Throwable problem = null;
        try {
            blob.fill();
            BlobFormat format = blob.remaining() == 0 ? BlobFormat.TAR : BlobFormat.of(magic(), blob.remaining());
            warnIfMislabelled(format);
            decode(format);
        } catch (InterruptedException e) {
            problem = new InterruptedIOException("Interrupted while a layer was decompressed");
        } catch (Throwable e) {
            // Not only Exception: whoever waits on the other side must learn of a lack of memory, too.
            problem = e;
        } finally {
            hashes.end();
            ready.add(new Piece(null, problem));
        }
    }

    private byte[] magic() {
        byte[] magic = new byte[BlobFormat.MAGIC_LENGTH];
        System.arraycopy(blob.bytes(), blob.at(), magic, 0, Math.min(magic.length, blob.remaining()));
        return magic;
    }

    private void warnIfMislabelled(BlobFormat format) {
        Optional<BlobFormat> stated = BlobFormat.of(mediaType);
        if (stated.isPresent() && stated.get() != format && blob.remaining() > 0) {
            events.accept(Event.warning("A layer labelled %s is %s; it is read as what it is".formatted(mediaType, format)));
        }
    }

    private void decode(BlobFormat format) throws IOException, InterruptedException {
        long total = 0;
        try (Decoder decoder = Decoder.open(format, blob, digested)) {
            for (int n = 0; n >= 0;) {
                Chunk next = pool.take();
                int length = 0;
                while (length < next.bytes().length && n >= 0) {
                    n = decoder.read(next.bytes(), length, next.bytes().length - length);
                    length += Math.max(n, 0);
                }
                total += length;
                if (total > limits.bytes()) {
                    throw new CorruptDataException("The layer has more than the %d bytes that are allowed after decompression"
                            .formatted(limits.bytes()), LayerLimits.RAISE_BYTES);
                }
                if (length == 0) {
                    break;
                }
                next.filled(length, 2);
                hashes.update(diffDigest, next);
                ready.add(new Piece(next, null));
            }
            if (decoder.trailingJunk()) {
                events.accept(Event.warning("A layer's %s data is followed by other bytes; they are passed over".formatted(format)));
            }
        } catch (SifterException | InterruptedIOException | Error e) {
            throw e;
        } catch (IOException | RuntimeException e) {
            if (blob.failure().isPresent()) {
                throw blob.failure().get();
            }
            throw new CorruptDataException("The layer is damaged: as %s, at byte %d of the blob, %s".formatted(
                    format, blob.position(), Objects.requireNonNullElse(e.getMessage(), e.toString())), e);
        }
    }

    /** Makes at least one byte available; false at the end. */
    private boolean fill() throws IOException {
        if (chunk != null && at < chunk.length()) {
            return true;
        }
        releaseChunk();
        if (ended) {
            rethrow(failure);
            return false;
        }
        Piece piece;
        try {
            piece = ready.take();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new InterruptedIOException("Interrupted while a layer was read");
        }
        if (piece.chunk == null) {
            ended = true;
            failure = piece.failure;
            rethrow(failure);
            return false;
        }
        chunk = piece.chunk;
        at = 0;
        return true;
    }

    private static void rethrow(Throwable failure) throws IOException {
        switch (failure) {
            case null -> {}
            case IOException e -> throw e;
            case RuntimeException e -> throw e;
            case Error e -> throw e;
            default -> throw new IllegalStateException(failure);
        }
    }

    private void releaseChunk() {
        if (chunk != null) {
            chunk.release();
            chunk = null;
        }
    }

    @Override
    public int read() throws IOException {
        return fill() ? chunk.bytes()[at++] & 0xFF : -1;
    }

    @Override
    public int read(byte[] target, int offset, int length) throws IOException {
        Objects.checkFromIndexSize(offset, length, target.length);
        if (length == 0) {
            return 0;
        }
        if (!fill()) {
            return -1;
        }
        int n = Math.min(length, chunk.length() - at);
        System.arraycopy(chunk.bytes(), at, target, offset, n);
        at += n;
        return n;
    }

    @Override
    public long skip(long count) throws IOException {
        if (count <= 0 || !fill()) {
            return 0;
        }
        int n = (int) Math.min(count, chunk.length() - at);
        at += n;
        return n;
    }

    @Override
    public int available() {
        return chunk == null ? 0 : chunk.length() - at;
    }

    @Override
    public void close() throws IOException {
        decoding.interrupt();
        try {
            decoding.join(STOP_PATIENCE_MILLIS);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }
}
