package io.sifter.cli.options;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.sifter.cli.options.Parser.Parsed;
import io.sifter.spi.error.UserException;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class ParserTest {
    private static final Command EXEC = CommandTable.action("exec").orElseThrow();
    private static final Command PULL = CommandTable.full().subcommand("pull").orElseThrow();

    private static Values values(Command command, Map<String, String> environment, String... words) throws Exception {
        Parsed parsed = Parser.parse(command, List.of(words));
        parsed.values().readEnvironment(environment);
        return parsed.values();
    }

    @Test
    void optionsEndAtTheFirstArgument() throws Exception {
        Parsed parsed = Parser.parse(EXEC, List.of("-e", "img", "prog", "-c", "--contain"));

        assertThat(parsed.values().flag("cleanenv")).isTrue();
        assertThat(parsed.values().flag("contain")).isFalse();
        assertThat(parsed.rest()).containsExactly("img", "prog", "-c", "--contain");
    }

    @Test
    void commaListsMayBeQuoted() throws Exception {
        Values values = values(EXEC, Map.of(), "-B", "a,\"b,\"\"c\"\"\",d", "--bind", "e:f:ro");

        assertThat(values.list("bind")).containsExactly("a", "b,\"c\"", "d", "e:f:ro");
    }

    @Test
    void pairsAreSplitAtCommasUnlessThereIsOnlyOne() throws Exception {
        Values values = values(EXEC, Map.of(), "--env", "A=1,B=2", "--env", "C=x,y", "--env", "A=3");

        assertThat(values.pairs("env")).containsExactly(Map.entry("A", "3"), Map.entry("B", "2"), Map.entry("C", "x,y"));
    }

    @Test
    void theCommandLineWinsOverTheEnvironment() throws Exception {
        Values values = values(PULL, Map.of("SINGULARITY_PULLDIR", "/env", "SINGULARITY_FORCE", "1"), "--dir", "/flag", "--force=false");

        assertThat(values.text("dir")).contains("/flag");
        assertThat(values.flag("force")).isFalse();
    }

    @Test
    void anEmptyTextIsNone() throws Exception {
        assertThat(values(EXEC, Map.of(), "--cwd", "", "--hostname=").text("cwd")).isEmpty();
    }

    @Test
    void theFirstVariableThatIsSetCounts() throws Exception {
        var environment = Map.of("SINGULARITY_PULLDIR", " ", "SINGULARITY_PULLFOLDER", "/s", "APPTAINER_PULLFOLDER", "/a");

        assertThat(values(PULL, environment).text("dir")).contains("/s");
        assertThat(values(PULL, Map.of("APPTAINER_PULLDIR", "/a")).text("dir")).contains("/a");
    }

    @Test
    void someVariablesCountWithoutPrefix() throws Exception {
        assertThat(values(PULL, Map.of("DOCKER_USERNAME", "me")).text("docker-username")).contains("me");
        assertThat(values(PULL, Map.of("DOCKER_USERNAME", "me", "SINGULARITY_DOCKER_USERNAME", "you")).text("docker-username")).contains("you");
        assertThat(values(PULL, Map.of("FORCE", "1")).flag("force")).isFalse();
    }

    @Test
    void bindVariablesAddToTheCommandLine() throws Exception {
        var environment = Map.of("SINGULARITY_BIND", "b, c", "SINGULARITY_BINDPATH", "d");

        assertThat(values(EXEC, environment, "--bind", "a").list("bind")).containsExactly("a", "b", "c", "d");
    }

    @ParameterizedTest
    @CsvSource({"1,true", "t,true", "TRUE,true", "True,true", "0,false", "F,false", "false,false"})
    void flagsTakeTheSpellingsOfGo(String text, boolean expected) throws Exception {
        assertThat(values(PULL, Map.of("SINGULARITY_FORCE", text)).flag("force")).isEqualTo(expected);
        assertThat(values(PULL, Map.of(), "--force=" + text).flag("force")).isEqualTo(expected);
    }

    @Test
    void anUnusableVariableIsNamed() {
        assertThatThrownBy(() -> values(PULL, Map.of("APPTAINER_DISABLE_CACHE", "maybe")))
                .isInstanceOfSatisfying(UserException.class, e -> assertThat(e.nextStep()).contains("Correct or unset APPTAINER_DISABLE_CACHE."))
                .hasMessage("While parsing environment variables: unable to set flag disable-cache to value maybe: "
                        + "strconv.ParseBool: parsing \"maybe\": invalid syntax");
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', quoteCharacter = '~', value = {
        "--bogus x | unknown flag: --bogus",
        "--bogus=1 x | unknown flag: --bogus",
        "-Fx | unknown shorthand flag: 'x' in -x",
        "-x | unknown shorthand flag: 'x' in -x",
        "--dir | flag needs an argument: --dir",
        "-Fj | flag needs an argument: 'j' in -j",
        "--force=maybe x | invalid argument \"maybe\" for \"-F, --force\" flag: strconv.ParseBool: parsing \"maybe\": invalid syntax",
        "--jobs x y | invalid argument \"x\" for \"-j, --jobs\" flag: strconv.ParseInt: parsing \"x\": invalid syntax",
        "--=x | bad flag syntax: --=x",
    })
    void complaintsUseTheWordsOfTheReference(String line, String reason) {
        assertThatThrownBy(() -> Parser.parse(PULL, List.of(line.split(" "))))
                .isInstanceOf(UsageException.class).hasMessage(reason);
    }

    @Test
    void refusedOptionsAreNamedTogether() {
        assertThatThrownBy(() -> values(EXEC, Map.of("SINGULARITY_SHARENS", "1"), "--nvccli", "--oci=false", "img", "prog").requireSupported())
                .isInstanceOf(UserException.class)
                .hasMessageContaining("--nvccli is not supported: ")
                .hasMessageContaining("\nSINGULARITY_SHARENS is not supported: ")
                .hasMessageNotContaining("--oci");
    }

    @Test
    void deprecatedSpellingsBringANotice() throws Exception {
        assertThat(values(EXEC, Map.of(), "--nohttps", "img", "prog").deprecationNotes())
                .containsExactly("Flag --nohttps has been deprecated, use --no-https");
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', value = {
        "pull|0|accepts between 1 and 2 arg(s), received 0",
        "build|1|accepts 2 arg(s), received 1",
        "exec|1|requires at least 2 arg(s), only received 1",
    })
    void wrongNumbersOfArgumentsAreToldInTheWordsOfTheReference(String name, int count, String reason) {
        Command command = CommandTable.full().subcommand(name).orElseThrow();

        assertThatThrownBy(() -> Parser.requireArity(command, java.util.Collections.nCopies(count, "x")))
                .isInstanceOf(UsageException.class).hasMessage(reason);
    }
}
