package io.sifter.product;

import static org.assertj.core.api.Assertions.assertThat;

import io.sifter.product.Product.Result;
import io.sifter.testkit.Peers;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/**
 * Images whose links lead to directories of the host, by absolute paths and by climbing out of the image, where the container gets
 * its own files and mounts: whatever is started in them, nothing outside is made, changed or shown. Everything that the links lead to lies in a
 * directory that containers do not have.
 */
class HostileImagesIT {
    private static final String SECRET = "s3cret";
    private static final List<String> DIRECTORIES = List.of("etc", "proc", "sys", "dev", "tmp", "var", "home", "root", ".singularity.d", "usr", "libs", "new");
    private static final List<String> FILES = List.of("passwd", "group", "hosts", "resolv.conf", "localtime", "hostname", "runscript", "test", "90-environment.sh");

    private static Path victim;
    private static Product root;
    private static Product user;

    @BeforeAll
    static void makeImages() throws Exception {
        Peers.root();
        victim = Files.createTempDirectory(Path.of("/srv"), "sifter-victim-");
        for (String directory : DIRECTORIES) {
            Files.createDirectory(victim.resolve(directory));
        }
        for (String file : FILES) {
            Files.writeString(victim.resolve("etc").resolve(file), "# " + SECRET + "\nroot:x:0:0:" + SECRET + ":/root:/bin/sh\n");
        }
        // Whoever gets there can do anything there.
        Peers.run("chmod", "-R", "a+rwX", victim.toString()).ok();
        root = Product.start();
        user = Product.ordinary();
        Path busybox = Path.of(Peers.program("busybox"));
        for (Product product : List.of(root, user)) {
            image(product, "files", busybox, """
                    mkdir -p etc proc sys dev tmp var/tmp home root usr/bin .singularity.d/env
                    for f in passwd group hosts resolv.conf hostname; do ln -s "$1/etc/$f" etc/$f; done
                    ln -s "$2/etc/localtime" etc/localtime
                    ln -s "$2/libs" .singularity.d/libs
                    for f in runscript test; do ln -s "$1/etc/$f" .singularity.d/$f; done
                    ln -s "$2/etc/90-environment.sh" .singularity.d/env/90-environment.sh
                    ln -s "$1/new" data
                    """);
            image(product, "absolute", busybox, """
                    for d in etc proc sys dev tmp var home root usr .singularity.d; do ln -s "$1/$d" $d; done
                    ln -s "$1/new" data
                    """);
            image(product, "climbing", busybox, """
                    for d in etc tmp var home root .singularity.d; do ln -s "$2/$d" $d; done
                    mkdir proc sys dev usr
                    ln -s "$2/new" data
                    """);
            image(product, "huge", busybox, """
                    mkdir -p etc proc sys dev tmp var/tmp home root usr/bin .singularity.d/env
                    head -c 3000000 /dev/zero | tr '\\0' x >etc/passwd
                    { printf 'HUGE='; head -c 3000000 /dev/zero | tr '\\0' x; } >.singularity.d/env/90-environment.sh
                    head -c 30000000 /dev/zero >.singularity.d/labels.json
                    { printf '#!/bin/sh\\necho ran\\nexit\\n'; head -c 3000000 /dev/zero; } >.singularity.d/runscript
                    chmod 755 .singularity.d/runscript
                    """);
            Files.createDirectories(product.work().resolve("given"));
            product.give(product.work());
        }
    }

    private static void image(Product product, String name, Path busybox, String script) throws IOException, InterruptedException {
        String climbing = "../../../../../../../../../.." + victim;
        Path box = Files.createDirectory(product.work().resolve(name));
        Peers.run("sh", "-ec", "cd \"$0\"; mkdir bin; cp \"$3\" bin/busybox; for p in sh cat ls touch mkdir sleep env true; do ln -s busybox bin/$p; done\n" + script,
                box.toString(), victim.toString(), climbing, busybox.toString()).ok();
        product.give(box);
        Peers.run(Peers.program("mksquashfs"), box.toString(), product.work().resolve(name + ".sqfs").toString(), "-all-root", "-quiet", "-no-progress").ok();
    }

    @AfterAll
    static void stop() throws Exception {
        for (Product product : new Product[] {root, user}) {
            if (product != null) {
                product.close();
            }
        }
        if (victim != null) {
            Peers.run("rm", "-rf", victim.toString()).ok();
        }
    }

    private static String state() throws IOException, InterruptedException {
        return Peers.run("sh", "-c", "cd \"$0\" && find . -printf '%p %y %m %U %s %T@\\n' | sort && cat etc/*", victim.toString()).ok();
    }

    private static List<List<String>> starts(String image) {
        String looks = "cat /etc/passwd /etc/group /etc/resolv.conf /etc/hosts /data/* /.singularity.d/runscript /.singularity.d/env/*; ls -R /srv /etc/ /data;"
                + " touch /etc/x /data/x /tmp/../etc/y /home/x /root/x /.singularity.d/x; mkdir -p /data/deep/er; true";
        List<List<String>> starts = new ArrayList<>();
        for (String options : List.of("", "--contain", "--containall --writable-tmpfs", "--overlay given --bind given:/data/deep", "--bind given:/etc/new,given:/.singularity.d/libs/new",
                "--scratch /data/scratch --home /tmp:/home/somebody", "--fakeroot --dns 1.2.3.4 --hostname x", "--no-mount dev,proc,sys", "--writable")) {
            List<String> words = new ArrayList<>(List.of("exec"));
            words.addAll(options.isEmpty() ? List.of() : List.of(options.split(" ")));
            words.addAll(List.of(image, "sh", "-c", looks));
            starts.add(words);
        }
        starts.add(List.of("run", image));
        starts.add(List.of("test", image));
        starts.add(List.of("instance", "start", "--bind", "given:/data/deep", image, "hostile", "sh"));
        starts.add(List.of("exec", "instance://hostile", "sh", "-c", looks));
        starts.add(List.of("run", "instance://hostile"));
        starts.add(List.of("instance", "list", "--json"));
        starts.add(List.of("instance", "stop", "--force", "hostile"));
        return starts;
    }

    @ParameterizedTest
    @CsvSource({"root, unshare", "user, unshare", "user, bubblewrap", "root, oci"})
    void nothingOutsideIsTouchedOrShown(String who, String runtime) throws Exception {
        Product product = who.equals("root") ? root : user;
        String before = state();
        product.with("SINGULARITY_RUNTIME", runtime);
        try {
            int started = 0;
            for (String image : runtime.equals("unshare") ? List.of("files", "absolute", "climbing.sqfs") : List.of("files", "absolute")) {
                for (List<String> words : runtime.equals("unshare") && !image.equals("climbing.sqfs") ? starts(image) : starts(image).subList(0, 5)) {
                    Result result = product.run(words.toArray(String[]::new));
                    started += result.exit() == 0 ? 1 : 0;
                    assertThat(result.out() + result.err()).as("%s %s %s", who, runtime, words).doesNotContain(SECRET).doesNotContain("defect of the program");
                    assertThat(state()).as("%s %s %s", who, runtime, words).isEqualTo(before);
                }
            }
            // If nothing started, nothing was tried.
            assertThat(started).as("containers that started").isGreaterThanOrEqualTo(5);
        } finally {
            product.without("SINGULARITY_RUNTIME");
        }
    }

    /** What only reads images reads nothing but them, also in directories, where a link of the image's is a link of the host's. */
    @ParameterizedTest
    @CsvSource({"root, absolute", "user, files"})
    void nothingOutsideIsReadOrKept(String who, String image) throws Exception {
        Product product = who.equals("root") ? root : user;
        String before = state();
        String sif = who + "-" + image + ".sif";
        List<String> commands = List.of("inspect --json --all " + image, "run-help " + image, "lint " + image,
                "build " + sif + " " + image, "inspect --json --all " + sif, "sif list " + sif, "sif dump 1 " + sif, "exec " + sif + " cat /etc/passwd /data/*");
        int worked = 0;
        for (String command : commands) {
            Result result = product.run(command.split(" "));
            worked += result.exit() == 0 ? 1 : 0;
            assertThat(result.out() + result.err()).as(command).doesNotContain(SECRET).doesNotContain("defect of the program");
            assertThat(state()).as(command).isEqualTo(before);
        }
        assertThat(worked).as("commands that had something to read").isGreaterThanOrEqualTo(5);
    }

    /** Whoever asks for the metadata gets them; whoever only starts something does not read them, or is told what is too large. */
    @ParameterizedTest
    @CsvSource({"root, unshare", "user, bubblewrap", "user, oci"})
    void hugeMetadataHarmNobody(String who, String runtime) throws Exception {
        Product product = who.equals("root") ? root : user;
        product.run("exec", "--runtime", runtime, "huge", "true").failed("/etc/passwd", "has more than 1048576 bytes");
        String bind = "given/passwd:/etc/passwd";
        product.shell("echo root:x:0:0:root:/root:/bin/sh >given/passwd").ok();
        assertThat(product.run("exec", "--runtime", runtime, "--bind", bind, "huge.sqfs", "sh", "-c", ". /.singularity.d/env/90-environment.sh; echo ${#HUGE}").ok().out()).isEqualTo("3000000\n");
        assertThat(product.run("run", "--runtime", runtime, "--bind", bind, "--cleanenv", "--writable-tmpfs", "huge").out()).isEqualTo("ran\n");
    }
}
