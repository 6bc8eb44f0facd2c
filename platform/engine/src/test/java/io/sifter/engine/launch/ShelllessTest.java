package io.sifter.engine.launch;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.sifter.engine.launch.ContainerTree.Missing;
import io.sifter.engine.launch.Shellless.Start;
import io.sifter.spi.error.UserException;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

class ShelllessTest {
    private static final String OCI = """
            #!/bin/sh
            OCI_ENTRYPOINT='"/bin/echo" "it'"'"'s \\$HOME" "q\\"q"'
            OCI_CMD='"a" "b c"'

            eval "set ${SINGULARITY_OCI_RUN}"
            exec "$@"
            """;

    private static Start start(MemoryFiles image, Map<String, String> host, Action action, String... arguments) throws Exception {
        ActionRequest request = ActionRequest.of(action, Path.of("/i.sif"), List.of());
        CommandEnvironment variables = CommandEnvironment.of(Hosts.user().with(host), request, false, _ -> { });
        return new Shellless(new ContainerTree(image, Missing.UNDERLAY), variables, "/").start(action, List.of(arguments));
    }

    private static MemoryFiles image() {
        return new MemoryFiles().directory("/bin", "/.singularity.d", "/.singularity.d/env").program("/bin/echo").file("/bin/data", "");
    }

    @Test
    void entrypointAndCommandAreRead() throws Exception {
        MemoryFiles image = image().file("/.singularity.d/runscript", OCI);
        assertThat(start(image, Map.of(), Action.RUN).words()).containsExactly("/bin/echo", "it's $HOME", "q\"q", "a", "b c");
        assertThat(start(image, Map.of(), Action.RUN, "x y").words()).containsExactly("/bin/echo", "it's $HOME", "q\"q", "x y");
    }

    @Test
    void anyOtherRunscriptIsExecuted() throws Exception {
        assertThat(start(image().program("/.singularity.d/runscript").file("/.singularity.d/runscript", "#!/bin/echo\n").program("/.singularity.d/runscript"),
                Map.of(), Action.RUN, "x").words()).containsExactly("/.singularity.d/runscript", "x");
    }

    @Test
    void theImagesVariablesAreRead() throws Exception {
        MemoryFiles image = image().file("/.singularity.d/env/10-docker2singularity.sh", """
                #!/bin/sh
                export PATH="/opt/bin:/bin"
                export A="${A:-"it's \\$5 \\"x\\" \\`y\\` \\\\"}"
                export LINES="${LINES:-"one
                two"}"
                export E="${E:-}"
                """);
        Start start = start(image, Map.of("A", "host", "B", "host", "SINGULARITYENV_E", "set"), Action.EXEC, "echo");
        assertThat(start.environment()).containsEntry("A", "it's $5 \"x\" `y` \\").containsEntry("B", "host").containsEntry("E", "set")
                .containsEntry("LINES", "one\ntwo").containsEntry("PATH", "/opt/bin:/bin:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin");
    }

    @Test
    void aCommandThatIsNotThereIsNamed() {
        assertThatThrownBy(() -> start(image(), Map.of(), Action.EXEC, "nosuchcmd")).hasMessage("\"nosuchcmd\": executable file not found in $PATH");
        assertThatThrownBy(() -> start(image(), Map.of(), Action.EXEC, "/no")).hasMessage("stat /no: no such file or directory");
        assertThatThrownBy(() -> start(image(), Map.of(), Action.EXEC, "/bin")).hasMessage("is a directory");
        assertThatThrownBy(() -> start(image(), Map.of(), Action.EXEC, "/bin/data")).hasMessage("permission denied");
        assertThatThrownBy(() -> start(image(), Map.of(), Action.SHELL)).hasMessage("/bin/sh does not exist in container");
    }

    @Test
    void whatNeedsAShellIsRefused() {
        MemoryFiles image = image().file("/.singularity.d/runscript", OCI.replace("\\$HOME", "$HOME"));
        assertThatThrownBy(() -> start(image, Map.of(), Action.RUN)).isInstanceOf(UserException.class).hasMessageContaining("ENTRYPOINT of the image must be evaluated");
    }
}
