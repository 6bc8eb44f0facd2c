package io.sifter.image.layer;

import java.io.IOException;
import java.io.InputStream;
import java.io.InterruptedIOException;
import java.security.MessageDigest;
import java.util.Optional;

/**
 * The compressed bytes of a layer, in chunks that are hashed on their way. Keeps in mind whether a failure came from the
 * source, so that a broken network is not taken for a broken image. For one thread.
 */
final class BlobInput extends InputStream {
    private static final int CHUNKS = 6;
    private static final int CHUNK_SIZE = 128 << 10;

    private final InputStream blob;
    private final HashThread hashes;
    private final Optional<MessageDigest> digest;
    private final Chunk.Pool pool = Chunk.Pool.of(CHUNKS, CHUNK_SIZE);
    private Chunk chunk;
    private int at;
    private int limit;
    private long consumed;
    private boolean ended;
    private IOException failure;

    BlobInput(InputStream blob, HashThread hashes, Optional<MessageDigest> digest) {
        this.blob = blob;
        this.hashes = hashes;
        this.digest = digest;
    }

    /** Makes at least one byte available at {@link #at}; false at the end. */
    boolean fill() throws IOException {
        if (at < limit) {
            return true;
        }
        if (ended) {
            return false;
        }
        releaseChunk();
        consumed += limit;
        at = 0;
        limit = 0;
        try {
            chunk = pool.take();
            int n = readSome();
            if (n < 0) {
                ended = true;
                chunk.filled(0, 1);
                releaseChunk();
                return false;
            }
            limit = n;
            chunk.filled(n, digest.isPresent() ? 2 : 1);
            digest.ifPresent(d -> hashes.update(d, chunk));
            return true;
        } catch (InterruptedException e) {
            failure = new InterruptedIOException("Interrupted while a layer was read");
            throw failure;
        } catch (IOException e) {
            failure = e;
            throw e;
        }
    }

    /** The first read waits for all that tells the format. */
    private int readSome() throws IOException {
        byte[] bytes = chunk.bytes();
        int n = blob.read(bytes, 0, bytes.length);
        while (consumed == 0 && n >= 0 && n < BlobFormat.MAGIC_LENGTH) {
            int more = blob.read(bytes, n, bytes.length - n);
            if (more < 0) {
                break;
            }
            n += more;
        }
        return n;
    }

    /** Lets others have the memory; to be called last, at the end of the blob. */
    void giveBack() {
        pool.giveBack();
    }

    byte[] bytes() {
        return chunk.bytes();
    }

    /** Where the next byte is in {@link #bytes}. */
    int at() {
        return at;
    }

    int remaining() {
        return limit - at;
    }

    /** Marks bytes as used. */
    void advance(int count) {
        at += count;
    }

    /** Bytes used so far. */
    long position() {
        return consumed + at;
    }

    /** What the source threw, if it did. */
    Optional<IOException> failure() {
        return Optional.ofNullable(failure);
    }

    /** Reads to the end; whether a byte other than zero was left. */
    boolean drain() throws IOException {
        boolean junk = false;
        while (fill()) {
            while (at < limit && !junk) {
                junk = bytes()[at++] != 0;
            }
            at = limit;
        }
        return junk;
    }

    @Override
    public int read() throws IOException {
        return fill() ? bytes()[at++] & 0xFF : -1;
    }

    @Override
    public int read(byte[] target, int offset, int length) throws IOException {
        if (length == 0) {
            return 0;
        }
        if (!fill()) {
            return -1;
        }
        int n = Math.min(length, limit - at);
        System.arraycopy(bytes(), at, target, offset, n);
        at += n;
        return n;
    }

    @Override
    public int available() {
        return limit - at;
    }

    private void releaseChunk() {
        if (chunk != null) {
            chunk.release();
            chunk = null;
        }
    }
}
