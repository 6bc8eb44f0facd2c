package io.sifter.product;

import static org.assertj.core.api.Assertions.assertThat;

import io.sifter.product.Product.Result;
import io.sifter.spi.reference.Platform;
import io.sifter.testkit.Peers;
import io.sifter.testkit.TarLayer;
import io.sifter.testkit.registry.ScriptedRegistry;
import io.sifter.testkit.registry.TestImage;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.parallel.Isolated;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** Containers in the background: how they live and end, what gets into them, and that they end as those of the reference do. */
@Isolated("moves the process that runs the tests into another control group")
class InstanceIT {
    private enum User { ROOT, ORDINARY }

    /** What Apptainer says about itself. */
    private static final List<String> NOISE = List.of("Instance stats will not be available", "Detected Singularity user configuration", "SHLVL=", "is preferred");

    private static final String SERVICE = """
            #!/bin/sh
            echo "service $SINGULARITY_INSTANCE $*"
            for signal in INT TERM HUP; do trap "echo got $signal" $signal; done
            trap 'echo got INT; exit 3' INT
            trap 'echo got TERM; exit 4' TERM
            case $1 in short) exit "$2" ;; esac
            while :; do sleep 0.05; done
            """;

    private static ScriptedRegistry registry;
    private static Path busybox;
    private static Product ordinary;
    private static Product root;
    private Product product;

    @BeforeAll
    static void start() throws Exception {
        busybox = Path.of(Peers.program("busybox"));
        registry = ScriptedRegistry.start();
        registry.publish("lib/service", "latest", image());
        ordinary = prepared(Product.ordinary());
        root = Product.isRoot() ? prepared(Product.start()) : null;
    }

    private static Product prepared(Product product) throws IOException, InterruptedException {
        // An image from a registry has no start script of its own.
        product.run("build", "--sandbox", "box", "docker://" + registry.host() + "/lib/service").ok();
        for (String script : List.of("startscript", "runscript")) {
            Files.writeString(product.work().resolve("box/.singularity.d").resolve(script), SERVICE);
        }
        product.run("build", "x.sif", "box").ok();
        return product;
    }

    private static TestImage image() throws Exception {
        TarLayer layer = TarLayer.with();
        for (String directory : List.of("bin", "etc", "tmp", "var/tmp", "root", "home", "proc", "sys", "dev")) {
            layer.directory(directory);
        }
        layer.file("bin/busybox", Files.readAllBytes(busybox)).mode(0755);
        for (String name : List.of("sh", "sleep", "cat", "id", "env", "ps", "sort", "readlink", "touch", "kill", "true")) {
            layer.symlink("bin/" + name, "busybox");
        }
        layer.file("etc/passwd", "root:x:0:0:root:/root:/bin/sh\n").file("etc/group", "root:x:0:\n");
        return TestImage.with().platform("linux/" + Platform.host().architecture()).layer(layer.tar()).env("PATH=/bin", "IMAGE_VAR=image").build();
    }

    @AfterAll
    static void stop() throws IOException {
        registry.close();
        ordinary.close();
        if (root != null) {
            root.close();
        }
    }

    private void as(User user) throws IOException {
        if (user == User.ROOT) {
            Peers.root();
        }
        product = user == User.ROOT ? root : ordinary;
    }

    @AfterEach
    void nothingIsLeft() throws IOException, InterruptedException {
        product.without("SINGULARITY_CONFIG_FILE").run("instance", "stop", "--force", "--all");
        Product.await(() -> Product.names(product.temporary()).isEmpty());
        assertThat(written()).isEmpty();
        assertThat(Files.readAllLines(Path.of("/proc/self/mounts"))).noneMatch(line -> line.contains(product.root().toString()));
        Product.await(() -> processes().isEmpty());
    }

    /** What is written down about instances. */
    private List<String> written() throws IOException {
        Path all = product.home().resolve(".singularity/instances/sifter");
        if (!Files.isDirectory(all)) {
            return List.of();
        }
        try (var files = Files.walk(all)) {
            return files.filter(Files::isRegularFile).map(file -> file.getFileName().toString()).filter(name -> !name.equals(".lock")).toList();
        }
    }

    /** Processes that know the product's directory. */
    private List<String> processes() throws IOException {
        List<String> found = new ArrayList<>();
        try (var all = Files.newDirectoryStream(Path.of("/proc"), "[0-9]*")) {
            for (Path process : all) {
                try {
                    String command = Files.readString(process.resolve("cmdline"), StandardCharsets.ISO_8859_1).replace('\0', ' ');
                    if (command.contains(product.root().toString())) {
                        found.add(command);
                    }
                } catch (IOException gone) {
                    // It ended meanwhile.
                }
            }
        }
        return found;
    }

    private Path log(String name) throws IOException {
        try (var files = Files.walk(product.home().resolve(".singularity/instances/logs"))) {
            return files.filter(file -> file.getFileName().toString().equals(name)).findFirst().orElseThrow();
        }
    }

    private void awaitLog(String name, String words) throws IOException, InterruptedException {
        Product.await(() -> Files.readString(log(name)).contains(words));
    }

    private Result in(String name, String script) throws IOException, InterruptedException {
        return product.run("exec", "instance://" + name, "sh", "-c", script);
    }

    @ParameterizedTest
    @EnumSource
    void livesUntilItIsStoppedAndLetsCommandsIn(User user) throws Exception {
        as(user);
        Path pidFile = product.work().resolve("pid");
        assertThat(product.run("instance", "start", "--env", "GIVEN=1", "--pid-file", pidFile.toString(), "x.sif", "one", "a", "b c").ok().err())
                .isEqualTo("INFO:    instance started successfully\n");
        awaitLog("one.out", "service one a b c\n");
        String pid = Files.readString(pidFile).strip();

        assertThat(product.run("instance", "list").ok().out()).isEqualTo("INSTANCE NAME    PID%s    IP    IMAGE%none              %s          %s/x.sif%n"
                .formatted(" ".repeat(Math.max(0, pid.length() - 3)), pid, product.work()));
        assertThat(product.run("instance", "list", "--json", "o*").ok().out()).contains("\"instance\": \"one\"", "\"pid\": " + pid, "one.err");
        assertThat(product.run("instance", "list", "--logs").ok().out()).contains(log("one.out").toString(), log("one.err").toString());
        assertThat(product.run("instance", "list", "z*").ok().out()).isEqualTo("INSTANCE NAME    PID    IP    IMAGE\n");

        Result joined = product.with("HOSTVAR", "host").run("exec", "--env", "A=1", "instance://one", "sh", "-c",
                "echo $A $HOSTVAR $IMAGE_VAR $SINGULARITY_INSTANCE $SINGULARITY_NAME ${GIVEN-none}; pwd; id -u; touch /no 2>/dev/null || echo protected; exit 7");
        assertThat(joined.exit()).as(joined.err()).isEqualTo(7);
        assertThat(joined.out()).isEqualTo("1 host image one x.sif none\n%s\n%s\nprotected\n".formatted(product.work(), user == User.ROOT ? "0" : product.shell("id -u").out().strip()));
        assertThat(product.runWith("echo $((20 + 3))\n", "shell", "instance://one").ok().out()).isEqualTo("23\n");
        assertThat(in("one", "ps -o args").ok().out()).contains("/.singularity.d/startscript a b c");
        assertThat(in("one", "kill -9 $$").exit()).isEqualTo(137);
        assertThat(in("one", "exit 147").exit()).isEqualTo(147);
        assertThat(product.run("exec", "--pwd", "/nowhere", "instance://one", "true").err()).contains("chdir /nowhere: no such file or directory");

        assertThat(product.run("instance", "stop", "one").ok().err()).isEqualTo("INFO:    Stopping one instance of %s/x.sif (PID=%s)\n".formatted(product.work(), pid));
        assertThat(Files.readString(log("one.out"))).endsWith("got INT\n");
    }

    @Test
    void commandsReachTheInstanceThatRunsNow() throws Exception {
        as(User.ORDINARY);
        for (String word : List.of("first", "second")) {
            product.run("instance", "start", "x.sif", "again", word).ok();

            assertThat(in("again", "ps -o args").ok().out()).contains("/.singularity.d/startscript " + word);
            product.run("instance", "stop", "again").ok();
        }
        assertThat(in("again", "ps -o args").err()).contains("no instance found");
    }

    @ParameterizedTest
    @EnumSource
    void namesAreTakenOnce(User user) throws Exception {
        as(user);
        product.run("instance", "run", "x.sif", "web", "short", "3").ok();
        awaitLog("web.out", "service web short 3");

        product.run("instance", "start", "x.sif", "web").failed("instance web already exists");
        product.run("instance", "start", "x.sif", "we/b").failed("we/b is not a valid instance name");
        product.run("instance", "start", "instance://web", "other").failed("an instance starts from an image");
        product.run("exec", "instance://other", "true").failed("no instance found with name other");
        product.run("exec", "--pid-file", "x", "x.sif", "true").failed("--pid-file");
        product.run("instance", "stop", "--signal", "NONSENSE", "web").failed("Could not convert stop signal: NONSENSE is not a number");
        assertThat(product.run("instance", "stop", "other").exit()).isEqualTo(1);
        // It lives on, though what it ran has ended.
        assertThat(in("web", "echo here").ok().out()).isEqualTo("here\n");
        assertThat(product.run("instance", "stop", "--signal", "SIGTERM", "w?b").ok().err()).contains("Stopping web");
    }

    @Test
    void whatDoesNotHearIsKilled() throws Exception {
        as(User.ORDINARY);
        product.run("instance", "start", "x.sif", "deaf").ok();
        awaitLog("deaf.out", "service deaf");

        assertThat(product.run("instance", "stop", "--signal", "HUP", "--timeout", "1", "deaf").ok().err()).contains("Stopping deaf", "Killing deaf", "(Timeout)");
        assertThat(Files.readString(log("deaf.out"))).contains("got HUP");
    }

    @ParameterizedTest
    @EnumSource
    void aFailureIsToldAndLeavesNothing(User user) throws Exception {
        as(user);
        product.shell("mkdir -p none/bin none/proc none/sys none/dev none/etc none/tmp none/var/tmp none/.singularity.d/env && cp $(command -v busybox) none/bin/sh"
                + " && echo 'echo broken here >&2; exit 5' >none/.singularity.d/env/90-environment.sh").ok();

        Result result = product.run("instance", "start", "none", "bad");
        assertThat(result.exit()).isEqualTo(255);
        assertThat(result.err()).contains("broken here", "the instance bad did not start");
        assertThat(product.run("instance", "list").ok().out()).doesNotContain("bad");
        assertThat(product.run("instance", "start", "--bind", "/nowhere", "x.sif", "bad").err()).contains("mount source /nowhere doesn't exist");
        // Nobody would say that it runs, and whoever started it waited for ever.
        product.shell("mkdir -p bare/bin bare/proc bare/sys bare/dev bare/etc bare/tmp bare/var/tmp bare/.singularity.d && cp $(command -v busybox) bare/bin/sleep"
                + " && printf 'OCI_ENTRYPOINT='\\''/bin/sleep'\\''\\nOCI_CMD='\\''60'\\''\\neval \"set ${SINGULARITY_OCI_RUN}\"\\n' >bare/.singularity.d/runscript").ok();
        for (String word : List.of("start", "run")) {
            product.run("instance", word, "bare", "bad").failed("/bin/sh does not exist in container, and nothing else can keep an instance");
        }
    }

    @ParameterizedTest
    @EnumSource
    void whatIsKilledIsForgotten(User user) throws Exception {
        as(user);
        for (String victim : List.of("pid", "init", "supervisor")) {
            product.run("instance", "start", "x.sif", "victim").ok();
            Path file = product.home().resolve(".singularity/instances/sifter").resolve(host()).resolve(product.shell("id -un").ok().out().strip()).resolve("victim.instance");
            String pid = Files.readAllLines(file).stream().filter(line -> line.startsWith(victim + " ")).findFirst().orElseThrow().split(" ")[1];
            Peers.run("kill", "-9", pid).ok();
            if (victim.equals("supervisor")) {
                // Nobody waits any more, but it still runs and can be stopped.
                assertThat(in("victim", "echo here").ok().out()).isEqualTo("here\n");
                product.run("instance", "stop", "victim").ok();
            }
            Product.await(() -> !listed().contains("victim"));
        }
    }

    private String listed() throws IOException {
        try {
            return product.run("instance", "list").ok().out();
        } catch (InterruptedException e) {
            throw new IOException(e);
        }
    }

    private static String host() throws IOException {
        return Files.readString(Path.of("/proc/sys/kernel/hostname")).strip();
    }

    @Test
    void survivesTheTerminalItWasStartedFrom() throws Exception {
        as(User.ORDINARY);
        String line = "singularity instance start x.sif still && exec sleep 60";
        Process terminal = product.begin(product.work(), List.of("script", "-qec", line, "/dev/null"), ProcessBuilder.Redirect.DISCARD);
        Product.await(() -> !written().isEmpty() && listed().contains("still"));
        // The kernel hangs the terminal up when the program that shows it is gone.
        Product.kill(terminal, "KILL");

        assertThat(in("still", "echo here").ok().out()).isEqualTo("here\n");
        product.run("instance", "stop", "still").ok();
    }

    @ParameterizedTest
    @EnumSource
    void bubblewrapKeepsThemButMayLetNobodyIn(User user) throws Exception {
        as(user);
        Peers.program("bwrap");
        Path settings = Files.writeString(product.work().resolve("bubblewrap.conf"), "runtime.name = bubblewrap\n");
        product.with("SINGULARITY_CONFIG_FILE", product.give(settings).toString());
        product.run("instance", "start", "x.sif", "wrapped", "w").ok();
        awaitLog("wrapped.out", "service wrapped w");

        Result joined = in("wrapped", "echo here");
        if (user == User.ROOT) {
            assertThat(joined.ok().out()).isEqualTo("here\n");
        } else {
            joined.failed("lets nobody in");
            product.run("instance", "start", "--fakeroot", "x.sif", "rooted").ok();
            assertThat(in("rooted", "id -u").ok().out()).isEqualTo("0\n");
        }
        product.run("instance", "stop", "wrapped").ok();
        assertThat(Files.readString(log("wrapped.out"))).endsWith("got INT\n");
    }

    /** An OCI runtime gives what it starts a session of its own, and hands signals on to it that it hears itself. */
    @ParameterizedTest
    @EnumSource
    void anOciRuntimeKeepsThemAndLetsEverybodyIn(User user) throws Exception {
        as(user);
        Peers.program("crun");
        product.run("instance", "start", "--runtime", "oci", "x.sif", "bundled", "b").ok();
        awaitLog("bundled.out", "service bundled b");

        assertThat(product.run("exec", "--runtime", "oci", "instance://bundled", "sh", "-c", "echo $SINGULARITY_INSTANCE; pwd; id -u; exit 7").out())
                .isEqualTo("bundled\n%s\n%s\n".formatted(product.work(), user == User.ROOT ? "0" : product.shell("id -u").out().strip()));
        assertThat(product.runWith("echo $((20 + 3))\n", "shell", "instance://bundled").ok().out()).isEqualTo("23\n");
        assertThat(in("bundled", "ps -o args").ok().out()).contains("/.singularity.d/startscript b");
        assertThat(product.run("instance", "stop", "--signal", "TERM", "bundled").ok().err()).contains("Stopping bundled").doesNotContain("Killing");
        assertThat(Files.readString(log("bundled.out"))).endsWith("b\ngot TERM\n");
    }

    @Test
    void startsFromAnImageThatMustBeFetched() throws Exception {
        as(User.ORDINARY);
        String uri = "docker://" + registry.host() + "/lib/service";
        product.run("instance", "start", uri, "cached").ok();
        product.run("instance", "start", "--disable-cache", uri, "fetched").ok();

        assertThat(in("cached", "echo $IMAGE_VAR").ok().out()).isEqualTo("image\n");
        assertThat(in("fetched", "echo $IMAGE_VAR").ok().out()).isEqualTo("image\n");
        product.run("instance", "stop", "--all").ok();
    }

    /** Where control groups of version 2 are, whole; with at least one controller, which is what the tests set limits of. */
    private static Path controlGroups() throws IOException {
        Path top = Files.readAllLines(Path.of("/proc/self/mountinfo")).stream().filter(line -> line.contains(" - cgroup2 ") && line.split(" ")[3].equals("/"))
                .map(line -> Path.of(line.split(" ")[4])).findFirst().orElse(Path.of("/nowhere"));
        Peers.need(Files.isDirectory(top) && Files.readString(top.resolve("cgroup.controllers")).contains("hugetlb"), "no control groups of version 2 with hugetlb");
        return top;
    }

    private Path hugepages() throws IOException, InterruptedException {
        return product.give(Files.writeString(product.work().resolve("limits.toml"), "[[hugepageLimits]]\npageSize = \"2MB\"\nlimit = 4194304\n"));
    }

    /** A shell's view of its own control group: the limit that counts in it. */
    private static String limit(Path top) {
        return "while IFS=: read -r a b c; do [ $a != 0 ] || read -r limit <" + top + "/$c/hugetlb.2MB.max; done </proc/self/cgroup; echo $limit";
    }

    @Test
    void rootsLimitsHoldInAGroupThatGoesWithTheContainer() throws Exception {
        as(User.ROOT);
        Path top = controlGroups();
        String file = hugepages().toString();
        List<String> others = groups(top);

        assertThat(product.run("exec", "--apply-cgroups", file, "x.sif", "sh", "-c", limit(top)).ok().out()).isEqualTo("4194304\n");
        Product.await(() -> others.containsAll(groups(top)));
        product.run("instance", "start", "--apply-cgroups", file, "x.sif", "limited").ok();
        assertThat(in("limited", limit(top)).ok().out()).isEqualTo("4194304\n");
        assertThat(product.run("instance", "stats", "--no-stream", "limited").ok().out()).startsWith("INSTANCE NAME    CPU USAGE    MEM USAGE / LIMIT").contains("limited");
        assertThat(product.run("instance", "stats", "--json", "limited").ok().out()).contains("\"total_usage\": ");
        product.run("exec", "--cpus", "1", "instance://limited", "true").failed("Limits are set when an instance starts");
        assertThat(product.run("instance", "stats", "nothing").err()).contains("no instance found");
        Process killed = product.begin("exec", "--apply-cgroups", file, "x.sif", "sleep", "60");
        Product.await(() -> groups(top).stream().filter(name -> !others.contains(name)).count() == 2);
        Product.kill(killed, "KILL");
        product.run("instance", "stop", "limited").ok();

        Product.await(() -> others.containsAll(groups(top)));
    }

    /** Control groups of root's containers; there may be others than the test's. */
    private static List<String> groups(Path top) throws IOException {
        return Product.names(top.resolve("sifter")).stream().filter(name -> name.startsWith("sifter-")).toList();
    }

    @Test
    void aUsersLimitsHoldWhereAGroupIsDelegated() throws Exception {
        Peers.root();
        as(User.ORDINARY);
        Path top = controlGroups();
        String file = hugepages().toString();
        product.run("exec", "--apply-cgroups", file, "x.sif", "true").failed("no control group is delegated to this user with hugetlb", "Delegate=hugetlb");
        Path delegated = top.resolve("sifter-test-" + ProcessHandle.current().pid());
        String user = product.shell("id -un").ok().out().strip();
        try {
            Peers.run("sh", "-c", "echo +hugetlb >\"$0/cgroup.subtree_control\" && mkdir -p \"$1/leaf\" && chown -R \"$2\" \"$1\"",
                    top.toString(), delegated.toString(), user).ok();
            // Somebody in a session of systemd begins in such a group.
            String before = Files.readAllLines(Path.of("/proc/self/cgroup")).stream().filter(line -> line.startsWith("0::")).findFirst().orElseThrow().substring(3);
            Files.writeString(delegated.resolve("leaf/cgroup.procs"), Long.toString(ProcessHandle.current().pid()));
            try {
                assertThat(product.run("exec", "--apply-cgroups", file, "x.sif", "sh", "-c", limit(top)).ok().out()).isEqualTo("4194304\n");
                product.run("instance", "start", "--apply-cgroups", file, "x.sif", "limited").ok();
                assertThat(in("limited", limit(top)).ok().out()).isEqualTo("4194304\n");
                product.run("instance", "stop", "limited").ok();
            } finally {
                Files.writeString(top.resolve("." + before).resolve("cgroup.procs"), Long.toString(ProcessHandle.current().pid()));
            }
            Product.await(() -> Product.names(delegated).stream().noneMatch(name -> name.startsWith("sifter-")));
        } finally {
            // Who removes a container's group waits outside of it, and is the last to go.
            Product.await(() -> {
                try {
                    Peers.run("rmdir", delegated.resolve("leaf").toString(), delegated.toString());
                } catch (InterruptedException e) {
                    throw new IOException(e);
                }
                return !Files.exists(delegated);
            });
        }
    }

    @Test
    void aLimitThatCannotBeHadIsRefused() throws Exception {
        as(User.ROOT);
        Path top = controlGroups();
        Assumptions.assumeFalse(Files.readString(top.resolve("cgroup.controllers")).contains("memory"), "memory can be limited here");
        product.run("exec", "--memory", "1g", "x.sif", "true").failed("Limits cannot be set", "lack memory");
    }

    @Test
    void othersInstancesAreRootsBusiness() throws Exception {
        as(User.ORDINARY);
        product.run("instance", "list", "--user", "root").failed("Only root user can list user's instances");
        product.run("instance", "stop", "--user", "root", "x").failed("Only root user can stop user's instances");
        as(User.ROOT);
        product.run("instance", "list", "--user", "nosuchuser").failed("could not retrieve instance list: user: unknown user nosuchuser");
    }

    /** The same steps with both programs; process ids and directories of logs differ by nature. */
    @Test
    void endsAsTheReferenceDoes() throws Exception {
        as(User.ROOT);
        String apptainer = Peers.apptainer();
        Files.writeString(product.work().resolve("steps"), """
                step() { echo "## $*"; "$@" </dev/null; echo "= $?"; }
                step "$S" instance list
                step "$S" instance stop nothing
                step "$S" instance start x.sif one a 'b c'
                step "$S" instance start x.sif one
                step "$S" instance start x.sif 'o/ne'
                step "$S" instance start x.sif
                step "$S" instance run x.sif two short 2
                sleep 0.5
                step "$S" instance list
                step "$S" instance list 'o*'
                step "$S" instance list --logs two
                step "$S" instance list --json
                step "$S" instance list --json --logs
                step "$S" exec instance://one sh -c 'env | grep -v -e ^SINGULARITY_ -e ^APPTAINER_ -e ^OLDPWD | sort; pwd; exit 5'
                step "$S" exec --cleanenv instance://one sh -c 'echo $SINGULARITY_NAME $SINGULARITY_INSTANCE $SINGULARITY_CONTAINER'
                step "$S" exec --pwd /etc instance://one sh -c 'echo $PWD'
                step "$S" exec instance://one nosuch
                step "$S" exec instance://three true
                step "$S" test instance://one
                step "$S" instance stop --signal BOGUS one
                step "$S" instance stop --signal TERM one
                step "$S" instance stop --all
                step "$S" instance stop
                step "$S" instance list --user nosuchuser
                """);
        Result ours = product.shell("S=singularity; . ./steps 2>&1");
        Map<String, String> environment = new TreeMap<>(product.environment());
        List<String> command = new ArrayList<>(List.of("env", "-i"));
        environment.forEach((name, value) -> command.add(name + "=" + value));
        command.addAll(List.of("S=" + apptainer, "bash", "-c", "unset OLDPWD; . ./steps 2>&1"));
        Peers.Answer theirs = Peers.run(command, product.work(), Map.of());

        assertThat(plain(ours.out())).isEqualTo(plain(theirs.out()));
    }

    private static String plain(String text) {
        StringBuilder plain = new StringBuilder();
        for (String line : text.lines().toList()) {
            String named = line.replace("Apptainer", "Singularity").replaceAll("^## \\S+", "##").replace("apptainer", "singularity")
                    .replaceAll("PID=[0-9]+", "PID=N").replaceAll("\"pid\": [0-9]+", "\"pid\": N").replaceAll("(?<=  )[0-9]+  +", "N  ").replaceAll("PID +", "PID ")
                    .replaceAll("/\\S*/instances/logs/", "LOGS/").replaceAll("^ +LOGS", "LOGS");
            boolean noise = NOISE.stream().anyMatch(line::contains) || line.startsWith("S=") || line.startsWith("_=");
            // Lines that are indented say what to do next, or go on with a table.
            if (!noise && (!line.startsWith("         ") || line.contains("/instances/logs/"))) {
                plain.append(named.replace("while executing starter: while checking instance name: ", "")).append('\n');
            }
        }
        return plain.toString();
    }
}
