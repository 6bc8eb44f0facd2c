package io.sifter.product;

import static org.assertj.core.api.Assertions.assertThat;

import io.sifter.sif.SifDescriptor;
import io.sifter.testkit.Peers;
import io.sifter.testkit.RealRegistry;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestFactory;

/**
 * Beside real programs: umoci says what an image's tree is, unsquashfs and the kernel read what Sifter wrote, docker-registry serves,
 * skopeo and umoci read the cache, and Apptainer takes Sifter's files as Sifter takes Apptainer's. {@code SIFTER_LAYOUT} names an OCI layout
 * with further images.
 */
class PeersIT {
    /** What every container has beside its image's own files. */
    private static final Set<String> ADDED = Set.of(".exec", ".run", ".shell", ".test", "singularity", "environment",
            "dev", "etc", "home", "proc", "root", "sys", "tmp", "var", "var/tmp", "etc/hosts", "etc/resolv.conf");
    /** What is replaced where the image has it. */
    private static final Set<String> REPLACED = Set.of(".exec", ".run", ".shell", ".test", "singularity", "environment", "etc/hosts", "etc/resolv.conf");

    private static Path layout;
    private Product product;

    @BeforeAll
    static void makeImage() throws IOException, InterruptedException {
        for (String program : List.of("umoci", "setcap", "setfattr", "mknod")) {
            Peers.program(program);
        }
        Peers.root();
        layout = Files.createTempDirectory(Path.of("/tmp"), "sifter-it-layout-");
        Peers.run("bash", "-c", """
                set -e
                cd "$0"
                chmod 755 .
                umoci init --layout oci
                umoci new --image oci:test
                umoci unpack --image oci:test b
                r=b/rootfs
                mkdir -p $r/bin $r/lib $r/etc $r/opt/old/deep $r/opt/replaced $r/var/empty $r/srv/sticky
                for program in sh cat ls id true; do cp -L $(type -P $program) $r/bin/; done
                for program in sh cat ls id true; do ldd $(type -P $program); done | grep -o '/[^ ]*' | sort -u | while read -r library; do
                    mkdir -p $r$(dirname $library); cp -L $library $r$library; done
                printf 'root:x:0:0:root:/root:/bin/sh\\n' >$r/etc/passwd
                echo lower >$r/opt/old/file; echo lower >$r/opt/old/deep/file; echo lower >$r/opt/replaced/file
                echo 'to be deleted, never to be shipped' >$r/opt/secret
                head -c 300000 /dev/urandom >$r/opt/noise; ln $r/opt/noise $r/opt/noise-too; ln $r/opt/noise $r/bin/noise-three
                ln -s noise $r/opt/link; ln -s /nowhere/at/all $r/opt/dangling; ln -s ../opt $r/etc/up
                cp $r/bin/true $r/opt/setuid; chown 1000:2000 $r/opt/setuid; chmod 6755 $r/opt/setuid
                cp $r/bin/true $r/opt/capable; setcap cap_net_raw+ep $r/opt/capable
                echo tagged >$r/opt/tagged; setfattr -n user.colour -v blue $r/opt/tagged; setfattr -n user.empty $r/opt/tagged
                mknod $r/srv/null c 1 3; mknod $r/srv/disk b 259 70000; mkfifo $r/srv/pipe
                chmod 1777 $r/srv/sticky; chmod 0 $r/var/empty; echo closed >$r/opt/closed; chmod 0 $r/opt/closed
                truncate -s 5M $r/opt/sparse; printf x | dd of=$r/opt/sparse bs=1 seek=3000000 conv=notrunc status=none
                : >$r/opt/nothing; chown 3000000:70000 $r/opt/nothing; touch -d '1999-12-31 23:59:59 UTC' $r/opt/nothing
                echo spaced >"$r/opt/a name with spaces"; echo utf >"$r/opt/$(printf 'gr\\303\\266\\303\\237e')"; echo raw >"$r/opt/$(printf 'l\\344tin')"
                printf '#!/bin/sh\\necho from the image: "$@"\\n' >$r/bin/hello; chmod 755 $r/bin/hello
                umoci repack --refresh-bundle --image oci:test b
                rm -r $r/opt/old/deep $r/opt/secret $r/opt/replaced $r/bin/noise-three
                echo now a file >$r/opt/replaced; mkdir $r/opt/old/new; echo upper >$r/opt/old/file
                ln $r/opt/old/file $r/opt/old/new/linked
                umoci repack --refresh-bundle --image oci:test b
                rm -r $r/opt/old; mkdir $r/opt/old; echo third >$r/opt/old/third; rm $r/opt/link; ln -s old/third $r/opt/link
                chmod 700 $r/etc; chown 5:6 $r/opt/link -h
                umoci repack --image oci:test b
                umoci config --image oci:test --config.entrypoint /bin/hello --config.cmd world --config.env COLOUR=blue
                chmod -R a+rX oci
                """, layout.toString()).ok();
    }

    @AfterAll
    static void removeImage() throws IOException, InterruptedException {
        if (layout != null) {
            Peers.run("rm", "-rf", "--one-file-system", layout.toString());
        }
    }

    @BeforeEach
    void start() throws IOException, InterruptedException {
        product = Product.ordinary();
    }

    @AfterEach
    void stop() throws IOException {
        product.close();
    }

    private Path sif() throws IOException, InterruptedException {
        product.run("build", "x.sif", "oci:" + layout.resolve("oci") + ":test").ok();
        return product.work().resolve("x.sif");
    }

    @TestFactory
    Stream<DynamicTest> keepsTheTreeThatUmociUnpacks() {
        List<DynamicTest> tests = new ArrayList<>();
        tests.add(DynamicTest.dynamicTest("made here", () -> compare(layout.resolve("oci"), "test")));
        String further = System.getenv("SIFTER_LAYOUT");
        if (further != null) {
            for (String tag : List.of("base", "lolcow", "sci")) {
                tests.add(DynamicTest.dynamicTest(tag, () -> compare(Path.of(further), tag)));
            }
        }
        return tests.stream();
    }

    private void compare(Path oci, String tag) throws IOException, InterruptedException {
        // Named by others' directories, which the product's user may not enter.
        try (Product maker = Product.start()) {
            maker.run("build", "x.sif", "oci:" + oci + ":" + tag).ok();
            Path sif = maker.work().resolve("x.sif");
            Path bundle = maker.root().resolve("bundle");
            Peers.run("umoci", "unpack", "--image", oci + ":" + tag, bundle.toString()).ok();
            Map<String, String> expected = Trees.of(bundle.resolve("rootfs"));

            same(expected, Trees.read(sif), "our reader");
            SifDescriptor partition = Trees.partition(sif);
            Path unpacked = maker.root().resolve("unpacked");
            Peers.run(Peers.program("unsquashfs"), "-q", "-n", "-o", String.valueOf(partition.offset()), "-d", unpacked.toString(), sif.toString()).ok();
            same(expected, Trees.of(unpacked), "unsquashfs");
            Path mounted = Files.createDirectory(maker.root().resolve("mounted"));
            Peers.Answer mount = Peers.run("mount", "-t", "squashfs", "-o", "ro,loop,offset=" + partition.offset() + ",sizelimit=" + partition.size(),
                    sif.toString(), mounted.toString());
            Peers.need(mount.exit() == 0, "the kernel mounts nothing here: " + mount.err());
            try {
                same(expected, Trees.of(mounted), "the kernel");
            } finally {
                Peers.run("umount", mounted.toString()).ok();
            }
            Path box = maker.work().resolve("box");
            maker.run("build", "--sandbox", "box", "oci:" + oci + ":" + tag).ok();
            same(expected, Trees.of(box), "the sandbox");
        }
    }

    private static void same(Map<String, String> expected, Map<String, String> actual, String reader) {
        Map<String, String> differing = new TreeMap<>();
        Set<String> paths = new TreeSet<>(expected.keySet());
        paths.addAll(actual.keySet());
        for (String path : paths) {
            String wanted = expected.get(path);
            String found = actual.get(path);
            boolean ours = path.equals(".singularity.d") || path.startsWith(".singularity.d/") || REPLACED.contains(path)
                    || wanted == null && ADDED.contains(path);
            if (ours ? found == null : !java.util.Objects.equals(wanted, found)) {
                differing.put(path, found + " instead of " + wanted);
            }
        }
        assertThat(expected).as("entries of the image").hasSizeGreaterThan(30);
        assertThat(differing).as("what %s sees otherwise than umoci unpacks it", reader).isEmpty();
    }

    @Test
    void shipsNothingOfWhatALayerAboveDeleted() throws Exception {
        Path sif = sif();
        Path unpacked = product.root().resolve("raw");
        SifDescriptor partition = Trees.partition(sif);
        Peers.run(Peers.program("unsquashfs"), "-q", "-n", "-o", String.valueOf(partition.offset()), "-d", unpacked.toString(), sif.toString()).ok();

        assertThat(Peers.run("grep", "-rl", "never to be shipped", unpacked.toString()).out()).isEmpty();
        // Hidden bytes could lie in blocks that no file names: every fragment is looked at.
        assertThat(Peers.run("python3", "-c", """
                import sys, zlib
                data = open(sys.argv[1], 'rb').read()
                at = 0
                while True:
                    at = data.find(b'\\x78', at)
                    if at < 0: break
                    try:
                        if b'never to be shipped' in zlib.decompressobj().decompress(data[at:at + 2000000], 2000000):
                            print('found at', at)
                    except zlib.error: pass
                    at += 1
                print('never to be shipped' if b'never to be shipped' in data else 'clean')
                """, sif.toString()).ok()).isEqualTo("clean\n");
    }

    @Test
    void pullsFromARealRegistryWhatSkopeoPushed() throws Exception {
        String skopeo = Peers.program("skopeo");
        try (RealRegistry registry = RealRegistry.start(product.root().resolve("registry"))) {
            String image = "docker://" + registry.host() + "/lib/test:v1";
            Peers.run(skopeo, "copy", "-q", "--format", "v2s2", "--dest-tls-verify=false", "oci:" + layout.resolve("oci") + ":test", image).ok();
            product.run("pull", image).ok();

            assertThat(product.worked()).containsExactly("test_v1.sif");
            assertThat(Trees.read(product.work().resolve("test_v1.sif")).keySet()).containsAll(Trees.read(sif()).keySet());
            product.nothingLeft();
            skopeoAndUmociReadTheCache(skopeo);
        }
    }

    private void skopeoAndUmociReadTheCache(String skopeo) throws IOException, InterruptedException {
        Path oci = product.cache().resolve("oci");
        List<String> names = Peers.run("umoci", "ls", "--layout", oci.toString()).ok().lines().toList();
        assertThat(names).hasSize(2).allMatch(name -> name.matches("[0-9a-f]{64}"));
        for (String name : names) {
            assertThat(Peers.run(skopeo, "inspect", "--config", "oci:" + oci + ":" + name).ok()).contains("COLOUR=blue");
            Peers.run(skopeo, "copy", "-q", "oci:" + oci + ":" + name, "dir:" + product.root().resolve("copy-" + name)).ok();
            Peers.run("umoci", "unpack", "--image", oci + ":" + name, product.root().resolve("bundle-" + name).toString()).ok();
        }
        assertThat(Trees.of(product.root().resolve("bundle-" + names.getFirst()).resolve("rootfs")))
                .isEqualTo(Trees.of(product.root().resolve("bundle-" + names.getLast()).resolve("rootfs")));
    }

    @Test
    void apptainerListsInspectsAndRunsOurFiles() throws Exception {
        String apptainer = Peers.apptainer();
        String sif = sif().toString();

        assertThat(Peers.run(apptainer, "sif", "list", sif).ok()).isEqualTo(product.run("sif", "list", "x.sif").ok().out());
        assertThat(Peers.run(apptainer, "sif", "header", sif).ok()).isEqualTo(product.run("sif", "header", "x.sif").ok().out());
        assertThat(Peers.run(apptainer, "inspect", "--runscript", sif).ok().strip())
                .isEqualTo(product.run("inspect", "--runscript", "x.sif").ok().out().strip());
        assertThat(Peers.run(apptainer, "inspect", "--json", sif).ok()).contains("org.label-schema.usage.singularity.version");
        assertThat(Peers.run(apptainer, "run", sif).ok()).isEqualTo("from the image: world\n");
        assertThat(Peers.run(apptainer, "run", sif, "somebody", "else's").ok()).isEqualTo("from the image: somebody else's\n");
        assertThat(Peers.run(apptainer, "exec", sif, "sh", "-c", "echo $COLOUR; cat /opt/old/third").ok()).isEqualTo("blue\nthird\n");
    }

    @Test
    void takesApptainersFiles() throws Exception {
        Path theirs = apptainers();

        assertThat(product.run("inspect", "a.sif").ok().out()).contains("org.label-schema.build-date");
        assertThat(product.run("inspect", "--runscript", "a.sif").ok().out()).contains("OCI_ENTRYPOINT=");
        assertThat(product.run("sif", "list", "a.sif").ok().out()).isEqualTo(Peers.run(Peers.apptainer(), "sif", "list", theirs.toString()).ok());
        product.run("build", "--sandbox", "box", "a.sif").ok();
        assertThat(product.work().resolve("box/opt/old/third")).hasContent("third");
        assertThat(product.run("exec", "a.sif", "cat", "/opt/old/third").ok().out()).isEqualTo("third\n");
        assertThat(product.run("run", "a.sif").ok().out()).isEqualTo("from the image: world\n");
        // A file from a file is the same file, so that signatures stay good.
        product.run("build", "copy.sif", "a.sif").ok();
        assertThat(product.work().resolve("copy.sif")).hasBinaryContent(Files.readAllBytes(theirs));
    }

    private Path apptainers() throws IOException, InterruptedException {
        Path theirs = product.work().resolve("a.sif");
        // Of a layout with one image; names of images in layouts are more than it takes.
        Peers.run(Peers.apptainer(), "build", theirs.toString(), "oci:" + layout.resolve("oci")).ok();
        return product.give(theirs);
    }

    @Test
    void squashfuseMountsOurFiles() throws Exception {
        String squashfuse = Peers.program("squashfuse");
        Peers.need(Files.exists(Path.of("/dev/fuse")), "there is no /dev/fuse");
        Path sif = sif();
        Path mounted = Files.createDirectory(product.root().resolve("fuse"));
        Peers.run(squashfuse, "-o", "offset=" + Trees.partition(sif).offset(), sif.toString(), mounted.toString()).ok();
        try {
            assertThat(mounted.resolve("opt/old/third")).hasContent("third");
            assertThat(Trees.of(mounted).keySet()).isEqualTo(Trees.read(sif).keySet());
        } finally {
            Peers.run("fusermount3", "-u", mounted.toString());
        }
    }
}
