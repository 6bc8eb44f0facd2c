package io.sifter.cli.options;

import io.sifter.cli.options.Option.Kind;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.Stack;
import picocli.CommandLine;
import picocli.CommandLine.IParameterPreprocessor;
import picocli.CommandLine.Model.ArgSpec;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Model.OptionSpec;
import picocli.CommandLine.Model.PositionalParamSpec;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.ParseResult;

/** The table as picocli's model: another parser of the same command lines. */
final class PicocliParser {
    private PicocliParser() {}

    /** What picocli understands, or empty if it refuses. */
    static Optional<Invocation> attempt(Command program, List<String> words) {
        try {
            CommandLine line = line(program, Set.copyOf(words));
            ParseResult result = line.parseArgs(words.toArray(String[]::new));
            Values global = values(program, result);
            Command command = program;
            Values values = global;
            while (result.hasSubcommand() && !Invocation.endsHere(command, values)) {
                result = result.subcommand();
                command = command.subcommand(result.commandSpec().name()).orElseThrow();
                values = values(command, result);
            }
            if (!command.subcommands().isEmpty() && result.hasSubcommand()) {
                return Optional.of(new Invocation(command, global, values, rest(result)));
            }
            return Optional.of(new Invocation(command, global, values, arguments(result)));
        } catch (ParameterException | UsageException e) {
            return Optional.empty();
        }
    }

    /** The words from the subcommand on, which nobody looks at when help is asked. */
    private static List<String> rest(ParseResult result) {
        List<String> words = result.originalArgs();
        return words.subList(words.indexOf(result.subcommand().commandSpec().name()), words.size());
    }

    private static List<String> arguments(ParseResult result) {
        var arguments = new ArrayList<String>();
        result.matchedPositionals().forEach(positional -> arguments.addAll(positional.originalStringValues()));
        return arguments;
    }

    private static Values values(Command command, ParseResult result) throws UsageException {
        var values = new Values(command);
        for (Option option : command.options()) {
            OptionSpec spec = result.commandSpec().findOption("--" + option.name());
            List<String> texts = option.kind() == Kind.FLAG ? ((Switch) spec.preprocessor()).texts : spec.originalStringValues();
            for (String text : texts) {
                values.set(option, text);
            }
        }
        return values;
    }

    /** @param words those that may name a command; options of others are left out */
    private static CommandLine line(Command program, Set<String> words) {
        // Setters of the whole line reach its subcommands, those of a specification do not.
        return new CommandLine(spec(program, words))
                .setAllowOptionsAsOptionParameters(true).setAllowSubcommandsAsOptionParameters(true)
                .setStopAtPositional(true).setExpandAtFiles(false).setOverwrittenOptionsAllowed(true)
                .setInterpolateVariables(false);
    }

    private static CommandSpec spec(Command command, Set<String> words) {
        CommandSpec spec = CommandSpec.create().name(command.name()).aliases(command.aliases().toArray(String[]::new));
        for (Option option : command.options()) {
            spec.addOption(spec(option));
        }
        if (command.subcommands().isEmpty()) {
            spec.addPositional(PositionalParamSpec.builder().index("0..*").arity("0..*")
                    .type(List.class).auxiliaryTypes(String.class).hideParamSyntax(true).build());
        }
        for (Command child : command.subcommands()) {
            if (words.contains(child.name()) || child.aliases().stream().anyMatch(words::contains)) {
                spec.addSubcommand(child.name(), spec(child, words));
            }
        }
        return spec;
    }

    private static OptionSpec spec(Option option) {
        String name = "--" + option.name();
        OptionSpec.Builder spec = option.letter() == '\0' ? OptionSpec.builder(name) : OptionSpec.builder("-" + option.letter(), name);
        spec.type(List.class).auxiliaryTypes(String.class).hidden(option.hidden()).description(option.description());
        return option.kind() == Kind.FLAG ? spec.arity("0").preprocessor(new Switch()).build() : spec.arity("1").build();
    }

    /** Notes each use of a flag in order, since picocli keeps only the values that flags are given with {@code =}. */
    private static final class Switch implements IParameterPreprocessor {
        private final List<String> texts = new ArrayList<>();

        @Override
        public boolean preprocess(Stack<String> words, CommandSpec command, ArgSpec option, Map<String, Object> info) {
            texts.add("=".equals(info.get("separator")) ? words.peek() : "true");
            return false;
        }
    }
}
