package io.sifter.cli.terminal;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;

/**
 * The form of log lines, as the reference writes them: {@code INFO:    text}, and with {@code --debug} the level, user,
 * process and place instead. Immutable.
 */
public final class LogLines {
    private static final int QUIET = -1;
    private static final int SILENT = -3;
    private static final int NORMAL = 1;
    private static final int VERBOSE = 4;
    private static final int DEBUG = 5;
    private static final String RESET = "\u001b[0m";
    private static final String MARGIN = "         ";

    private final int shown;
    private final boolean coloured;
    private final String process;

    private LogLines(int shown, boolean coloured) {
        this.shown = shown;
        this.coloured = coloured;
        this.process = shown >= DEBUG ? process() : "";
    }

    /** The first of the flags that is set decides how much is told. */
    public static LogLines of(boolean debug, boolean verbose, boolean quiet, boolean silent, boolean coloured) {
        int shown = debug ? DEBUG : verbose ? VERBOSE : quiet ? QUIET : silent ? SILENT : NORMAL;
        return new LogLines(shown, coloured);
    }

    /** Whether the process's error stream is a terminal. */
    public static boolean errorIsTerminal() {
        return isTerminal(2);
    }

    /** Whether the process's output goes to a terminal. */
    public static boolean outputIsTerminal() {
        return isTerminal(1);
    }

    /** Whether the process's input comes from a terminal. */
    public static boolean inputIsTerminal() {
        return isTerminal(0);
    }

    /** What the descriptor is open to says it without a native call. */
    private static boolean isTerminal(int descriptor) {
        try {
            String target = Files.readSymbolicLink(Path.of("/proc/self/fd/" + descriptor)).toString();
            return target.startsWith("/dev/pts/") || target.startsWith("/dev/tty") || target.equals("/dev/console");
        } catch (IOException e) {
            return false;
        }
    }

    public boolean shows(Level level) {
        return level.number() <= shown;
    }

    public boolean debugging() {
        return shown >= DEBUG;
    }

    /** @param place where in the program the line comes from; shown with {@code --debug} only */
    public String line(Level level, String message, String place) {
        String text = message.stripTrailing() + "\n";
        if (debugging()) {
            return paint(level, pad(level.name(), 8)) + process + pad(place, 30) + text;
        }
        return paint(level, pad(level.name() + ":", 8)) + " " + text;
    }

    /** A line that belongs to the log line before it. */
    public String continuation(String text) {
        return MARGIN + text.stripTrailing().replace("\n", "\n" + MARGIN) + "\n";
    }

    private String paint(Level level, String text) {
        return coloured && !level.colour().isEmpty() ? level.colour() + text + RESET : text;
    }

    private static String process() {
        String user = "?";
        try {
            user = Files.getAttribute(Path.of("/proc/self"), "unix:uid").toString();
        } catch (IOException | UnsupportedOperationException e) {
            // A log line is worth having without the user's number.
        }
        return pad("[U=" + user + ",P=" + ProcessHandle.current().pid() + "]", 19);
    }

    private static String pad(String text, int width) {
        return text.length() >= width ? text : text + " ".repeat(width - text.length());
    }
}
