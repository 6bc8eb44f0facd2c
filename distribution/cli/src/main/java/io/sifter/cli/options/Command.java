package io.sifter.cli.options;

import io.sifter.cli.options.Support.Refused;
import io.sifter.cli.options.Support.Supported;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.Optional;

/**
 * One command or group of commands, as data. Every command has {@code --help} besides its own options.
 *
 * @param path the words that name it, such as {@code cache clean}; empty for the program itself
 * @param aliases other spellings of its last word
 * @param synopsis what may follow the path, for the usage line
 * @param brief one line for lists of commands
 * @param description the paragraphs of its help; lines that begin with a space are printed as they are
 * @param examples command lines without the program's name
 * @param subcommands of a group; a group itself does nothing
 */
public record Command(String path, List<String> aliases, String synopsis, String brief, String description,
                      List<String> examples, Arity arity, List<Option> options, List<Command> subcommands,
                      boolean hidden, Support support) {
    private static final Option HELP = Option.flag("help", "show this help").letter('h');

    public Command {
        Objects.requireNonNull(path);
        aliases = List.copyOf(aliases);
        Objects.requireNonNull(synopsis);
        Objects.requireNonNull(brief);
        Objects.requireNonNull(description);
        examples = List.copyOf(examples);
        Objects.requireNonNull(arity);
        options = List.copyOf(options);
        subcommands = List.copyOf(subcommands);
        Objects.requireNonNull(support);
    }

    /** A command that does something. */
    static Command of(String path, String synopsis, Arity arity, String brief, Option... options) {
        var all = new ArrayList<Option>(options.length + 1);
        for (Option option : options) {
            all.add(option);
        }
        all.add(HELP);
        return new Command(path, List.of(), synopsis, brief, "", List.of(), arity, all, List.of(), false, new Supported());
    }

    /** A group of commands. */
    static Command group(String path, String brief, Command... subcommands) {
        return new Command(path, List.of(), "<command>", brief, "", List.of(), Arity.ANY, List.of(HELP),
                List.of(subcommands), false, new Supported());
    }

    Command describe(String description) {
        return new Command(path, aliases, synopsis, brief, description, examples, arity, options, subcommands, hidden, support);
    }

    Command examples(String... examples) {
        return new Command(path, aliases, synopsis, brief, description, List.of(examples), arity, options, subcommands, hidden, support);
    }

    Command alias(String alias) {
        return new Command(path, List.of(alias), synopsis, brief, description, examples, arity, options, subcommands, hidden, support);
    }

    Command hide() {
        return new Command(path, aliases, synopsis, brief, description, examples, arity, options, subcommands, true, support);
    }

    Command refuse(String reason, String nextStep) {
        var refused = new Refused(reason, nextStep.isEmpty() ? Optional.empty() : Optional.of(nextStep));
        return new Command(path, aliases, synopsis, brief, description, examples, arity, options, subcommands, hidden, refused);
    }

    /** More options; those of a group stand before its subcommand's name. */
    Command with(Option... more) {
        var all = new ArrayList<>(List.of(more));
        all.addAll(options);
        return new Command(path, aliases, synopsis, brief, description, examples, arity, all, subcommands, hidden, support);
    }

    /** The last word of the path, or the program's name. */
    public String name() {
        return path.isEmpty() ? HelpText.PROGRAM : path.substring(path.lastIndexOf(' ') + 1);
    }

    /** A subcommand by its name or an alias. */
    public Optional<Command> subcommand(String word) {
        for (Command command : subcommands) {
            if (command.name().equals(word) || command.aliases.contains(word)) {
                return Optional.of(command);
            }
        }
        return Optional.empty();
    }

    /** An option by its name. */
    public Optional<Option> option(String name) {
        for (Option option : options) {
            if (option.name().equals(name)) {
                return Optional.of(option);
            }
        }
        return Optional.empty();
    }

    /** An option by its letter. */
    Optional<Option> option(char letter) {
        for (Option option : options) {
            if (option.letter() == letter) {
                return Optional.of(option);
            }
        }
        return Optional.empty();
    }

    /** How many arguments a command takes. */
    public record Arity(int least, int most) {
        static final Arity ANY = new Arity(0, Integer.MAX_VALUE);

        static Arity exactly(int count) {
            return new Arity(count, count);
        }

        static Arity atLeast(int count) {
            return new Arity(count, Integer.MAX_VALUE);
        }

        static Arity between(int least, int most) {
            return new Arity(least, most);
        }

        /** Why {@code count} arguments are wrong, or empty. */
        Optional<String> complaint(int count) {
            if (count >= least && count <= most) {
                return Optional.empty();
            }
            if (least == most) {
                return Optional.of("accepts " + least + " arg(s), received " + count);
            }
            if (most == Integer.MAX_VALUE) {
                return Optional.of("requires at least " + least + " arg(s), only received " + count);
            }
            return Optional.of("accepts between " + least + " and " + most + " arg(s), received " + count);
        }
    }
}
