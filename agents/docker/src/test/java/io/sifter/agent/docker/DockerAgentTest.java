package io.sifter.agent.docker;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.sifter.network.Network;
import io.sifter.network.NetworkSettings;
import io.sifter.network.credential.Credentials;
import io.sifter.spi.AgentContext;
import io.sifter.spi.DocumentStore;
import io.sifter.spi.OpenOptions;
import io.sifter.spi.error.CorruptDataException;
import io.sifter.spi.error.ExternalException;
import io.sifter.spi.error.UserException;
import io.sifter.spi.event.Event;
import io.sifter.spi.reference.Digest;
import io.sifter.spi.reference.Platform;
import io.sifter.spi.reference.Reference;
import io.sifter.spi.source.Document;
import io.sifter.spi.source.LayeredImage;
import io.sifter.testkit.TarLayer;
import io.sifter.testkit.registry.Fault;
import io.sifter.testkit.registry.ScriptedRegistry;
import io.sifter.testkit.registry.TestImage;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Properties;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.pf4j.DefaultVersionManager;

class DockerAgentTest {
    private static final TarLayer FIRST = TarLayer.with().file("etc/motd", "hello");
    private static final TarLayer SECOND = TarLayer.with().file("bin/tool", "#!/bin/sh");
    private static final TestImage AMD = TestImage.with().layer(FIRST.tar()).layer(SECOND.tar()).build();
    private static final TestImage ARM = TestImage.with().platform("linux/arm64").layer(SECOND.tar()).build();
    private static final TestImage ARM_V6 = TestImage.with().platform("linux/arm/v6").layer(SECOND.tar()).build();

    private final List<Event> events = new ArrayList<>();
    private final Map<Digest, byte[]> stored = new HashMap<>();
    private final DocumentStore store = digest -> Optional.ofNullable(stored.get(digest));

    private ScriptedRegistry registry;
    private Network network;

    @BeforeEach
    void start() throws Exception {
        registry = ScriptedRegistry.start();
        registry.publish("team/tool", "latest", AMD).publish("team/tool", "many", List.of(ARM, AMD, ARM_V6));
        network = Network.open(NetworkSettings.of("4.5.1", Map.of()).withRetries(2, Duration.ofMillis(1), Duration.ofSeconds(1)));
    }

    @AfterEach
    void stop() {
        network.close();
        registry.close();
    }

    private LayeredImage open(String name) throws Exception {
        return open(name, Platform.linux("amd64"));
    }

    private LayeredImage open(String name, Platform platform) throws Exception {
        return open(registry.host(), name, platform);
    }

    private LayeredImage open(String host, String name, Platform platform) throws Exception {
        var context = new AgentContext(network.registries(Credentials.anonymous(), _ -> { }), store, events::add, Map.of());
        return (LayeredImage) new DockerAgent(context).open(Reference.parse("docker://" + host + "/" + name), new OpenOptions(platform, false));
    }

    private static void verify(LayeredImage image) throws Exception {
        for (var layer : image.layers()) {
            try (InputStream in = layer.bytes().open(0)) {
                assertThat(Digest.sha256(in.readAllBytes())).isEqualTo(layer.digest().orElseThrow());
            }
        }
    }

    @Test
    void anImageHasItsDocumentsByteForByteAndItsLayersInOrder() throws Exception {
        LayeredImage image = open("team/tool");

        assertThat(image.manifest().content()).isEqualTo(AMD.manifest().content());
        assertThat(image.manifest().mediaType()).isEqualTo(AMD.manifest().mediaType());
        assertThat(image.config().content()).isEqualTo(AMD.config().content());
        assertThat(image.layers()).hasSize(2);
        assertThat(image.layers().get(0).diffId()).hasValue(FIRST.diffId());
        assertThat(image.layers().get(1).diffId()).hasValue(SECOND.diffId());
        assertThat(image.layers()).allSatisfy(layer -> {
            assertThat(layer.local()).isFalse();
            assertThat(layer.size()).isPresent();
        });
        verify(image);
    }

    @Test
    void openingFetchesDocumentsAndNoLayers() throws Exception {
        open("team/tool");

        assertThat(registry.received().stream().map(request -> request.line().replace(AMD.config().digest().toString(), "CONFIG"))).containsExactly(
                "GET /v2/", "HEAD /v2/team/tool/manifests/latest", "GET /v2/team/tool/manifests/latest", "GET /v2/team/tool/blobs/CONFIG");
    }

    @Test
    void aKnownImageCostsOneHeadRequest() throws Exception {
        stored.put(AMD.manifest().digest(), AMD.manifest().content());
        stored.put(AMD.config().digest(), AMD.config().content());

        LayeredImage image = open("team/tool");

        assertThat(image.manifest().mediaType()).isEqualTo(AMD.manifest().mediaType());
        assertThat(image.manifest().digest()).isEqualTo(AMD.manifest().digest());
        assertThat(registry.received()).hasSize(2);
    }

    @Test
    void aKnownDigestCostsNoRequest() throws Exception {
        Document index = TestImage.index(List.of(ARM, AMD, ARM_V6));
        for (Document document : List.of(index, AMD.manifest(), AMD.config())) {
            stored.put(document.digest(), document.content());
        }

        assertThat(open("team/tool@" + index.digest()).manifest().digest()).isEqualTo(AMD.manifest().digest());
        assertThat(registry.received()).isEmpty();
    }

    @Test
    void anIndexIsAskedForThePlatform() throws Exception {
        assertThat(open("team/tool:many").manifest().digest()).isEqualTo(AMD.manifest().digest());
        assertThat(open("team/tool:many", Platform.parse("linux/arm64/v8")).manifest().digest()).isEqualTo(ARM.manifest().digest());
        assertThat(open("team/tool:many", Platform.parse("linux/arm/v7")).manifest().digest()).isEqualTo(ARM_V6.manifest().digest());
        assertThatThrownBy(() -> open("team/tool:many", Platform.linux("s390x"))).isInstanceOf(UserException.class)
                .hasMessage("no image satisfies requested platform: linux/s390x");
    }

    @Test
    void anImageForAnotherMachineIsRefused() {
        assertThatThrownBy(() -> open("team/tool", Platform.linux("arm64"))).isInstanceOf(UserException.class)
                .hasMessage("image (linux/amd64) does not satisfy required platform (linux/arm64)");
    }

    @Test
    void anIndexThatMislabelsItsImageIsRefused() throws Exception {
        TestImage mislabelled = new TestImage(ARM.manifest(), ARM.config(), Platform.linux("amd64"), ARM.blobs());
        registry.publish("team/tool", "wrong", List.of(mislabelled));

        assertThatThrownBy(() -> open("team/tool:wrong")).isInstanceOf(UserException.class)
                .hasMessage("image (linux/arm64) does not satisfy required platform (linux/amd64)");
    }

    @Test
    void anImageWithoutAPlatformIsAcceptedWithAWarning() throws Exception {
        registry.publish("team/tool", "nowhere", TestImage.with().withoutPlatform().layer(FIRST.tar()).build());

        assertThat(open("team/tool:nowhere").layers()).hasSize(1);
        assertThat(events).containsExactly(Event.warning("OCI image doesn't declare a platform. It may not be compatible with this system."));
    }

    @Test
    void aRegistryThatDoesNotAnswerHeadStillServesTheImage() throws Exception {
        registry.always("HEAD .*", Fault.status(404));

        assertThat(open("team/tool").manifest().digest()).isEqualTo(AMD.manifest().digest());
    }

    @Test
    void dockersOwnMediaTypesAreKept() throws Exception {
        TestImage docker = TestImage.with().docker().layer(FIRST.tar()).build();
        registry.publish("team/tool", "docker", docker);

        LayeredImage image = open("team/tool:docker");

        assertThat(image.manifest().mediaType()).isEqualTo("application/vnd.docker.distribution.manifest.v2+json");
        assertThat(image.layers().getFirst().mediaType()).isEqualTo("application/vnd.docker.image.rootfs.diff.tar.gzip");
        verify(image);
    }

    @Test
    void aConfigurationWithOtherBytesIsCorrupt() {
        registry.always("GET .*/blobs/.*", new Fault.Corrupt(3));

        assertThatThrownBy(() -> open("team/tool")).isInstanceOf(CorruptDataException.class)
                .hasMessageContaining(AMD.config().digest().toString());
    }

    @Test
    void aManifestThatCountsItsLayersDifferentlyIsCorrupt() throws Exception {
        registry.publish("team/tool", "odd", TestImage.with().layer(FIRST.tar()).surplusDiffId(SECOND.diffId()).build());

        assertThatThrownBy(() -> open("team/tool:odd")).isInstanceOf(CorruptDataException.class).hasMessageContaining("has 1 layers");
    }

    @Test
    void aLayerInsideTheManifestNeedsNoRequest() throws Exception {
        registry.publish("team/tool", "inline", TestImage.with().inlineLayer(FIRST.tar()).build());
        LayeredImage image = open("team/tool:inline");
        registry.forget();

        verify(image);
        try (InputStream in = image.layers().getFirst().bytes().open(1_000_000)) {
            assertThat(in.read()).isEqualTo(-1);
        }
        assertThat(registry.received()).isEmpty();
    }

    @Test
    void aForeignLayerComesFromItsUrl() throws Exception {
        byte[] foreign = FIRST.gzip();
        try (ScriptedRegistry elsewhere = ScriptedRegistry.start()) {
            Digest digest = elsewhere.blob(foreign);
            registry.publish("team/tool", "foreign", TestImage.with().layer("application/vnd.docker.image.rootfs.foreign.diff.tar.gzip",
                    digest, foreign.length, FIRST.diffId(), "http://%s/v2/x/blobs/%s".formatted(elsewhere.host(), digest)).build());

            verify(open("team/tool:foreign"));
        }
    }

    @Test
    void artifactsThatAreNoImagesAreNamed() throws Exception {
        byte[] sif = {1, 2, 3};
        registry.publish("team/tool", "sif", TestImage.with().blob("application/vnd.sylabs.sif.layer.v1.sif", sif, Digest.sha256(sif)).build());

        assertThatThrownBy(() -> open("team/tool:sif")).isInstanceOfSatisfying(UserException.class, e -> {
            assertThat(e).hasMessageContaining("no extractable OCI/Docker tar layers found in this image");
            assertThat(e.nextStep().orElseThrow()).contains("oras://");
        });
    }

    @Test
    void aHugeConfigurationIsNotFetched() throws Exception {
        String manifest = new String(AMD.manifest().content(), StandardCharsets.UTF_8)
                .replaceFirst("\"size\":\\d+", "\"size\":99999999999");
        registry.publish("team/tool", "huge", Document.of(AMD.manifest().mediaType(), manifest.getBytes(StandardCharsets.UTF_8)));

        assertThatThrownBy(() -> open("team/tool:huge")).isInstanceOf(CorruptDataException.class).hasMessageContaining("99999999999 bytes");
        assertThat(registry.received("GET .*/blobs/.*")).isEmpty();
    }

    @Test
    void aRefusalIsToldInTheWordsOfTheUserGuide() {
        registry.always(".*/manifests/.*", new Fault.Instead(401, Map.of("Content-Type", "application/json"), """
                {"errors":[{"code":"DENIED","message":"requested access to the resource is denied"},
                           {"code":"UNAUTHORIZED","message":"authentication required"}]}"""));

        assertThatThrownBy(() -> open("ilumb/mylolcow")).isInstanceOf(ExternalException.class).hasMessage("""
                Error reading manifest latest in %s/ilumb/mylolcow: errors:
                denied: requested access to the resource is denied
                unauthorized: authentication required""".formatted(registry.host()));
    }

    @Test
    void thePluginIsDescribedForTheHost() throws Exception {
        Properties descriptor = new Properties();
        try (InputStream in = DockerAgent.class.getResourceAsStream("/plugin.properties")) {
            descriptor.load(in);
        }
        DefaultVersionManager versions = new DefaultVersionManager();

        assertThat(descriptor).containsEntry("plugin.id", "docker-agent").containsEntry("agent.docker", DockerAgent.class.getName());
        assertThat(descriptor.getProperty("plugin.version")).matches("\\d+\\.\\d+\\.\\d+.*");
        assertThat(versions.checkVersionConstraint("1.0.0", descriptor.getProperty("plugin.requires"))).isTrue();
        assertThat(versions.checkVersionConstraint("1.7.2", descriptor.getProperty("plugin.requires"))).isTrue();
        assertThat(versions.checkVersionConstraint("0.9.0", descriptor.getProperty("plugin.requires"))).isFalse();
        assertThat(versions.checkVersionConstraint("2.0.0", descriptor.getProperty("plugin.requires"))).isFalse();
    }
}
