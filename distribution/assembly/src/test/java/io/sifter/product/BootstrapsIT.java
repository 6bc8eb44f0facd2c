package io.sifter.product;

import static org.assertj.core.api.Assertions.assertThat;

import io.sifter.product.Product.Result;
import io.sifter.testkit.Peers;
import io.sifter.testkit.registry.FileServer;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * Roots that the real installers of distributions make, and packages that the real apt installs, from mirrors of one package each, which
 * the scripts of {@code bootstraps} make of this machine's files.
 */
class BootstrapsIT {
    private static final Path SCRIPTS = Path.of("src/test/resources/bootstraps").toAbsolutePath();

    /** Who builds. */
    enum Builder {
        ROOT, WITH_SUBORDINATE_IDS, WITH_ONE_ID
    }

    private static Path mirrors;
    private static Product user;
    private static Product root;

    @BeforeAll
    static void start() throws Exception {
        Peers.root();
        Peers.program("busybox");
        mirrors = Files.createTempDirectory(Path.of("/tmp"), "sifter-mirrors-");
        Peers.run("chmod", "755", mirrors.toString()).ok();
        user = Product.ordinary();
        root = Product.start();
    }

    @AfterAll
    static void stop() throws IOException, InterruptedException {
        try (Product _ = user; Product _ = root) {
            Peers.run("rm", "-rf", mirrors.toString());
        }
    }

    /** What a script of that name makes, once. */
    private static Path mirror(String script, String... programs) throws IOException, InterruptedException {
        for (String program : programs) {
            Peers.program(program);
        }
        Path place = mirrors.resolve(script);
        if (!Files.exists(place)) {
            Peers.run("sh", SCRIPTS.resolve(script).toString(), Files.createDirectory(place).toString()).ok();
        }
        return place;
    }

    private static Product product(Builder builder) {
        return builder == Builder.ROOT ? root : user;
    }

    /** Builds a definition as {@code made}. */
    private static Result build(Builder builder, String definition, String... options) throws IOException, InterruptedException {
        Product product = product(builder);
        product.shell("rm -rf made").ok();
        product.give(Files.writeString(product.work().resolve("made.def"), definition));
        List<String> words = new ArrayList<>(List.of("build"));
        words.addAll(List.of(options));
        words.addAll(List.of("made", "made.def"));
        return builder == Builder.WITH_SUBORDINATE_IDS ? user.runWithSubordinateIds(root, words.toArray(String[]::new)) : product.run(words.toArray(String[]::new));
    }

    @ParameterizedTest
    @EnumSource
    void aptInstallsInPost(Builder builder) throws Exception {
        Path made = mirror("apt", "apt-get", "dpkg-deb", "newuidmap", "faked-sysv");
        String definition = """
                Bootstrap: localimage
                From: %s/base
                %%files
                  %1$s/repository /srv/
                %%post
                  apt-get update -qq && apt-get install -y -qq tiny && stat -c 'owned %%u:%%g' /var/mail/box
                """.formatted(made);

        Result built = switch (builder) {
            case WITH_SUBORDINATE_IDS -> build(builder, definition, "--fakeroot").ok();
            case ROOT, WITH_ONE_ID -> build(builder, definition).ok();
        };

        assertThat(built.out()).contains("Setting up tiny (1.0)", "owned 42:8\n");
        assertThat(product(builder).run("exec", "made", "tiny").ok().out()).isEqualTo("installed by apt\n");
        String owner = builder == Builder.WITH_ONE_ID ? " 0:0 " : " 42:8 ";
        assertThat(Trees.read(product(builder).work().resolve("made"))).hasEntrySatisfying("var/mail/box", entry -> assertThat(entry).contains(owner));
        product(builder).nothingLeft();
    }

    @ParameterizedTest
    @EnumSource
    void debootstrapMakesARoot(Builder builder) throws Exception {
        Path made = mirror("debootstrap", "debootstrap", "newuidmap");
        product(builder).with("DEBOOTSTRAP_DIR", made.toString());
        String definition = "Bootstrap: debootstrap\nOSVersion: tiny\nMirrorURL: file://%s/mirror\n%%runscript\n  stat -c %%u:%%g /etc/owned\n".formatted(made);

        Result built = build(builder, definition);

        if (builder == Builder.WITH_ONE_ID) {
            built.failed("debootstrap gives files to many users and groups");
        } else {
            assertThat(built.ok().out()).contains("I: Extracting apt...");
            assertThat(Trees.read(product(builder).work().resolve("made"))).hasEntrySatisfying("etc/owned", entry -> assertThat(entry).contains(" 33:34 "))
                    .containsKey("bin/busybox");
            assertThat(product(builder).run("run", "made").ok().out()).isNotEmpty();
        }
        product(builder).nothingLeft();
    }

    @ParameterizedTest
    @ValueSource(strings = {"TERM", "KILL"})
    void aKilledInstallerLeavesNothing(String signal) throws Exception {
        Path made = mirror("debootstrap", "debootstrap");
        root.with("DEBOOTSTRAP_DIR", made.toString());
        Files.writeString(root.work().resolve("endless.def"), "Bootstrap: debootstrap\nOSVersion: endless\nMirrorURL: file://%s/mirror\n".formatted(made));
        Process build = root.begin("build", "endless", "endless.def");
        Product.await(() -> running(" 4322"));

        Product.kill(build, signal);

        Product.await(() -> !running(" 4322"));
        assertThat(Files.readString(Path.of("/proc/self/mounts"))).doesNotContain(root.root().toString());
        Files.writeString(root.work().resolve("scratch.def"), "Bootstrap: scratch\n");
        root.run("build", "--force", "after", "scratch.def").ok();
        root.nothingLeft();
    }

    /** @param words at the end of a command line; of its first word only the file's name is known, which is busybox */
    private static boolean running(String words) {
        return ProcessHandle.allProcesses().anyMatch(process -> process.info().commandLine().orElse("").endsWith(words));
    }

    /** What the packages of a distribution give away cannot be given away with one id; these give nothing. */
    @ParameterizedTest
    @ValueSource(strings = {"yum", "zypper"})
    void packagesOfRpmMakeARoot(String agent) throws Exception {
        Path made = mirror("rpm", "dnf", "zypper", "rpmbuild", "createrepo_c", "gpg");
        String definition = "Bootstrap: %s\nOSVersion: 9\nMirrorURL: file://%s/mirror\n%%post\n  cat /etc/redhat-release /etc/of-post\n".formatted(agent, made);

        Result built = build(Builder.WITH_ONE_ID, definition, "--sandbox").ok();

        assertThat(built.out()).endsWith("release 9\nof the package\n");
        assertThat(user.work().resolve("made/var/lib/rpm")).isNotEmptyDirectory();
        assertThat(user.work().resolve("made/dev")).isEmptyDirectory();
        assertThat(user.work().resolve("made/.rpm-home")).doesNotExist();
        user.nothingLeft();
    }

    @Test
    void pacstrapMakesARoot() throws Exception {
        Path made = mirror("arch", "pacstrap", "pacman", "newuidmap");
        try (FileServer server = FileServer.start().put("/pacman.conf", made.resolve("pacman.conf"))) {
            String definition = "Bootstrap: arch\nConfURL: http://%s/pacman.conf\n%%post\n  cat /etc/keys\n".formatted(server.host());

            Result built = build(Builder.WITH_SUBORDINATE_IDS, definition, "--sandbox").ok();

            assertThat(built.out()).endsWith("--init\n--populate archlinux\n");
            assertThat(user.work().resolve("made/var/cache/pacman/pkg")).isEmptyDirectory();
            assertThat(user.work().resolve("made/.pacman.conf")).doesNotExist();
        }
    }

    @Test
    void busyboxIsARoot() throws Exception {
        try (FileServer server = FileServer.start().put("/busybox", Path.of(Peers.program("busybox")))) {
            build(Builder.WITH_ONE_ID, "Bootstrap: busybox\nMirrorURL: http://%s/busybox\n".formatted(server.host())).ok();

            assertThat(user.run("exec", "made", "sh", "-c", "echo $0 && tail -n 1 /.singularity.d/Singularity").ok().out()).startsWith("sh\nMirrorURL: ");
            user.nothingLeft();
        }
    }

    @Test
    void whoSignedAnImageIsNotVerifiedYet() throws Exception {
        build(Builder.WITH_ONE_ID, "Bootstrap: localimage\nFrom: made.sif\nFingerprints: 12045C8C0B1004D058DE4BEDA20C27EE7FF7BA84\n")
                .failed("made.def:3:1: Fingerprints: who signed an image is not verified yet");
    }
}
