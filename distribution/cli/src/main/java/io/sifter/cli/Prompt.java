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

    /**
     * Like {@link #ask}, but what a person types is not shown.
     *
     * @throws UserException if it cannot be hidden
     */
    String askSecretly(String question) throws IOException {
        if (!caller.interactive()) {
            return ask(question);
        }
        Console console = System.console();
        if (console == null || !console.isTerminal()) {
            throw new UserException("The password would be shown while it is typed: standard output is no terminal",
                    "Leave standard output alone, or set SINGULARITY_DOCKER_PASSWORD.");
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
        return new UserException("could not read user's input: EOF", "Answer on standard input, or look with --help for the option that answers.");
    }
}
