package io.sifter.cli;

import io.sifter.spi.error.UserException;
import java.io.Console;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.io.ByteArrayOutputStream;

/** Asks the caller. Questions go to standard output, as the reference's do. */
final class Prompt {
    private final Caller caller;

    Prompt(Caller caller) {
        this.caller = caller;
    }

    /**
     * One line of the caller's, without its end.
     *
     * @throws UserException if the input ends before
     */
    String ask(String question) throws IOException {
        caller.out().print(question);
        caller.out().flush();
        return line();
    }

    /** Like {@link #ask}, but what a person types is not shown. */
    String askSecretly(String question) throws IOException {
        Console console = caller.interactive() && caller.in() == System.in ? System.console() : null;
        if (console == null || !console.isTerminal()) {
            return ask(question);
        }
        char[] secret = console.readPassword("%s", question);
        if (secret == null) {
            throw ended();
        }
        return new String(secret);
    }

    /** Reads no further than the line's end: what follows may be for the program in the container. */
    private String line() throws IOException {
        var bytes = new ByteArrayOutputStream();
        while (true) {
            int b = caller.in().read();
            if (b < 0 && bytes.size() == 0) {
                throw ended();
            }
            if (b < 0 || b == '\n') {
                String text = bytes.toString(StandardCharsets.UTF_8);
                return text.endsWith("\r") ? text.substring(0, text.length() - 1) : text;
            }
            bytes.write(b);
        }
    }

    private static UserException ended() {
        return new UserException("could not read user's input: EOF");
    }
}
