package io.sifter.engine.definition;

/**
 * A line of a definition file.
 *
 * @param number of the line in the file, from 1
 */
record Line(int number, String text) {
    /** Where the first character stands that is no blank, from 0; at the end if there is none. */
    int indent() {
        int at = 0;
        while (at < text.length() && Character.isWhitespace(text.charAt(at))) {
            at++;
        }
        return at;
    }

    boolean blank() {
        return indent() == text.length();
    }

    boolean comment() {
        return text.startsWith("#", indent());
    }
}
