package io.sifter.squashfs;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.util.ArrayList;
import java.util.List;

/** Bytes that wait in memory until it is known where they go. */
final class Spool {
    private static final int CHUNK = 1 << 16;

    private final List<byte[]> full = new ArrayList<>();
    private byte[] last = new byte[CHUNK];
    private int fill;

    long size() {
        return (long) full.size() * CHUNK + fill;
    }

    void append(byte[] from, int offset, int length) {
        while (length > 0) {
            int some = Math.min(length, CHUNK - fill);
            System.arraycopy(from, offset, last, fill, some);
            fill += some;
            offset += some;
            length -= some;
            if (fill == CHUNK) {
                full.add(last);
                last = new byte[CHUNK];
                fill = 0;
            }
        }
    }

    /** Returns where the bytes end in the channel. */
    long writeTo(FileChannel out, long position) throws IOException {
        for (byte[] chunk : full) {
            position = ChannelBytes.write(out, position, ByteBuffer.wrap(chunk));
        }
        return ChannelBytes.write(out, position, ByteBuffer.wrap(last, 0, fill));
    }
}
