package io.sifter.engine.definition;

import io.sifter.spi.error.UserException;

/** Names places in a definition file when something is wrong there. */
record Place(String file) {
    /**
     * @param column from 1
     * @param expected a sentence for the user
     */
    UserException wrong(int line, int column, String what, String expected) {
        return new UserException("%s: %s".formatted(at(line, column), what), expected);
    }

    /** The name of a place. */
    String at(int line, int column) {
        return "%s:%d:%d".formatted(file, line, column);
    }

    /** At the first character of a line that is no blank. */
    UserException wrong(Line line, String what, String expected) {
        return wrong(line.number(), line.blank() ? 1 : line.indent() + 1, what, expected);
    }
}
