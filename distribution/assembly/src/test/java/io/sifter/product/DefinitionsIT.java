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
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * Definition files, built by Sifter and by Apptainer from the same sandbox, as an ordinary user: exit code, tree, metadata and what
 * scripts print must be the same. {@code definitions/cases.tsv} lists the files and options. Below, what is ours alone.
 */
class DefinitionsIT {
    private static final Path DEFINITIONS = Path.of("src/test/resources/definitions");

    private static ScriptedRegistry registry;
    private static Product user;
    private static Product root;

    @BeforeAll
    static void start() throws Exception {
        Peers.root();
        Path busybox = Path.of(Peers.program("busybox"));
        Peers.need(Peers.run(Peers.program("ldd"), busybox.toString()).exit() != 0, "busybox needs shared libraries");
        registry = ScriptedRegistry.start();
        registry.publish("lib/base", "latest", ComparisonIT.image(busybox));
        registry.publish("lib/rich", "latest", rich(busybox));
        user = Product.ordinary();
        root = Product.start();
        for (Product product : List.of(user, root)) {
            product.run("build", "--sandbox", "base", "docker://" + registry.host() + "/lib/base").ok();
            product.shell("mkdir -p given/dir/sub && echo word >given/word && echo s >given/dir/sub/s && echo 1 >given/1.txt && echo 2 >given/2.txt && "
                    + "ln -s ../word given/dir/l && ln -s word given/link && echo x >'given/with space' && chmod 700 given/2.txt").ok();
            for (String name : Product.names(DEFINITIONS)) {
                product.give(Files.copy(DEFINITIONS.resolve(name), product.work().resolve(name)));
            }
        }
    }

    @AfterAll
    static void stop() throws IOException {
        try (Product _ = user; Product _ = root; ScriptedRegistry _ = registry) {
            // Whatever was started goes.
        }
    }

    /** What a script of {@link #anOverlayMakesWhatACopyMakes} finds. */
    private static TestImage rich(Path busybox) throws Exception {
        TarLayer layer = TarLayer.with();
        for (String directory : List.of("bin", "tmp", "var/tmp", "root", "home", "proc", "sys", "dev", "d", "d/hidden", "d/becomes-file", "d/owned", "d/deep/a", "d/gone", "d/tree",
                "d/empty", "d/closed")) {
            layer.directory(directory);
        }
        layer.file("bin/busybox", Files.readAllBytes(busybox)).mode(0755);
        for (String name : Peers.run(busybox.toString(), "--list").ok().split("\n")) {
            if (!name.equals("busybox")) {
                layer.symlink("bin/" + name, "busybox");
            }
        }
        for (String file : List.of("d/changed", "d/removed", "d/hidden/old", "d/becomes-file/in", "d/becomes-directory", "d/moved", "d/mode", "d/lower", "d/deep/a/old",
                "d/gone/in", "d/time", "d/tree/leaf", "d/closed/in", "d/unchanged")) {
            layer.file(file, "of " + file + "\n");
        }
        layer.file("d/one", "linked\n").hardLink("d/two", "d/one").hardLink("d/closed/three", "d/one").symlink("d/link", "one");
        layer.file("d/owned/f", "x").owner(33, 34).file("d/owned/beyond", "x").owner(70000, 70000).characterDevice("d/null", 1, 3);
        return TestImage.with().platform("linux/" + Platform.host().architecture()).layer(layer.tar()).build();
    }

    static Stream<String> cases() throws IOException {
        return Files.readAllLines(DEFINITIONS.resolve("cases.tsv")).stream().filter(line -> !line.startsWith("#"));
    }

    @ParameterizedTest
    @MethodSource("cases")
    void buildsAsTheReference(String line) throws Exception {
        String[] cells = line.split("\t", -1);
        String words = "build --sandbox %s %%s %s".formatted(cells[1].replace("{work}", user.work().toString()), cells[0]);
        user.shell("rm -rf ours theirs elsewhere of-pre && mkdir elsewhere").ok();

        Result ours = user.shell("singularity " + words.formatted("ours") + " </dev/null");
        Result theirs = ComparisonIT.apptainer(user, words.formatted("theirs"), "APPTAINER_TMPDIR=" + user.home());

        assertThat(ours.exit()).as("%s%n%s%n%s", line, ours.err(), theirs.err()).isEqualTo(theirs.exit());
        assertThat(scripted(ours.out())).as(line).isEqualTo(scripted(theirs.out()));
        if (ours.exit() != 0) {
            ours.failed();
            assertThat(user.work().resolve("ours")).doesNotExist();
        } else {
            Map<String, String> expected = described(user.work().resolve("theirs"));
            Map<String, String> found = described(user.work().resolve("ours"));
            assertThat(found.keySet()).as(line).isEqualTo(expected.keySet());
            found.forEach((path, description) -> assertThat(description).as("%s: %s", line, path).isEqualTo(expected.get(path)));
        }
        assertThat(user.work().resolve("elsewhere")).isEmptyDirectory();
        user.nothingLeft();
    }

    /** What scripts printed; the reference's own lines, and what it alone tells scripts, left out. */
    private static String scripted(String out) {
        return out.replaceAll("(?m)^(\u001b\\[\\d+m)?(INFO|WARNING).*\n", "").replace("APPTAINER", "SINGULARITY");
    }

    /** Every entry with type, mode, owner and target, and the texts that a build writes. */
    private static Map<String, String> described(Path sandbox) throws IOException {
        Map<String, String> entries = new TreeMap<>();
        try (Stream<Path> all = Files.walk(sandbox)) {
            for (Path path : all.toList()) {
                String name = sandbox.relativize(path).toString();
                if (name.equals(".singularity.d/env/94-appsbase.sh")) {
                    // We have one without apps, too.
                    continue;
                }
                Map<String, Object> attributes = Files.readAttributes(path, "unix:mode,uid,gid", LinkOption.NOFOLLOW_LINKS);
                String target = Files.isSymbolicLink(path) ? " -> " + Files.readSymbolicLink(path) : "";
                boolean text = Files.isRegularFile(path, LinkOption.NOFOLLOW_LINKS) && !name.startsWith("bin/") && !name.startsWith(".singularity.d/actions/")
                        && !name.matches("\\.singularity\\.d/env/(01|90|95|99).*");
                entries.put(name.replace("bootstrap_history/Apptainer", "bootstrap_history/Singularity"), attributes + target
                        + (text ? "\n" + text(path) : ""));
            }
        }
        return entries;
    }

    /** Without what is said about the program, in order; and without what images without a runscript say. */
    private static String text(Path path) throws IOException {
        List<String> lines = new ArrayList<>();
        for (String line : Files.readString(path, StandardCharsets.ISO_8859_1).replace("usage.apptainer", "usage.singularity").split("\n")) {
            if (!line.matches(".*\"org.label-schema.(build-date|usage\\.singularity\\.version)\".*|#( .*)?|echo \"There is no runscript.*")) {
                lines.add(line.replaceFirst(",$", "").stripTrailing());
            }
        }
        if (path.endsWith("labels.json")) {
            lines.sort(null);
        }
        return String.join("\n", lines).stripTrailing();
    }

    @Test
    void whatWasBuiltRuns() throws Exception {
        user.run("build", "--force", "e.sif", "everything.def").ok();

        assertThat(user.run("run", "e.sif", "one", "two").ok().out()).isEqualTo("run yes of the file one two\n");
        assertThat(user.run("run-help", "e.sif").ok().out()).isEqualTo("    Help text\n      indented\n");
        assertThat(user.run("test", "e.sif").ok().out()).contains("test yes of the file");
        user.run("build", "--force", "a.sif", "apps.def").ok();
        assertThat(user.run("run", "--app", "one", "a.sif", "x").ok().out()).isEqualTo("one x\n");
        user.nothingLeft();
    }

    /** CMD goes before ENTRYPOINT with IncludeCmd, whatever it says; a runscript goes before both. */
    @ParameterizedTest
    @ValueSource(strings = {"yes", "no"})
    void includeCmdRunsCmdAlone(String word) throws Exception {
        Files.writeString(user.work().resolve("cmd.def"), "Bootstrap: docker\nFrom: %s/lib/base\nIncludeCmd: %s\n".formatted(registry.host(), word));

        user.run("build", "--force", "cmd.sif", "cmd.def").ok();

        assertThat(user.run("inspect", "--runscript", "cmd.sif").ok().out()).contains("OCI_ENTRYPOINT=''\nOCI_CMD='\"c m d\"'\n");
    }

    @Test
    void describingNeedsNoRootAndGivesEqualBytes() throws Exception {
        String definition = "Bootstrap: docker\nFrom: %s/lib/base\n%%labels\n a b\n%%runscript\n echo x\n".formatted(registry.host());
        for (Product product : List.of(user, root)) {
            Files.writeString(product.work().resolve("d.def"), definition);
            product.run("build", "--force", "d.sif", "d.def").ok();
        }

        assertThat(user.work().resolve("d.sif")).hasSameBinaryContentAs(root.work().resolve("d.sif"));
    }

    @Test
    void ownersAreKeptForRootAndWithSubordinateIds() throws Exception {
        String definition = """
                Bootstrap: localimage
                From: base
                Stage: one
                %post
                  mkdir /opt/owned && echo x >/opt/owned/f && chown -R 33:34 /opt/owned && chmod 2750 /opt/owned

                Bootstrap: localimage
                From: base
                %files from one
                  /opt/owned /srv/
                """;
        for (Product product : List.of(user, root)) {
            Files.writeString(product.work().resolve("o.def"), definition);
        }
        root.run("build", "--force", "o.sif", "o.def").ok();
        withIds("build", "--force", "o.sif", "o.def").ok();

        for (Product product : List.of(user, root)) {
            assertThat(Trees.read(product.work().resolve("o.sif"))).hasEntrySatisfying("srv/owned", entry -> assertThat(entry).contains("d 2750 33:34"))
                    .hasEntrySatisfying("srv/owned/f", entry -> assertThat(entry).contains("33:34"));
            product.nothingLeft();
        }
    }

    /** As the ordinary user, who has subordinate ids for this command alone. */
    private static Result withIds(String... words) throws Exception {
        Peers.program("newuidmap");
        return user.runWithSubordinateIds(root, words);
    }

    /** Whatever a script does to what it begins with: only what it changed is converted, and the image is the same as of a copy. */
    @ParameterizedTest
    @ValueSource(strings = {"root", "user", "ids"})
    void anOverlayMakesWhatACopyMakes(String who) throws Exception {
        Product product = who.equals("root") ? root : user;
        Path definition = product.give(Files.writeString(product.work().resolve("rich.def"), """
                Bootstrap: docker
                From: %1$s/lib/rich
                Stage: one
                %%post
                  echo of one >/d/of-one; rm /d/changed

                Bootstrap: docker
                From: %1$s/lib/rich
                %%files from one
                  /d/of-one /srv/deep/
                %%files
                  given/dir /d/
                %%post
                  mount | grep ' on / ' | grep -o overlay | head -n 1
                  cat /d/one >/d/read; echo more >>/d/one; echo more >>/d/changed; rm /d/removed /d/link; rm -r /d/hidden; mkdir /d/hidden; echo new >/d/hidden/new
                  rm -r /d/becomes-file; echo file >/d/becomes-file; rm /d/becomes-directory; mkdir -p /d/becomes-directory/in; mv /d/moved /d/elsewhere
                  cp -a /d/owned/. /d/owned-too; chmod 4711 /d/mode; ln /d/lower /d/lower-too; ln -s nowhere /d/link; mkfifo /d/fifo; mv /d/tree /d/tree-moved
                  rm -r /d/deep/a; mkdir -p /d/deep/a/b; touch /d/deep/a/b/c; rm -r /d/gone; touch -d '2001-01-01 00:00:00' /d/time; rmdir /d/empty; chmod 700 /d/closed
                %%labels
                  a b
                """.formatted(registry.host())));
        long start = Instant.now().getEpochSecond();
        List<Map<String, String>> trees = new ArrayList<>();
        for (String overlay : List.of("yes", "no")) {
            Path configuration = product.give(Files.writeString(product.work().resolve("overlay.conf"), "build.overlay = " + overlay + "\n"));
            String[] words = {"--config", configuration.toString(), "--verbose", "build", "--force", "rich.sif", definition.toString()};

            Result built = (who.equals("ids") ? withIds(words) : product.run(words)).ok();

            assertThat(built.err().contains("Working on overlays (overlayfs)")).isEqualTo(overlay.equals("yes"));
            assertThat(built.out()).isEqualTo(overlay.equals("yes") ? "overlay\n" : "");
            Map<String, String> tree = Trees.read(product.work().resolve("rich.sif"));
            tree.remove(".singularity.d/labels.json");
            tree.replaceAll((path, entry) -> now(entry, start));
            trees.add(tree);
            product.nothingLeft();
        }

        Map<String, String> expected = trees.getLast();
        assertThat(trees.getFirst().keySet()).isEqualTo(expected.keySet()).contains("d/elsewhere", "srv/deep/of-one", "d/tree-moved/leaf").doesNotContain("d/gone");
        trees.getFirst().forEach((path, entry) -> assertThat(entry).as(path).isEqualTo(expected.get(path)));
        assertThat(expected.get("d/two")).contains(" with d/closed/three");
    }

    /** Times since the test began differ. */
    private static String now(String entry, long start) {
        return Pattern.compile("@(\\d+)").matcher(entry).replaceAll(time -> Long.parseLong(time.group(1)) >= start ? "@now" : time.group());
    }

    /** Each step is a build; the words count the scripts that run. */
    @Test
    void stagesAreRunAgainWhenTheirInputsChange() throws Exception {
        String text = """
                Bootstrap: docker
                From: %1$s/lib/rich
                Stage: one
                %%files
                  cached/file /d/
                %%post
                  date +%%s%%N >/d/one-ran; rm -r /d/hidden; mkdir /d/hidden; rm /d/removed

                Bootstrap: docker
                From: %1$s/lib/rich
                %%files from one
                  /d /from-one
                %%post
                  date +%%s%%N >/d/two-ran
                %%labels
                  a b
                """.formatted(registry.host());
        user.shell("mkdir -p cached && echo 1 >cached/file").ok();
        assertThat(ran(text, "--build-cache")).isEqualTo(2);
        Map<String, String> first = Trees.read(user.work().resolve("cached.sif"));

        assertThat(ran(text.replace("a b", "a c"), "--build-cache")).isZero();

        Map<String, String> again = Trees.read(user.work().resolve("cached.sif"));
        for (Map<String, String> tree : List.of(first, again)) {
            tree.keySet().removeIf(path -> path.startsWith(".singularity.d"));
        }
        assertThat(again).isEqualTo(first).containsKey("from-one/hidden").doesNotContainKeys("from-one/hidden/old", "from-one/removed");
        assertThat(user.run("inspect", "cached.sif").ok().out()).contains("\"a\": \"c\"");
        assertThat(ran(text.replace("two-ran", "two-did"), "--build-cache")).isEqualTo(1);
        assertThat(ran(text)).as("nothing is used unasked").isEqualTo(2);
        assertThat(ran(text, "--build-cache", "--no-cache")).isEqualTo(2);
        user.shell("echo 2 >cached/file").ok();
        assertThat(ran(text, "--build-cache")).isEqualTo(2);
        user.shell("for pack in $(ls -t '%s'/pack/*.pack | head -n 2); do head -c 300 \"$pack\" >cut && cp cut \"$pack\"; done".formatted(user.cache())).ok();
        assertThat(ran(text, "--build-cache")).as("damaged results are made again").isEqualTo(2);
        user.nothingLeft();
    }

    private static int ran(String text, String... options) throws Exception {
        Files.writeString(user.work().resolve("cached.def"), text);
        List<String> words = new ArrayList<>(List.of("build", "--force"));
        words.addAll(List.of(options));
        words.addAll(List.of("cached.sif", "cached.def"));
        String said = user.run(words.toArray(String[]::new)).ok().err();
        return said.split("INFO:    Running post scriptlet", -1).length - 1;
    }

    @Test
    void whereOverlaysAreRefusedACopyIsMade() throws Exception {
        Files.createDirectories(user.work().resolve("refusing"));
        Path mount = user.work().resolve("refusing/mount");
        Files.writeString(mount, "#!/bin/sh\ncase \" $* \" in *overlay*) exit 32 ;; esac\nexec /bin/mount \"$@\"\n");
        mount.toFile().setExecutable(true, false);

        Result built = user.shell("PATH=\"$PWD/refusing:$PATH\" singularity --verbose build --force c.sif everything.def").ok();

        assertThat(built.err()).contains("VERBOSE: Working on whole copies, for overlays cannot be mounted");
        assertThat(user.run("run", "c.sif", "one").ok().out()).isEqualTo("run yes of the file one\n");
        user.nothingLeft();
    }

    /** With one id only, programs of %post are made to believe that they can give files away; nothing of that is kept. */
    @Test
    void withOneIdFilesAreGivenAwayInAppearance() throws Exception {
        Peers.program("faked-sysv");
        user.shell("mkdir -p dynamic/etc && echo f >dynamic/etc/f && for p in /bin/sh /bin/chown /usr/bin/stat; do cp -L --parents $p dynamic; "
                + "ldd $p | grep -o '/[^ ]*' | while read -r library; do cp -L --parents \"$library\" dynamic; done; done").ok();
        Files.writeString(user.work().resolve("owner.def"), "Bootstrap: localimage\nFrom: dynamic\n%post\n  chown 33:34 /etc/f && stat -c %u:%g /etc/f\n");

        Result built = user.run("build", "--force", "--ignore-subuid", "owner.sif", "owner.def").ok();

        assertThat(built.out()).isEqualTo("33:34\n");
        assertThat(built.err()).contains("INFO:    The %post section will be run under the fakeroot command");
        assertThat(Trees.read(user.work().resolve("owner.sif"))).hasEntrySatisfying("etc/f", entry -> assertThat(entry).contains(" 0:0 "))
                .doesNotContainKey(".fakeroot.so");
        user.nothingLeft();
    }

    @Test
    void anUpdateAddsToASandbox() throws Exception {
        Files.writeString(user.work().resolve("one.def"), "Bootstrap: localimage\nFrom: base\n%post\n  echo one >/one\n%labels\n  a one\n");
        Files.writeString(user.work().resolve("two.def"), "Bootstrap: localimage\nFrom: nowhere\n%post\n  cat /one >/two\n%labels\n  a two\n b two\n");
        user.run("build", "--force", "--sandbox", "box", "one.def").ok();

        user.run("build", "--update", "box", "two.def").failed("only sandbox update is supported");
        user.run("build", "--sandbox", "--update", "nobox", "two.def").failed("nobox");
        Result updated = user.run("build", "--sandbox", "--update", "box", "two.def").ok();

        assertThat(updated.err()).contains("INFO:    Building into existing container: " + user.work().resolve("box"), "Label: a already exists");
        assertThat(user.work().resolve("box/two")).hasContent("one\n");
        assertThat(user.run("inspect", "box").ok().out()).contains("\"a\": \"one\"", "\"b\": \"two\"");
        user.nothingLeft();
    }

    @Test
    void bindsReachScriptsAndAWritableTestForgets() throws Exception {
        Files.writeString(user.work().resolve("b.def"), "Bootstrap: localimage\nFrom: base\n%post\n  cat /mnt/word\n%test\n  cat /mnt/word && echo gone >/gone && cat /gone\n");
        user.shell("cp -r base base-mnt && mkdir -p base-mnt/mnt && sed -i 's/From: base/From: base-mnt/' b.def").ok();

        Result built = user.run("build", "--force", "--sandbox", "--writable-tmpfs", "--bind", user.work().resolve("given") + ":/mnt", "b", "b.def").ok();

        assertThat(built.out()).isEqualTo("word\nword\ngone\n");
        assertThat(user.work().resolve("b/gone")).doesNotExist();
    }

    @Test
    void aFailedBuildIsKeptOnlyWhenAsked() throws Exception {
        Result failed = user.run("build", "--no-cleanup", "f.sif", "post-fails.def").failed("while running %post section: exit status 1");

        String kept = failed.err().lines().filter(line -> line.contains("build bundle(s) located at")).findFirst().orElseThrow().replaceFirst(".*\\[(.*)\\].*", "$1");
        assertThat(Path.of(kept, "stage0/rootfs/bin/busybox")).exists();
        user.shell("rm -rf '" + kept + "'").ok();
        user.nothingLeft();
    }

    @ParameterizedTest
    @ValueSource(strings = {"TERM", "INT", "KILL"})
    void aKilledBuildLeavesNothing(String signal) throws Exception {
        Files.writeString(user.work().resolve("k.def"), "Bootstrap: localimage\nFrom: base\n%post\n  sleep 4321 & touch /started; echo started >/tmp/sifter-it-started; sleep 4321\n");
        Path started = Path.of("/tmp/sifter-it-started");
        Files.deleteIfExists(started);
        Process build = user.begin("build", "k.sif", "k.def");
        Product.await(() -> Files.exists(started));

        Product.kill(build, signal);

        // What serves the image of the overlay goes with the mount.
        Product.await(() -> ProcessHandle.allProcesses().map(process -> process.info().commandLine().orElse(""))
                .noneMatch(line -> line.contains("sleep 4321") || line.contains(user.root() + "/")));
        Files.deleteIfExists(started);
        user.run("build", "--force", "--sandbox", "after", "header-only.def").ok();
        // What only root of the namespace may remove, the next build there does.
        user.run("build", "--force", "--sandbox", "after", "stages.def").ok();
        assertThat(user.work().resolve("k.sif")).doesNotExist();
        user.nothingLeft();
    }
}
