package io.sifter.engine.launch;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.sifter.spi.error.UserException;
import io.sifter.spi.launch.Confinement;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A directory stands for {@code /sys}, since few kernels have what it tells of. */
class SecurityTest {
    @TempDir
    private Path kernel;

    private Confinement confinement(String... settings) throws Exception {
        return Security.parse(List.of(settings), kernel, kernel).confinement();
    }

    private void say(String file, String text) throws Exception {
        Path path = kernel.resolve(file);
        Files.createDirectories(path.getParent());
        Files.writeString(path, text);
    }

    @Test
    void profilesAndLabelsAreHandedOnWhereTheKernelKnowsThem() throws Exception {
        say("module/apparmor/parameters/enabled", "Y\n");
        say("fs/selinux/enforce", "0");
        assertThat(confinement("apparmor:docker-default", "selinux:system_u:system_r:container_t:s0:c1,c2"))
                .isEqualTo(new Confinement(Optional.empty(), Optional.of("docker-default"), Optional.of("system_u:system_r:container_t:s0:c1,c2")));
        assertThatThrownBy(() -> confinement("apparmor:")).isInstanceOf(UserException.class).hasMessage("The security setting apparmor names nothing");
    }

    @Test
    void whatTheKernelDoesNotDoIsNoPromise() throws Exception {
        for (String setting : List.of("apparmor:x", "selinux:x")) {
            assertThatThrownBy(() -> confinement(setting)).isInstanceOf(UserException.class)
                    .hasMessageEndingWith(setting.substring(0, setting.length() - 2) + " requested, but is not enabled or supported on this system");
        }
        // Built in and switched off at the start, as Debian's kernels are with apparmor=0.
        say("module/apparmor/parameters/enabled", "N\n");
        assertThatThrownBy(() -> confinement("apparmor:x")).hasMessageContaining("not enabled");
    }

    @Test
    void aFilterIsAFileWithAnObject() throws Exception {
        say("good.json", " {\"defaultAction\": \"SCMP_ACT_ALLOW\"}\n");
        assertThat(confinement("seccomp:good.json").seccomp()).contains("{\"defaultAction\": \"SCMP_ACT_ALLOW\"}");
        for (String wrong : List.of("{\"defaultAction\": ", "{}}, \"hooks\": {", "[1]", "word", "")) {
            say("wrong.json", wrong);
            assertThatThrownBy(() -> confinement("seccomp:wrong.json")).as(wrong).isInstanceOf(UserException.class)
                    .hasMessageStartingWith("decoding seccomp profile failed: " + kernel.resolve("wrong.json"));
        }
        assertThatThrownBy(() -> confinement("seccomp:")).hasMessage("open : no such file or directory");
        assertThatThrownBy(() -> confinement("seccomp:.")).hasMessageEndingWith(": is a directory");
    }
}
