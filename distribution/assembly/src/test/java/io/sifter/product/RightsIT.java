package io.sifter.product;

import static org.assertj.core.api.Assertions.assertThat;

import io.sifter.product.Product.Result;
import io.sifter.spi.launch.Capabilities;
import io.sifter.spi.launch.RuntimeContext;
import io.sifter.testkit.Peers;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** What a command may do, whoever starts it with whatever runtime, told by the kernel. */
class RightsIT {
    private static final Capabilities NET_RAW = Capabilities.named("CAP_NET_RAW").orElseThrow();
    private static final String REFUSED = "refused";

    private enum User { ROOT, ORDINARY }

    private record Case(String options, String effective, String noNewPrivileges) {}

    private Product product;

    private void as(User user) throws IOException, InterruptedException {
        if (user == User.ROOT) {
            Peers.root();
        }
        product = user == User.ROOT ? Product.start() : Product.ordinary();
        Images.box(product);
    }

    @AfterEach
    void stop() throws IOException {
        if (product != null) {
            product.close();
        }
    }

    private static String hex(Capabilities capabilities) {
        return "%016x".formatted(capabilities.bits());
    }

    private static List<Case> cases(User user, String runtime) throws IOException {
        Capabilities held = Capabilities.held();
        Capabilities all = Capabilities.upTo(RuntimeContext.kernelSetting("kernel/cap_last_cap"));
        // bubblewrap lets nothing gain more, whoever starts it.
        String gains = runtime.equals("bubblewrap") ? "1" : "0";
        String given = runtime.equals("unshare") ? REFUSED : hex(NET_RAW);
        return user == User.ROOT ? List.of(
                new Case("", hex(held), gains),
                new Case("--keep-privs", hex(held), gains),
                new Case("--no-privs", hex(Capabilities.NONE), "1"),
                new Case("--drop-caps CAP_NET_RAW", hex(held.without(NET_RAW)), gains),
                new Case("--no-privs --add-caps CAP_NET_RAW", hex(NET_RAW), "1"),
                new Case("--userns", hex(all), gains),
                new Case("--security uid:1 --add-caps CAP_NET_RAW", runtime.equals("bubblewrap") ? REFUSED : hex(NET_RAW), "1"))
                : List.of(
                new Case("", hex(Capabilities.NONE), "1"),
                new Case("--add-caps CAP_NET_RAW", given, "1"),
                new Case("--fakeroot --ignore-subuid", hex(all), gains),
                new Case("--fakeroot --ignore-subuid --drop-caps CAP_NET_RAW", hex(all.without(NET_RAW)), gains),
                new Case("--fakeroot --ignore-subuid --no-privs", hex(Capabilities.NONE), "1"),
                new Case("--userns --security uid:1", hex(Capabilities.NONE), "1"));
    }

    @ParameterizedTest
    @CsvSource({"ROOT, unshare", "ORDINARY, unshare", "ROOT, bubblewrap", "ORDINARY, bubblewrap", "ROOT, oci", "ORDINARY, oci"})
    void aCommandHasTheCapabilitiesThatItIsGiven(User user, String runtime) throws Exception {
        for (String program : List.of("bwrap", "crun", "capsh")) {
            Peers.program(program);
        }
        as(user);
        List<Case> cases = cases(user, runtime);
        StringBuilder line = new StringBuilder();
        for (Case one : cases) {
            line.append("status=$(singularity exec --runtime %s %s box grep -e CapEff -e NoNewPrivs /proc/self/status 2>err) || status='x %s x x'; set -- $status; echo $2 $4\n"
                    .formatted(runtime, one.options(), REFUSED));
            line.append("grep -v 'cannot act with other ids\\|cannot give capabilities\\|choose another\\|Choose another\\|Install bubblewrap' err >&2\n");
        }

        Result result = product.shell(line + "true");

        assertThat(result.err()).isEmpty();
        List<String> expected = new ArrayList<>();
        List<String> found = new ArrayList<>();
        List<String> lines = result.out().lines().toList();
        for (int i = 0; i < cases.size(); i++) {
            Case one = cases.get(i);
            expected.add("%s: %s".formatted(one.options(), one.effective().equals(REFUSED) ? "refused x" : one.effective() + " " + one.noNewPrivileges()));
            found.add("%s: %s".formatted(one.options(), lines.get(i)));
        }
        assertThat(found).isEqualTo(expected);
    }

    @Test
    void whoGrantsCapabilitiesIsToldWhatCanBeHad() throws Exception {
        as(User.ORDINARY);
        for (String verb : List.of("add", "drop")) {
            product.run("capability", verb, "--user", "someone", "CAP_NET_RAW").failed("The command 'capability " + verb + "' is not supported", "--add-caps");
        }
        product.run("capability", "list").failed("no capability set for users or groups", "everybody may have all of them over his own containers");
        // So it is: over an interface of a network of one's own, and none of the host's.
        assertThat(product.shell("singularity exec --net --network none --add-caps CAP_NET_ADMIN box busybox ip link set lo mtu 1400 && echo own;"
                + " singularity exec --add-caps CAP_NET_ADMIN box busybox ip link set lo mtu 1400 2>/dev/null || echo no others").out()).isEqualTo("own\nno others\n");
    }

    /** Cause: the watcher looked for the command every 20 ms, and an OCI runtime killed meanwhile left it running; noticed in a stress test. */
    @Test
    void aKilledOciRuntimeLeavesNoCommandThatItHasNotNoted() throws Exception {
        String crun = Peers.program("crun");
        as(User.ORDINARY);
        // As one that was killed before it wrote down what it started.
        Path forgetful = product.give(Files.createDirectory(product.work().resolve("forgetful")));
        Path program = Files.writeString(forgetful.resolve("crun"),
                "#!/bin/sh\nfor word in \"$@\"; do case $word in kill|delete) exit 1 ;; --bundle) break ;; esac; done\nexec %s \"$@\"\n".formatted(crun));
        assertThat(program.toFile().setExecutable(true, false)).isTrue();
        product.with("PATH", forgetful + ":" + product.environment().get("PATH"));
        String marker = "99" + System.nanoTime() % 1_000_000;
        Process process = product.begin("exec", "--runtime", "oci", "box", "sh", "-c", "echo up; exec sleep " + marker);
        assertThat(process.inputReader().readLine()).isEqualTo("up");

        Peers.run("kill", "-KILL", Long.toString(process.pid())).ok();

        Product.await(() -> !runs("sleep\0" + marker));
    }

    private static boolean runs(String command) throws IOException {
        try (Stream<Path> processes = Files.list(Path.of("/proc"))) {
            for (Path process : processes.filter(path -> path.getFileName().toString().matches("[0-9]+")).toList()) {
                try {
                    if (Files.readString(process.resolve("cmdline"), StandardCharsets.ISO_8859_1).startsWith(command)) {
                        return true;
                    }
                } catch (IOException gone) {
                    // It ended meanwhile.
                }
            }
        }
        return false;
    }
}
