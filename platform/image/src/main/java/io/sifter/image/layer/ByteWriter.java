package io.sifter.image.layer;

import io.sifter.spi.error.CorruptDataException;
import io.sifter.spi.tree.RawName;
import java.util.Arrays;

/** Bytes that grow up to a limit: numbers of variable length (7 bits a byte, lowest first), texts and arrays after their length. */
final class ByteWriter {
    private final int limit;
    private byte[] bytes = new byte[1 << 12];
    private int length;

    ByteWriter(int limit) {
        this.limit = limit;
    }

    void u8(int value) throws CorruptDataException {
        ensure(1);
        bytes[length++] = (byte) value;
    }

    /** Unsigned: a negative number takes ten bytes and comes back as it was. */
    void number(long value) throws CorruptDataException {
        ensure(10);
        long rest = value;
        while ((rest & ~0x7FL) != 0) {
            bytes[length++] = (byte) (rest | 0x80);
            rest >>>= 7;
        }
        bytes[length++] = (byte) rest;
    }

    /** Small whatever its sign. */
    void signed(long value) throws CorruptDataException {
        number(value << 1 ^ value >> 63);
    }

    void text(String raw, int from) throws CorruptDataException {
        number(raw.length() - from);
        raw(RawName.bytes(from == 0 ? raw : raw.substring(from)));
    }

    void array(byte[] array) throws CorruptDataException {
        number(array.length);
        raw(array);
    }

    void raw(byte[] array) throws CorruptDataException {
        ensure(array.length);
        System.arraycopy(array, 0, bytes, length, array.length);
        length += array.length;
    }

    int length() {
        return length;
    }

    byte[] bytes() {
        return bytes;
    }

    private void ensure(int more) throws CorruptDataException {
        if (more > limit - length) {
            throw new CorruptDataException("Names and attributes of the layer take more than the %d bytes that are allowed".formatted(limit),
                    "Raise the limit if the image is trusted");
        }
        if (length + more > bytes.length) {
            bytes = Arrays.copyOf(bytes, (int) Math.min(limit, Math.max(length + more, bytes.length * 2L)));
        }
    }
}
