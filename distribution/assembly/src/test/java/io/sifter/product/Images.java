package io.sifter.product;

import io.sifter.spi.reference.Digest;
import io.sifter.spi.reference.Platform;
import io.sifter.testkit.Peers;
import io.sifter.testkit.TarLayer;
import io.sifter.testkit.demo.DemoImage;
import io.sifter.testkit.registry.ScriptedRegistry;
import io.sifter.testkit.registry.TestImage;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.zip.GZIPInputStream;

/** Images that several tests use. */
final class Images {
    private static final String LAYER = "application/vnd.oci.image.layer.v1.tar+gzip";
    private static final List<Packed> DEMO = demoLayers();
    /** What {@link #sif} made, by the digest of the image. */
    private static final Map<Digest, byte[]> SIFS = new ConcurrentHashMap<>();

    /** A layer as registries have it. */
    private record Packed(byte[] gzip, Digest diffId) {}

    private Images() {}

    /** A stand-in for the image of the user guide: made of this machine's programs, three layers, same entrypoint. */
    static TestImage lolcow() {
        return lolcow("The secret source of humor is not joy\nbut sorrow; there is no humor in\nHeaven.\n");
    }

    /** The same with another saying in its uppermost layer. */
    static TestImage lolcow(String fortune) {
        return layered(List.of(games(fortune).tar()));
    }

    /** The same, starting a shell. */
    static TestImage shell() {
        return with(List.of(games("").tar())).command("/bin/sh").build();
    }

    /** The lower layers of the lolcow, and these. */
    static TestImage layered(List<byte[]> more) {
        return with(more).env("PATH=/usr/games:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", "LC_ALL=C")
                .entrypoint("/bin/sh", "-c", "fortune | cowsay | lolcat").build();
    }

    private static TestImage.Builder with(List<byte[]> more) {
        TestImage.Builder image = TestImage.with().platform("linux/" + Platform.host().architecture());
        DEMO.forEach(layer -> image.blob(LAYER, layer.gzip, layer.diffId));
        more.forEach(image::layer);
        return image;
    }

    private static TarLayer games(String fortune) {
        return TarLayer.with()
                .file("etc/os-release", "NAME=\"Ubuntu\"\nVERSION=\"16.04.3 LTS (Xenial Xerus)\"\nID=ubuntu\n")
                .file("usr/games/fortune", "#!/bin/sh\ncat /usr/games/saying\n").mode(0755)
                .file("usr/games/saying", fortune)
                .file("usr/games/cowsay", "#!/bin/sh\necho ' ____'\ncat\necho ' ----'\necho '        \\   ^__^'\n").mode(0755)
                .file("usr/games/lolcat", "#!/bin/sh\ncat\n").mode(0755);
    }

    /** A small image that nothing can be run in: one layer with a few files. */
    static TestImage small() {
        return small("some words\n");
    }

    static TestImage small(String content) {
        return of(TarLayer.with().directory("etc").file("etc/words", content).directory("bin"));
    }

    static TestImage of(TarLayer... layers) {
        TestImage.Builder image = TestImage.with().platform("linux/" + Platform.host().architecture());
        for (TarLayer layer : layers) {
            image.layer(layer.tar());
        }
        return image.command("/bin/true").build();
    }

    /** Random-looking bytes that no compression shrinks, always the same for a seed. */
    static byte[] noise(int length, long seed) {
        byte[] bytes = new byte[length];
        new java.util.Random(seed).nextBytes(bytes);
        return bytes;
    }

    /** A layer's blob digest, from the manifest's order: the lowest is 0. */
    static Digest layer(TestImage image, int position) {
        return image.blobs().keySet().stream().filter(digest -> !digest.equals(image.config().digest())).skip(position)
                .findFirst().orElseThrow();
    }

    private static List<Packed> demoLayers() {
        try {
            TestImage demo = DemoImage.make();
            return demo.blobs().entrySet().stream().filter(blob -> !blob.getKey().equals(demo.config().digest()))
                    .map(blob -> new Packed(blob.getValue(), Digest.sha256(inflate(blob.getValue())))).toList();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        } catch (InterruptedException e) {
            throw new IllegalStateException(e);
        }
    }

    /**
     * Gives a product an image as a file, for tests of what can be done with it. What it takes to make it is done once for all of them, and leaves
     * nothing in the product's cache.
     */
    static Path sif(Product product, String name, TestImage image) throws IOException, InterruptedException {
        byte[] made = SIFS.get(image.manifest().digest());
        if (made == null) {
            try (Product maker = Product.start(); ScriptedRegistry registry = ScriptedRegistry.start()) {
                registry.publish("lib/image", "latest", image);
                maker.run("pull", "x.sif", "docker://" + registry.host() + "/lib/image").ok();
                made = Files.readAllBytes(maker.work().resolve("x.sif"));
                SIFS.put(image.manifest().digest(), made);
            }
        }
        Path file = Files.write(product.work().resolve(name), made);
        Files.setPosixFilePermissions(file, PosixFilePermissions.fromString("rwxr-xr-x"));
        return product.give(file);
    }

    private static byte[] inflate(byte[] gzip) {
        try (GZIPInputStream in = new GZIPInputStream(new ByteArrayInputStream(gzip))) {
            return in.readAllBytes();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** Gives a product the directory {@code box}, a root with the programs of busybox. */
    static void box(Product product) throws IOException, InterruptedException {
        Path busybox = Path.of(Peers.program("busybox"));
        Peers.need(Peers.run(Peers.program("ldd"), busybox.toString()).exit() != 0, "busybox needs shared libraries");
        product.shell("""
                mkdir -p box/bin box/etc box/tmp box/var/tmp box/proc box/sys box/dev box/root && cp %s box/bin/busybox && cd box/bin &&
                for name in sh cat cut grep id ip ls sleep touch true; do ln -s busybox $name; done && echo root:x:0:0:root:/root:/bin/sh >../etc/passwd &&
                echo root:x:0: >../etc/group""".formatted(busybox)).ok();
    }

    /** Lets a product find drivers of an NVIDIA GPU: {@code drivers/nvidia-smi} and what a loader of its own knows. */
    static void drivers(Product product, Path program) throws IOException, InterruptedException {
        Path directory = Files.createDirectory(product.work().resolve("drivers"));
        for (String library : List.of("libcuda.so.1", "libnvidia-ml.so.1", "libother.so.1")) {
            Files.copy(program, directory.resolve(library));
        }
        Files.writeString(directory.resolve("nvidia-smi"), "#!/bin/sh\necho no GPU, but a driver\n");
        Files.writeString(directory.resolve("ldconfig"), "#!/bin/sh\ncd \"${0%/*}\" && for l in *.so.*; do echo \"\t$l (libc6,x86-64) => $PWD/$l\"; done\n");
        product.give(directory);
        product.shell("chmod 755 drivers/nvidia-smi drivers/ldconfig").ok();
        product.with("PATH", directory + ":" + product.environment().get("PATH"));
    }
}
