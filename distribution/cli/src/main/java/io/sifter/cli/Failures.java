package io.sifter.cli;

import io.sifter.cli.terminal.Failure;
import io.sifter.cli.terminal.Level;
import io.sifter.cli.terminal.LogLines;
import io.sifter.spi.error.CorruptDataException;
import io.sifter.spi.error.ExternalException;
import io.sifter.spi.error.SifterException;
import io.sifter.spi.error.UserException;
import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.io.UncheckedIOException;
import java.nio.file.AccessDeniedException;
import java.nio.file.FileSystemException;
import java.nio.file.NoSuchFileException;
import java.util.Optional;

/**
 * How failures are told: the reference's words, below them what to do next, and with {@code --debug} where it happened.
 * What nobody foresaw is a defect of the program, and says so.
 */
final class Failures {
    private static final String REPORT = "This is a defect of the program. Please report it with the output of the same command with --debug.";

    private Failures() {}

    static String text(Throwable failure, LogLines lines) {
        Throwable told = known(failure);
        var text = new StringBuilder(lines.line(Level.FATAL, message(told), "main()"));
        String nextStep = nextStep(told);
        if (nextStep != null) {
            text.append(lines.continuation(nextStep));
        }
        if (lines.debugging()) {
            var trace = new StringWriter();
            failure.printStackTrace(new PrintWriter(trace));
            text.append(trace);
        }
        return text.toString();
    }

    /** The same for programs. */
    static Failure told(Throwable failure) {
        Throwable told = known(failure);
        String kind = switch (told) {
            case UserException _ -> "user";
            case ExternalException _ -> "external";
            case CorruptDataException _ -> "corrupt";
            case IOException _, UncheckedIOException _, InterruptedException _, OutOfMemoryError _ -> "external";
            default -> "defect";
        };
        return new Failure(kind, message(told), Optional.ofNullable(nextStep(told)));
    }

    /** The failure that is meant for people, where one is wrapped into others. */
    private static Throwable known(Throwable failure) {
        for (Throwable cause = failure; cause != null; cause = cause.getCause()) {
            if (cause instanceof SifterException) {
                return cause;
            }
        }
        return failure;
    }

    /** What happened, in one sentence. */
    static String message(Throwable failure) {
        return switch (failure) {
            case SifterException known -> known.getMessage();
            case UncheckedIOException wrapped -> message(wrapped.getCause());
            case NoSuchFileException e -> e.getFile() + ": no such file or directory";
            case AccessDeniedException e -> e.getFile() + ": permission denied";
            case FileSystemException e -> (e.getFile() == null ? "" : e.getFile() + ": ") + (e.getReason() == null ? e.toString() : e.getReason());
            case IOException e -> e.getMessage() == null ? e.toString() : e.getMessage();
            case InterruptedException _ -> "interrupted";
            case OutOfMemoryError e -> "out of memory: " + e.getMessage();
            default -> "unexpected " + failure;
        };
    }

    private static String nextStep(Throwable failure) {
        return switch (failure) {
            case SifterException known -> known.nextStep().orElse(null);
            case IOException _, UncheckedIOException _, InterruptedException _ -> null;
            case OutOfMemoryError _ -> "Give it more memory, or fewer threads with --jobs.";
            default -> REPORT;
        };
    }

    /** The same failure with words before its message. */
    static SifterException prefixed(String prefix, SifterException failure) {
        String message = prefix + failure.getMessage();
        String nextStep = failure.nextStep().orElse(null);
        return switch (failure) {
            case UserException _ -> new UserException(message, nextStep, failure);
            case ExternalException _ -> new ExternalException(message, nextStep, failure);
            case CorruptDataException _ -> new CorruptDataException(message, nextStep, failure);
        };
    }
}
