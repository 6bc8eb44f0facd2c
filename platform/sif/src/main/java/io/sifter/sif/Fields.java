package io.sifter.sif;

import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;

/** Text in fields of fixed size, padded with NUL. */
final class Fields {
    private Fields() {}

    static String text(ByteBuffer in, int size) {
        byte[] bytes = new byte[size];
        in.get(bytes);
        int end = 0;
        while (end < size && bytes[end] != 0) {
            end++;
        }
        return new String(bytes, 0, end, StandardCharsets.UTF_8);
    }

    static void putText(ByteBuffer out, String text, int size) {
        byte[] bytes = text.getBytes(StandardCharsets.UTF_8);
        if (bytes.length > size) {
            throw new IllegalArgumentException("'%s' is longer than the %d bytes of its field".formatted(text, size));
        }
        out.put(Arrays.copyOf(bytes, size));
    }
}
