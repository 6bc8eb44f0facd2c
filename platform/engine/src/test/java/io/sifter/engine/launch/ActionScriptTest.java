package io.sifter.engine.launch;

import static org.assertj.core.api.Assertions.assertThat;

import io.sifter.engine.launch.ActionRequest.Variables;
import io.sifter.testkit.Peers;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Stream;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Runs the script in the shells that images have; a directory stands for the image's {@code /.singularity.d}. */
class ActionScriptTest {
    @TempDir
    private Path image;

    private record Answer(int exit, String out, String err) {
        List<String> variables() {
            return Arrays.stream(out.split("\0")).filter(variable -> !variable.startsWith("_=") && !variable.startsWith("SHLVL=")).toList();
        }
    }

    private void script(String name, String text) throws Exception {
        Files.createDirectories(image.resolve(".singularity.d/env"));
        Path file = Files.writeString(image.resolve(".singularity.d").resolve(name), text);
        assertThat(file.toFile().setExecutable(true)).isTrue();
    }

    private Answer run(String shell, Action action, Map<String, String> caller, Variables variables, String... arguments) throws Exception {
        List<String> command = new ArrayList<>(shell.equals("busybox") ? List.of(Peers.program("busybox"), "sh") : List.of(Peers.program(shell)));
        if (shell.equals("bash")) {
            command.add("--posix");
        }
        ActionRequest request = ActionRequest.of(action, Path.of("/i.sif"), List.of()).with(variables);
        CommandEnvironment environment = CommandEnvironment.of(Hosts.user().with(caller), request, variables.clean(), _ -> { });
        environment.container().putAll(Map.of("HOME", "/", "SINGULARITY_CONTAINER", "/i.sif", "SINGULARITY_NAME", "i.sif"));
        variables.shell().ifPresent(chosen -> environment.container().put("SINGULARITY_SHELL", chosen));
        variables.app().ifPresent(app -> environment.container().put("SINGULARITY_APPNAME", app));
        var prepared = ActionScript.prepare(action, environment, variables.evaluated(), false, "/tmp", false);
        String text = prepared.environment().get("SIFTER_SCRIPT").replace("/.singularity.d", image + "/.singularity.d").replace("/singularity ]", image + "/none ]")
                .replace("/scif/apps", image + "/scif/apps");
        command.addAll(List.of("-c", "eval \"$SIFTER_SCRIPT\"", "singularity"));
        command.addAll(List.of(arguments));
        ProcessBuilder builder = new ProcessBuilder(command).directory(image.toFile());
        builder.environment().clear();
        builder.environment().putAll(prepared.environment());
        builder.environment().put("SIFTER_SCRIPT", text);
        Path err = image.resolve("err");
        Process process = builder.redirectError(err.toFile()).start();
        process.getOutputStream().close();
        String out = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        return new Answer(process.waitFor(), out, Files.readString(err));
    }

    private static Variables evaluated(Map<String, String> set) {
        return new Variables(false, set, List.of(), true, Optional.empty(), Optional.empty());
    }

    @ParameterizedTest
    @ValueSource(strings = {"dash", "bash", "busybox"})
    void theCommandSeesTheImagesVariablesThenTheHosts(String shell) throws Exception {
        script("env/10-docker2singularity.sh", "export PATH=\"/usr/games:/usr/bin:/bin\"\nexport A=\"${A:-\"image\"}\"\nexport EMPTY=\"${EMPTY:-}\"\n");
        script("env/90-environment.sh", "SEEN=${B-unset} export SEEN\n");
        script("env/99-base.sh", "export LD_LIBRARY_PATH=" + image + "/.singularity.d/libs\n");
        Answer answer = run(shell, Action.EXEC, Map.of("A", "host", "B", "it's\n\"b\" $x", "EMPTY", "host", "C", ""), Variables.DEFAULT, "env", "-0");
        assertThat(answer.err()).isEmpty();
        assertThat(answer.variables()).containsExactlyInAnyOrder("A=image", "B=it's\n\"b\" $x", "C=", "SEEN=unset", "HOME=/", "PWD=/tmp",
                "PATH=/usr/games:/usr/bin:/bin:/usr/local/sbin:/usr/local/bin:/usr/sbin:/sbin", "LD_LIBRARY_PATH=" + image + "/.singularity.d/libs",
                "PS1=Singularity> ", "PROMPT_COMMAND=PS1=\"Singularity> \"; unset PROMPT_COMMAND", "SINGULARITY_CONTAINER=/i.sif", "SINGULARITY_NAME=i.sif",
                "USER_PATH=/bin:/usr/bin:/sbin:/usr/sbin:/usr/local/bin:/usr/local/sbin");
    }

    @ParameterizedTest
    @ValueSource(strings = {"dash", "bash", "busybox"})
    void whatIsSetForTheContainerWinsAndIsEvaluatedOnce(String shell) throws Exception {
        script("env/90-environment.sh", "export A=image B=image BASE=base\n");
        script("env/99-base.sh", ":\n");
        Map<String, String> set = Map.of("A", "\"q\" $BASE $(echo run) \\$kept", "PREPEND_PATH", "/first", "APPEND_PATH", "/last", "LD_LIBRARY_PATH", "/mine");
        assertThat(run(shell, Action.EXEC, Map.of(), evaluated(set), "env", "-0").variables())
                .contains("A=\"q\" base run $kept", "B=image", "LD_LIBRARY_PATH=/mine:" + image + "/.singularity.d/libs",
                        "PATH=/first:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin:/last");
        Variables literal = new Variables(false, set, List.of(), false, Optional.empty(), Optional.empty());
        assertThat(run(shell, Action.EXEC, Map.of(), literal, "env", "-0").variables()).contains("A=\"q\" $BASE $(echo run) \\$kept");
    }

    @ParameterizedTest
    @ValueSource(strings = {"dash", "bash", "busybox"})
    void filesWithVariablesAreEvaluatedAmongTheHosts(String shell) throws Exception {
        Path file = Files.writeString(image.resolve("vars"), "export A=\"$HOSTS and $(echo more)\"\nB='$HOSTS'\nhelper() { :; }\n");
        Variables variables = new Variables(false, Map.of(), List.of(file), true, Optional.empty(), Optional.empty());
        assertThat(run(shell, Action.EXEC, Map.of("HOSTS", "h", "B", "b"), variables, "env", "-0").variables())
                .contains("A=h and more", "B=$HOSTS", "HOSTS=h").noneMatch(variable -> variable.startsWith("SIFTER_"));
    }

    @ParameterizedTest
    @ValueSource(strings = {"dash", "bash", "busybox"})
    void theLastFileThatAssignsAVariableCounts(String shell) throws Exception {
        Path first = Files.writeString(image.resolve("first"), "A=1\nB=1\n");
        Path second = Files.writeString(image.resolve("second"), "A=${A}2\n");
        Variables variables = new Variables(false, Map.of(), List.of(first, second), true, Optional.empty(), Optional.empty());
        assertThat(run(shell, Action.EXEC, Map.of(), variables, "env", "-0").variables()).contains("A=12", "B=1");
    }

    @ParameterizedTest
    @ValueSource(strings = {"dash", "bash", "busybox"})
    void aCommandThatIsNotThereIsNamed(String shell) throws Exception {
        assertThat(run(shell, Action.EXEC, Map.of(), Variables.DEFAULT, "nosuchcmd"))
                .isEqualTo(new Answer(255, "", "FATAL:   \"nosuchcmd\": executable file not found in $PATH\n"));
        assertThat(run(shell, Action.EXEC, Map.of(), Variables.DEFAULT, "")).isEqualTo(new Answer(255, "", "FATAL:   \"\": executable file not found in $PATH\n"));
        assertThat(run(shell, Action.EXEC, Map.of(), Variables.DEFAULT, "/no/such")).isEqualTo(new Answer(255, "", "FATAL:   stat /no/such: no such file or directory\n"));
        assertThat(run(shell, Action.EXEC, Map.of(), Variables.DEFAULT, "/etc")).isEqualTo(new Answer(255, "", "FATAL:   is a directory\n"));
        assertThat(run(shell, Action.EXEC, Map.of(), Variables.DEFAULT, "/etc/passwd")).isEqualTo(new Answer(255, "", "FATAL:   permission denied\n"));
    }

    @ParameterizedTest
    @ValueSource(strings = {"dash", "bash", "busybox"})
    void argumentsReachTheCommandUnchanged(String shell) throws Exception {
        assertThat(run(shell, Action.EXEC, Map.of(), Variables.DEFAULT, "printf", "<%s>", "", "a b", "*", "it's", "$HOME", "-n").out())
                .isEqualTo("<><a b><*><it's><$HOME><-n>");
    }

    @ParameterizedTest
    @ValueSource(strings = {"dash", "bash", "busybox"})
    void runStartsTheRunscript(String shell) throws Exception {
        script("runscript", "#!/bin/sh\necho run \"$@\"\n");
        assertThat(run(shell, Action.RUN, Map.of(), Variables.DEFAULT, "a b").out()).isEqualTo("run a b\n");
        Files.delete(image.resolve(".singularity.d/runscript"));
        Answer none = run(shell, Action.RUN, Map.of(), Variables.DEFAULT, "-c", "echo shell");
        assertThat(none).isEqualTo(new Answer(0, "shell\n", "INFO:    No runscript found in container, executing /bin/sh\n"));
    }

    @ParameterizedTest
    @ValueSource(strings = {"dash", "bash", "busybox"})
    void appsRunTheirOwn(String shell) throws Exception {
        Variables app = new Variables(false, Map.of(), List.of(), true, Optional.of("a"), Optional.empty());
        assertThat(run(shell, Action.RUN, Map.of(), app)).isEqualTo(new Answer(1, "", "ERROR:   no runscript for contained app: a\n"));
        Path runscript = Files.createDirectories(image.resolve("scif/apps/a/scif")).resolve("runscript");
        assertThat(Files.writeString(runscript, "#!/bin/sh\necho app\n").toFile().setExecutable(true)).isTrue();
        assertThat(run(shell, Action.RUN, Map.of(), app).out()).isEqualTo("app\n");
    }

    @ParameterizedTest
    @ValueSource(strings = {"dash", "bash", "busybox"})
    void withoutEvaluationVariablesAndArgumentsStayAsTheyWereGiven(String shell) throws Exception {
        List<String> words = List.of("", " ", "two words", "tab\there", "line\nline", "\n", "'", "it's", "\"", "\"q\"", "\\", "\\\\", "back\\slash", "$HOME",
                "${HOME}", "$(echo run)", "`echo run`", "$", "$$", "*", "?", "[a-z]", "~", "-c", "--", "a;b", "a&b", "a|b", "<in", ">out", "#none", "!", "{a,b}",
                "%s\\n", "=", "A=b");
        Map<String, String> set = new HashMap<>();
        List<String> expected = new ArrayList<>();
        for (String word : words) {
            set.put("V" + set.size(), word);
            expected.add("V" + expected.size() + "=" + word);
        }
        Variables literal = new Variables(false, set, List.of(), false, Optional.empty(), Optional.empty());
        assertThat(run(shell, Action.EXEC, Map.of(), literal, "env", "-0").variables()).containsAll(expected);
        String[] print = Stream.concat(Stream.of("printf", "%s\\0"), words.stream()).toArray(String[]::new);
        assertThat(run(shell, Action.EXEC, Map.of(), Variables.DEFAULT, print).out()).isEqualTo(String.join("\0", words) + "\0");
    }

    @ParameterizedTest
    @ValueSource(strings = {"dash", "bash", "busybox"})
    void withoutTestsThereIsNothingToFail(String shell) throws Exception {
        assertThat(run(shell, Action.TEST, Map.of(), Variables.DEFAULT)).isEqualTo(new Answer(0, "No test script found in container, exiting\n",
                "INFO:    No test script found in container, exiting\n"));
        script("test", "#!/bin/sh\nexit 3\n");
        assertThat(run(shell, Action.TEST, Map.of(), Variables.DEFAULT).exit()).isEqualTo(3);
    }

    @ParameterizedTest
    @ValueSource(strings = {"dash", "bash", "busybox"})
    void theWantedShellIsStartedIfItIsThere(String shell) throws Exception {
        Assumptions.assumeTrue(Files.isExecutable(Path.of("/bin/echo")));
        Variables echo = new Variables(false, Map.of(), List.of(), true, Optional.empty(), Optional.of("/bin/echo"));
        assertThat(run(shell, Action.SHELL, Map.of(), echo, "hello").out()).isEqualTo("hello\n");
    }
}
