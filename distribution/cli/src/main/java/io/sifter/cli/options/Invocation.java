package io.sifter.cli.options;

import io.sifter.cli.options.Support.Refused;
import io.sifter.spi.error.UserException;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/**
 * A whole command line, understood.
 *
 * @param command the command that is meant; a group or the program if none of its commands is named, or if help is asked
 * @param program the global options
 * @param values the command's own options
 */
public record Invocation(Command command, Values program, Values values, List<String> arguments) {
    public Invocation {
        arguments = List.copyOf(arguments);
    }

    /** Interprets the table. The number of arguments is not looked at. */
    public static Invocation parse(Command program, List<String> words) throws UsageException {
        Command command = program;
        Parser.Parsed parsed = Parser.parse(program, words);
        Values global = parsed.values();
        while (!command.subcommands().isEmpty() && !parsed.rest().isEmpty() && !endsHere(command, parsed.values())) {
            String word = parsed.rest().getFirst();
            Optional<Command> child = command.subcommand(word);
            if (child.isEmpty()) {
                throw noSuchCommand(command, word);
            }
            command = child.get();
            parsed = Parser.parse(command, parsed.rest().subList(1, parsed.rest().size()));
        }
        return new Invocation(command, global, parsed.values(), parsed.rest());
    }

    /** Whether an option given here answers the command line, whatever follows. */
    static boolean endsHere(Command command, Values values) {
        return values.flag("help") || command.path().isEmpty() && values.flag("version");
    }

    private static UsageException noSuchCommand(Command group, String word) {
        if (!group.path().isEmpty()) {
            return new UsageException(group, UsageException.Kind.ARGUMENTS, "invalid command");
        }
        var near = new ArrayList<String>();
        for (Command command : group.subcommands()) {
            if (!command.hidden() && (command.name().startsWith(word) || distance(command.name(), word) <= 2)) {
                near.add(command.name());
            }
        }
        String suggestion = near.isEmpty() ? "" : "\n\nDid you mean this?\n\t" + String.join("\n\t", near) + "\n";
        return new UsageException(group, UsageException.Kind.COMMAND,
                "unknown command " + Values.quote(word) + " for \"" + group.name() + "\"" + suggestion);
    }

    /** How many letters must be added, removed or replaced to turn one word into the other. */
    static int distance(String one, String other) {
        int[] row = new int[other.length() + 1];
        for (int j = 0; j < row.length; j++) {
            row[j] = j;
        }
        for (int i = 1; i <= one.length(); i++) {
            int diagonal = row[0];
            row[0] = i;
            for (int j = 1; j <= other.length(); j++) {
                int above = row[j];
                int replaced = diagonal + (one.charAt(i - 1) == other.charAt(j - 1) ? 0 : 1);
                row[j] = Math.min(replaced, Math.min(row[j - 1], above) + 1);
                diagonal = above;
            }
        }
        return row[other.length()];
    }

    /**
     * Refuses what is known but not supported.
     *
     * @throws UserException with the reason
     */
    public void requireSupported() throws UserException {
        program.requireSupported();
        if (command.support() instanceof Refused refused) {
            throw new UserException("The command '" + command.path() + "' is not supported: " + refused.reason(),
                    refused.nextStep().orElse(null));
        }
        values.requireSupported();
    }
}
