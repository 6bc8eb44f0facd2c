package io.sifter.image.layer;

import io.sifter.spi.error.CorruptDataException;
import io.sifter.spi.error.SifterException;
import java.io.BufferedInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.InterruptedIOException;
import java.util.Objects;
import java.util.Optional;

/**
 * What a file holds that may be compressed: with gzip, zstd, xz, bzip2, or not at all. For one thread at a time; closing it closes the
 * file's stream.
 */
public final class Decompressed extends InputStream {
    private final InputStream file;
    private final String name;
    private final BlobInput blob;
    private final BlobFormat format;
    private final Decoder decoder;
    private boolean ended;

    private Decompressed(InputStream file, String name) throws IOException {
        this.file = file;
        this.name = name;
        // Nothing is hashed here: there is no thread for it.
        this.blob = new BlobInput(file, null, Optional.empty());
        byte[] magic = new byte[BlobFormat.MAGIC_LENGTH];
        if (blob.fill()) {
            System.arraycopy(blob.bytes(), blob.at(), magic, 0, Math.min(magic.length, blob.remaining()));
        }
        this.format = BlobFormat.of(magic, Math.min(magic.length, blob.remaining()));
        try {
            this.decoder = Decoder.open(format, blob, false);
        } catch (IOException | RuntimeException e) {
            throw damaged(e);
        }
    }

    /**
     * @param name of the file, for messages
     * @throws CorruptDataException here and on reading, if it is compressed and damaged
     */
    public static InputStream of(InputStream file, String name) throws IOException {
        return new BufferedInputStream(new Decompressed(file, name), 1 << 16);
    }

    /** Whether a file that begins with these bytes is compressed. */
    public static boolean compressed(byte[] head) {
        return BlobFormat.of(head, head.length) != BlobFormat.TAR;
    }

    private IOException damaged(Exception e) {
        if (e instanceof SifterException || e instanceof InterruptedIOException || blob.failure().isPresent()) {
            return blob.failure().orElseGet(() -> (IOException) e);
        }
        return new CorruptDataException("%s is damaged: as %s, at byte %d, %s".formatted(name, format, blob.position(),
                Objects.requireNonNullElse(e.getMessage(), e.toString())), "Copy or make the file anew.", e);
    }

    @Override
    public int read() throws IOException {
        byte[] one = new byte[1];
        return read(one, 0, 1) < 0 ? -1 : one[0] & 0xFF;
    }

    @Override
    public int read(byte[] target, int offset, int length) throws IOException {
        Objects.checkFromIndexSize(offset, length, target.length);
        if (length == 0 || ended) {
            return length == 0 ? 0 : -1;
        }
        try {
            int n = decoder.read(target, offset, length);
            ended = n < 0;
            return n;
        } catch (IOException | RuntimeException e) {
            throw damaged(e);
        }
    }

    @Override
    public void close() throws IOException {
        try (file) {
            decoder.close();
        }
    }
}
