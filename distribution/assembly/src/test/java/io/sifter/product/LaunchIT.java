package io.sifter.product;

import static org.assertj.core.api.Assertions.assertThat;

import io.sifter.product.Product.Result;
import io.sifter.testkit.Peers;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;

/** The ways in which an image becomes a root, the runtimes, and what is left of them when they are killed. */
class LaunchIT {
    private enum User { ROOT, ORDINARY }

    private Product product;

    @AfterEach
    void stop() throws IOException {
        if (product != null) {
            product.close();
        }
    }

    private void as(User user) throws IOException, InterruptedException {
        if (user == User.ROOT) {
            Peers.root();
        }
        product = user == User.ROOT ? Product.start() : Product.ordinary();
        Images.sif(product, "x.sif", Images.lolcow());
    }

    private void configure(String settings) throws IOException, InterruptedException {
        Path directory = Files.createDirectories(product.home().resolve(".singularity"));
        Files.writeString(directory.resolve("sifter.conf"), settings);
        product.give(directory);
    }

    private String rootOf(String... options) throws IOException, InterruptedException {
        List<String> words = new ArrayList<>(List.of("exec"));
        words.addAll(List.of(options));
        words.addAll(List.of("x.sif", "sh", "-c", "while read -r source at type rest; do [ \"$at\" != / ] || echo \"$type\"; done </proc/self/mounts"));
        return product.run(words.toArray(String[]::new)).ok().out();
    }

    /** Mounts, loop devices, processes and directories of a container. */
    private List<String> left() throws IOException, InterruptedException {
        List<String> left = new ArrayList<>(Product.names(product.temporary()));
        Files.readAllLines(Path.of("/proc/self/mounts")).stream().filter(line -> line.contains(product.root().toString())).forEach(left::add);
        try (Stream<Path> loops = Files.list(Path.of("/sys/block"))) {
            for (Path loop : loops.filter(path -> path.getFileName().toString().startsWith("loop")).toList()) {
                Path backing = loop.resolve("loop/backing_file");
                if (Files.exists(backing) && Files.readString(backing).startsWith(product.root().toString())) {
                    left.add(loop.toString());
                }
            }
        } catch (IOException changed) {
            left.add("loop devices are changing");
        }
        try (Stream<Path> processes = Files.list(Path.of("/proc"))) {
            for (Path process : processes.filter(path -> path.getFileName().toString().matches("[0-9]+")).toList()) {
                try {
                    String command = Files.readString(process.resolve("cmdline"), StandardCharsets.ISO_8859_1);
                    if (command.contains(product.root().toString())) {
                        left.add(command.replace('\0', ' '));
                    }
                } catch (IOException gone) {
                    // It ended meanwhile.
                }
            }
        }
        return left;
    }

    private void nothingLeft() throws IOException, InterruptedException {
        for (int i = 0; i < 100 && !left().isEmpty(); i++) {
            Thread.sleep(50);
        }
        assertThat(left()).isEmpty();
    }

    @Test
    void aKernelMountsWhatOnlyRootCanChange() throws Exception {
        as(User.ROOT);
        Peers.need(Peers.run("losetup", "-f").exit() == 0, "there is no loop device");

        assertThat(rootOf()).isEqualTo("squashfs\n");
        Peers.run("chmod", "666", product.work().resolve("x.sif").toString()).ok();
        assertThat(rootOf()).isEqualTo("fuse.squashfuse\n");
        nothingLeft();
    }

    @Test
    void anOrdinaryUsersImageIsServedByFuse() throws Exception {
        as(User.ORDINARY);
        Peers.program("squashfuse");
        Peers.need(Files.isWritable(Path.of("/dev/fuse")), "/dev/fuse cannot be opened");

        assertThat(rootOf()).isEqualTo("fuse.squashfuse\n");
        nothingLeft();
    }

    /** Puts a JDK in the place of the real one that says in a file when it is started. */
    private Path countStarts() throws IOException, InterruptedException {
        Path jdk = Files.createDirectories(product.root().resolve("jdk/bin")).getParent();
        Path real = Path.of(System.getProperty("java.home"));
        Files.copy(real.resolve("release"), jdk.resolve("release"));
        Path log = Files.createFile(product.root().resolve("starts"));
        Path java = Files.writeString(jdk.resolve("bin/java"), "#!/bin/sh\necho x >>'%s'\nexec '%s' \"$@\"\n".formatted(log, real.resolve("bin/java")));
        assertThat(java.toFile().setExecutable(true, false)).isTrue();
        product.give(jdk);
        product.give(log);
        product.with("SIFTER_JAVA_HOME", jdk.toString());
        return log;
    }

    /** How many JVMs a command started. */
    private long starts(Path log, Result... results) throws IOException {
        Stream.of(results).forEach(Result::ok);
        long starts = Files.size(log) / 2;
        Files.write(log, new byte[0]);
        return starts;
    }

    @ParameterizedTest
    @EnumSource(User.class)
    void aPlanIsTakenAgainAsLongAsAllThatItRestsUponIsTheSame(User user) throws Exception {
        as(user);
        Path log = countStarts();
        Path data = product.give(Files.createDirectory(product.work().resolve("data")));
        Files.writeString(data.resolve("file"), "here\n");
        Path sif = product.work().resolve("x.sif");
        String[] bound = {"exec", "--bind", "data:/mnt", "x.sif", "sh", "-c", "cat /mnt/file; echo $COLOUR; exit 0"};
        product.with("SINGULARITYENV_COLOUR", "unspeakable");

        Result first = product.run(bound);
        assertThat(starts(log, first)).isEqualTo(1);
        Result again = product.run(bound);
        assertThat(starts(log, again)).isZero();
        assertThat(again.out()).isEqualTo(first.out()).isEqualTo("here\nunspeakable\n");
        Path plans = product.home().resolve(".singularity/plans");
        for (String plan : Product.names(plans)) {
            assertThat(Files.readString(plans.resolve(plan))).contains("sifter_again").doesNotContain("unspeakable");
            assertThat(Files.getPosixFilePermissions(plans.resolve(plan))).hasSize(2);
        }

        product.with("SINGULARITYENV_COLOUR", "red");
        assertThat(product.run(bound).ok().out()).isEqualTo("here\nred\n");
        assertThat(starts(log)).as("another environment").isEqualTo(1);
        assertThat(starts(log, product.run(bound))).isZero();

        Path other = product.give(Files.copy(sif, product.work().resolve("y.sif")));
        Files.move(other, sif, java.nio.file.StandardCopyOption.REPLACE_EXISTING);
        assertThat(starts(log, product.run(bound))).as("another image of the same name").isEqualTo(1);
        assertThat(starts(log, product.run(bound))).isZero();

        configure("cache.keep-blobs = true\n");
        assertThat(starts(log, product.run(bound))).as("settings").isEqualTo(1);
        assertThat(starts(log, product.run(bound))).isZero();

        Path elsewhere = product.give(Files.createDirectory(product.work().resolve("elsewhere")));
        product.give(Files.createDirectory(elsewhere.resolve("data")));
        assertThat(product.runIn(elsewhere, "exec", "--bind", "data:/mnt", "../x.sif", "pwd").ok().out()).isEqualTo(elsewhere + "\n");
        assertThat(starts(log)).as("another directory").isEqualTo(1);

        for (String plan : Product.names(plans)) {
            Files.move(plans.resolve(plan), product.root().resolve("plan"), java.nio.file.StandardCopyOption.REPLACE_EXISTING);
            Files.createSymbolicLink(plans.resolve(plan), product.root().resolve("plan"));
        }
        assertThat(starts(log, product.run(bound))).as("links in the place of plans").isEqualTo(1);

        Files.delete(data.resolve("file"));
        Files.delete(data);
        Result gone = product.run(bound);
        assertThat(gone.exit()).isEqualTo(255);
        assertThat(gone.err()).contains("mount source " + data + " doesn't exist");
        assertThat(starts(log)).as("what is bound has gone").isEqualTo(1);
    }

    @Test
    void cleaningTheCacheForgetsPlansToo() throws Exception {
        as(User.ORDINARY);
        product.run("exec", "x.sif", "true").ok();
        Path plans = product.home().resolve(".singularity/plans");
        assertThat(plans).isNotEmptyDirectory();

        assertThat(product.run("cache", "clean", "--dry-run").ok().out()).endsWith("Removing " + plans + "\n");
        product.run("cache", "clean", "--force", "--type", "pack").ok();
        assertThat(plans).isNotEmptyDirectory();
        assertThat(product.run("cache", "clean", "--force").ok().out()).endsWith("Removing " + plans + "\n");
        assertThat(plans).doesNotExist();
    }

    @Test
    void whatAPlannerSaysIsSaidEachTime() throws Exception {
        as(User.ORDINARY);
        Path log = countStarts();

        for (int i = 0; i < 2; i++) {
            assertThat(product.run("exec", "--env", "HOME=/elsewhere", "x.sif", "true").ok().err()).contains("Overriding HOME environment variable");
        }
        assertThat(starts(log)).isEqualTo(2);
        nothingLeft();
    }

    @ParameterizedTest
    @EnumSource(User.class)
    void anImageCanBeUnpackedInstead(User user) throws Exception {
        as(user);

        Result result = product.run("exec", "--unsquash", "x.sif", "sh", "-c", "cat /usr/games/saying; echo x 2>/dev/null >/usr/x || echo read-only; exit 5");

        assertThat(result.exit()).as(result.err()).isEqualTo(5);
        assertThat(result.out()).contains("Heaven").endsWith("read-only\n");
        assertThat(result.err()).startsWith("INFO:    Converting SIF file to temporary sandbox...\n");
        nothingLeft();
        assertThat(product.run("--quiet", "exec", "--unsquash", "x.sif", "true").ok().err()).isEmpty();
        nothingLeft();
    }

    @ParameterizedTest
    @EnumSource(User.class)
    void anOverlayKeepsWhatIsWritten(User user) throws Exception {
        as(user);
        Path layer = product.give(Files.createDirectory(product.work().resolve("layer: one")));
        product.give(Files.createDirectory(product.work().resolve("other")));

        product.run("exec", "--overlay", layer.toString(), "x.sif", "sh", "-c", "echo kept >/usr/kept").ok();
        // As a container leaves it that removes a file and makes a directory.
        product.shell("cd 'layer: one/upper' && mkdir -p usr/games made && mknod usr/games/saying c 0 0 && echo of-the-layer >made/file").ok();

        assertThat(product.run("exec", "x.sif", "sh", "-c", "[ -e /usr/games/saying ] && echo there; [ -e /usr/kept ] || echo clean").ok().out())
                .isEqualTo("there\nclean\n");
        // What the layer has, and has no more, is known before it is mounted.
        assertThat(product.run("exec", "--overlay", layer + ":ro", "--bind", "other:/made/new", "x.sif", "sh", "-c",
                "cat /usr/kept /made/file; [ -d /made/new ] && echo made; [ -e /usr/games/saying ] || echo gone; echo x 2>/dev/null >/usr/x || echo read-only").ok().out())
                .isEqualTo("kept\nof-the-layer\nmade\ngone\nread-only\n");
        assertThat(product.run("exec", "--overlay", layer + ":ro", "--overlay", "other", "x.sif", "sh", "-c", "cat /usr/kept; echo x >/usr/x").ok().out())
                .isEqualTo("kept\n");
        assertThat(product.work().resolve("other/upper/usr/x")).hasContent("x");
        assertThat(layer.resolve("upper/usr/x")).doesNotExist();
        assertThat(product.run("exec", "--overlay", layer + ":ro", "--writable-tmpfs", "x.sif", "sh", "-c", "cat /usr/kept; echo x >/usr/x").ok().out())
                .isEqualTo("kept\n");
        product.run("exec", "--overlay", layer.toString(), "--overlay", "other", "x.sif", "true").failed("more than one writable overlay");
        product.run("exec", "--overlay", "absent", "x.sif", "true").failed("failed to open overlay image");
        product.run("exec", "--overlay", "x.sif", "x.sif", "true").failed("no file system of kind ext or SquashFS");
        nothingLeft();
    }

    @Test
    void aFileSystemInAFileCanBeTheOverlayOfRoot() throws Exception {
        as(User.ROOT);
        Peers.need(Peers.run("losetup", "-f").exit() == 0, "there is no loop device");
        product.shell("truncate -s 8M layer.img && " + Peers.program("mkfs.ext3") + " -q layer.img && cp layer.img open.img && chmod 666 open.img").ok();

        product.run("exec", "--overlay", "layer.img", "x.sif", "sh", "-c", "echo kept >/usr/kept").ok();

        assertThat(product.run("exec", "--overlay", "layer.img:ro", "x.sif", "cat", "/usr/kept").ok().out()).isEqualTo("kept\n");
        if (Peers.run("sh", "-c", "command -v fuse2fs").exit() != 0) {
            product.run("exec", "--overlay", "open.img", "x.sif", "true").failed("can be changed by others");
            product.run("exec", "--userns", "--overlay", "layer.img", "x.sif", "true").failed("only root can mount");
        }
        nothingLeft();
    }

    @Test
    void aFileSystemInAFileCanBeTheOverlayOfAUser() throws Exception {
        as(User.ORDINARY);
        Peers.program("fuse2fs");
        Peers.program("fuse-overlayfs");
        Peers.need(Files.isWritable(Path.of("/dev/fuse")), "/dev/fuse cannot be opened");
        product.shell("truncate -s 8M layer.img && " + Peers.program("mkfs.ext3") + " -q layer.img").ok();

        product.run("exec", "--overlay", "layer.img", "x.sif", "sh", "-c", "echo kept >/usr/kept").ok();

        nothingLeft();
        assertThat(product.run("exec", "--overlay", "layer.img:ro", "x.sif", "sh", "-c", "cat /usr/kept; echo x 2>/dev/null >/usr/x || echo read-only").ok().out())
                .isEqualTo("kept\nread-only\n");
        product.shell("truncate -s 8M broken.img && " + Peers.program("mkfs.ext3") + " -q broken.img && dd if=/dev/zero of=broken.img bs=1k seek=2 count=64 conv=notrunc 2>/dev/null").ok();
        assertThat(product.run("exec", "--overlay", "broken.img", "x.sif", "true").exit()).isNotZero();
        nothingLeft();
    }

    @ParameterizedTest
    @EnumSource(User.class)
    void aSquashFsCanBeALayerToRead(User user) throws Exception {
        as(user);
        Peers.program("squashfuse");
        Peers.need(Files.isWritable(Path.of("/dev/fuse")), "/dev/fuse cannot be opened");
        product.shell("mkdir -p more/usr && echo of-the-layer >more/usr/more && " + Peers.program("mksquashfs") + " more more.sqfs -all-root -quiet -no-progress >/dev/null").ok();

        assertThat(product.run("exec", "--overlay", "more.sqfs", "x.sif", "cat", "/usr/more").ok().out()).isEqualTo("of-the-layer\n");
        assertThat(product.run("exec", "--overlay", "more.sqfs", "--writable-tmpfs", "x.sif", "sh", "-c", "cat /usr/more; echo x >/usr/x").ok().out())
                .isEqualTo("of-the-layer\n");
        nothingLeft();
    }

    @Test
    void fakeRootHasTheIdsThatTheUserMayUse() throws Exception {
        Peers.root();
        Peers.program("newuidmap");
        as(User.ORDINARY);
        String script = "id -u; cat /proc/self/uid_map";
        Result alone = product.run("exec", "--fakeroot", "--ignore-subuid", "--contain", "x.sif", "sh", "-c", script);
        assertThat(alone.out().split("\\s+")).containsExactly("0", "0", product.shell("id -u").out().strip(), "1");
        try (Product root = Product.start()) {
            for (String runtime : List.of("unshare", "bubblewrap")) {
                configure("runtime { name = " + runtime + " }\n");
                Result result = product.runWithSubordinateIds(root, "exec", "--fakeroot", "--contain", "x.sif", "sh", "-c", script + "; exit 3");
                assertThat(result.exit()).as(result.err()).isEqualTo(3);
                assertThat(result.out().split("\\s+")).startsWith("0", "0").endsWith("1", "200000", "65536");
                assertThat(result.err()).isEmpty();
            }
        }
        nothingLeft();
    }

    @Test
    void whatAKilledStartLeftIsRemovedByTheNext() throws Exception {
        as(User.ORDINARY);
        String uid = product.shell("id -u").ok().out().strip();
        Path stale = Files.createDirectories(product.temporary().resolve("sifter-rootfs-" + uid + "-1/image/bin"));
        Path alive = Files.createDirectories(product.temporary().resolve("sifter-rootfs-" + uid + "-2/image"));
        // No process has this id: it is above the largest that Linux knows.
        Files.writeString(stale.getParent().resolveSibling("pid"), "4194305\n");
        Files.writeString(alive.resolveSibling("pid"), ProcessHandle.current().pid() + "\n");
        Files.createFile(stale.resolve("true"));
        product.give(product.temporary());
        // As directories of images may be.
        Files.setPosixFilePermissions(stale, Set.of());

        product.run("exec", "--unsquash", "x.sif", "true").ok();

        assertThat(stale).doesNotExist();
        assertThat(alive).exists();
    }

    @ParameterizedTest
    @EnumSource(User.class)
    void bubblewrapStartsImagesToo(User user) throws Exception {
        Peers.program("bwrap");
        as(user);
        configure("runtime { name = bubblewrap }\n");

        assertThat(product.run("exec", "x.sif", "sh", "-c", "cat /usr/games/saying; id -u; pwd").ok().out())
                .contains("Heaven").endsWith(product.shell("id -u").out() + product.work() + "\n");
        assertThat(product.run("exec", "x.sif", "sh", "-c", "exit 42").exit()).isEqualTo(42);
        assertThat(product.run("exec", "--containall", "x.sif", "sh", "-c", "echo $$ >/dev/null; : >/tmp/x; echo /tmp/*").ok().out()).isEqualTo("/tmp/x\n");
        nothingLeft();
    }

    @ParameterizedTest
    @EnumSource(User.class)
    void anOciRuntimeStartsImagesToo(User user) throws Exception {
        Peers.program("crun");
        as(user);
        Map<String, Object> ptmx = Files.readAttributes(Path.of("/dev/ptmx"), "unix:*", LinkOption.NOFOLLOW_LINKS);
        Files.writeString(product.work().resolve("filter.json"), """
                {"defaultAction": "SCMP_ACT_ALLOW", "syscalls": [{"names": ["mkdir", "mkdirat"], "action": "SCMP_ACT_ERRNO"}]}
                """);

        assertThat(product.run("exec", "--runtime", "oci", "x.sif", "sh", "-c", "cat /usr/games/saying; id -u; pwd; umask").ok().out())
                .contains("Heaven").endsWith(product.shell("id -u").out() + product.work() + "\n" + product.shell("umask").out());
        assertThat(product.run("exec", "--runtime", "oci", "x.sif", "sh", "-c", "exit 42").exit()).isEqualTo(42);
        assertThat(product.run("exec", "--runtime", "oci", "--containall", "x.sif", "sh", "-c", "echo $$ >/dev/null; : >/tmp/x; echo /tmp/*").ok().out()).isEqualTo("/tmp/x\n");
        // The host's own devices stay as they are.
        assertThat(Files.readAttributes(Path.of("/dev/ptmx"), "unix:*", LinkOption.NOFOLLOW_LINKS)).isEqualTo(ptmx);
        assertThat(product.shell("singularity exec --security seccomp:filter.json x.sif sh -c 'mkdir /tmp/never || echo refused'").out()).isEqualTo("refused\n");
        product.run("exec", "--runtime", "unshare", "--security", "seccomp:filter.json", "x.sif", "true").failed("The runtime 'unshare' cannot set filters of system calls");
        nothingLeft();
    }

    @ParameterizedTest
    @EnumSource(User.class)
    void everyRuntimeBringsDriversOfTheHost(User user) throws Exception {
        as(user);
        Path busybox = Path.of(Peers.program("busybox"));
        Images.drivers(product, busybox);
        for (String runtime : List.of("unshare", "bubblewrap", "oci")) {
            Result result = product.run("exec", "--runtime", runtime, "--nv", "x.sif", "sh", "-c",
                    "echo /.singularity.d/libs/*; nvidia-smi; (: >/.singularity.d/libs/x) 2>/dev/null || echo read-only; echo $LD_LIBRARY_PATH").ok();
            assertThat(result.out()).as(runtime).isEqualTo("/.singularity.d/libs/libcuda.so.1 /.singularity.d/libs/libnvidia-ml.so.1\nno GPU, but a driver\n"
                    + "read-only\n/.singularity.d/libs\n");
            assertThat(result.err()).isEmpty();
        }
        assertThat(product.run("exec", "--rocm", "x.sif", "true").ok().err()).isEqualTo("WARNING: Could not find any rocm files on this host!\n");
        nothingLeft();
    }

    @Test
    void aPrivateDevHasTheGpusThatAreAskedFor() throws Exception {
        as(User.ROOT);
        // A host's /dev, for the caller only.
        String host = """
                mkdir dev && mount --rbind /dev dev && mount -t tmpfs dev /dev && cd dev && cp -a null zero full random urandom tty fuse loop* /dev &&
                mkdir /dev/pts /dev/shm /dev/mqueue /dev/dri /dev/nvidia-caps && mount --bind pts /dev/pts && ln -s pts/ptmx /proc/self/fd /dev &&
                for d in nvidia0 nvidiactl kfd nvidia-caps/c dri/card0; do mknod -m 666 /dev/$d c 1 3 || exit; done; cd ..
                for runtime in unshare bubblewrap oci; do for gpu in --nv --rocm; do
                    singularity --silent exec --runtime $runtime $gpu --contain x.sif sh -c 'ls -d /dev/nv* /dev/nvidia-caps/* /dev/dri/* /dev/kfd 2>/dev/null; : >/dev/kfd' 2>/dev/null
                done; done
                """;
        String each = "/dev/nvidia-caps\n/dev/nvidia-caps/c\n/dev/nvidia0\n/dev/nvidiactl\n/dev/dri/card0\n/dev/kfd\n";
        Files.writeString(product.work().resolve("host"), host);
        assertThat(product.shell("unshare --mount --propagation private sh host").out()).isEqualTo(each.repeat(3));
        nothingLeft();
    }

    @Test
    void runtimesAreListedWithWhatTheyCannotDo() throws Exception {
        product = Product.ordinary();
        assertThat(product.run("runtime", "list").ok().out()).startsWith("NAME").contains("unshare").contains("bubblewrap").contains("oci")
                .contains("The first that works");
        product.run("exec", "--runtime", "absent", ".", "true").failed("There is no runtime 'absent'");
    }

    @ParameterizedTest
    @CsvSource({"ROOT, unshare", "ORDINARY, unshare", "ROOT, bubblewrap", "ORDINARY, bubblewrap"})
    void killingEverythingAtAnyMomentLeavesNothing(User user, String runtime) throws Exception {
        if (runtime.equals("bubblewrap")) {
            Peers.program("bwrap");
        }
        as(user);
        configure("runtime { name = " + runtime + " }\n");
        for (int millis = 10; millis <= 260; millis += 50) {
            Process container = product.begin("exec", "x.sif", "sleep", "100");
            Thread.sleep(millis);
            // Stopped first: a process that is not listed yet when its parent dies could not be found afterwards.
            List<ProcessHandle> all = List.of();
            for (List<ProcessHandle> now = everyone(container); !now.equals(all); now = everyone(container)) {
                all = now;
                for (ProcessHandle process : all) {
                    Peers.run("kill", "-STOP", String.valueOf(process.pid()));
                }
            }
            for (ProcessHandle process : all) {
                Peers.run("kill", "-KILL", String.valueOf(process.pid()));
            }
            container.waitFor();
        }
        // The last start may have been killed before its watcher was there; the next start tidies up.
        product.run("exec", "x.sif", "true").ok();
        nothingLeft();
    }

    private static List<ProcessHandle> everyone(Process container) {
        return Stream.concat(Stream.of(container.toHandle()), container.descendants()).sorted().toList();
    }

    @ParameterizedTest
    @EnumSource(User.class)
    void whatRunsInTheBackgroundKeepsItsRoot(User user) throws Exception {
        as(user);
        Path late = product.work().resolve("late");

        product.run("exec", "x.sif", "sh", "-c", "(sleep 1; cat /usr/games/saying >" + late + ") >/dev/null 2>&1 &").ok();

        for (int i = 0; i < 100 && !(Files.exists(late) && Files.size(late) > 0); i++) {
            Thread.sleep(50);
        }
        assertThat(late).content().contains("Heaven");
        nothingLeft();
    }

    @ParameterizedTest
    @EnumSource(User.class)
    void descriptorsLimitsAndSignalsAreTheCallers(User user) throws Exception {
        as(user);
        product.give(Files.writeString(product.work().resolve("open"), "by descriptor\n"));

        assertThat(product.shell("exec 3<open 9>written; singularity exec x.sif sh -c 'cat <&3; echo nine >&9'; cat written").ok().out())
                .isEqualTo("by descriptor\nnine\n");
        assertThat(product.shell("ulimit -n 100; umask 0027; singularity exec x.sif sh -c 'ulimit -n; umask'").ok().out()).isEqualTo("100\n0027\n");
        assertThat(product.shell("singularity exec x.sif sh -c 'trap \"echo got it; exit 5\" TERM; echo up; while :; do sleep 0.1; done' & "
                + "sleep 1; kill -TERM $!; wait $!").exit()).isEqualTo(5);
        assertThat(product.shell("singularity exec --pid x.sif sh -c 'trap \"exit 6\" TERM; while :; do sleep 0.1; done' & sleep 1; kill -TERM $!; wait $!").exit())
                .isEqualTo(6);
        assertThat(product.shell("singularity exec --pid x.sif sleep 100 & sleep 1; kill -KILL $!; wait $!").exit()).isEqualTo(128 + 9);
        nothingLeft();
    }

    @Test
    void aDamagedStartUpCacheIsPassedOverInSilence() throws Exception {
        as(User.ORDINARY);
        Path copy = product.root().resolve("copy");
        Peers.run("cp", "-a", product.distribution().toString(), copy.toString()).ok();
        for (String cache : List.of("actions.aot", "main.aot")) {
            try (RandomAccessFile file = new RandomAccessFile(copy.resolve("lib").resolve(cache).toFile(), "rw")) {
                file.setLength(10_000);
            }
        }
        product.give(copy);
        product.with("PATH", copy.resolve("bin") + ":/usr/sbin:/usr/bin:/sbin:/bin");

        assertThat(product.run("exec", "x.sif", "sh", "-c", "echo it starts")).extracting(Result::out, Result::err).containsExactly("it starts\n", "");
        assertThat(product.run("version").ok().err()).isEmpty();
        nothingLeft();
    }

    @Test
    void secretsOfTheEnvironmentAreNotSeenByOthers() throws Exception {
        as(User.ORDINARY);
        product.with("TOKEN", "s3cret").with("SINGULARITYENV_OTHER", "s4cret");
        Process container = product.begin("exec", "--pid", "x.sif", "sh", "-c", "echo up; sleep 5");
        StringBuilder seen = new StringBuilder();
        while (container.isAlive() && !container.inputReader().ready()) {
            for (ProcessHandle process : Stream.concat(Stream.of(container.toHandle()), container.descendants()).toList()) {
                // The test itself starts the product by env(1).
                process.info().commandLine().filter(line -> !line.contains("env -i")).ifPresent(seen::append);
            }
        }
        container.descendants().forEach(ProcessHandle::destroyForcibly);
        container.destroyForcibly();
        assertThat(seen.toString()).contains("unshare").doesNotContain("s3cret").doesNotContain("s4cret");
    }

    @Test
    void apptainersImagesStart() throws Exception {
        String apptainer = Peers.apptainer();
        as(User.ORDINARY);
        Path foreign = Path.of("/tmp", "sifter-foreign-" + System.nanoTime() + ".sif");
        try {
            Path box = Files.createTempDirectory(Path.of("/tmp"), "sifter-foreign-");
            Peers.run("sh", "-c", "mkdir -p \"$0/bin\" && cp \"$(command -v busybox)\" \"$0/bin/busybox\" && ln -s busybox \"$0/bin/sh\" && ln -s busybox \"$0/bin/cat\"",
                    box.toString()).ok();
            Peers.run(List.of(apptainer, "build", foreign.toString(), box.toString()), Path.of("/tmp"), Map.of()).ok();
            assertThat(product.run("exec", foreign.toString(), "cat", "/.singularity.d/labels.json").ok().out()).contains("org.label-schema");
            Peers.run("rm", "-rf", box.toString()).ok();
        } finally {
            Files.deleteIfExists(foreign);
        }
        nothingLeft();
    }
}
