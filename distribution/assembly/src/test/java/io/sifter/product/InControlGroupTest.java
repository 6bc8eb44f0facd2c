package io.sifter.product;

import static org.assertj.core.api.Assertions.assertThat;

import io.sifter.testkit.Peers;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What becomes a command in a control group, for which a directory stands in. */
class InControlGroupTest {
    private static final Path SCRIPT = Path.of("src/main/sifter/libexec/in-cgroup").toAbsolutePath();

    @TempDir
    private Path parent;

    @Test
    void aControllerThatIsNotDelegatedIsNamedAndNothingIsLeft() throws Exception {
        Peers.Answer answer = Peers.run(List.of("sh", SCRIPT.toString(), parent.toString(), "given", "", System.getenv("PATH"), "cpuset.cpus 0-1\n", "true"),
                parent, Map.of());

        assertThat(answer.exit()).isEqualTo(255);
        assertThat(answer.err()).matches("""
                FATAL:   the limit '0-1' for cpuset.cpus cannot be set: the controller cpuset is not delegated to the control group %s/sifter-\\d+
                         Ask for its delegation \\(Delegate=cpuset for user@.service of systemd\\), or be root.
                """.formatted(parent));
        Product.await(() -> Product.names(parent).isEmpty());
    }
}
