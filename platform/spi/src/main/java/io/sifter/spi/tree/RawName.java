package io.sifter.spi.tree;

import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;

/** Names as raw bytes, one byte a character. */
public final class RawName {
    private RawName() {}

    /** The raw form of ordinary text: its UTF-8 bytes. */
    public static String of(String text) {
        return new String(text.getBytes(StandardCharsets.UTF_8), StandardCharsets.ISO_8859_1);
    }

    public static byte[] bytes(String raw) {
        return raw.getBytes(StandardCharsets.ISO_8859_1);
    }

    public static String of(byte[] bytes) {
        return new String(bytes, StandardCharsets.ISO_8859_1);
    }

    /** For messages: UTF-8 where it is, control characters and other bytes as {@code \xNN}. */
    public static String display(String raw) {
        String text;
        try {
            text = StandardCharsets.UTF_8.newDecoder().decode(ByteBuffer.wrap(bytes(raw))).toString();
        } catch (CharacterCodingException notUtf8) {
            text = raw;
        }
        boolean utf8 = text != raw;
        StringBuilder shown = new StringBuilder(text.length());
        text.codePoints().forEach(c -> {
            if (c < 0x20 || c == 0x7F || (!utf8 && c > 0x7E) || (c >= 0x80 && c < 0xA0)) {
                shown.append("\\x%02X".formatted(c));
            } else {
                shown.appendCodePoint(c);
            }
        });
        return shown.toString();
    }
}
