package io.sifter.network;

/** Text of strangers made fit for a message: no control characters, which move cursors, and no novels. */
final class Printable {
    private static final int LIMIT = 400;

    private Printable() {}

    static String of(String text) {
        StringBuilder out = new StringBuilder();
        text.codePoints().limit(LIMIT).forEach(c -> {
            int type = Character.getType(c);
            boolean harmful = type == Character.CONTROL || type == Character.FORMAT || type == Character.SURROGATE
                    || type == Character.LINE_SEPARATOR || type == Character.PARAGRAPH_SEPARATOR;
            out.appendCodePoint(harmful ? ' ' : c);
        });
        return out.toString().strip() + (text.codePointCount(0, text.length()) > LIMIT ? "…" : "");
    }
}
