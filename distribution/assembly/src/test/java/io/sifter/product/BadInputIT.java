package io.sifter.product;

import static org.assertj.core.api.Assertions.assertThat;

import io.sifter.product.Product.Result;
import io.sifter.spi.reference.Digest;
import io.sifter.spi.reference.Platform;
import io.sifter.testkit.Peers;
import io.sifter.testkit.TarLayer;
import io.sifter.testkit.registry.Fault;
import io.sifter.testkit.registry.ScriptedRegistry;
import io.sifter.testkit.registry.TestImage;
import java.io.RandomAccessFile;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** What is wrong is named, with what to do next and the right exit code, and nothing is left behind. */
class BadInputIT {
    private static final String LAYER = "application/vnd.oci.image.layer.v1.tar+gzip";

    private Product product;
    private ScriptedRegistry registry;

    @BeforeEach
    void start() throws IOException, InterruptedException {
        product = Product.ordinary();
        // Waiting between attempts is tested where it is done.
        product.shell("mkdir -p ~/.singularity && echo 'network.attempts = 2' >~/.singularity/sifter.conf").ok();
        registry = ScriptedRegistry.start();
        registry.publish("lib/small", "latest", Images.small());
    }

    @AfterEach
    void stop() throws IOException {
        registry.close();
        product.close();
    }

    private String image() {
        return "docker://" + registry.host() + "/lib/small";
    }

    /** Pulls to {@code x.sif}, which must fail and not be there. */
    private Result pullFails(String uri, String... words) throws IOException, InterruptedException {
        Result result = product.run("pull", "x.sif", uri).failed(words);
        assertThat(result.out()).isEmpty();
        assertThat(product.worked()).isEmpty();
        product.nothingLeft();
        return result;
    }

    @Test
    void noticesALayerThatIsNotWhatTheConfigurationSays() throws Exception {
        TarLayer layer = TarLayer.with().file("a", "b");
        Digest wrong = Digest.sha256(new byte[] {1});
        registry.publish("lib/wrong", "latest", TestImage.with().platform("linux/" + Platform.host().architecture())
                .blob(LAYER, layer.gzip(), wrong).build());

        pullFails("docker://" + registry.host() + "/lib/wrong", layer.diffId().toString());
    }

    @Test
    void noticesDamageInsideAnImageFile() throws Exception {
        registry.publish("lib/noise", "latest", Images.of(TarLayer.with().file("noise", Images.noise(300_000, 1))));
        product.run("pull", "x.sif", "docker://" + registry.host() + "/lib/noise").ok();
        Path sif = product.work().resolve("x.sif");
        try (RandomAccessFile file = new RandomAccessFile(sif.toFile(), "rw")) {
            // The inode table lies near the end of the file.
            for (long at = file.length() - 5_000; at < file.length(); at += 7) {
                file.seek(at);
                file.write(0xA5);
            }
        }

        product.run("build", "--sandbox", "box", "x.sif").failed();

        assertThat(product.worked()).containsExactly("x.sif");
        product.nothingLeft();
    }

    @Test
    void namesADirectoryThatMayNotBeWritten() throws Exception {
        product.run("pull", "x.sif", image()).ok();
        product.shell("mkdir closed && chmod 500 closed").ok();

        Product.Result result = product.run("pull", "closed/x.sif", image());
        if (!Product.isRoot() || product.shell("test -w closed").exit() != 0) {
            result.failed("closed");
        }
        product.nothingLeft();
    }

    @Test
    void saysThatThereIsTooLittleAddressSpace() throws Exception {
        Result result = product.shell("ulimit -v 700000; singularity pull x.sif " + image()).failed("700000 KiB", "ulimit -v");

        assertThat(result.err()).startsWith("FATAL:   ");
        assertThat(product.worked()).isEmpty();
    }

    @Test
    void saysThatTheCacheMayNotBeWritten() throws Exception {
        product.shell("mkdir -p ~/.singularity && chmod 500 ~/.singularity").ok();

        Result result = product.run("pull", "x.sif", image()).failed(product.cache().toString());

        assertThat(result.nextStep()).contains("SINGULARITY_CACHEDIR");
        assertThat(product.worked()).isEmpty();
        assertThat(Product.names(product.temporary())).isEmpty();
    }

    @Test
    void refusesAnUnknownTransport() throws Exception {
        pullFails("carrier-pigeon://home/roost", "carrier-pigeon");
    }

    @Test
    void refusesAWordThatIsNoUri() throws Exception {
        pullFails("alpine", "No transport type URI supplied");
    }

    @Test
    void complainsAboutAnUnknownOption() throws Exception {
        Result result = product.run("pull", "--nonsense", image());
        assertThat(result.exit()).isEqualTo(1);
        assertThat(result.err()).contains("unknown flag: --nonsense").contains("help");
        assertThat(product.worked()).isEmpty();
    }

    @Test
    void complainsAboutAnUnknownCommand() throws Exception {
        Result result = product.run("frobnicate");
        assertThat(result.exit()).isEqualTo(1);
        assertThat(result.err()).contains("unknown command \"frobnicate\" for \"singularity\"", "singularity --help");
    }

    @Test
    void namesATagThatIsNotThere() throws Exception {
        pullFails(image() + ":nowhere", "nowhere", "manifest unknown");
    }

    @Test
    void namesThePlatformThatAnImageLacks() throws Exception {
        String other = Platform.host().architecture().equals("ppc64le") ? "amd64" : "ppc64le";
        Result result = product.run("pull", "--arch", other, "x.sif", image()).failed(other);
        assertThat(result.err()).contains(Platform.host().architecture());
        assertThat(product.worked()).isEmpty();
        product.nothingLeft();
    }

    @Test
    void saysThatARegistryDoesNotAnswer() throws Exception {
        int free;
        try (var socket = new java.net.ServerSocket(0)) {
            free = socket.getLocalPort();
        }
        pullFails("docker://127.0.0.1:" + free + "/lib/small", "127.0.0.1:" + free);
    }

    @ParameterizedTest
    @CsvSource({"401,UNAUTHORIZED,authentication required", "403,DENIED,requested access to the resource is denied",
            "404,NAME_UNKNOWN,repository name not known to registry"})
    void passesOnWhatTheRegistryRefuses(int status, String code, String words) throws Exception {
        registry.always("GET /v2/lib/small/manifests/.*", Fault.error(status, code, words));

        pullFails(image(), words);
    }

    @Test
    void listsSeveralReasonsOfARegistryAsTheUserGuideDoes() throws Exception {
        registry.always(".* /v2/lib/small/manifests/.*", new Fault.Instead(401, Map.of("Content-Type", "application/json"), """
                {"errors":[{"code":"DENIED","message":"requested access to the resource is denied"},
                {"code":"UNAUTHORIZED","message":"authentication required"}]}"""));

        pullFails(image(), "Error reading manifest latest in " + registry.host() + "/lib/small: errors:",
                "denied: requested access to the resource is denied", "unauthorized: authentication required");
    }

    @Test
    void saysThatARegistryWantsToBeLeftAlone() throws Exception {
        registry.always("GET /v2/lib/small/manifests/.*", Fault.tooManyRequests(Optional.of("0")));

        pullFails(image(), "pull rate limit");
    }

    @Test
    void triesABlobThatBreaksOffSeveralTimesAndGivesUp() throws Exception {
        String blob = "GET /v2/lib/small/blobs/" + Images.layer(Images.small(), 0);
        registry.always(blob, new Fault.CutAfter(0));

        product.run("pull", "x.sif", image()).failed(Images.layer(Images.small(), 0).toString().substring(0, 19));

        assertThat(registry.received(blob)).hasSizeGreaterThan(1);
        assertThat(product.worked()).isEmpty();
    }

    @Test
    void noticesABlobThatEndsEarly() throws Exception {
        byte[] tar = TarLayer.with().file("a", "b").tar();
        byte[] packed = TarLayer.with().file("a", "b").gzip();
        registry.blob(packed);
        registry.publish("lib/short", "latest", TestImage.with().platform("linux/" + Platform.host().architecture())
                .layer(LAYER, Digest.sha256(packed), packed.length + 10, Digest.sha256(tar)).build());

        pullFails("docker://" + registry.host() + "/lib/short", Digest.sha256(packed).toString());
    }

    @Test
    void noticesABlobThatIsNotWhatItsDigestSays() throws Exception {
        Digest layer = Images.layer(Images.small(), 0);
        registry.always("GET /v2/lib/small/blobs/" + layer, new Fault.Corrupt(40));

        pullFails(image(), layer.toString());
        assertThat(product.cache().resolve("oci/blobs/sha256/" + layer.hex())).doesNotExist();
    }

    @ParameterizedTest
    @CsvSource({"../outside", "a/../../outside", "/../outside"})
    void writesNothingOutsideWhateverALayerSays(String name) throws Exception {
        registry.publish("lib/hostile", "latest", Images.of(TarLayer.with().directory("a").file(name, "gotcha").file("fine", "words")));

        Result result = product.run("build", "--sandbox", "box", "docker://" + registry.host() + "/lib/hostile");

        assertThat(product.shell("find .. -name outside -not -path '*/box/outside'").out()).isEmpty();
        if (result.exit() != 0) {
            result.failed();
            assertThat(product.worked()).isEmpty();
        }
        product.nothingLeft();
    }

    @Test
    void writesNothingThroughLinksThatLeadOutside() throws Exception {
        Path victim = product.give(Files.createDirectory(product.root().resolve("victim")));
        registry.publish("lib/hostile", "latest", Images.of(
                TarLayer.with().symlink("way", victim.toString()).symlink("up", "../../victim"),
                TarLayer.with().file("way/planted", "gotcha").file("up/planted", "gotcha").hardLink("stolen", "way/../../../etc/passwd")));

        product.run("build", "--sandbox", "box", "docker://" + registry.host() + "/lib/hostile");

        assertThat(Product.names(victim)).isEmpty();
        product.nothingLeft();
    }

    @Test
    void refusesAFileThatIsNoImage() throws Exception {
        product.give(Files.writeString(product.work().resolve("words.sif"), "these are words, no image\n"));

        product.run("inspect", "words.sif").failed("words.sif");
        product.run("build", "x.sif", "words.sif").failed("words.sif");
        product.run("inspect", "absent.sif").failed("absent.sif", "no such file or directory");
        assertThat(product.worked()).containsExactly("words.sif");
    }

    @Test
    void noticesAnImageFileThatWasCutOff() throws Exception {
        product.run("pull", "x.sif", image()).ok();
        Path sif = product.work().resolve("x.sif");
        product.shell("truncate -s -4096 x.sif").ok();

        product.run("build", "--sandbox", "box", "x.sif").failed("x.sif");
        assertThat(Files.exists(sif)).isTrue();
        assertThat(product.worked()).containsExactly("x.sif");
        product.nothingLeft();
    }

    @Test
    void keepsAFileThatStandsAtTheTargetUnlessForced() throws Exception {
        product.give(Files.writeString(product.work().resolve("x.sif"), "precious\n"));

        product.run("pull", "x.sif", image()).failed("Image file already exists: \"x.sif\" - will not overwrite");
        product.run("build", "x.sif", image()).failed("build target 'x.sif' already exists. Use --force if you want to overwrite it");
        assertThat(product.work().resolve("x.sif")).hasContent("precious\n");

        product.run("pull", "--force", "x.sif", image()).ok();
        product.run("inspect", "x.sif").ok();
        assertThat(product.worked()).containsExactly("x.sif");
        product.nothingLeft();
    }

    @Test
    void keepsADirectoryThatIsNoSandbox() throws Exception {
        product.shell("mkdir -p precious/deep && echo words >precious/deep/file").ok();

        product.run("build", "--sandbox", "precious", image()).failed("precious", "--force");
        product.run("pull", "precious", image()).failed("precious");

        assertThat(product.work().resolve("precious/deep/file")).hasContent("words\n");
        product.nothingLeft();
    }

    @Test
    void namesADirectoryThatIsMissing() throws Exception {
        product.run("pull", "nowhere/x.sif", image()).failed("nowhere", "no such file or directory");
        product.run("pull", "--dir", "nowhere", image()).failed("nowhere");
        product.run("build", "nowhere/box.sif", image()).failed("nowhere");
        assertThat(product.worked()).isEmpty();
        product.nothingLeft();
    }

    @Test
    void goesOnWithoutACacheThatMayNotBeWrittenIfTold() throws Exception {
        product.shell("mkdir -p ~/.singularity && chmod 500 ~/.singularity").ok();

        product.with("SINGULARITY_DISABLE_CACHE", "1").run("pull", "x.sif", image()).ok();

        assertThat(product.worked()).containsExactly("x.sif");
        assertThat(Product.names(product.temporary())).isEmpty();
    }

    @Test
    void saysThatTheDiskOfTheTargetHasNoRoom() throws Exception {
        Peers.root();
        registry.publish("lib/noise", "latest", Images.of(TarLayer.with().file("noise", Images.noise(3_000_000, 2))));
        Path small = tmpfs("target", "1m");
        try {
            Result result = product.run("pull", small.resolve("x.sif").toString(), "docker://" + registry.host() + "/lib/noise");

            result.failed("Not enough space in " + small, "are needed there");
            assertThat(Product.names(small)).isEmpty();
            product.nothingLeft();
        } finally {
            Peers.run("umount", small.toString());
        }
    }

    @Test
    void saysThatTheDiskOfTheCacheHasNoRoom() throws Exception {
        Peers.root();
        registry.publish("lib/noise", "latest", Images.of(TarLayer.with().file("noise", Images.noise(3_000_000, 2))));
        Path small = tmpfs("cache-disk", "2m");
        try {
            Result result = product.with("SINGULARITY_CACHEDIR", small.toString())
                    .run("pull", "x.sif", "docker://" + registry.host() + "/lib/noise").failed("Not enough space in " + small);

            assertThat(result.nextStep()).contains("SINGULARITY_CACHEDIR");
            assertThat(product.worked()).isEmpty();
            assertThat(Product.names(product.temporary())).isEmpty();
            // What was fetched so far may stay, for the next attempt to go on from.
            assertThat(Product.names(small.resolve("cache/part"))).allMatch(name -> name.endsWith(".blob") || name.endsWith(".lock"));
        } finally {
            Peers.run("umount", small.toString());
        }
    }

    private Path tmpfs(String name, String size) throws IOException, InterruptedException {
        Path directory = Files.createDirectory(product.root().resolve(name));
        Peers.run("mount", "-t", "tmpfs", "-o", "mode=1777,size=" + size, "sifter-test", directory.toString()).ok();
        return directory;
    }
}
