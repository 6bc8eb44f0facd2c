package io.sifter.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class MainTest {
    @TempDir
    Path directory;

    private final ByteArrayOutputStream out = new ByteArrayOutputStream();
    private final ByteArrayOutputStream err = new ByteArrayOutputStream();
    private final Map<String, String> environment = new HashMap<>();

    private int run(String input, boolean interactive, String... words) {
        environment.putIfAbsent("SINGULARITY_CACHEDIR", directory.toString());
        var caller = new Caller(environment, directory, new ByteArrayInputStream(input.getBytes(StandardCharsets.UTF_8)),
                new PrintStream(out, true, StandardCharsets.UTF_8), new PrintStream(err, true, StandardCharsets.UTF_8), interactive, false);
        return new Main(caller).run(List.of(words));
    }

    private int run(String... words) {
        return run("", false, words);
    }

    private String out() {
        return out.toString(StandardCharsets.UTF_8);
    }

    private String err() {
        return err.toString(StandardCharsets.UTF_8);
    }

    @Test
    void theVersionIsThatOfTheReferenceWithOursBehind() {
        assertThat(run("--version")).isZero();
        assertThat(out()).matches("singularity version 4\\.5\\.0\\+sifter\\.[0-9.]+\n");
        out.reset();
        assertThat(run("version")).isZero();
        assertThat(out()).matches("4\\.5\\.0\\+sifter\\.[0-9.]+\n");
        out.reset();
        assertThat(run("-q", "version", "x")).isZero();
        assertThat(out()).matches("4\\.5\\.0\\+sifter\\.[0-9.]+\n");
        assertThat(err()).isEmpty();
    }

    @Test
    void nothingToDoShowsTheUsageAndFails() {
        assertThat(run()).isEqualTo(1);
        assertThat(err()).startsWith("Usage:\n  singularity [global options...] <command>\n\nAvailable Commands:\n");
        assertThat(out()).isEmpty();
    }

    @Test
    void helpGoesToStandardOutput() {
        for (String[] words : new String[][] {{"help", "pull"}, {"pull", "--help"}, {"pull", "-h"}, {"help", "pull", "x"}}) {
            out.reset();
            assertThat(run(words)).isZero();
            assertThat(out()).startsWith("Fetch an image by its URI\n\nUsage:\n  singularity pull [pull options...] [output file] <URI>\n");
        }
        assertThat(err()).isEmpty();
    }

    @Test
    void helpAboutNothingKnownSucceeds() {
        assertThat(run("help", "bogus")).isZero();
        assertThat(err()).startsWith("Unknown help topic [`bogus`]\nUsage:\n");
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', value = {
        "pull|Error for command \"pull\": accepts between 1 and 2 arg(s), received 0",
        "cache|Error for command \"cache\": invalid command",
        "cache bogus|Error for command \"cache\": invalid command",
        "sif list|Error for command \"list\": accepts 1 arg(s), received 0",
        "bogus|Error: unknown command \"bogus\" for \"singularity\"",
        "--bogus|Error for command \"singularity\": unknown flag: --bogus",
        "pull --bogus x|Error for command \"pull\": unknown flag: --bogus",
        "sif list nosuch.sif|Error for command \"list\": open nosuch.sif: no such file or directory",
        "sif dump x nosuch.sif|Error for command \"dump\": while converting id: strconv.ParseUint: parsing \"x\": invalid syntax",
        "inspect a b|Error for command \"inspect\": accepts 1 arg(s), received 2",
    })
    void commandLinesThatCannotBeUnderstoodExitWithOne(String line, String first) {
        assertThat(run(line.split(" "))).isEqualTo(1);
        assertThat(err()).startsWith(first + "\n").endsWith("Run 'singularity --help' for more detailed usage information.\n");
        assertThat(out()).isEmpty();
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', value = {
        "sign x|The command 'sign' is not supported: signing is not supported yet",
        "keyserver list|The command 'keyserver list' is not supported: key servers are not supported yet",
        "push a.sif docker://h/b|non OCI SIF images can only be pushed to OCI registries via oras://",
        "search docker://lolcow|search does not support Docker registries like Docker Hub",
        "remote login --username ann|--username, --password, --password-stdin and --insecure are for registries",
        "checkpoint create a|The command 'checkpoint create' is not supported: checkpoints are not supported",
        "build --remote a docker://b|--remote is not supported: remote builds are not supported",
        "pull alpine|No transport type URI supplied",
        "pull ./file.sif|No transport type URI supplied",
        "pull docker://|Bad URI docker://",
        "pull --dir nosuch docker://a|Cannot write to nosuch: no such directory",
        "build x nosuch|Unable to build from nosuch: unable to open file nosuch: open nosuch: no such file or directory",
        "build x https://h/a.tar|Unable to build from https://h/a.tar: invalid build source https",
        "cache list --type nosuch|No cache type 'nosuch'",
    })
    void failuresExitWith255AndSayWhy(String line, String message) {
        assertThat(run(line.split(" "))).isEqualTo(255);
        assertThat(err()).startsWith("FATAL:   " + message);
        assertThat(out()).isEmpty();
    }

    /** This program has no plugins, so it serves nothing; those who know a word from the reference learn that it is known here. */
    @Test
    void everyTransportOfTheReferenceIsRefusedByNameWithTheReason() {
        for (String transport : ImageSpecs.TRANSPORTS) {
            err.reset();
            assertThat(run("pull", "x.sif", transport + "://y/z:1")).isEqualTo(255);
            assertThat(err()).startsWith("FATAL:   ").contains("Unsupported transport type: " + transport + "\n         ", switch (transport) {
                case "shub" -> "closed in 2021";
                case "instance" -> "Services in the background";
                default -> "known, but not supported yet";
            });
        }
    }

    @Test
    void theNextStepStandsBelowTheMessage() {
        run("sign", "x");

        assertThat(err()).isEqualTo("FATAL:   The command 'sign' is not supported: signing is not supported yet\n         Sign the file with gpg --detach-sign.\n");
    }

    @Test
    void debugShowsWhereItHappened() {
        run("--debug", "pull", "alpine");

        assertThat(err()).startsWith("FATAL   [U=").contains("io.sifter.spi.error.UserException", "\tat io.sifter.cli.");
    }

    @Test
    void variablesOfTheProgramCount() {
        environment.put("SINGULARITY_DEBUG", "1");
        run("pull", "alpine");
        assertThat(err()).startsWith("FATAL   [U=");

        err.reset();
        environment.put("SINGULARITY_DEBUG", "maybe");
        assertThat(run("pull", "alpine")).isEqualTo(255);
        assertThat(err()).startsWith("FATAL:   While parsing environment variables: unable to set flag debug to value maybe");
    }

    @Test
    void directoriesThatAreNoSandboxesAreNotOverwritten() throws Exception {
        Path target = Files.createDirectory(directory.resolve("precious"));
        Files.createFile(target.resolve("file"));

        assertThat(run("y\n", true, "build", target.toString(), "docker://x")).isEqualTo(255);
        assertThat(err()).startsWith("FATAL:   While checking build target: " + target
                + " is not empty and is not a Singularity sandbox, check its content first and use --force");
        assertThat(target.resolve("file")).exists();
    }

    @Test
    void existingTargetsAreAskedFor() throws Exception {
        Path target = Files.createFile(directory.resolve("old.sif"));

        assertThat(run("", false, "build", target.toString(), "docker://x")).isEqualTo(255);
        assertThat(err()).isEqualTo("FATAL:   While checking build target: build target '%s' already exists. Use --force if you want to overwrite it\n".formatted(target));
        err.reset();
        assertThat(run("n\n", true, "build", target.toString(), "docker://x")).isEqualTo(255);
        assertThat(out()).isEqualTo("Build target already exists. Do you want to overwrite? [N/y] ");
        assertThat(err()).isEqualTo("FATAL:   While checking build target: stopping build\n");
        err.reset();
        run("perhaps\n", true, "build", target.toString(), "docker://x");
        assertThat(err()).startsWith("FATAL:   While checking build target: invalid answer: \"perhaps\"\n");
        assertThat(target).exists();
    }
}
