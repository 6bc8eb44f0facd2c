package io.sifter.cli.options;

import io.sifter.cli.options.Option.Kind;
import io.sifter.cli.options.Support.Refused;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;

/** Help, usage and complaints about command lines, laid out as the reference does. */
public final class HelpText {
    /** The name that texts call the program by. */
    public static final String PROGRAM = "singularity";

    private static final int WIDTH = 80;
    private static final String MORE = "Run '" + PROGRAM + " --help' for more detailed usage information.\n";

    private HelpText() {}

    /** What {@code --help} shows. */
    public static String help(Command command) {
        var text = new StringBuilder(command.brief()).append("\n\nUsage:\n  ").append(PROGRAM);
        if (command.path().isEmpty()) {
            text.append(" [global options...]");
        } else {
            text.append(' ').append(command.path());
        }
        if (!command.synopsis().isEmpty()) {
            text.append(' ').append(command.synopsis());
        }
        text.append('\n');
        if (command.support() instanceof Refused refused) {
            text.append('\n').append(wrap("Not supported: " + refused.reason(), 0)).append('\n');
        }
        if (!command.description().isEmpty()) {
            text.append("\nDescription:\n").append(fill(command.description())).append('\n');
        }
        text.append('\n').append("Options:\n").append(options(command));
        String refusedOptions = refusedOptions(command);
        if (!refusedOptions.isEmpty()) {
            text.append("\nKnown, but not supported:\n").append(refusedOptions);
        }
        String subcommands = subcommands(command);
        if (!subcommands.isEmpty()) {
            text.append("\nAvailable Commands:\n").append(subcommands);
        }
        if (!command.examples().isEmpty()) {
            text.append("\nExamples:\n");
            command.examples().forEach(example -> text.append("  $ ").append(PROGRAM).append(' ').append(example).append('\n'));
        }
        return text.toString();
    }

    /** What stands on the error stream when a command line cannot be understood. */
    public static String complaint(UsageException problem) {
        Command command = problem.command();
        return switch (problem.kind()) {
            case OPTION -> "Error for command \"" + command.name() + "\": " + problem.getMessage() + "\n\nOptions for "
                    + command.name() + " command:\n\n" + options(command) + '\n' + MORE;
            case ARGUMENTS -> "Error for command \"" + command.name() + "\": " + problem.getMessage() + "\n\n" + usage(command) + '\n' + MORE;
            case COMMAND -> "Error: " + problem.getMessage() + "\n\n" + usage(command) + '\n' + MORE;
        };
    }

    /** What stands on the error stream when the program is called with nothing. */
    public static String usageOnly(Command command) {
        return usage(command) + '\n' + MORE;
    }

    /** The answer to help about something that is no command. */
    public static String unknownTopic(Command program, List<String> words) {
        var quoted = new ArrayList<String>();
        words.forEach(word -> quoted.add('`' + word + '`'));
        return "Unknown help topic " + quoted + "\n" + usage(program);
    }

    private static String usage(Command command) {
        var text = new StringBuilder("Usage:\n  ").append(PROGRAM).append(" [global options...]");
        if (!command.path().isEmpty()) {
            text.append(' ').append(command.path());
        }
        if (!command.synopsis().isEmpty()) {
            text.append(' ').append(command.synopsis());
        }
        text.append('\n');
        String subcommands = subcommands(command);
        if (!subcommands.isEmpty()) {
            text.append("\nAvailable Commands:\n").append(subcommands);
        }
        return text.toString();
    }

    private static String subcommands(Command command) {
        var text = new StringBuilder();
        for (Command child : command.subcommands()) {
            if (!child.hidden() && isUsable(child)) {
                text.append("  ").append(pad(child.name(), 11)).append(' ').append(child.brief()).append('\n');
            }
        }
        return text.toString();
    }

    /** Whether the command or anything in the group does something. */
    private static boolean isUsable(Command command) {
        if (command.subcommands().isEmpty()) {
            return !(command.support() instanceof Refused);
        }
        return command.subcommands().stream().anyMatch(HelpText::isUsable);
    }

    private static String options(Command command) {
        List<Option> shown = command.options().stream()
                .filter(option -> !option.hidden() && !(option.support() instanceof Refused))
                .sorted(Comparator.comparing(Option::name)).toList();
        int column = 3 + shown.stream().mapToInt(option -> left(option).length()).max().orElse(0);
        var text = new StringBuilder();
        for (Option option : shown) {
            String initial = option.initial().isEmpty() ? "" : " (default " + option.initial() + ")";
            text.append(pad(left(option), column)).append(wrap(option.description() + initial, column)).append('\n');
        }
        return text.toString();
    }

    private static String left(Option option) {
        return (option.letter() == '\0' ? "      --" : "  -" + option.letter() + ", --") + option.name()
                + (option.kind() == Kind.FLAG ? "" : " " + option.kind().placeholder());
    }

    private static String refusedOptions(Command command) {
        String names = String.join(" ", command.options().stream()
                .filter(option -> !option.hidden() && option.support() instanceof Refused)
                .map(option -> "--" + option.name()).sorted().toList());
        return names.isEmpty() ? "" : "  " + wrap(names, 2) + "\n";
    }

    private static String wrap(String words, int column) {
        var text = new StringBuilder();
        int used = column;
        for (String word : words.split(" ")) {
            if (used > column && used + 1 + word.length() > WIDTH) {
                text.append('\n').append(" ".repeat(column));
                used = column;
            } else if (used > column) {
                text.append(' ');
                used++;
            }
            text.append(word);
            used += word.length();
        }
        return text.toString();
    }

    /** Fills paragraphs; lines that begin with a space stay as they are. */
    private static String fill(String lines) {
        var text = new StringBuilder();
        var paragraph = new StringBuilder();
        for (String line : (lines + "\n\n").split("\n", -1)) {
            if (!line.isEmpty() && line.charAt(0) != ' ') {
                paragraph.append(paragraph.isEmpty() ? "" : " ").append(line);
                continue;
            }
            if (!paragraph.isEmpty()) {
                text.append("  ").append(wrap(paragraph.toString(), 2)).append('\n');
                paragraph.setLength(0);
            }
            text.append(line.isEmpty() ? "" : "  ").append(line).append('\n');
        }
        return text.toString().stripTrailing();
    }

    private static String pad(String text, int width) {
        return text + " ".repeat(Math.max(0, width - text.length()));
    }
}
