package io.sifter.product;

import static java.nio.charset.StandardCharsets.ISO_8859_1;
import static org.assertj.core.api.Assertions.assertThat;

import io.sifter.spi.reference.Digest;
import io.sifter.spi.reference.Platform;
import io.sifter.testkit.TarLayer;
import io.sifter.testkit.registry.ScriptedRegistry;
import io.sifter.testkit.registry.TestImage;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** Equal images give equal files, whoever makes them, where, when, with how many workers and whatever was converted before. */
class ReproducibleIT {
    private ScriptedRegistry registry;
    private String lower;
    private String whole;

    @BeforeEach
    void publish() throws IOException {
        TarLayer first = TarLayer.with();
        TarLayer second = TarLayer.with().whiteout("srv/f7").whiteout("srv/f400");
        for (int i = 0; i < 600; i++) {
            first.file("srv/f" + i, Images.noise(1000 + 37 * i, i)).owner(i % 7, i % 5);
            second.file("opt/g" + i, Images.noise(900 + 31 * (i % 50), i % 50)).mode(0640);
        }
        first.file("srv/large", Images.noise(3_000_000, 1)).file("srv/zeros", new byte[2_000_000]);
        TarLayer third = TarLayer.with().file("srv/f8", "changed").hardLink("srv/f9b", "srv/f9").file("srv/again", Images.noise(3_000_000, 1));
        registry = ScriptedRegistry.start();
        registry.publish("lib/lower", "latest", image(first));
        registry.publish("lib/whole", "latest", image(first, second, third));
        lower = "docker://" + registry.host() + "/lib/lower";
        whole = "docker://" + registry.host() + "/lib/whole";
    }

    private static TestImage image(TarLayer... layers) {
        TestImage.Builder image = TestImage.with().platform("linux/" + Platform.host().architecture());
        for (TarLayer layer : layers) {
            image.layer(layer.tar());
        }
        return image.command("/bin/true").build();
    }

    @AfterEach
    void stop() {
        registry.close();
    }

    private static Digest file(Product product, String name) throws IOException {
        return Digest.sha256(Files.readAllBytes(product.work().resolve(name)));
    }

    @Test
    void neitherWorkersNorCachesNorTheCallerMakeADifference() throws Exception {
        Digest expected;
        try (Product product = Product.start()) {
            product.run("pull", "--jobs", "1", "cold.sif", whole).ok();
            expected = file(product, "cold.sif");
            product.run("pull", "--jobs", "8", "warm.sif", whole).ok();
            product.run("build", "--disable-cache", "--jobs", "8", "built.sif", whole).ok();

            assertThat(List.of(file(product, "warm.sif"), file(product, "built.sif"))).containsOnly(expected);
        }
        try (Product product = Product.ordinary()) {
            product.with("TZ", "Asia/Kathmandu").with("LC_ALL", "C").with("SINGULARITY_CACHEDIR", product.root().resolve("another cache").toString());
            product.run("pull", "--jobs", "2", "lower.sif", lower).ok();
            product.shell("umask 077; singularity pull --jobs 2 mixed.sif " + whole).ok();

            assertThat(file(product, "mixed.sif")).isEqualTo(expected);
        }
    }

    /** What a reference led to last is begun before the registry has answered. */
    @Test
    void aTagThatMovesIsFollowed() throws Exception {
        try (Product product = Product.ordinary()) {
            TestImage before = image(TarLayer.with().file("a", Images.noise(2_000_000, 3)));
            TestImage after = image(TarLayer.with().file("a", Images.noise(2_000_000, 4)));
            String tag = "docker://" + registry.host() + "/lib/moving";
            List<Digest> made = new ArrayList<>();
            for (TestImage image : List.of(before, before, after, after, before)) {
                registry.publish("lib/moving", "latest", image);
                product.run("pull", "--force", "moving.sif", tag).ok();
                made.add(file(product, "moving.sif"));
            }
            registry.close();
            assertThat(product.run("pull", "--force", "moving.sif", tag).exit()).isEqualTo(255);

            assertThat(made.get(2)).isNotEqualTo(made.get(0)).isEqualTo(made.get(3));
            assertThat(List.of(made.get(1), made.get(4), file(product, "moving.sif"))).containsOnly(made.get(0));
            try (Stream<Path> left = Files.list(product.work())) {
                assertThat(left.map(path -> path.getFileName().toString())).containsExactly("moving.sif");
            }
        }
    }

    @Test
    void anotherEpochMakesAnotherFileAndTheSameOneTheSame() throws Exception {
        try (Product product = Product.ordinary()) {
            product.run("pull", "plain.sif", whole).ok();
            product.with("SOURCE_DATE_EPOCH", "1000000000");
            product.run("pull", "one.sif", whole).ok();
            product.run("pull", "--jobs", "1", "two.sif", whole).ok();

            assertThat(file(product, "two.sif")).isEqualTo(file(product, "one.sif")).isNotEqualTo(file(product, "plain.sif"));
            assertThat(product.run("inspect", "one.sif").ok().out()).contains("Sunday_9_September_2001_1:46:40_UTC");
        }
    }

    @Test
    void theFileSaysWhatCompressedIt() throws Exception {
        try (Product product = Product.ordinary()) {
            product.run("pull", "gzip.sif", lower).ok();
            product.run("pull", "--compression", "fast", "zstd.sif", lower).ok();

            assertThat(Files.readString(product.work().resolve("gzip.sif"), ISO_8859_1))
                    .containsPattern("\"codec\":\"(libdeflate|jdk-zlib)/");
            assertThat(Files.readString(product.work().resolve("zstd.sif"), ISO_8859_1))
                    .containsPattern("\"codec\":\"zstd(-java|-256k)?/");
        }
    }

    @Test
    void aSandboxCanBeOpenedToItsOwner() throws Exception {
        registry.publish("lib/closed", "latest", image(TarLayer.with().directory("closed").mode(0500).file("closed/file", "x").mode(0040)));
        String closed = "docker://" + registry.host() + "/lib/closed";
        try (Product product = Product.ordinary()) {
            assertThat(product.run("build", "--fix-perms", "--sandbox", "box", closed).ok().err())
                    .contains("WARNING: The --fix-perms option modifies the filesystem permissions on the resulting container.");

            assertThat(product.shell("stat -c %a box/closed box/closed/file").ok().out()).isEqualTo("700\n640\n");
        }
    }
}
