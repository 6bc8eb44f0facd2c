package io.sifter.testkit.contract;

import static org.assertj.core.api.Assertions.assertThat;

import io.sifter.spi.error.UserException;
import io.sifter.spi.launch.Capabilities;
import io.sifter.spi.launch.Launch;
import io.sifter.spi.launch.LaunchPlan;
import io.sifter.spi.launch.LaunchPlan.Footing;
import io.sifter.spi.launch.Mount;
import io.sifter.spi.launch.Namespace;
import io.sifter.spi.launch.Privileges;
import io.sifter.spi.launch.Readiness;
import io.sifter.spi.launch.Runtime;
import io.sifter.spi.launch.RuntimeContext;
import io.sifter.spi.tree.RawName;
import io.sifter.testkit.Peers;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/**
 * What every runtime does with a launch, seen from inside the container. Needs a busybox without shared libraries. Everything is
 * tried as an ordinary user; where the tests run as root, also as root, and the user is {@link Peers#USER}, made where missing.
 */
public abstract class RuntimeContract {
    private static final List<Path> SEARCH_PATH =
            Stream.of("/usr/local/sbin", "/usr/local/bin", "/usr/sbin", "/usr/bin", "/sbin", "/bin").map(Path::of).toList();

    /** Who starts containers. */
    protected enum Caller { USER, ROOT }

    private Path work;
    private Path image;
    private Path libexec;

    protected abstract Runtime runtime(RuntimeContext context);

    /** Whether signals to the process that executes a plan are signals to the command. */
    protected abstract boolean becomesTheCommand();

    /** What a container answered. */
    private record Answer(int exit, String out, String err) {
        String ok() {
            assertThat(exit).as("%s%s", out, err).isZero();
            return out;
        }
    }

    @BeforeEach
    void makeAnImage() throws Exception {
        Path busybox = Path.of(Peers.program("busybox"));
        work = Files.createTempDirectory(Path.of("/tmp"), "sifter-runtime-");
        image = Files.createDirectory(work.resolve("an image"));
        libexec = Files.createDirectory(work.resolve("libexec"));
        for (String directory : List.of("mnt/root", "mnt/session")) {
            Files.createDirectories(libexec.resolve(directory));
        }
        for (String directory : List.of("bin", "etc", "proc", "sys", "dev", "tmp", "data")) {
            Files.createDirectories(image.resolve(directory));
        }
        Files.copy(busybox, image.resolve("bin/busybox"));
        Peers.need(Peers.run("chroot", image.toString(), "/bin/busybox", "true").exit() == 0
                || Peers.run(Peers.program("ldd"), busybox.toString()).exit() != 0, "busybox needs shared libraries");
        for (String name : List.of("sh", "env", "cat", "id", "ls", "true", "sleep", "mkdir", "touch", "pwd", "grep", "readlink", "hostname", "stat")) {
            Files.createSymbolicLink(image.resolve("bin").resolve(name), Path.of("busybox"));
        }
        Files.writeString(image.resolve("etc/motd"), "of the image\n");
        Peers.run("chmod", "-R", "a+rX", work.toString()).ok();
        if (root()) {
            Peers.run("chown", "-R", Peers.user() + ":", work.toString()).ok();
        }
    }

    @AfterEach
    void remove() throws Exception {
        // What a runtime left to watch may be there for a moment.
        for (int i = 0; work != null && Files.exists(work); i++) {
            Peers.Answer answer = Peers.run("rm", "-rf", "--one-file-system", work.toString());
            if (i == 50) {
                answer.ok();
            } else if (answer.exit() != 0) {
                Thread.sleep(100);
            }
        }
    }

    private static boolean root() throws IOException {
        return (Integer) Files.getAttribute(Path.of("/proc/self"), "unix:uid") == 0;
    }

    private RuntimeContext context(Caller caller) throws Exception {
        if (caller == Caller.ROOT) {
            Peers.root();
            return new RuntimeContext(0, 0, true, SEARCH_PATH, libexec, Map.of());
        }
        List<String> user = root() ? List.of(Peers.USER) : List.of();
        List<String> ask = new ArrayList<>(List.of("id", "-u"));
        ask.addAll(user);
        long uid = Long.parseLong(Peers.run(ask.toArray(String[]::new)).ok().strip());
        ask.set(1, "-g");
        long gid = Long.parseLong(Peers.run(ask.toArray(String[]::new)).ok().strip());
        return new RuntimeContext(uid, gid, false, SEARCH_PATH, libexec, Map.of());
    }

    private Privileges usual(Caller caller) throws Exception {
        RuntimeContext context = context(caller);
        return caller == Caller.ROOT ? Privileges.all(0, 0) : Privileges.none(context.uid(), context.gid());
    }

    /** A launch in the image, of which tests change what they are about. */
    private final class Draft {
        private final Caller caller;
        private final List<Mount> mounts = new ArrayList<>();
        private Map<String, String> environment = Map.of("PATH", "/bin");
        private String directory = "/";
        private Set<Namespace> namespaces = Set.of();
        private Optional<String> hostname = Optional.empty();
        private Privileges privileges;

        Draft(Caller caller) throws Exception {
            this.caller = caller;
            this.privileges = usual(caller);
            mounts.add(new Mount.Bind(image, "/", true, false));
            mounts.add(new Mount.Bind(Path.of("/proc"), "/proc", false, false));
        }

        Draft mount(Mount... more) {
            mounts.addAll(List.of(more));
            return this;
        }

        Process start(String... command) throws Exception {
            RuntimeContext context = context(caller);
            Runtime runtime = runtime(context);
            Readiness readiness = runtime.probe();
            Peers.need(readiness.ready(), readiness.reason());
            LaunchPlan plan = runtime.plan(new Launch(mounts, List.of(command), environment, directory, namespaces, hostname, privileges));
            List<String> whole = new ArrayList<>();
            if (caller == Caller.USER && root()) {
                whole.addAll(List.of(Peers.program("setpriv"), "--reuid", Long.toString(context.uid()), "--regid", Long.toString(context.gid()),
                        "--clear-groups", "--inh-caps=-all"));
            }
            if (plan.footing() == Footing.PRIVATE_MOUNTS) {
                whole.add(Peers.program("unshare"));
                if (!context.privileged()) {
                    whole.addAll(List.of("--user", "--map-root-user"));
                }
                whole.addAll(List.of("--mount", "--propagation", "slave"));
            }
            // Plans are raw, and the JVM that runs this gives words in UTF-8.
            plan.command().forEach(word -> whole.add(new String(RawName.bytes(word), StandardCharsets.UTF_8)));
            ProcessBuilder builder = new ProcessBuilder(whole).directory(work.toFile());
            builder.environment().clear();
            plan.environment().forEach((name, value) -> builder.environment().put(name, new String(RawName.bytes(value), StandardCharsets.UTF_8)));
            return builder.redirectError(work.resolve("err").toFile()).start();
        }

        Answer run(String... command) throws Exception {
            return runWith("", command);
        }

        Answer runWith(String input, String... command) throws Exception {
            Process process = start(command);
            try (OutputStream in = process.getOutputStream()) {
                in.write(input.getBytes(StandardCharsets.UTF_8));
            }
            String out;
            try (InputStream from = process.getInputStream()) {
                out = new String(from.readAllBytes(), StandardCharsets.UTF_8);
            }
            return new Answer(process.waitFor(), out, Files.readString(work.resolve("err"), StandardCharsets.ISO_8859_1));
        }

        Answer shell(String script) throws Exception {
            return run("/bin/sh", "-c", script);
        }
    }

    @ParameterizedTest
    @EnumSource
    void exitCodesAreTheCommands(Caller caller) throws Exception {
        assertThat(new Draft(caller).run("/bin/true").exit()).isZero();
        assertThat(new Draft(caller).shell("exit 42").exit()).isEqualTo(42);
        assertThat(new Draft(caller).shell("kill -TERM $$").exit()).isEqualTo(128 + 15);
        // The number that stands for a signal that stops: whoever sent it to himself to end alike never ended.
        assertThat(new Draft(caller).shell("exit 147").exit()).isEqualTo(147);
    }

    @ParameterizedTest
    @EnumSource
    void argumentsAndInputPassUnchanged(Caller caller) throws Exception {
        String[] nasty = {"", " ", "a b", "it's", "\"$HOME\"", "`id`", "line\nline", "\\", "-x", "*", RawName.of("é")};
        List<String> command = new ArrayList<>(List.of("/bin/sh", "-c", "cat; for a; do printf '<%s>' \"$a\"; done", "name"));
        command.addAll(List.of(nasty));
        assertThat(new Draft(caller).runWith("in\n", command.toArray(String[]::new)).ok().getBytes(StandardCharsets.UTF_8))
                .isEqualTo(RawName.bytes("in\n<" + String.join("><", nasty) + ">"));
    }

    @ParameterizedTest
    @EnumSource
    void aProgramWithoutASlashIsFoundByTheContainersPath(Caller caller) throws Exception {
        assertThat(new Draft(caller).run("readlink", "/bin/sh").ok()).isEqualTo("busybox\n");
    }

    @ParameterizedTest
    @EnumSource
    void theEnvironmentIsWhatWasAskedFor(Caller caller) throws Exception {
        Draft draft = new Draft(caller);
        draft.environment = Map.of("PATH", "/bin", "EMPTY", "", "LINES", "a\nb", "QUOTE", "it's \"x\" $y");
        String variables = draft.shell("cat /proc/self/environ | busybox tr '\\n\\0' '|\\n' | grep -v -E '^(PWD|OLDPWD|SHLVL|_|HOME)='").ok();
        assertThat(variables.lines()).containsExactlyInAnyOrder("PATH=/bin", "EMPTY=", "LINES=a|b", "QUOTE=it's \"x\" $y");
    }

    @ParameterizedTest
    @EnumSource
    void theCommandStartsInItsDirectory(Caller caller) throws Exception {
        Draft draft = new Draft(caller);
        draft.directory = "/etc";
        assertThat(draft.run("/bin/cat", "motd").ok()).isEqualTo("of the image\n");
    }

    @ParameterizedTest
    @EnumSource
    void theCallersIdsAreTheCommands(Caller caller) throws Exception {
        RuntimeContext context = context(caller);
        assertThat(new Draft(caller).shell("id -u; id -g").ok()).isEqualTo(context.uid() + "\n" + context.gid() + "\n");
    }

    @ParameterizedTest
    @EnumSource
    void withoutPrivilegesNoneCanBeGained(Caller caller) throws Exception {
        Peers.program("capsh");
        Draft draft = new Draft(caller);
        draft.privileges = Privileges.none(context(caller).uid(), context(caller).gid());
        String status = draft.shell("grep -E 'CapEff|CapPrm|CapAmb|NoNewPrivs' /proc/self/status").ok();
        assertThat(status).isEqualTo("""
                CapPrm:\t0000000000000000
                CapEff:\t0000000000000000
                CapAmb:\t0000000000000000
                NoNewPrivs:\t1
                """);
    }

    @ParameterizedTest
    @EnumSource
    void capabilitiesAreExactlyWhatIsAskedFor(Caller caller) throws Exception {
        Peers.program("capsh");
        Capabilities wanted = new Capabilities(1 << 13 | 1);
        Draft draft = new Draft(caller);
        draft.privileges = draft.privileges.with(wanted);
        try {
            String status = draft.shell("grep -E 'CapEff|CapPrm|CapBnd|NoNewPrivs' /proc/self/status; id -u").ok();
            assertThat(status).startsWith("CapPrm:\t0000000000002001\nCapEff:\t0000000000002001\n").endsWith("\n" + context(caller).uid() + "\n");
            assertThat(status.contains("CapBnd:\t0000000000002001\n") || status.contains("NoNewPrivs:\t1\n")).as(status).isTrue();
        } catch (UserException refused) {
            assertThat(refused).hasMessageContaining("cannot give capabilities to an ordinary user's command");
            assertThat(caller).isEqualTo(Caller.USER);
        }
    }

    @ParameterizedTest
    @EnumSource
    void otherIdsAreTakenOrRefusedByName(Caller caller) throws Exception {
        Peers.program("capsh");
        Draft draft = new Draft(caller);
        draft.privileges = new Privileges(1234, 1235, caller == Caller.ROOT ? Optional.of(List.of(1235L, 1236L)) : Optional.empty(), false,
                Optional.of(Capabilities.NONE), false);
        try {
            assertThat(draft.shell("id -u; id -g; grep CapEff /proc/self/status").ok()).isEqualTo("1234\n1235\nCapEff:\t0000000000000000\n");
        } catch (UserException refused) {
            assertThat(refused).hasMessageContaining("cannot act with other ids");
            assertThat(caller).isEqualTo(Caller.ROOT);
        }
    }

    @ParameterizedTest
    @EnumSource(names = "ROOT")
    void rootKeepsWhatItHas(Caller caller) throws Exception {
        String own = Files.readString(Path.of("/proc/self/status")).lines().filter(line -> line.startsWith("CapEff")).findFirst().orElseThrow();
        assertThat(new Draft(caller).shell("grep CapEff /proc/self/status").ok().strip()).isEqualTo(own);
    }

    @ParameterizedTest
    @EnumSource(names = "USER")
    void aUserCanAppearAsRoot(Caller caller) throws Exception {
        Draft draft = new Draft(caller);
        draft.privileges = Privileges.all(0, 0);
        assertThat(draft.shell("id -u; cat /proc/self/uid_map | grep -c .").ok()).isEqualTo("0\n1\n");
    }

    @ParameterizedTest
    @EnumSource
    void aReadOnlyRootStaysAsItIs(Caller caller) throws Exception {
        assertThat(new Draft(caller).shell("touch /data/x").exit()).isNotZero();
        assertThat(image.resolve("data")).isEmptyDirectory();
    }

    @ParameterizedTest
    @EnumSource
    void bindsShowTheHost(Caller caller) throws Exception {
        Path host = Files.createDirectory(work.resolve("with a\nstrange\\name"));
        Files.writeString(host.resolve("f"), "of the host\n");
        Peers.run("chmod", "-R", "a+rwX", host.toString()).ok();
        assertThat(new Draft(caller).mount(new Mount.Bind(host, "/data", false, false), new Mount.Bind(host.resolve("f"), "/etc/motd", true, false))
                .shell("cat /data/f /etc/motd; touch /data/new; echo x 2>/dev/null >/etc/motd || echo kept").ok())
                .isEqualTo("of the host\nof the host\nkept\n");
        assertThat(host.resolve("new")).exists();
    }

    @ParameterizedTest
    @EnumSource
    void aBindOfNothingFailsUnlessItIsOptional(Caller caller) throws Exception {
        Path nothing = work.resolve("nothing");
        assertThat(new Draft(caller).mount(new Mount.Bind(nothing, "/data", false, true)).run("/bin/true").exit()).isZero();
        assertThat(new Draft(caller).mount(new Mount.Bind(nothing, "/data", false, false)).run("/bin/true").exit()).isNotZero();
    }

    @ParameterizedTest
    @EnumSource
    void devicesWorkBelowDevOnly(Caller caller) throws Exception {
        Path devices = Files.createDirectory(work.resolve("devices"));
        if (caller == Caller.ROOT) {
            Peers.run("mknod", "-m", "666", devices.resolve("null").toString(), "c", "1", "3").ok();
            assertThat(new Draft(caller).mount(new Mount.Bind(devices, "/data", false, false)).shell("echo x >/data/null").exit()).isNotZero();
        }
        assertThat(new Draft(caller).mount(new Mount.Bind(Path.of("/dev"), "/dev", false, false)).shell("echo x >/dev/null").exit()).isZero();
    }

    @ParameterizedTest
    @EnumSource
    void memoryHoldsWhatStepsMakeInIt(Caller caller) throws Exception {
        Answer answer = new Draft(caller).mount(
                new Mount.Tmpfs("/data", 0755, OptionalLong.of(1 << 20)),
                new Mount.MakeDirectory("/data/dir", 0700),
                new Mount.MakeDirectory("/data/mounted", 0755),
                new Mount.MakeSymlink("/data/link", "/etc/motd"),
                new Mount.MakeSymlink("/data/motd", "../etc/motd"),
                new Mount.MakeFile("/data/file"),
                new Mount.Data("made\n", "/data/made"),
                new Mount.Bind(image.resolve("etc/motd"), "/data/file", false, false),
                new Mount.Bind(image.resolve("etc"), "/data/mounted", false, false))
                .shell("cat /data/link /data/motd /data/file /data/made /data/mounted/motd; stat -c %a /data/dir; touch /data/writable");
        assertThat(answer.ok()).isEqualTo("of the image\nof the image\nof the image\nmade\nof the image\n700\n");
    }

    @ParameterizedTest
    @EnumSource
    void sealedMemoryIsReadOnlyAndItsMountsAreNot(Caller caller) throws Exception {
        Path host = Files.createDirectory(work.resolve("host"));
        Peers.run("chmod", "a+rwX", host.toString()).ok();
        assertThat(new Draft(caller).mount(
                new Mount.Tmpfs("/data", 0755, OptionalLong.empty()),
                new Mount.MakeDirectory("/data/host", 0755),
                new Mount.Bind(host, "/data/host", false, false),
                new Mount.Seal("/data")).shell("touch /data/host/x && { touch /data/y 2>/dev/null || echo sealed; }").ok()).isEqualTo("sealed\n");
    }

    @ParameterizedTest
    @EnumSource
    void theRootCanBeMemory(Caller caller) throws Exception {
        Draft draft = new Draft(caller);
        draft.mounts.clear();
        assertThat(draft.mount(
                new Mount.Tmpfs("/", 0755, OptionalLong.empty()),
                new Mount.MakeDirectory("/bin", 0755),
                new Mount.MakeDirectory("/dev", 0755),
                new Mount.MakeDirectory("/made", 0755),
                new Mount.Bind(image.resolve("bin"), "/bin", true, false),
                new Mount.Seal("/")).shell("ls -d /*; touch /x 2>/dev/null || echo sealed").ok()).isEqualTo("/bin\n/dev\n/made\nsealed\n");
    }

    @ParameterizedTest
    @EnumSource
    void dataCoversAFileForEverybody(Caller caller) throws Exception {
        String large = "0123456789abcde\n".repeat(12_000);
        assertThat(new Draft(caller).mount(new Mount.Data("it's\nnew\n", "/etc/motd")).run("/bin/cat", "/etc/motd").ok()).isEqualTo("it's\nnew\n");
        assertThat(new Draft(caller).mount(new Mount.Data(large, "/etc/motd")).run("/bin/cat", "/etc/motd").ok()).isEqualTo(large);
        assertThat(Files.readString(image.resolve("etc/motd"))).isEqualTo("of the image\n");
    }

    @ParameterizedTest
    @EnumSource
    void minimalDevicesAreThere(Caller caller) throws Exception {
        assertThat(new Draft(caller).mount(new Mount.Dev("/dev"))
                .shell("echo x >/dev/null && busybox head -c 3 /dev/zero | busybox wc -c && [ -c /dev/urandom ] && [ -d /dev/shm ] && [ -e /dev/pts/ptmx ] && touch /dev/shm/x && readlink /dev/stdin")
                .ok()).isEqualTo("3\n/proc/self/fd/0\n");
    }

    @ParameterizedTest
    @EnumSource
    void processIdsCanBeItsOwn(Caller caller) throws Exception {
        Draft draft = new Draft(caller);
        draft.mounts.removeLast();
        draft.mount(new Mount.Proc("/proc"));
        draft.namespaces = Set.of(Namespace.PID, Namespace.IPC);
        Answer answer = draft.shell("echo $$; ls /proc | grep -c '^[0-9]'; exit 3");
        assertThat(answer.exit()).as(answer.err()).isEqualTo(3);
        assertThat(Integer.parseInt(answer.out().lines().findFirst().orElseThrow())).isLessThan(100);
        assertThat(draft.shell("kill -KILL $$")).isEqualTo(new Answer(128 + 9, "", ""));
    }

    @ParameterizedTest
    @EnumSource
    void withItsOwnProcessIdsInputAndSignalsPassOn(Caller caller) throws Exception {
        Draft draft = new Draft(caller);
        draft.mounts.removeLast();
        draft.mount(new Mount.Proc("/proc"));
        draft.namespaces = Set.of(Namespace.PID);
        String[] answer = draft.runWith("in\n", "/bin/sh", "-c", "cat; grep SigIgn /proc/self/status").ok().split("\\s+");
        assertThat(answer[0]).isEqualTo("in");
        assertThat(Long.parseLong(answer[2], 16) >> 1 & 1).as("whether SIGINT is ignored").isZero();
        Process process = draft.start("/bin/sh", "-c", "trap 'echo got it; exit 5' TERM; echo up; while :; do sleep 0.1; done");
        var out = process.inputReader();
        assertThat(out.readLine()).isEqualTo("up");
        process.toHandle().destroy();
        if (becomesTheCommand()) {
            assertThat(out.readLine()).isEqualTo("got it");
            assertThat(process.waitFor()).isEqualTo(5);
        } else {
            assertThat(process.waitFor()).isNotZero();
        }
    }

    @ParameterizedTest
    @EnumSource
    void theHostNameCanBeItsOwn(Caller caller) throws Exception {
        Draft draft = new Draft(caller);
        draft.namespaces = Set.of(Namespace.UTS);
        draft.hostname = Optional.of("inside");
        assertThat(draft.run("hostname").ok()).isEqualTo("inside\n");
        assertThat(new Draft(caller).run("hostname").ok()).isNotEqualTo("inside\n");
    }

    @ParameterizedTest
    @EnumSource
    void theNetworkCanBeNone(Caller caller) throws Exception {
        Draft draft = new Draft(caller);
        draft.namespaces = Set.of(Namespace.NETWORK);
        assertThat(draft.shell("grep -c : /proc/net/dev; grep -c lo: /proc/net/dev").ok()).isEqualTo("1\n1\n");
    }

    @ParameterizedTest
    @EnumSource
    void descriptorsPassOn(Caller caller) throws Exception {
        Path file = Files.writeString(work.resolve("open"), "by descriptor\n");
        RuntimeContext context = context(caller);
        LaunchPlan plan = runtime(context).plan(new Launch(
                List.of(new Mount.Bind(image, "/", true, false), new Mount.Bind(Path.of("/proc"), "/proc", false, false), new Mount.Data("x\n", "/etc/motd")),
                List.of("/bin/sh", "-c", "cat <&9; ls /proc/self/fd | busybox tr '\\n' ' '"), Map.of("PATH", "/bin"), "/", Set.of(), Optional.empty(),
                usual(caller)));
        List<String> words = new ArrayList<>();
        if (caller == Caller.USER && root()) {
            words.addAll(List.of("setpriv", "--reuid", Long.toString(context.uid()), "--regid", Long.toString(context.gid()), "--clear-groups"));
        }
        if (plan.footing() == Footing.PRIVATE_MOUNTS) {
            words.addAll(context.privileged() ? List.of("unshare", "--mount", "--propagation", "slave")
                    : List.of("unshare", "--user", "--map-root-user", "--mount", "--propagation", "slave"));
        }
        words.addAll(plan.command());
        List<String> whole = new ArrayList<>(List.of("bash", "-c", "exec 9<\"$0\" 2>/dev/null; exec env -i \"$@\"", file.toString()));
        plan.environment().forEach((name, value) -> whole.add(name + "=" + value));
        whole.addAll(words);
        // 3 is the directory that ls reads.
        assertThat(Peers.run(whole.toArray(String[]::new)).ok()).startsWith("by descriptor\n").endsWith("0 1 2 3 9 ");
    }

    @ParameterizedTest
    @EnumSource
    void nothingIsLeftWhenItIsKilled(Caller caller) throws Exception {
        String mounts = Files.readString(Path.of("/proc/self/mountinfo"));
        String marker = "77" + System.nanoTime() % 1_000_000;
        Process process = new Draft(caller).start("/bin/sh", "-c", "echo up; exec sleep " + marker);
        assertThat(process.inputReader().readLine()).isEqualTo("up");
        process.destroyForcibly().waitFor();
        long end = System.nanoTime() + TimeUnit.SECONDS.toNanos(20);
        while (!running(marker).isEmpty() && System.nanoTime() < end) {
            Thread.sleep(20);
        }
        assertThat(running(marker)).isEmpty();
        assertThat(Files.readString(Path.of("/proc/self/mountinfo"))).isEqualTo(mounts);
        try (Stream<Path> left = Files.walk(libexec)) {
            assertThat(left.filter(path -> Files.isRegularFile(path, LinkOption.NOFOLLOW_LINKS))).isEmpty();
        }
    }

    private static List<String> running(String marker) throws IOException {
        List<String> running = new ArrayList<>();
        try (Stream<Path> processes = Files.list(Path.of("/proc"))) {
            for (Path process : processes.filter(path -> path.getFileName().toString().matches("[0-9]+")).toList()) {
                try {
                    String command = Files.readString(process.resolve("cmdline"), StandardCharsets.ISO_8859_1);
                    if (command.contains(marker)) {
                        running.add(command);
                    }
                } catch (IOException gone) {
                    // It ended meanwhile.
                }
            }
        }
        return running;
    }

    @ParameterizedTest
    @EnumSource
    void signalsReachTheCommand(Caller caller) throws Exception {
        Process process = new Draft(caller).start("/bin/sh", "-c", "trap 'echo got it; exit 5' TERM; echo up; while :; do sleep 0.1; done");
        var out = process.inputReader();
        assertThat(out.readLine()).isEqualTo("up");
        // Not destroy(), which closes the streams, too.
        process.toHandle().destroy();
        if (becomesTheCommand()) {
            assertThat(out.readLine()).isEqualTo("got it");
            assertThat(process.waitFor()).isEqualTo(5);
        } else {
            assertThat(process.waitFor()).isNotZero();
        }
    }
}
