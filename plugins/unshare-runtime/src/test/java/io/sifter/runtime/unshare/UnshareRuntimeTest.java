package io.sifter.runtime.unshare;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.sifter.spi.error.ExternalException;
import io.sifter.spi.error.UserException;
import io.sifter.spi.launch.Capabilities;
import io.sifter.spi.launch.Launch;
import io.sifter.spi.launch.LaunchPlan;
import io.sifter.spi.launch.LaunchPlan.Footing;
import io.sifter.spi.launch.Mount;
import io.sifter.spi.launch.Namespace;
import io.sifter.spi.launch.Privileges;
import io.sifter.spi.launch.RuntimeContext;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class UnshareRuntimeTest {
    @TempDir
    private Path bin;

    @BeforeEach
    void installPrograms() throws IOException {
        for (String name : List.of("sh", "unshare", "mount", "umount", "nsenter", "setpriv", "mkdir", "ln", "true", "env")) {
            assertThat(Files.writeString(bin.resolve(name), "--map-user").toFile().setExecutable(true)).isTrue();
        }
    }

    private UnshareRuntime runtime(boolean privileged) {
        return new UnshareRuntime(new RuntimeContext(privileged ? 0 : 1000, privileged ? 0 : 100, privileged, List.of(bin), Path.of("/opt/x/libexec"), Map.of()));
    }

    private static Launch launch(Privileges privileges, Namespace... namespaces) {
        return new Launch(List.of(new Mount.Bind(Path.of("/image"), "/", false, false)), List.of("/bin/echo", "hello"), Map.of("SECRET", "s3cret"),
                "/data", Set.of(namespaces), Optional.empty(), privileges);
    }

    @Test
    void asksForPrivateMountsAndBecomesTheCommandThere() throws Exception {
        LaunchPlan plan = runtime(false).plan(launch(Privileges.none(1000, 100)));
        assertThat(plan.footing()).isEqualTo(Footing.PRIVATE_MOUNTS);
        assertThat(plan.command()).startsWith(bin.resolve("sh").toString(), "-c").endsWith("/bin/echo", "hello");
        assertThat(plan.command().get(2)).contains("--map-user=1000 --map-group=100").contains("--root=. --wd='./data' -- \"$@\"");
    }

    @Test
    void secretsTravelInTheEnvironmentOnly() throws Exception {
        LaunchPlan plan = runtime(false).plan(launch(Privileges.none(1000, 100), Namespace.PID));
        assertThat(String.join(" ", plan.command())).doesNotContain("s3cret");
        assertThat(plan.environment()).containsEntry("SECRET", "s3cret");
    }

    @Test
    void aPrivilegedCallerNeedsNoUserNamespace() throws Exception {
        assertThat(runtime(true).plan(launch(Privileges.all(0, 0))).command().get(2)).doesNotContain("--user").doesNotContain("setpriv");
        assertThat(runtime(true).plan(launch(Privileges.none(0, 0))).command().get(2)).contains("--no-new-privs").contains("--bounding-set=-all");
    }

    @Test
    void rootOfANamespaceStaysInTheFirstOne() throws Exception {
        assertThat(runtime(false).plan(launch(Privileges.all(0, 0))).command().get(2)).doesNotContain("--map-user").doesNotContain("setpriv");
    }

    @Test
    void processOneDiesWithItsParent() throws Exception {
        LaunchPlan plan = runtime(false).plan(launch(Privileges.none(1000, 100), Namespace.PID, Namespace.NETWORK));
        assertThat(plan.command()).containsSequence(bin.resolve("unshare").toString(), "--pid", "--net", bin.resolve("sh").toString(), "-c")
                .containsSequence(bin.resolve("setpriv").toString(), "--pdeathsig", "KILL", bin.resolve("sh").toString());
    }

    @Test
    void doesWithoutAnOldUnshare() throws Exception {
        Files.writeString(bin.resolve("unshare"), "--map-root-user");
        assertThat(runtime(false).probe().reason()).contains("too old");
    }

    @Test
    void saysWhichProgramIsMissing() throws Exception {
        Files.delete(bin.resolve("nsenter"));
        assertThat(runtime(false).probe().ready()).isFalse();
        assertThat(runtime(false).probe().reason()).contains("'nsenter'");
        assertThatThrownBy(() -> runtime(false).plan(launch(Privileges.none(1000, 100)))).isInstanceOf(ExternalException.class).hasMessageContaining("'nsenter'");
    }

    @Test
    void capabilitiesAreLeftAfterTheRootIsChangedWhereCapshIs() throws Exception {
        Launch launch = new Launch(List.of(new Mount.Bind(Path.of("/image"), "/", false, false)), List.of("/bin/echo"), Map.of(), "/", Set.of(),
                Optional.empty(), Privileges.all(0, 0).with(new Capabilities(1 << 21)));
        assertThat(runtime(true).plan(launch).command().get(2)).contains("--inh-caps=-all --bounding-set=-all,+sys_chroot,+sys_admin ");

        assertThat(Files.createFile(bin.resolve("capsh")).toFile().setExecutable(true)).isTrue();

        assertThat(runtime(true).plan(launch).command().get(2)).contains(" --chroot=. --drop=cap_chown,cap_dac_override,").contains(" --inh=cap_sys_admin ");
    }

    @Test
    void whatItCannotDoIsRefusedByName() {
        assertThatThrownBy(() -> runtime(false).plan(launch(Privileges.none(1000, 100).with(new Capabilities(1))))).isInstanceOf(UserException.class)
                .hasMessage("The runtime 'unshare' cannot give capabilities to an ordinary user's command");
        assertThatThrownBy(() -> runtime(true).plan(launch(Privileges.none(1234, 0)))).isInstanceOf(UserException.class)
                .hasMessageContaining("cannot act with other ids");
    }
}
