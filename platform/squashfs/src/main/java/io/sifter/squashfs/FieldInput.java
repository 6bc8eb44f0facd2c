package io.sifter.squashfs;

import io.sifter.spi.error.CorruptDataException;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.Arrays;

/** Reads little-endian fields one after the other, in disk order. One thread at a time. */
abstract class FieldInput {
    /** Put together by hand: a handle would cost a process that starts up more than all fields it reads. */
    private final byte[] field = new byte[Long.BYTES];

    /** Copies the next bytes, all of them, or throws {@link CorruptDataException} where the input ends. */
    abstract void read(byte[] into, int offset, int length) throws IOException;

    /** How many bytes can follow at most; counts are held against it before anything is allocated. */
    abstract long remaining();

    /** Names the input and the place of the next field, for messages. */
    abstract String where();

    final int u16() throws IOException {
        read(field, 0, Short.BYTES);
        return field[0] & 0xFF | (field[1] & 0xFF) << 8;
    }

    final int s16() throws IOException {
        return (short) u16();
    }

    final int s32() throws IOException {
        read(field, 0, Integer.BYTES);
        return word(0);
    }

    final long u32() throws IOException {
        return s32() & 0xFFFF_FFFFL;
    }

    /** Values from 2^63 on come out negative. */
    final long u64() throws IOException {
        read(field, 0, Long.BYTES);
        return word(0) & 0xFFFF_FFFFL | (long) word(Integer.BYTES) << 32;
    }

    final byte[] bytes(long length) throws IOException {
        byte[] bytes = new byte[counted(length, 1, "bytes")];
        read(bytes, 0, bytes.length);
        return bytes;
    }

    /** Takes memory as the words come, not as they are announced. */
    final int[] words(long count) throws IOException {
        int total = counted(count, Integer.BYTES, "size words");
        byte[] chunk = new byte[Math.min(total * Integer.BYTES, MetadataBlock.CAPACITY)];
        int[] words = new int[chunk.length / Integer.BYTES];
        for (int done = 0; done < total; ) {
            int some = Math.min(total - done, chunk.length / Integer.BYTES);
            read(chunk, 0, some * Integer.BYTES);
            if (done + some > words.length) {
                words = Arrays.copyOf(words, Math.min(total, Math.max(words.length * 2, done + some)));
            }
            ByteBuffer.wrap(chunk).order(ByteOrder.LITTLE_ENDIAN).asIntBuffer().get(words, done, some);
            done += some;
        }
        return words;
    }

    /** The count of things to come as an {@code int}, once it is sure that they can be there. */
    final int counted(long count, int size, String what) throws CorruptDataException {
        if (count < 0 || count > remaining() / size || count > (Integer.MAX_VALUE - 16) / size) {
            throw corrupt("%d %s are announced, %d bytes are left".formatted(count, what, remaining()));
        }
        return (int) count;
    }

    private int word(int at) {
        return field[at] & 0xFF | (field[at + 1] & 0xFF) << 8 | (field[at + 2] & 0xFF) << 16 | field[at + 3] << 24;
    }

    final CorruptDataException corrupt(String message) {
        return new CorruptDataException(where() + ": " + message);
    }

    /** Fields in memory. */
    static final class OfArray extends FieldInput {
        private final byte[] bytes;
        private final String name;
        private int position;

        /** @param bytes not copied */
        OfArray(byte[] bytes, String name) {
            this.bytes = bytes;
            this.name = name;
        }

        @Override
        void read(byte[] into, int offset, int length) throws CorruptDataException {
            if (length > remaining()) {
                throw corrupt("ends after %d of %d bytes".formatted(remaining(), length));
            }
            System.arraycopy(bytes, position, into, offset, length);
            position += length;
        }

        @Override
        long remaining() {
            return bytes.length - position;
        }

        @Override
        String where() {
            return "%s, byte %d".formatted(name, position);
        }
    }
}
