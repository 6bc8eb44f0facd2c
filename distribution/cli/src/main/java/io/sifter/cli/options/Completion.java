package io.sifter.cli.options;

import io.sifter.cli.options.Option.Kind;
import java.util.List;
import picocli.AutoComplete;
import picocli.CommandLine;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Model.OptionSpec;
import picocli.CommandLine.Model.PositionalParamSpec;

/** Completes command lines in shells: the table as picocli's model, which writes the script. */
public final class Completion {
    private Completion() {}

    /** A script for bash that completes commands and options. */
    public static String bash(Command program) {
        return AutoComplete.bash(HelpText.PROGRAM, new CommandLine(spec(program)));
    }

    private static CommandSpec spec(Command command) {
        CommandSpec spec = CommandSpec.create().name(command.name()).aliases(command.aliases().toArray(String[]::new));
        for (Option option : command.options()) {
            String name = "--" + option.name();
            OptionSpec.Builder builder = option.letter() == '\0' ? OptionSpec.builder(name) : OptionSpec.builder("-" + option.letter(), name);
            spec.addOption(builder.type(List.class).auxiliaryTypes(String.class).hidden(option.hidden()).description(option.description())
                    .arity(option.kind() == Kind.FLAG ? "0" : "1").build());
        }
        if (command.subcommands().isEmpty()) {
            spec.addPositional(PositionalParamSpec.builder().index("0..*").arity("0..*")
                    .type(List.class).auxiliaryTypes(String.class).hideParamSyntax(true).build());
        }
        for (Command child : command.subcommands()) {
            if (!child.hidden()) {
                spec.addSubcommand(child.name(), spec(child));
            }
        }
        return spec;
    }
}
