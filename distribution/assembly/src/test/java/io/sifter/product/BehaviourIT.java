package io.sifter.product;

import static org.assertj.core.api.Assertions.assertThat;

import io.sifter.product.Product.Result;
import io.sifter.testkit.Peers;
import io.sifter.testkit.TarLayer;
import io.sifter.testkit.registry.Fault;
import io.sifter.testkit.registry.Received;
import io.sifter.testkit.registry.ScriptedRegistry;
import io.sifter.testkit.registry.TestImage;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** What users count on beyond single commands: what is fetched when, and what survives kills and deletions. */
class BehaviourIT {
    private static final String BLOBS = "GET /v2/[^ ]*/blobs/.*";

    private Product product;
    private ScriptedRegistry registry;

    @BeforeEach
    void start() throws IOException, InterruptedException {
        product = Product.ordinary();
        registry = ScriptedRegistry.start();
    }

    @AfterEach
    void stop() throws IOException {
        registry.close();
        product.close();
    }

    /** Two layers whose conversion takes a moment. */
    private static TestImage large() {
        return Images.of(TarLayer.with().directory("data").file("data/noise", Images.noise(6_000_000, 3)).file("data/words", "words ".repeat(500_000)),
                TarLayer.with().file("data/more", Images.noise(2_000_000, 4)).hardLink("data/same", "data/more"));
    }

    private String publish(TestImage image) {
        registry.publish("lib/image", "latest", image);
        return "docker://" + registry.host() + "/lib/image";
    }

    private byte[] pulled(String uri, String name, String... options) throws IOException, InterruptedException {
        List<String> words = new ArrayList<>(List.of("pull"));
        words.addAll(List.of(options));
        words.addAll(List.of(name, uri));
        product.run(words.toArray(String[]::new)).ok();
        return Files.readAllBytes(product.work().resolve(name));
    }

    @Test
    void fetchesOnlyTheLayersThatAMovedTagBrings() throws Exception {
        TestImage before = Images.of(TarLayer.with().file("base", Images.noise(10_000, 5)), TarLayer.with().file("words", "one"));
        TestImage after = Images.of(TarLayer.with().file("base", Images.noise(10_000, 5)), TarLayer.with().file("words", "two"));
        String uri = publish(before);
        byte[] first = pulled(uri, "first.sif");
        publish(after);
        registry.forget();

        byte[] second = pulled(uri, "second.sif");

        assertThat(second).isNotEqualTo(first);
        assertThat(blobsFetched()).containsExactlyInAnyOrder(Images.layer(after, 1).toString(), after.config().digest().toString());
    }

    @Test
    void checksWhateverNamesAnImageAndEndsByWhatItFinds() throws Exception {
        String uri = publish(Images.of(TarLayer.with().file("bin/sh", "x").mode(0755), TarLayer.with().directory("root/.ssh").file("root/.ssh/id_rsa",
                "-----BEGIN RSA PRIVATE KEY-----\n")));
        String key = "/root/.ssh/id_rsa%s: [secrets] The file is a private key.";

        Result first = product.run("lint", "--check", "secrets,ldconfig", uri);
        registry.forget();
        Result again = product.run("-q", "lint", "--json", "--check", "secrets", uri);
        product.run("build", "image.sif", uri).ok();
        product.run("build", "--sandbox", "image", uri).ok();

        assertThat(first.exit()).isEqualTo(1);
        assertThat(first.out()).startsWith(key.formatted(" (layer 2 of 2)")).contains("why: ", "do:  ");
        assertThat(first.err()).contains("INFO:    1 finding in " + uri + ": secrets 1");
        assertThat(again.exit()).isEqualTo(1);
        assertThat(again.out()).contains("\"path\": \"/root/.ssh/id_rsa\"", "\"layer\": 2");
        assertThat(blobsFetched()).hasSizeLessThan(2);
        for (String image : List.of("image.sif", "image")) {
            Result found = product.run("-q", "lint", "--check", "secrets", image);
            assertThat(found.exit()).as(found.err()).isEqualTo(1);
            assertThat(found.out()).startsWith(key.formatted(""));
        }
        Files.writeString(product.work().resolve("tool.def"), "Bootstrap: docker\nFrom: {{ base }}\n%runscript\n  exec tool \"$@\"\n");
        product.run("lint", "--build-arg", "base=alpine:3.19", "tool.def").ok();
        assertThat(product.run("lint", "--build-arg", "base=alpine", "tool.def").out()).startsWith("tool.def:2:7: [source] alpine names no version.");
        product.run("lint", "tool.def").failed("Unable to check tool.def: while parsing definition: tool.def:2:7");
        product.run("lint", "--check", "users", "tool.def").failed("There is no check 'users'");
        product.run("lint", "gone.sif").failed("Unable to check gone.sif: unable to open file gone.sif");
        product.nothingLeft();
    }

    private List<String> blobsFetched() {
        return registry.received(BLOBS).stream().map(Received::path).map(path -> path.substring(path.lastIndexOf('/') + 1)).toList();
    }

    @Test
    void makesTheSameBytesWhateverTheCacheAndTheNumberOfJobs() throws Exception {
        String uri = publish(large());
        byte[] cold = pulled(uri, "cold.sif");
        byte[] warm = pulled(uri, "warm.sif");
        product.run("cache", "clean", "--force").ok();
        byte[] one = pulled(uri, "one.sif", "--jobs", "1");
        product.run("cache", "clean", "--force").ok();
        byte[] eight = pulled(uri, "eight.sif", "--jobs", "8");
        byte[] uncached = pulled(uri, "uncached.sif", "--disable-cache");
        product.run("build", "built.sif", uri).ok();

        assertThat(warm).isEqualTo(cold);
        assertThat(one).isEqualTo(cold);
        assertThat(eight).isEqualTo(cold);
        assertThat(uncached).isEqualTo(cold);
        assertThat(product.work().resolve("built.sif")).hasBinaryContent(cold);
        product.nothingLeft();
    }

    @Test
    void makesTheSameBytesForRootAndForOthers() throws Exception {
        Peers.root();
        String uri = publish(large());
        byte[] others = pulled(uri, "x.sif");
        try (Product root = Product.start()) {
            root.run("pull", "x.sif", uri).ok();
            assertThat(root.work().resolve("x.sif")).hasBinaryContent(others);
        }
    }

    @Test
    void keepsNothingIfTold() throws Exception {
        String uri = publish(large());

        product.with("SINGULARITY_DISABLE_CACHE", "true").run("pull", "x.sif", uri).ok();

        assertThat(product.worked()).containsExactly("x.sif");
        assertThat(product.cache()).doesNotExist();
        assertThat(Product.names(product.temporary())).isEmpty();
    }

    @Test
    void keepsItsCacheWhereTold() throws Exception {
        Path elsewhere = product.root().resolve("home/elsewhere");
        product.with("SINGULARITY_CACHEDIR", elsewhere.toString()).run("pull", "x.sif", publish(Images.small())).ok();

        assertThat(elsewhere.resolve("cache/oci/index.json")).exists();
        assertThat(product.home().resolve(".singularity/cache")).doesNotExist();
    }

    @Test
    void doesNotMindThatItsCacheIsDeletedBetweenCommands() throws Exception {
        String uri = publish(large());
        byte[] first = pulled(uri, "first.sif");
        product.shell("rm -rf ~/.singularity").ok();

        assertThat(pulled(uri, "second.sif")).isEqualTo(first);
        product.shell("rm -rf ~/.singularity/cache/pack ~/.singularity/cache/part").ok();
        assertThat(pulled(uri, "third.sif")).isEqualTo(first);
        product.shell("rm -rf ~/.singularity/cache/oci/blobs").ok();
        assertThat(pulled(uri, "fourth.sif")).isEqualTo(first);
    }

    @Test
    void makesDamagedPartsOfItsCacheAgain() throws Exception {
        String uri = publish(large());
        byte[] first = pulled(uri, "first.sif");
        product.shell("for file in ~/.singularity/cache/pack/*; do truncate -s -1000 \"$file\"; done").ok();
        assertThat(pulled(uri, "second.sif")).isEqualTo(first);
        product.shell("rm -rf ~/.singularity/cache/pack; for file in ~/.singularity/cache/oci/blobs/sha256/*; do truncate -s -1 \"$file\"; done").ok();
        assertThat(pulled(uri, "third.sif")).isEqualTo(first);
    }

    @Test
    void survivesThatItsCacheIsDeletedWhileItPulls() throws Exception {
        TestImage image = large();
        String uri = publish(image);
        byte[] expected = pulled(uri, "expected.sif");
        product.run("cache", "clean", "--force").ok();
        registry.once("GET .*/blobs/" + Images.layer(image, 1), new Fault.Delay(Duration.ofSeconds(2)));
        Process pull = product.begin("pull", "x.sif", uri);
        Product.await(() -> !registry.received("GET .*/blobs/" + Images.layer(image, 1)).isEmpty());
        product.shell("rm -rf ~/.singularity/cache").ok();

        assertThat(pull.waitFor(120, TimeUnit.SECONDS)).isTrue();
        if (pull.exitValue() == 0) {
            assertThat(product.work().resolve("x.sif")).hasBinaryContent(expected);
        } else {
            assertThat(product.work().resolve("x.sif")).doesNotExist();
        }
        assertThat(pulled(uri, "again.sif")).isEqualTo(expected);
        product.nothingLeft();
    }

    @Test
    void leavesNothingOnceTheNextCommandRanAfterAKill() throws Exception {
        TestImage image = large();
        String uri = publish(image);
        registry.once("GET .*/blobs/" + Images.layer(image, 0), new Fault.StallAfter(3_000_000));
        Process pull = product.begin("pull", "x.sif", uri);
        Path part = product.cache().resolve("part");
        Product.await(() -> Product.names(part).stream().anyMatch(name -> name.endsWith(".blob")));
        Thread.sleep(500);
        Product.kill(pull, "KILL");

        assertThat(product.worked()).isEmpty();
        registry.forget();
        byte[] second = pulled(uri, "x.sif");
        product.nothingLeft();
        product.run("cache", "clean", "--force").ok();
        assertThat(pulled(uri, "clean.sif")).isEqualTo(second);
    }

    @Test
    void goesOnWhereAKilledDownloadStopped() throws Exception {
        TestImage image = large();
        String uri = publish(image);
        String blob = "GET .*/blobs/" + Images.layer(image, 0);
        registry.once(blob, new Fault.StallAfter(3_000_000));
        Process pull = product.begin("pull", "x.sif", uri);
        Path part = product.cache().resolve("part/" + Images.layer(image, 0).hex() + ".blob");
        Product.await(() -> Files.exists(part) && Files.size(part) >= 2_000_000);
        Product.kill(pull, "KILL");
        registry.forget();

        pulled(uri, "x.sif");

        assertThat(registry.received(blob)).hasSize(1);
        assertThat(registry.received(blob).getFirst().header("Range")).hasValueSatisfying(range -> assertThat(range).matches("bytes=[1-9]\\d{6}-"));
    }

    @Test
    void answersWithTheSameFileThatIsThere() throws Exception {
        String uri = publish(Images.small());
        byte[] first = pulled(uri, "x.sif");
        var modified = Files.getLastModifiedTime(product.work().resolve("x.sif"));
        registry.forget();

        Result again = product.run("pull", "x.sif", uri).ok();

        assertThat(again.err()).contains("Build complete: x.sif").doesNotContain("Copying");
        assertThat(product.work().resolve("x.sif")).hasBinaryContent(first);
        assertThat(Files.getLastModifiedTime(product.work().resolve("x.sif"))).isEqualTo(modified);
    }
}
