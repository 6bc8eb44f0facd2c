package io.sifter.image.layer;

import io.airlift.compress.v3.zstd.ZstdInputStream;
import java.io.IOException;
import java.io.InputStream;
import org.apache.commons.compress.compressors.bzip2.BZip2CompressorInputStream;
import org.tukaani.xz.XZInputStream;

/** Turns a blob into the stream that was compressed. For one thread at a time. */
interface Decoder extends AutoCloseable {
    /** Dictionaries of xz and windows of zstd beyond this are refused; no encoder makes them unless told to. */
    int MAX_WINDOW_KIB = 128 << 10;

    /**
     * Fills in some bytes, at least one.
     *
     * @return how many; -1 at the end of the stream, when the blob is read to its end as well
     */
    int read(byte[] target, int offset, int length) throws IOException;

    /** Whether bytes other than zeros stood behind the compressed stream. */
    boolean trailingJunk();

    @Override
    void close() throws IOException;

    /** @param digested whether what comes out is held against a digest, which makes weaker checks of it needless */
    static Decoder open(BlobFormat format, BlobInput blob, boolean digested) throws IOException {
        return switch (format) {
            case GZIP -> new GzipDecoder(blob, RawInflater.fastest(), !digested);
            case TAR -> new Library(blob, blob);
            // Reads frames one after the other, skippable ones included; the native code caps windows at 128 MiB, Java's at 8.
            case ZSTD -> new Library(ZstdInputStream.create(blob), blob);
            case XZ -> new Library(new XZInputStream(blob, MAX_WINDOW_KIB), blob);
            case BZIP2 -> new Library(new BZip2CompressorInputStream(blob, true), blob);
        };
    }

    /** A decoder that comes as a stream. */
    record Library(InputStream decoded, BlobInput blob) implements Decoder {
        @Override
        public int read(byte[] target, int offset, int length) throws IOException {
            int n = decoded.read(target, offset, length);
            if (n < 0) {
                blob.drain();
            }
            return n;
        }

        @Override
        public boolean trailingJunk() {
            return false;
        }

        @Override
        public void close() throws IOException {
            decoded.close();
        }
    }
}
