package io.sifter.squashfs;

import io.sifter.spi.error.CorruptDataException;
import io.sifter.spi.tree.Compression.Codec;
import java.io.Closeable;
import java.io.EOFException;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.util.zip.DataFormatException;
import java.util.zip.Inflater;

/**
 * The part of a file that is an image, and what decompresses its blocks: for gzip the JDK's zlib, which is there when
 * the process starts, where native libraries of ours would have to be linked first. One thread at a time.
 */
final class ImageBytes implements Closeable {
    private final FileChannel channel;
    private final long offset;
    private final Codec codec;
    private Inflater inflater;
    private BlockDecompressor other;

    /** @param offset of the image in the channel */
    ImageBytes(FileChannel channel, long offset, Codec codec) {
        this.channel = channel;
        this.offset = offset;
        this.codec = codec;
    }

    FileChannel channel() {
        return channel;
    }

    /** Where a byte of the image is in the channel. */
    long inChannel(long position) {
        return offset + position;
    }

    byte[] read(long position, int length) throws IOException {
        byte[] bytes = new byte[length];
        read(position, bytes, length);
        return bytes;
    }

    void read(long position, byte[] into, int length) throws IOException {
        read(channel, offset, position, into, length);
    }

    static void read(FileChannel channel, long offset, long position, byte[] into, int length) throws IOException {
        try {
            ChannelBytes.read(channel, offset + position, ByteBuffer.wrap(into, 0, length));
        } catch (EOFException e) {
            throw new CorruptDataException(
                    "The SquashFS image is truncated: bytes %d to %d are missing".formatted(position, position + length),
                    e);
        }
    }

    /**
     * Decompresses a block.
     *
     * @param limit bytes that may come out at most
     * @return bytes that came out
     */
    int expand(byte[] stored, int from, int length, byte[] into, int limit) throws DataFormatException {
        if (codec == Codec.GZIP) {
            return inflate(stored, from, length, into, limit);
        }
        if (other == null) {
            other = Codecs.decompressor(codec);
        }
        return other.decompress(
                MemorySegment.ofArray(stored).asSlice(from, length), MemorySegment.ofArray(into).asSlice(0, limit));
    }

    private int inflate(byte[] stored, int from, int length, byte[] into, int limit) throws DataFormatException {
        if (inflater == null) {
            inflater = new Inflater();
        }
        inflater.reset();
        inflater.setInput(stored, from, length);
        int done = inflater.inflate(into, 0, limit);
        if (!inflater.finished() && inflater.inflate(new byte[1]) > 0) {
            throw new DataFormatException("more than %d bytes come out".formatted(limit));
        }
        if (!inflater.finished()) {
            throw new DataFormatException("the zlib stream has no end");
        }
        return done;
    }

    @Override
    public void close() {
        if (inflater != null) {
            inflater.end();
            inflater = null;
        }
    }
}
