package io.sifter.squashfs;

import java.io.IOException;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.Arrays;

/** Writes little-endian fields one after the other, in disk order: the pair of {@link FieldInput}. */
abstract class FieldOutput {
    private static final VarHandle U16 = MethodHandles.byteArrayViewVarHandle(short[].class, ByteOrder.LITTLE_ENDIAN);
    private static final VarHandle U32 = MethodHandles.byteArrayViewVarHandle(int[].class, ByteOrder.LITTLE_ENDIAN);
    private static final VarHandle U64 = MethodHandles.byteArrayViewVarHandle(long[].class, ByteOrder.LITTLE_ENDIAN);

    private final byte[] field = new byte[Long.BYTES];

    abstract void write(byte[] from, int offset, int length) throws IOException;

    final void u16(int value) throws IOException {
        U16.set(field, 0, (short) value);
        write(field, 0, Short.BYTES);
    }

    final void u32(long value) throws IOException {
        U32.set(field, 0, (int) value);
        write(field, 0, Integer.BYTES);
    }

    final void u64(long value) throws IOException {
        U64.set(field, 0, value);
        write(field, 0, Long.BYTES);
    }

    final void bytes(byte[] bytes) throws IOException {
        write(bytes, 0, bytes.length);
    }

    final void words(int[] words) throws IOException {
        byte[] chunk = new byte[Math.min(words.length * Integer.BYTES, MetadataBlock.CAPACITY)];
        for (int done = 0; done < words.length; ) {
            int some = Math.min(words.length - done, chunk.length / Integer.BYTES);
            ByteBuffer.wrap(chunk).order(ByteOrder.LITTLE_ENDIAN).asIntBuffer().put(words, done, some);
            write(chunk, 0, some * Integer.BYTES);
            done += some;
        }
    }

    /** Fields in memory. */
    static final class ToArray extends FieldOutput {
        private byte[] bytes = new byte[128];
        private int length;

        @Override
        void write(byte[] from, int offset, int count) {
            if (count > bytes.length - length) {
                bytes = Arrays.copyOf(bytes, Math.max(bytes.length * 2, Math.addExact(length, count)));
            }
            System.arraycopy(from, offset, bytes, length, count);
            length += count;
        }

        int length() {
            return length;
        }

        byte[] toBytes() {
            return Arrays.copyOf(bytes, length);
        }
    }
}
