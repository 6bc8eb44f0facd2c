package io.sifter.image.layer;

import io.sifter.spi.error.CorruptDataException;
import io.sifter.spi.tree.RawName;
import java.util.Arrays;

/** Reads what {@link ByteWriter} wrote, and believes none of it. */
final class ByteCursor {
    private final byte[] bytes;
    private final String what;
    private int at;

    /** @param what names the bytes in messages */
    ByteCursor(byte[] bytes, int at, String what) {
        this.bytes = bytes;
        this.at = at;
        this.what = what;
    }

    int at() {
        return at;
    }

    int remaining() {
        return bytes.length - at;
    }

    int u8() throws CorruptDataException {
        if (at >= bytes.length) {
            throw damaged("it ends early");
        }
        return bytes[at++] & 0xFF;
    }

    long number() throws CorruptDataException {
        long value = 0;
        for (int shift = 0; shift < Long.SIZE; shift += 7) {
            int b = u8();
            value |= (long) (b & 0x7F) << shift;
            if (b < 0x80) {
                return value;
            }
        }
        throw damaged("a number has more than 64 bits");
    }

    /** A number from 0 to {@code max}. */
    long number(long max) throws CorruptDataException {
        long value = number();
        if (value < 0 || value > max) {
            throw damaged("a number is out of range (0 to %d): %s".formatted(max, Long.toUnsignedString(value)));
        }
        return value;
    }

    long signed() throws CorruptDataException {
        long value = number();
        return value >>> 1 ^ -(value & 1);
    }

    String text() throws CorruptDataException {
        return RawName.of(array());
    }

    byte[] array() throws CorruptDataException {
        return raw((int) number(remaining()));
    }

    byte[] raw(int length) throws CorruptDataException {
        if (length > remaining()) {
            throw damaged("it ends early");
        }
        at += length;
        return Arrays.copyOfRange(bytes, at - length, at);
    }

    CorruptDataException damaged(String how) {
        return new CorruptDataException("%s is damaged at byte %d: %s".formatted(what, at, how), LayerPack.REMEDY);
    }
}
