package io.sifter.agent.docker;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.sifter.network.Network;
import io.sifter.network.NetworkSettings;
import io.sifter.network.credential.Credentials;
import io.sifter.spi.AgentContext;
import io.sifter.spi.DocumentStore;
import io.sifter.spi.OpenOptions;
import io.sifter.spi.error.ExternalException;
import io.sifter.spi.reference.Digest;
import io.sifter.spi.reference.Platform;
import io.sifter.spi.reference.Reference;
import io.sifter.spi.source.Layer;
import io.sifter.spi.source.LayeredImage;
import io.sifter.testkit.Peers;
import io.sifter.testkit.RealRegistry;
import io.sifter.testkit.TarLayer;
import io.sifter.testkit.registry.TestImage;
import java.io.InputStream;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Random;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The registry of CNCF distribution, filled by skopeo. */
class RealRegistryTest {
    private static final TestImage IMAGE = TestImage.with()
            .layer(TarLayer.with().file("etc/motd", "hello").tar())
            .layer(TarLayer.with().file("data", noise(2 << 20)).tar()).build();

    @TempDir
    Path directory;

    private RealRegistry registry;
    private String host;

    private static byte[] noise(int size) {
        byte[] bytes = new byte[size];
        new Random(1).nextBytes(bytes);
        return bytes;
    }

    @BeforeEach
    void start() throws Exception {
        registry = RealRegistry.start(directory);
        host = registry.host();
        String skopeo = Peers.program("skopeo");
        Path layout = TestImage.layout(directory.resolve("layout"), Map.of("it", IMAGE.manifest()), List.of(IMAGE));
        for (String format : List.of("oci", "v2s2")) {
            Peers.run(skopeo, "copy", "-q", "-f", format, "--dest-tls-verify=false", "oci:" + layout + ":it",
                    "docker://%s/team/tool:%s".formatted(host, format)).ok();
        }
    }

    @AfterEach
    void stop() throws Exception {
        if (registry != null) {
            registry.close();
        }
    }

    private LayeredImage open(Network network, String tag) throws Exception {
        var context = new AgentContext(network.registries(Credentials.anonymous(), _ -> { }), DocumentStore.empty(), _ -> { }, Map.of());
        return (LayeredImage) new DockerAgent(context).open(Reference.parse("docker://%s/team/tool:%s".formatted(host, tag)),
                new OpenOptions(Platform.linux("amd64"), false));
    }

    @Test
    void anImageInEitherFormatIsPulledAndVerifies() throws Exception {
        try (Network network = Network.open(NetworkSettings.of("4.5.1", Map.of()))) {
            for (String tag : List.of("oci", "v2s2")) {
                LayeredImage image = open(network, tag);

                assertThat(image.config().digest()).isEqualTo(IMAGE.config().digest());
                assertThat(image.layers()).hasSize(2);
                for (Layer layer : image.layers()) {
                    long size = layer.size().orElseThrow();
                    try (InputStream whole = layer.bytes().open(0); InputStream half = layer.bytes().open(size / 2)) {
                        byte[] content = whole.readAllBytes();
                        assertThat(Digest.sha256(content)).isEqualTo(layer.digest().orElseThrow());
                        assertThat(half.readAllBytes()).isEqualTo(java.util.Arrays.copyOfRange(content, (int) (size / 2), content.length));
                    }
                }
            }
            assertThatThrownBy(() -> open(network, "none")).isInstanceOf(ExternalException.class)
                    .hasMessage("Error reading manifest none in %s/team/tool: manifest unknown: manifest unknown".formatted(host));
        }
    }
}
