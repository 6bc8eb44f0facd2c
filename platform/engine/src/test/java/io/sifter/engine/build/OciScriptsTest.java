package io.sifter.engine.build;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/** The scripts are run by the machine's own shell: what counts is what they do. */
class OciScriptsTest {
    @TempDir
    Path directory;

    /** A program that shows its arguments, one a line in brackets. */
    private static final List<String> SHOW = List.of("/bin/sh", "-c", "for a in \"$0\" \"$@\"; do echo \"[$a]\"; done");

    @Test
    void entrypointKeepsItsPlaceAndArgumentsReplaceCmd() throws Exception {
        String script = OciScripts.runscript(concat(SHOW, "entry"), List.of("cmd", "two words"));

        assertThat(run(script, Map.of())).isEqualTo("[entry]\n[cmd]\n[two words]\n");
        assertThat(run(script, Map.of(), "x", "y z")).isEqualTo("[entry]\n[x]\n[y z]\n");
    }

    @Test
    void cmdAloneGivesWayToArguments() throws Exception {
        String script = OciScripts.runscript(List.of(), List.of("/bin/echo", "default"));

        assertThat(run(script, Map.of())).isEqualTo("default\n");
        assertThat(run(script, Map.of(), "/bin/echo", "other")).isEqualTo("other\n");
    }

    @Test
    void argumentsAreEvaluatedOnceMoreAndTheImagesWordsAreNot() throws Exception {
        String script = OciScripts.runscript(concat(SHOW, "it's $HOME", "q\"q", "`id`", "back\\slash"), List.of());

        assertThat(run(script, Map.of("WHO", "cow"), "$WHO"))
                .isEqualTo("[it's $HOME]\n[q\"q]\n[`id`]\n[back\\slash]\n[cow]\n");
    }

    @Test
    void withoutEvaluationEveryWordIsLiteral() throws Exception {
        String script = OciScripts.runscript(concat(SHOW, "it's $HOME"), List.of("$CMD", "a b"));
        Map<String, String> noEval = Map.of("SINGULARITY_NO_EVAL", "1");

        assertThat(run(script, noEval)).isEqualTo("[it's $HOME]\n[$CMD]\n[a b]\n");
        assertThat(run(script, noEval, "$WHO", "\"", "")).isEqualTo("[it's $HOME]\n[$WHO]\n[\"]\n[]\n");
    }

    @Test
    void aFirstArgumentWithADashIsNoOptionOfTheScript() throws Exception {
        String script = OciScripts.runscript(SHOW.subList(0, 1), List.of());

        assertThat(run(script, Map.of(), "-c", "echo fine")).isEqualTo("fine\n");
    }

    @Test
    void carriesTheLineByWhichPeersKnowIt() {
        assertThat(OciScripts.runscript(List.of("a"), List.of()).lines())
                .contains("eval \"set ${SINGULARITY_OCI_RUN}\"", "OCI_ENTRYPOINT='\"a\"'", "OCI_CMD=''");
    }

    @Test
    void environmentKeepsValuesAsTheyAreAndSkipsWhatIsNoName() throws Exception {
        String script = OciScripts.environment(List.of("PATH=/usr/games:/bin", "LC_ALL=C", "NASTY=a \"b\" $c `d` \\e", "BARE",
                "1BAD=x", "WITH-DASH=1", "EMPTY="));
        String show = "\nprintf '[%s]' \"$PATH\" \"$LC_ALL\" \"$NASTY\" \"$BARE\" \"$EMPTY\"";

        assertThat(run(script + show, Map.of())).isEqualTo("[/usr/games:/bin][C][a \"b\" $c `d` \\e][][]");
        assertThat(script).doesNotContain("BAD", "DASH");
    }

    @Test
    void aVariableThatIsSetAlreadyStaysExceptPath() throws Exception {
        String script = OciScripts.environment(List.of("PATH=/usr/games:/bin", "LC_ALL=C")) + "\necho \"$PATH $LC_ALL\"";

        assertThat(run(script, Map.of("LC_ALL", "mine"))).isEqualTo("/usr/games:/bin mine\n");
    }

    /** Words of which a shell that looks at them once too often makes something else. */
    private static final List<String> WORDS = List.of("", " ", "two words", "  both ends  ", "tab\there", "line\nline", "\n", "'", "it's", "''", "\"", "\"q\"",
            "\\", "\\\\", "back\\slash", "end\\", "$HOME", "${HOME}", "$(echo run)", "`echo run`", "$", "$$", "*", "/*", "?", "[a-z]", "~", "-c", "--", "-",
            "a;b", "a&b", "a|b", "<in", ">out", "#none", "!", "{a,b}", "$'x'", "%s\\n", "=", "A=b", "\u00e9\u4e2d", "\u0001\u007f");

    enum Place { ENTRYPOINT, CMD, CMD_ALONE, ARGUMENT, ARGUMENT_FOR_CMD }

    static Stream<Arguments> everyWordAtEveryPlace() {
        return Stream.of(Place.values()).flatMap(place -> WORDS.stream().map(word -> Arguments.of(place, word)));
    }

    /** What Docker hands to the kernel: the words of ENTRYPOINT, then the arguments or else those of CMD. */
    @ParameterizedTest
    @MethodSource("everyWordAtEveryPlace")
    void withoutEvaluationTheProgramGetsWhatDockerWouldGive(Place place, String word) throws Exception {
        List<String> show = List.of("/usr/bin/printf", "%s\\0");
        Map<String, String> noEval = Map.of("SINGULARITY_NO_EVAL", "1");
        String given = switch (place) {
            case ENTRYPOINT -> run(OciScripts.runscript(concat(show, "first", word), List.of("cmd")), noEval);
            case CMD -> run(OciScripts.runscript(concat(show, "first"), List.of(word, "cmd")), noEval);
            case CMD_ALONE -> run(OciScripts.runscript(List.of(), concat(show, "first", word, "cmd")), noEval);
            case ARGUMENT -> run(OciScripts.runscript(concat(show, "first"), List.of("replaced")), noEval, word, "cmd");
            case ARGUMENT_FOR_CMD -> run(OciScripts.runscript(List.of(), List.of("replaced")), noEval, "/usr/bin/printf", "%s\\0", "first", word, "cmd");
        };

        assertThat(given).isEqualTo("first\0" + word + "\0cmd\0");
    }

    @Test
    void variablesOfTheImageHaveTheValuesThatDockerWouldSet() throws Exception {
        List<String> variables = new ArrayList<>();
        StringBuilder show = new StringBuilder("\nprintf '%s\\0'");
        for (int i = 0; i < WORDS.size(); i++) {
            variables.add("V" + i + "=" + WORDS.get(i));
            show.append(" \"$V").append(i).append('"');
        }

        assertThat(run(OciScripts.environment(variables) + show, Map.of())).isEqualTo(String.join("\0", WORDS) + "\0");
    }

    private static List<String> concat(List<String> first, String... more) {
        List<String> all = new ArrayList<>(first);
        all.addAll(Arrays.asList(more));
        return all;
    }

    private String run(String script, Map<String, String> environment, String... arguments) throws IOException, InterruptedException {
        Path file = Files.writeString(directory.resolve("script"), script);
        ProcessBuilder builder = new ProcessBuilder(concat(List.of("/bin/sh", file.toString()), arguments)).redirectErrorStream(true);
        builder.environment().clear();
        builder.environment().put("PATH", "/usr/bin:/bin");
        builder.environment().putAll(environment);
        Process process = builder.start();
        String output = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        assertThat(process.waitFor()).as(output).isZero();
        return output;
    }
}
