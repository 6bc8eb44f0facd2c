package io.sifter.squashfs;

import java.io.EOFException;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;

/** Bytes at positions of channels. */
final class ChannelBytes {
    private ChannelBytes() {}

    /** Fills the buffer from its position to its limit and flips it. */
    static void read(FileChannel from, long position, ByteBuffer into) throws IOException {
        while (into.hasRemaining()) {
            int count = from.read(into, position);
            if (count < 0) {
                throw new EOFException("The file ends at %d".formatted(position));
            }
            position += count;
        }
        into.flip();
    }

    /** Returns where the bytes end. */
    static long write(FileChannel to, long position, ByteBuffer bytes) throws IOException {
        while (bytes.hasRemaining()) {
            position += to.write(bytes, position);
        }
        return position;
    }
}
