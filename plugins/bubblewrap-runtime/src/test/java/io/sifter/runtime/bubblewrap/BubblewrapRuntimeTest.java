package io.sifter.runtime.bubblewrap;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

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
import java.util.OptionalLong;
import java.util.Set;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class BubblewrapRuntimeTest {
    @TempDir
    private Path bin;

    @BeforeEach
    void installPrograms() throws IOException {
        for (String name : List.of("sh", "bwrap", "rm")) {
            assertThat(Files.createFile(bin.resolve(name)).toFile().setExecutable(true)).isTrue();
        }
    }

    private LaunchPlan plan(boolean privileged, Privileges privileges, Set<Namespace> namespaces, Mount... mounts) throws IOException {
        return new BubblewrapRuntime(new RuntimeContext(privileged ? 0 : 1000, privileged ? 0 : 100, privileged, List.of(bin), Path.of("/opt/x/libexec"), Map.of()))
                .plan(new Launch(List.of(mounts), List.of("/bin/echo", "it's"), Map.of("SECRET", "s3cret"), "/data", namespaces,
                        namespaces.contains(Namespace.UTS) ? Optional.of("inside") : Optional.empty(), privileges));
    }

    private static final Mount ROOT = new Mount.Bind(Path.of("/image"), "/", true, false);

    @Test
    void stepsBecomeOptionsInOrder() throws Exception {
        LaunchPlan plan = plan(false, Privileges.none(1000, 100), Set.of(), ROOT, new Mount.Bind(Path.of("/dev"), "/dev", false, false),
                new Mount.Bind(Path.of("/etc/hosts"), "/etc/hosts", false, true), new Mount.Tmpfs("/home", 0700, OptionalLong.of(4096)),
                new Mount.MakeDirectory("/home/me", 0755), new Mount.MakeSymlink("/home/l", "me"), new Mount.Seal("/home"), new Mount.Proc("/proc"));
        assertThat(plan.footing()).isEqualTo(Footing.HOST);
        assertThat(plan.command()).containsExactly(bin.resolve("bwrap").toString(), "--die-with-parent", "--unshare-user", "--uid", "1000", "--gid", "100",
                "--cap-drop", "ALL", "--ro-bind", "/image", "/", "--dev-bind", "/dev", "/dev", "--bind-try", "/etc/hosts", "/etc/hosts",
                "--perms", "700", "--size", "4096", "--tmpfs", "/home", "--dir", "/home/me", "--symlink", "me", "/home/l", "--remount-ro", "/home",
                "--proc", "/proc", "--chdir", "/data", "--", "/bin/echo", "it's");
    }

    @Test
    void aPrivilegedCallerKeepsWhatItHas() throws Exception {
        assertThat(plan(true, Privileges.all(0, 0), Set.of(), ROOT).command()).doesNotContain("--unshare-user", "--cap-drop", "--cap-add");
        assertThat(plan(false, Privileges.all(0, 0), Set.of(), ROOT).command()).containsSequence("--uid", "0", "--gid", "0", "--cap-add", "ALL");
    }

    @Test
    void namespacesAreAskedFor() throws Exception {
        assertThat(plan(false, Privileges.none(1000, 100), Set.of(Namespace.PID, Namespace.UTS, Namespace.NETWORK), ROOT).command())
                .contains("--unshare-pid", "--unshare-uts", "--unshare-net").containsSequence("--hostname", "inside").doesNotContain("--unshare-ipc");
    }

    @Test
    void contentsComeFromDescriptorsThatTheCallerDoesNotUse() throws Exception {
        LaunchPlan plan = plan(false, Privileges.none(1000, 100), Set.of(), ROOT, new Mount.Data("root:x\n", "/etc/passwd"));
        assertThat(plan.command()).startsWith(bin.resolve("sh").toString(), "-c").endsWith("/bin/echo", "it's");
        assertThat(plan.command().get(2)).contains("[ -e /proc/$$/fd/$d ]", "'--ro-bind-data' \"$d0\" '/etc/passwd'");
        assertThat(String.join(" ", plan.command())).doesNotContain("s3cret");
    }

    @Test
    void capabilitiesAreNamed() throws Exception {
        assertThat(plan(true, Privileges.none(0, 0).with(new Capabilities(1 << 13 | 1)), Set.of(), ROOT).command())
                .containsSequence("--cap-drop", "ALL", "--cap-add", "CAP_CHOWN", "--cap-add", "CAP_NET_RAW").doesNotContain("--unshare-user");
    }

    @Test
    void subordinateIdsComeWithTheFooting() throws Exception {
        LaunchPlan plan = plan(false, new Privileges(0, 0, Optional.empty(), true, Optional.empty(), true), Set.of(), ROOT);
        assertThat(plan.footing()).isEqualTo(Footing.PRIVATE_MOUNTS);
        assertThat(plan.command()).doesNotContain("--unshare-user", "--uid");
    }

    @Test
    void otherIdsOfTheHostAreRefusedByName() {
        assertThatThrownBy(() -> plan(true, Privileges.none(1234, 0), Set.of(), ROOT)).isInstanceOf(UserException.class)
                .hasMessage("The runtime 'bubblewrap' cannot act with other ids on the host");
    }
}
