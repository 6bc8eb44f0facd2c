package io.sifter.engine.launch;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.sifter.engine.launch.ActionRequest.Variables;
import io.sifter.spi.error.UserException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class CommandEnvironmentTest {
    @TempDir
    private Path directory;

    private final List<String> warnings = new ArrayList<>();

    private CommandEnvironment environment(Map<String, String> caller, Variables variables, boolean clean) throws Exception {
        return CommandEnvironment.of(Hosts.user().with(caller), ActionRequest.of(Action.EXEC, Path.of("/i.sif"), List.of("true")).with(variables), clean,
                warnings::add);
    }

    private static Variables setting(Map<String, String> set, List<Path> files) {
        return new Variables(false, set, files, true, Optional.empty(), Optional.empty());
    }

    @Test
    void theHostsVariablesPassOnExceptThoseThatContainersHaveThemselves() throws Exception {
        assertThat(environment(Map.of("A", "1", "HOME", "/h", "PATH", "/p", "LD_LIBRARY_PATH", "/l", "SINGULARITY_BIND", "/b", "APPTAINER_X", "x",
                "BASH_FUNC_f%%", "() { :; }", "UID", "5", "LD_PRELOAD", "/x.so"), Variables.DEFAULT, false).host())
                .containsExactlyInAnyOrderEntriesOf(Map.of("A", "1", "LD_PRELOAD", "/x.so"));
    }

    @Test
    void acleanEnvironmentKeepsTheTerminalAndProxies() throws Exception {
        assertThat(environment(Map.of("A", "1", "TERM", "xterm", "https_proxy", "p", "NO_PROXY", "q", "LANG", "de"), Variables.DEFAULT, true).host())
                .containsExactlyInAnyOrderEntriesOf(Map.of("TERM", "xterm", "https_proxy", "p", "NO_PROXY", "q", "LANG", "C"));
    }

    @Test
    void variablesForTheContainerComeByPrefixAndByOption() throws Exception {
        CommandEnvironment environment = environment(Map.of("SINGULARITYENV_A", "prefix", "SINGULARITYENV_B", "b", "APPTAINERENV_B", "other", "APPTAINERENV_C", "c",
                "SINGULARITYENV_PREPEND_PATH", "/first", "SINGULARITYENV_PATH", "/only"), setting(Map.of("A", "option"), List.of()), false);
        assertThat(environment.wanted()).containsExactlyInAnyOrderEntriesOf(Map.of("A", "option", "B", "b", "C", "c",
                "SING_USER_DEFINED_PREPEND_PATH", "/first", "SING_USER_DEFINED_PATH", "/only"));
        assertThat(environment.host()).isEmpty();
    }

    @Test
    void homeIsNotAVariableToSet() throws Exception {
        assertThat(environment(Map.of("SINGULARITYENV_HOME", "/x"), Variables.DEFAULT, false).wanted()).isEmpty();
        assertThat(warnings).containsExactly("Overriding HOME environment variable with SINGULARITYENV_HOME is not permitted");
    }

    @Test
    void aVariableWithoutANameIsNotPassedOverInSilence() throws Exception {
        assertThat(environment(Map.of(), setting(Map.of("", "x"), List.of()), false).wanted()).isEmpty();
        assertThat(warnings).containsExactly("Ignore environment variable =x: variable name missing");
    }

    @Test
    void optionsWinOverFilesAndFilesOverPrefixes() throws Exception {
        Path file = Files.writeString(directory.resolve("vars"), "# comment\nexport A=file\nB=file\n C=\"x y\"\nnot an assignment\n");
        CommandEnvironment environment = environment(Map.of("SINGULARITYENV_A", "prefix", "SINGULARITYENV_B", "prefix"),
                setting(Map.of("A", "option"), List.of(file)), false);
        assertThat(environment.wanted()).containsExactlyInAnyOrderEntriesOf(Map.of("A", "option"));
        assertThat(environment.files().values()).containsExactly(Set.of("B", "C"));
        assertThat(warnings).containsExactly("Ignored environment file variable A: override from --env");
    }

    @Test
    void aFileThatIsMissingIsNamed() {
        assertThatThrownBy(() -> environment(Map.of(), setting(Map.of(), List.of(directory.resolve("none"))), false))
                .isInstanceOf(UserException.class).hasMessageContaining(directory.resolve("none") + ": no such file or directory");
    }

    @Test
    void theCallersPathIsKeptUnderAnotherName() throws Exception {
        assertThat(environment(Map.of("PATH", "/mine"), Variables.DEFAULT, false).container())
                .containsEntry("USER_PATH", "/mine:/bin:/usr/bin:/sbin:/usr/sbin:/usr/local/bin:/usr/local/sbin");
    }
}
