package io.sifter.product;

import static org.assertj.core.api.Assertions.assertThat;

import io.sifter.product.Product.Result;
import io.sifter.spi.reference.Platform;
import io.sifter.testkit.Peers;
import io.sifter.testkit.TarLayer;
import io.sifter.testkit.registry.ScriptedRegistry;
import io.sifter.testkit.registry.TestImage;
import java.io.RandomAccessFile;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** Containers as users start them, as root and as somebody else: from references and files, with what they see and leave. */
class ActionsIT {
    private enum User { ROOT, ORDINARY }

    private static final String BLOBS = "GET /v2/[^ ]*/blobs/.*";

    private final ScriptedRegistry registry;
    private Product product;

    ActionsIT() throws IOException {
        registry = ScriptedRegistry.start();
        registry.publish("lib/lolcow", "latest", Images.lolcow());
    }

    @AfterEach
    void stop() throws IOException {
        registry.close();
        if (product != null) {
            product.close();
        }
    }

    private void as(User user) throws IOException, InterruptedException {
        if (user == User.ROOT) {
            Peers.root();
        }
        product = user == User.ROOT ? Product.start() : Product.ordinary();
        Peers.program("bwrap");
    }

    private String image() {
        return "docker://" + registry.host() + "/lib/lolcow";
    }

    private void sif() throws IOException, InterruptedException {
        Images.sif(product, "x.sif", Images.lolcow());
    }

    /** Mounts, directories and processes of a container go with it; a watcher may need a moment. */
    private void nothingRuns() throws IOException, InterruptedException {
        for (int i = 0; i < 40 && !(Product.names(product.temporary()).isEmpty() && mounts().isEmpty()); i++) {
            Thread.sleep(100);
        }
        assertThat(mounts()).isEmpty();
        product.nothingLeft();
    }

    private List<String> mounts() throws IOException {
        return Files.readAllLines(Path.of("/proc/self/mounts")).stream().filter(line -> line.contains(product.root().toString())).toList();
    }

    @ParameterizedTest
    @EnumSource(User.class)
    void fetchesNothingASecondTime(User user) throws Exception {
        as(user);
        String first = product.run("exec", image(), "fortune").ok().out();
        registry.forget();

        Result second = product.run("exec", image(), "fortune").ok();

        assertThat(second.out()).isEqualTo(first).contains("Heaven");
        assertThat(second.err()).isEmpty();
        assertThat(registry.received(BLOBS).stream().filter(request -> !request.path().endsWith(Images.lolcow().config().digest().toString()))).isEmpty();
        nothingRuns();
    }

    @Test
    void refusesADamagedImage() throws Exception {
        as(User.ORDINARY);
        sif();
        try (RandomAccessFile file = new RandomAccessFile(product.work().resolve("x.sif").toFile(), "rw")) {
            // The superblock of the file system.
            long start = Trees.partition(product.work().resolve("x.sif")).offset();
            file.seek(start + 4);
            file.write(new byte[60]);
        }

        Result result = product.run("exec", "x.sif", "true");

        assertThat(result.exit()).isEqualTo(255);
        assertThat(result.err()).contains("FATAL:   ", "x.sif").doesNotContain("defect of the program", "\tat ");
        nothingRuns();
    }

    @Test
    void noticesThatATagMoved() throws Exception {
        as(User.ORDINARY);
        product.run("exec", image(), "fortune").ok();
        registry.publish("lib/lolcow", "latest", Images.lolcow("Another day, another word.\n"));

        assertThat(product.run("exec", image(), "fortune").ok().out()).isEqualTo("Another day, another word.\n");
    }

    @Test
    void goesOnWithTheCachedImageWhenTheRegistryIsGone() throws Exception {
        as(User.ORDINARY);
        product.shell("mkdir -p ~/.singularity && echo 'network.attempts = 1' >~/.singularity/sifter.conf").ok();
        product.run("exec", image(), "true").ok();
        registry.close();

        Result result = product.run("exec", image(), "fortune").ok();

        assertThat(result.out()).contains("Heaven");
        assertThat(result.err()).contains("WARNING: ", "going on with the cached image");
        product.run("exec", image() + ":other", "true").failed(registry.host());
    }

    @Test
    void leavesNothingWithoutACache() throws Exception {
        as(User.ORDINARY);
        Result result = product.with("SINGULARITY_DISABLE_CACHE", "1").run("run", image()).ok();

        assertThat(result.out()).contains("Heaven");
        assertThat(product.cache()).doesNotExist();
        assertThat(product.worked()).isEmpty();
        nothingRuns();
    }

    @ParameterizedTest
    @EnumSource(User.class)
    void passesOnInputOutputAndExitCode(User user) throws Exception {
        as(user);
        sif();

        assertThat(product.runWith("from outside\n", "exec", "x.sif", "cat").ok().out()).isEqualTo("from outside\n");
        Result both = product.run("exec", "x.sif", "sh", "-c", "echo out; echo err >&2; exit 42");
        assertThat(both.exit()).isEqualTo(42);
        assertThat(both.out()).isEqualTo("out\n");
        assertThat(both.err()).isEqualTo("err\n");
        assertThat(product.run("exec", "x.sif", "sh", "-c", "kill -TERM $$").exit()).isEqualTo(128 + 15);
        assertThat(product.run("run", "x.sif", "with", "arguments").ok().out()).contains("Heaven");
        nothingRuns();
    }

    @ParameterizedTest
    @EnumSource(User.class)
    void showsTheCallersFilesAndNotItsSystem(User user) throws Exception {
        as(user);
        sif();
        product.give(Files.writeString(product.work().resolve("mine"), "mine\n"));

        assertThat(product.run("exec", "x.sif", "sh", "-c", "cat mine; head -1 /etc/os-release").ok().out())
                .isEqualTo("mine\nNAME=\"Ubuntu\"\n");
        assertThat(product.run("exec", "x.sif", "pwd").ok().out()).isEqualTo(product.work() + "\n");
        assertThat(product.run("exec", "x.sif", "id", "-u").ok().out()).isEqualTo(product.shell("id -u").out());
        assertThat(product.run("exec", "--bind", product.work() + ":/mnt-here", "x.sif", "cat", "/mnt-here/mine").ok().out()).isEqualTo("mine\n");
        assertThat(product.run("exec", "x.sif", "sh", "-c", "echo x >/usr/planted").exit()).isNotZero();
        assertThat(product.run("exec", "--writable-tmpfs", "x.sif", "sh", "-c", "echo x >/usr/planted && cat /usr/planted").ok().out()).isEqualTo("x\n");
        assertThat(product.run("exec", "x.sif", "ls", "/usr/planted").exit()).isNotZero();
        nothingRuns();
    }

    @Test
    void setsTheEnvironmentOfTheImageAndOfTheCaller() throws Exception {
        as(User.ORDINARY);
        sif();

        assertThat(product.with("SINGULARITYENV_COLOUR", "blue").with("PLAIN", "seen").run("exec", "--env", "SHAPE=round", "x.sif", "sh", "-c",
                "echo $COLOUR $PLAIN $SHAPE $LC_ALL; echo $PATH").ok().out())
                .startsWith("blue seen round C\n/usr/games:");
        assertThat(product.run("exec", "--cleanenv", "x.sif", "sh", "-c", "echo $COLOUR-$PLAIN").ok().out()).isEqualTo("blue-\n");
    }

    @ParameterizedTest
    @EnumSource(User.class)
    void startsSandboxesToo(User user) throws Exception {
        as(user);
        product.run("build", "--sandbox", "box", image()).ok();

        assertThat(product.run("exec", "box", "fortune").ok().out()).contains("Heaven");
        product.run("exec", "--writable", "--no-home", "box", "sh", "-c", "echo kept >/usr/kept").ok();
        assertThat(product.work().resolve("box/usr/kept")).hasContent("kept");
        nothingRuns();
    }

    @Test
    void startsImagesThatHaveNoShell() throws Exception {
        as(User.ORDINARY);
        Path busybox = Path.of("/bin/busybox");
        Peers.need(Files.isExecutable(busybox) && Peers.run("ldd", busybox.toString()).exit() != 0, "there is no static busybox");
        registry.publish("lib/shellless", "latest", TestImage.with()
                .platform("linux/" + Platform.host().architecture())
                .layer(TarLayer.with().file("busybox", Files.readAllBytes(busybox)).mode(0755).tar())
                .entrypoint("/busybox", "echo", "no shell,").command("no problem").env("PATH=/").build());
        String uri = "docker://" + registry.host() + "/lib/shellless";

        assertThat(product.run("run", uri).ok().out()).isEqualTo("no shell, no problem\n");
        assertThat(product.run("run", uri, "some words").ok().out()).isEqualTo("no shell, some words\n");
        assertThat(product.run("exec", uri, "/busybox", "pwd").ok().out()).isEqualTo(product.work() + "\n");
    }

    @Test
    void refusesWhatIsNoImage() throws Exception {
        as(User.ORDINARY);
        product.give(Files.writeString(product.work().resolve("words.sif"), "these are words, no image\n"));

        product.run("run", "words.sif").failed("words.sif");
        product.run("exec", "absent.sif", "true").failed("absent.sif");
        product.run("exec", "carrier-pigeon://home", "true").failed("carrier-pigeon");
        nothingRuns();
    }

    @Test
    void namesACommandThatTheImageLacks() throws Exception {
        as(User.ORDINARY);
        sif();

        Result result = product.run("exec", "x.sif", "no-such-program");

        assertThat(result.exit()).isIn(127, 255);
        assertThat(result.err()).contains("no-such-program");
        nothingRuns();
    }

    @Test
    void startsUnderATightLimitOfAddressSpace() throws Exception {
        as(User.ORDINARY);
        sif();

        assertThat(product.shell("ulimit -v 4194304; singularity exec x.sif sh -c 'ulimit -v'").ok().out()).isEqualTo("4194304\n");
    }

    @Test
    void startsManyAtOnceFromAnImageNobodyPulled() throws Exception {
        as(User.ORDINARY);
        List<Process> starts = new ArrayList<>();
        for (int i = 0; i < 6; i++) {
            starts.add(product.begin("exec", image(), "fortune"));
        }
        for (Process start : starts) {
            assertThat(new String(start.getInputStream().readAllBytes(), StandardCharsets.UTF_8)).contains("Heaven");
            assertThat(start.waitFor(60, TimeUnit.SECONDS)).isTrue();
            assertThat(start.exitValue()).isZero();
        }

        assertThat(registry.received("GET .*/blobs/" + Images.layer(Images.lolcow(), 0))).hasSize(1);
        nothingRuns();
    }

    @ParameterizedTest
    @EnumSource(User.class)
    void leavesNothingWhenAContainerIsKilled(User user) throws Exception {
        as(user);
        sif();
        Process container = product.begin("exec", "x.sif", "sh", "-c", "echo started; sleep 100");
        assertThat(container.inputReader().readLine()).isEqualTo("started");
        List<ProcessHandle> all = new ArrayList<>(container.descendants().toList());
        all.add(container.toHandle());
        for (ProcessHandle process : all) {
            Peers.run("kill", "-KILL", String.valueOf(process.pid()));
        }
        assertThat(container.waitFor(30, TimeUnit.SECONDS)).isTrue();

        nothingRuns();
        assertThat(product.run("exec", "x.sif", "fortune").ok().out()).contains("Heaven");
        nothingRuns();
    }

    @Test
    void refusesOptionsByNameThatItDoesNotKnowYet() throws Exception {
        as(User.ORDINARY);
        sif();

        for (String option : List.of("--nvccli", "--boot", "--oci")) {
            Result result = product.run("exec", option, "x.sif", "true");
            assertThat(result.exit()).isEqualTo(255);
            assertThat(result.err()).startsWith("FATAL:   " + option + " is not supported: ");
        }
    }
}
