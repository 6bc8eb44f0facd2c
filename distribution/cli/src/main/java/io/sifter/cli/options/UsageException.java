package io.sifter.cli.options;

import java.util.Objects;

/** A command line that cannot be understood. {@link HelpText#complaint} says it in the words of the reference. */
public final class UsageException extends Exception {
    /** What is wrong with it. */
    public enum Kind {
        /** An option is unknown or its value unusable. */
        OPTION,
        /** The number of arguments is wrong, or a group stands without its command. */
        ARGUMENTS,
        /** There is no such command. */
        COMMAND
    }

    private final transient Command command;
    private final Kind kind;

    public UsageException(Command command, Kind kind, String reason) {
        super(reason);
        this.command = Objects.requireNonNull(command);
        this.kind = kind;
    }

    public Command command() {
        return command;
    }

    public Kind kind() {
        return kind;
    }
}
