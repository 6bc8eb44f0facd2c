package io.sifter.cli.options;

import io.sifter.cli.options.Option.Kind;
import java.util.List;
import java.util.Optional;

/**
 * Interprets the table directly, in the manner of the reference's own parser: {@code --name value}, {@code --name=value},
 * {@code -n value}, {@code -nvalue}, {@code -abc}; options end at {@code --} or at the first word that is none.
 */
public final class Parser {
    private final Command command;
    private final List<String> arguments;
    private final Values values;
    private int next;

    /**
     * A command's options and the words after them.
     *
     * @param rest arguments of a command; for a group, its subcommand's name and what follows
     */
    public record Parsed(Values values, List<String> rest) {}

    private Parser(Command command, List<String> arguments) {
        this.command = command;
        this.arguments = arguments;
        this.values = new Values(command);
    }

    /** Reads the command's own options; the number of arguments is not looked at. */
    public static Parsed parse(Command command, List<String> arguments) throws UsageException {
        var parser = new Parser(command, arguments);
        parser.run();
        return new Parsed(parser.values, arguments.subList(parser.next, arguments.size()));
    }

    /**
     * Checks the number of a command's arguments.
     *
     * @throws UsageException if there are too few or too many, or if it is a group, which does nothing by itself
     */
    public static void requireArity(Command command, List<String> arguments) throws UsageException {
        if (!command.subcommands().isEmpty()) {
            throw new UsageException(command, UsageException.Kind.ARGUMENTS, "invalid command");
        }
        Optional<String> complaint = command.arity().complaint(arguments.size());
        if (complaint.isPresent()) {
            throw new UsageException(command, UsageException.Kind.ARGUMENTS, complaint.get());
        }
    }

    private void run() throws UsageException {
        while (next < arguments.size()) {
            String word = arguments.get(next);
            if (word.length() < 2 || word.charAt(0) != '-') {
                return;
            }
            next++;
            if (word.equals("--")) {
                return;
            }
            if (word.charAt(1) == '-') {
                takeLong(word.substring(2));
            } else {
                takeLetters(word.substring(1));
            }
        }
    }

    private void takeLong(String word) throws UsageException {
        int equals = word.indexOf('=');
        if (word.charAt(0) == '-' || equals == 0) {
            throw complaint("bad flag syntax: --" + word);
        }
        String name = equals < 0 ? word : word.substring(0, equals);
        Option option = command.option(name).orElse(null);
        if (option == null) {
            throw complaint("unknown flag: --" + name);
        }
        if (equals >= 0) {
            values.set(option, word.substring(equals + 1));
        } else if (option.kind() == Kind.FLAG) {
            values.set(option, "true");
        } else if (next < arguments.size()) {
            values.set(option, arguments.get(next++));
        } else {
            throw complaint("flag needs an argument: --" + name);
        }
    }

    private void takeLetters(String letters) throws UsageException {
        for (int i = 0; i < letters.length(); i++) {
            String rest = letters.substring(i);
            Option option = command.option(letters.charAt(i)).orElse(null);
            if (option == null) {
                throw complaint("unknown shorthand flag: '" + letters.charAt(i) + "' in -" + rest);
            }
            if (rest.length() > 2 && rest.charAt(1) == '=') {
                values.set(option, rest.substring(2));
                return;
            }
            if (option.kind() == Kind.FLAG) {
                values.set(option, "true");
            } else if (rest.length() > 1) {
                values.set(option, rest.substring(1));
                return;
            } else if (next < arguments.size()) {
                values.set(option, arguments.get(next++));
            } else {
                throw complaint("flag needs an argument: '" + letters.charAt(i) + "' in -" + rest);
            }
        }
    }

    private UsageException complaint(String reason) {
        return new UsageException(command, UsageException.Kind.OPTION, reason);
    }
}
