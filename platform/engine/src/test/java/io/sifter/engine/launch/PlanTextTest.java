package io.sifter.engine.launch;

import static org.assertj.core.api.Assertions.assertThat;

import io.sifter.spi.launch.LaunchPlan;
import io.sifter.spi.launch.LaunchPlan.Footing;
import io.sifter.spi.tree.RawName;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.OptionalInt;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class PlanTextTest {
    @TempDir
    private Path directory;

    /** Evaluates a plan as the launcher does; what the program wrote, raw. */
    private String evaluate(String shell, String text, Map<String, String> environment) throws Exception {
        Path plan = Files.write(directory.resolve("plan"), RawName.bytes(text));
        ProcessBuilder builder = new ProcessBuilder(shell, "-c", "text=$(cat \"$0\"); eval \"$text\"", plan.toString());
        builder.environment().clear();
        builder.environment().putAll(environment);
        builder.environment().putIfAbsent("PATH", "/usr/bin:/bin");
        builder.redirectError(ProcessBuilder.Redirect.INHERIT);
        Process process = builder.start();
        String out = RawName.of(process.getInputStream().readAllBytes());
        assertThat(process.waitFor()).isZero();
        return out;
    }

    private static String text(List<String> command, Map<String, String> environment, Map<String, String> caller) {
        return PlanText.execute(new LaunchPlan(command, environment, Footing.HOST), caller, OptionalInt.empty(), List.of());
    }

    @ParameterizedTest
    @ValueSource(strings = {"sh", "bash"})
    void everyWordReachesTheProgramUnchanged(String shell) throws Exception {
        List<String> words = new ArrayList<>(List.of("", " ", "it's", "'", "''\\''", "\"$HOME\" `id` $(id)", "a\nb\n\n", "\t\r", "\\", "*", "-n", "~", "!x", "#",
                RawName.of("é€𝄞"), "\u00ff\u00fe\u0001", "x".repeat(100_000)));
        List<String> command = new ArrayList<>(List.of("/bin/sh", "-c", "for a; do printf '%s\\0' \"$a\"; done", "name"));
        command.addAll(words);
        assertThat(evaluate(shell, text(command, Map.of(), Map.of()), Map.of())).isEqualTo(String.join("\0", words) + "\0");
    }

    @ParameterizedTest
    @ValueSource(strings = {"sh", "bash"})
    void theProgramHasThePlansEnvironmentAndNothingOfTheCallers(String shell) throws Exception {
        Map<String, String> caller = Map.of("GONE", "x", "SAME", "as it is", "OTHER", "before", "PATH", "/usr/bin:/bin", "LD_LIBRARY_PATH", "/nowhere");
        Map<String, String> wanted = Map.of("SAME", "as it is", "OTHER", "it's\nnew", "NEW", "", "BYTES", "\u00e9\u00ff");
        String environment = evaluate(shell, text(List.of("/usr/bin/env", "-0"), wanted, caller), caller);
        List<String> variables = new ArrayList<>(List.of(environment.split("\0")));
        // Shells add these by themselves.
        variables.removeIf(variable -> variable.startsWith("_=") || variable.startsWith("SHLVL=") || variable.startsWith("PWD=") || variable.startsWith("OLDPWD="));
        assertThat(variables).containsExactlyInAnyOrder("SAME=as it is", "OTHER=it's\nnew", "NEW=", "BYTES=\u00e9\u00ff");
    }

    @ParameterizedTest
    @ValueSource(strings = {"sh", "bash"})
    void aTextDoesNotTellTheCallersValues(String shell) throws Exception {
        Map<String, String> caller = Map.of("TOKEN", "it's\nsecret\n", "APPTAINERENV_KEY", "secret too", "LINENO", "7", "PATH", "/usr/bin:/bin");
        Map<String, String> wanted = Map.of("SIFTER_HOST_TOKEN", caller.get("TOKEN"), "SIFTER_SET_KEY", caller.get("APPTAINERENV_KEY"), "SIFTER_HOST_LINENO", "7",
                "TOKEN", "another", "SIFTER_SET_SHAPE", "round");
        String text = text(List.of("/usr/bin/env", "-0"), wanted, caller);
        assertThat(text).doesNotContain("secret");

        List<String> variables = List.of(evaluate(shell, text, caller).split("\0"));
        assertThat(variables).contains("SIFTER_HOST_TOKEN=it's\nsecret\n", "SIFTER_SET_KEY=secret too", "SIFTER_HOST_LINENO=7", "TOKEN=another", "SIFTER_SET_SHAPE=round")
                .noneMatch(variable -> variable.startsWith("APPTAINERENV_"));
    }

    @Test
    void valuesThatAreHandedOnChangedAreKnownAsSecrets() {
        Map<String, String> caller = Map.of("SINGULARITYENV_KEY", "\"secret\"");
        assertThat(PlanText.tellsSecrets(new LaunchPlan(List.of("x"), Map.of("SIFTER_SET_KEY", "\\\"secret\\\""), Footing.HOST), caller)).isTrue();
        assertThat(PlanText.tellsSecrets(new LaunchPlan(List.of("x"), Map.of("SIFTER_SET_KEY", "\"secret\""), Footing.HOST), caller)).isFalse();
        assertThat(PlanText.tellsSecrets(new LaunchPlan(List.of("x"), Map.of("SIFTER_SET_OTHER", "y"), Footing.HOST), caller)).isFalse();
    }

    @Test
    void theUmaskIsSetIfItDoesNotStay() throws Exception {
        LaunchPlan plan = new LaunchPlan(List.of("/bin/sh", "-c", "umask"), Map.of(), Footing.HOST);
        assertThat(evaluate("sh", "umask 0077\n" + PlanText.execute(plan, Map.of(), OptionalInt.of(0022), List.of()), Map.of())).isEqualTo("0022\n");
        assertThat(evaluate("sh", "umask 0077\n" + PlanText.execute(plan, Map.of(), OptionalInt.empty(), List.of()), Map.of())).isEqualTo("0077\n");
    }

    @Test
    void whatComesBeforeSeesTheCallersEnvironment() throws Exception {
        LaunchPlan plan = new LaunchPlan(List.of("/bin/sh", "-c", "echo after $X"), Map.of(), Footing.HOST);
        assertThat(evaluate("sh", PlanText.execute(plan, Map.of("X", "x"), OptionalInt.empty(), List.of(List.of("/bin/sh", "-c", "echo before $X"))),
                Map.of("X", "x"))).isEqualTo("before x\nafter\n");
    }
}
