package io.sifter.spi.launch;

import java.util.ArrayList;
import java.util.List;

/** Text for a POSIX shell, raw bytes, one byte a character. */
public final class ShellText {
    /** Linux takes no single argument of 128 KiB or more (MAX_ARG_STRLEN). */
    private static final int PIECE = 100_000;

    private ShellText() {}

    /** One word that a shell takes as it is. */
    public static String quote(String word) {
        return "'" + word.replace("'", "'\\''") + "'";
    }

    /**
     * A command that runs a text of any length in a shell.
     *
     * @param shell path of the shell
     * @param arguments of the text, {@code "$@"} in it
     */
    public static List<String> command(String shell, String text, List<String> arguments) {
        List<String> command = new ArrayList<>(List.of(shell, "-c"));
        if (text.length() <= PIECE) {
            command.add(text);
            command.add("sifter");
        } else {
            command.add("t=; while [ \"$1\" != -- ]; do t=$t$1; shift; done; shift; eval \"$t\"");
            command.add("sifter");
            for (int at = 0; at < text.length(); at += PIECE) {
                command.add(text.substring(at, Math.min(text.length(), at + PIECE)));
            }
            command.add("--");
        }
        command.addAll(arguments);
        return command;
    }
}
