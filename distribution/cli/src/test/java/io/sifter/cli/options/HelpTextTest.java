package io.sifter.cli.options;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

class HelpTextTest {
    private static final Command PROGRAM = CommandTable.full();

    @Test
    void argumentCountComplaintsShowTheUsageLine() {
        Command pull = PROGRAM.subcommand("pull").orElseThrow();
        UsageException problem = catchThrowableOfType(UsageException.class, () -> Parser.requireArity(pull, List.of()));

        assertThat(HelpText.complaint(problem)).isEqualTo("""
                Error for command "pull": accepts between 1 and 2 arg(s), received 0

                Usage:
                  singularity [global options...] pull [pull options...] [output file] <URI>

                Run 'singularity --help' for more detailed usage information.
                """);
    }

    @Test
    void unknownOptionsShowTheOptions() {
        UsageException problem = catchThrowableOfType(UsageException.class, () -> Invocation.parse(PROGRAM, List.of("cache", "list", "-x")));

        assertThat(HelpText.complaint(problem)).isEqualTo("""
                Error for command "list": unknown shorthand flag: 'x' in -x

                Options for list command:

                  -a, --all            all types
                  -h, --help           show this help
                  -s, --summary        no line for each entry
                  -T, --type strings   what to tell of: library, oci-tmp, shub, oci, net, oras,
                                       pack, all (default all)
                  -v, --verbose        one line for each entry

                Run 'singularity --help' for more detailed usage information.
                """);
    }

    @Test
    void aGroupWithoutCommandShowsItsCommands() {
        UsageException problem = catchThrowableOfType(UsageException.class, () -> Invocation.parse(PROGRAM, List.of("cache", "bogus")));

        assertThat(HelpText.complaint(problem)).isEqualTo("""
                Error for command "cache": invalid command

                Usage:
                  singularity [global options...] cache <command>

                Available Commands:
                  clean       Remove what the cache holds
                  list        Tell what the cache holds

                Run 'singularity --help' for more detailed usage information.
                """);
    }

    @Test
    void unknownCommandsShowTheCommands() {
        UsageException problem = catchThrowableOfType(UsageException.class, () -> Invocation.parse(PROGRAM, List.of("bogus")));

        assertThat(HelpText.complaint(problem))
                .startsWith("Error: unknown command \"bogus\" for \"singularity\"\n\nUsage:\n  singularity [global options...] <command>\n\nAvailable Commands:\n  build       ")
                .endsWith("\n\nRun 'singularity --help' for more detailed usage information.\n");
    }

    static List<Command> commands() {
        return CommandTable.all();
    }

    @ParameterizedTest
    @MethodSource("commands")
    void helpOfEveryCommandFitsEightyColumnsAndShowsWhatIsSupported(Command command) {
        String help = HelpText.help(command);

        assertThat(help.lines().filter(line -> !line.startsWith("  singularity ")))
                .allSatisfy(line -> assertThat(line.length()).isLessThanOrEqualTo(80));
        assertThat(help).contains("Usage:\n  singularity", "--help");
        for (Option option : command.options()) {
            if (!option.hidden()) {
                assertThat(help).contains("--" + option.name());
            }
        }
    }
}
