package io.sifter.agent.oci;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.sifter.spi.AgentContext;
import io.sifter.spi.DocumentStore;
import io.sifter.spi.OpenOptions;
import io.sifter.spi.error.CorruptDataException;
import io.sifter.spi.error.UserException;
import io.sifter.spi.reference.Digest;
import io.sifter.spi.reference.Platform;
import io.sifter.spi.reference.Reference;
import io.sifter.spi.source.Document;
import io.sifter.spi.source.LayeredImage;
import io.sifter.testkit.Peers;
import io.sifter.testkit.TarLayer;
import io.sifter.testkit.registry.TestImage;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Properties;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.pf4j.DefaultVersionManager;

class OciAgentTest {
    private static final TestImage AMD = TestImage.with().layer(TarLayer.with().file("etc/motd", "hello").tar()).build();
    private static final TestImage OTHER = TestImage.with().layer(TarLayer.with().file("etc/motd", "other").tar()).build();
    private static final TestImage ARM = TestImage.with().platform("linux/arm64").layer(TarLayer.with().file("etc/motd", "arm").tar()).build();

    @TempDir
    Path directory;

    private Path layout;

    @BeforeEach
    void lay() throws Exception {
        layout = lay("layout", "one", AMD.manifest());
    }

    private Path lay(String name, String first, Document document) throws Exception {
        return TestImage.layout(directory.resolve(name), Map.of(first, document), List.of(AMD, OTHER, ARM));
    }

    private Path layTwo(String name) throws Exception {
        Map<String, Document> named = new LinkedHashMap<>();
        named.put("one", AMD.manifest());
        named.put("sub/two:3", OTHER.manifest());
        return TestImage.layout(directory.resolve(name), named, List.of(AMD, OTHER));
    }

    private static LayeredImage open(String text) throws Exception {
        return open(text, Platform.linux("amd64"));
    }

    private static LayeredImage open(String text, Platform platform) throws Exception {
        var context = new AgentContext((_, _) -> {
            throw new AssertionError("A layout needs no registry");
        }, DocumentStore.empty(), _ -> { }, Map.of());
        return (LayeredImage) new OciAgent(context).open(Reference.parse(text), new OpenOptions(platform, false));
    }

    @Test
    void theOnlyImageNeedsNoName() throws Exception {
        LayeredImage image = open("oci:" + layout);

        assertThat(image.manifest().content()).isEqualTo(AMD.manifest().content());
        assertThat(image.config().content()).isEqualTo(AMD.config().content());
        assertThat(image.layers()).singleElement().satisfies(layer -> {
            assertThat(layer.local()).isTrue();
            try (InputStream in = layer.bytes().open(0)) {
                assertThat(Digest.sha256(in.readAllBytes())).isEqualTo(layer.digest().orElseThrow());
            }
        });
    }

    @Test
    void allWaysOfWritingAPathMeanTheSame() throws Exception {
        Path relative = Path.of("").toAbsolutePath().relativize(layout);

        for (String text : List.of("oci:" + layout, "oci://" + layout, "oci:" + relative, "oci://" + relative, "oci:" + layout + "/",
                "oci:" + layout + ":one", "oci:" + relative + ":one", "oci:" + layout + "@" + AMD.manifest().digest(),
                "oci:" + layout + ":one@" + AMD.manifest().digest())) {
            assertThat(open(text).manifest().digest()).as(text).isEqualTo(AMD.manifest().digest());
        }
    }

    @Test
    void ofSeveralImagesOneHasToBeChosen() throws Exception {
        Path several = layTwo("several");

        assertThatThrownBy(() -> open("oci:" + several)).isInstanceOfSatisfying(UserException.class, e -> {
            assertThat(e).hasMessage("more than one image in oci, choose an image");
            assertThat(e.nextStep().orElseThrow()).contains(":one", ":sub/two:3");
        });
        assertThat(open("oci:" + several + ":sub/two:3").manifest().digest()).isEqualTo(OTHER.manifest().digest());
        assertThat(open("oci:" + several + "@" + OTHER.manifest().digest()).manifest().digest()).isEqualTo(OTHER.manifest().digest());
    }

    @Test
    void anUnknownNameIsNamed() {
        assertThatThrownBy(() -> open("oci:" + layout + ":x")).isInstanceOf(UserException.class)
                .hasMessage("no descriptor found for reference \"x\"");
        assertThatThrownBy(() -> open("oci:" + layout + "@" + Digest.sha256(new byte[1]))).isInstanceOf(UserException.class)
                .hasMessageStartingWith("no descriptor found for reference \"sha256:");
    }

    @Test
    void aPathMayHoldColonsAndAtSigns() throws Exception {
        lay("a", "b", AMD.manifest());
        lay("a:b", "one", OTHER.manifest());
        lay("a:b@c", "one", AMD.manifest());
        TestImage.layout(directory.resolve("d@e/f"), Map.of("one", OTHER.manifest()), List.of(OTHER));

        assertThat(open("oci:" + directory + "/a:b").manifest().digest()).isEqualTo(OTHER.manifest().digest());
        assertThat(open("oci:" + directory + "/a:b:one").manifest().digest()).isEqualTo(OTHER.manifest().digest());
        assertThat(open("oci:" + directory + "/a").manifest().digest()).isEqualTo(AMD.manifest().digest());
        assertThat(open("oci:" + directory + "/a:b@c:one").manifest().digest()).isEqualTo(AMD.manifest().digest());
        assertThat(open("oci:" + directory + "/d@e/f").manifest().digest()).isEqualTo(OTHER.manifest().digest());
        assertThat(open("oci:" + directory + "/d@e/f@" + OTHER.manifest().digest()).manifest().digest()).isEqualTo(OTHER.manifest().digest());
    }

    @Test
    void anIndexInsideIsAskedForThePlatform() throws Exception {
        Document index = TestImage.index(List.of(ARM, AMD));
        Path nested = lay("nested", "many", index);

        assertThat(open("oci:" + nested).manifest().digest()).isEqualTo(AMD.manifest().digest());
        assertThat(open("oci:" + nested + ":many", Platform.linux("arm64")).manifest().digest()).isEqualTo(ARM.manifest().digest());
        assertThatThrownBy(() -> open("oci:" + nested, Platform.linux("s390x"))).isInstanceOf(UserException.class)
                .hasMessage("no image satisfies requested platform: linux/s390x");
    }

    @Test
    void anImageForAnotherMachineIsRefused() {
        assertThatThrownBy(() -> open("oci:" + layout, Platform.linux("arm64"))).isInstanceOf(UserException.class)
                .hasMessage("image (linux/amd64) does not satisfy required platform (linux/arm64)");
    }

    @Test
    void aMissingBlobIsNamedBeforeAnythingIsConverted() throws Exception {
        for (Digest digest : List.of(AMD.manifest().digest(), AMD.config().digest(), AMD.blobs().keySet().iterator().next())) {
            Path damaged = lay("damaged-" + digest.hex(), "one", AMD.manifest());
            Files.delete(damaged.resolve("blobs/sha256").resolve(digest.hex()));

            assertThatThrownBy(() -> open("oci:" + damaged)).isInstanceOf(CorruptDataException.class)
                    .hasMessageContaining(digest.toString()).hasMessageContaining(damaged.toString());
        }
    }

    @Test
    void aDamagedBlobIsNamed() throws Exception {
        for (Digest digest : List.of(AMD.manifest().digest(), AMD.config().digest())) {
            Path damaged = lay("changed-" + digest.hex(), "one", AMD.manifest());
            Path blob = damaged.resolve("blobs/sha256").resolve(digest.hex());
            byte[] bytes = Files.readAllBytes(blob);
            bytes[10] ^= 1;
            Files.write(blob, bytes);

            assertThatThrownBy(() -> open("oci:" + damaged)).isInstanceOf(CorruptDataException.class).hasMessageContaining(digest.toString());
        }
    }

    @Test
    void aLayerCutShortIsNoticedAtOnce() throws Exception {
        Digest digest = AMD.blobs().keySet().iterator().next();
        Files.write(layout.resolve("blobs/sha256").resolve(digest.hex()), new byte[7]);

        assertThatThrownBy(() -> open("oci:" + layout)).isInstanceOf(CorruptDataException.class).hasMessageContaining("has 7 bytes, expected");
    }

    @Test
    void aLayerInsideTheManifestNeedsNoFile() throws Exception {
        TestImage inline = TestImage.with().inlineLayer(TarLayer.with().file("a", "b").tar()).build();
        Path own = TestImage.layout(directory.resolve("inline"), Map.of("it", inline.manifest()), List.of(inline));

        try (InputStream in = open("oci:" + own).layers().getFirst().bytes().open(0)) {
            assertThat(in.readAllBytes()).isNotEmpty();
        }
    }

    @Test
    void aDirectoryThatIsNoLayoutAndNoDirectoryAtAllAreToldApart() throws Exception {
        Files.createDirectory(directory.resolve("empty"));

        assertThatThrownBy(() -> open("oci:" + directory + "/empty")).isInstanceOf(UserException.class).hasMessageContaining("is not an OCI image layout");
        assertThatThrownBy(() -> open("oci:" + directory + "/none:x")).isInstanceOf(UserException.class)
                .hasMessage("no OCI image layout at %s/none:x: there is no such directory".formatted(directory));
    }

    @Test
    void aLayoutOfUmociAndSkopeoIsRead() throws Exception {
        String skopeo = Peers.program("skopeo");
        Path made = directory.resolve("made");
        for (String tag : List.of("x", "y")) {
            Peers.run(skopeo, "copy", "-q", "oci:" + layout + ":one", "oci:" + made + ":" + tag).ok();
        }
        String umoci = Peers.program("umoci");
        Peers.run(umoci, "config", "--image", made + ":y", "--config.env", "A=b").ok();

        assertThat(open("oci:" + made + ":x").config().digest()).isEqualTo(AMD.config().digest());
        assertThat(new String(open("oci:" + made + ":y").config().content())).contains("A=b");
    }

    @Test
    void thePluginIsDescribedForTheHost() throws Exception {
        Properties descriptor = new Properties();
        try (InputStream in = OciAgent.class.getResourceAsStream("/plugin.properties")) {
            descriptor.load(in);
        }

        assertThat(descriptor).containsEntry("plugin.id", "oci-agent").containsEntry("agent.oci", OciAgent.class.getName());
        assertThat(new DefaultVersionManager().checkVersionConstraint("1.0.0", descriptor.getProperty("plugin.requires"))).isTrue();
        assertThat(new DefaultVersionManager().checkVersionConstraint("2.0.0", descriptor.getProperty("plugin.requires"))).isFalse();
    }
}
