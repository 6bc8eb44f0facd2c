package io.sifter.cli.terminal;

import java.io.PrintStream;

/** The error stream, with at most one line that may still change. For one thread. */
final class Screen {
    private static final String ERASE = "\r\u001b[K";

    private final PrintStream out;
    private boolean unfinished;
    private String last = "";

    Screen(PrintStream out) {
        this.out = out;
    }

    /** Writes whole lines; an unfinished line makes room. */
    void print(String text) {
        out.print(unfinished ? ERASE + text : text);
        out.flush();
        unfinished = false;
    }

    /** Writes the line that may still change. */
    void replace(String line) {
        if (unfinished && line.equals(last)) {
            return;
        }
        out.print(ERASE + line);
        out.flush();
        unfinished = true;
        last = line;
    }

    /** Leaves the unfinished line as it is and begins a new one. */
    void endLine() {
        if (unfinished) {
            out.print("\n");
            unfinished = false;
        }
        out.flush();
    }
}
