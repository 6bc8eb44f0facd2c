package io.sifter.squashfs;

import java.io.EOFException;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;

/** Bytes at positions of channels. */
final class ChannelBytes {
    private static final int FIRST_LOOK = 4096;
    private static final int CHUNK = 1 << 18;

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

    /** Most differences show in the first few bytes, so few are looked at first. */
    static boolean equal(FileChannel a, long positionA, FileChannel b, long positionB, long length) throws IOException {
        int some = (int) Math.min(length, FIRST_LOOK);
        ByteBuffer bytesA = ByteBuffer.allocate(some);
        ByteBuffer bytesB = ByteBuffer.allocate(some);
        for (long done = 0; done < length; done += some) {
            some = (int) Math.min(length - done, done == 0 ? FIRST_LOOK : CHUNK);
            if (bytesA.capacity() < some) {
                bytesA = ByteBuffer.allocateDirect(some);
                bytesB = ByteBuffer.allocateDirect(some);
            }
            read(a, positionA + done, bytesA.clear().limit(some));
            read(b, positionB + done, bytesB.clear().limit(some));
            if (!bytesA.equals(bytesB)) {
                return false;
            }
        }
        return true;
    }
}
