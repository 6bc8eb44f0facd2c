package io.sifter.cli.terminal;

/** Kinds of log lines, with the reference's numbers: a line is shown where its number is not above the chosen one. */
public enum Level {
    FATAL(-4, "\u001b[31m"),
    ERROR(-3, "\u001b[31m"),
    WARNING(-2, "\u001b[33m"),
    INFO(1, "\u001b[34m"),
    VERBOSE(2, ""),
    DEBUG(5, "");

    private final int number;
    private final String colour;

    Level(int number, String colour) {
        this.number = number;
        this.colour = colour;
    }

    int number() {
        return number;
    }

    String colour() {
        return colour;
    }
}
