package io.sifter.network;

import io.sifter.network.credential.Credential;
import io.sifter.network.credential.Credentials;
import io.sifter.network.mirror.RegistryRuleFiles;
import io.sifter.spi.Registry;
import io.sifter.spi.event.Event;
import io.sifter.spi.reference.Digest;
import io.sifter.testkit.registry.ScriptedRegistry;
import io.sifter.testkit.registry.TestImage;
import java.io.IOException;
import java.io.InputStream;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.concurrent.CopyOnWriteArrayList;
import org.junit.jupiter.api.AfterEach;

/** A network that loses patience quickly, and registries for it. */
abstract class Fixture {
    static final String REPOSITORY = "team/tool";

    final List<Event> events = new CopyOnWriteArrayList<>();
    private final List<AutoCloseable> open = new ArrayList<>();

    static NetworkSettings settings() {
        return NetworkSettings.of("4.5.1", Map.of())
                .withHostCertificates(List.of())
                .withRules(RegistryRuleFiles.NONE)
                .withTimeouts(Duration.ofSeconds(5), Duration.ofMillis(500))
                .withRetries(4, Duration.ofMillis(2), Duration.ofSeconds(2));
    }

    static TestImage image() {
        byte[] layer = bytes(3 << 20);
        return TestImage.with().blob("application/vnd.oci.image.layer.v1.tar", layer, Digest.sha256(layer)).build();
    }

    static byte[] bytes(int count) {
        byte[] bytes = new byte[count];
        new Random(count).nextBytes(bytes);
        return bytes;
    }

    /** A registry with {@link #REPOSITORY}{@code :latest}. */
    ScriptedRegistry registry() throws IOException {
        ScriptedRegistry registry = ScriptedRegistry.start();
        open.add(registry);
        registry.publish(REPOSITORY, "latest", image());
        return registry;
    }

    <T extends AutoCloseable> T closing(T resource) {
        open.add(resource);
        return resource;
    }

    Registry client(ScriptedRegistry registry) throws IOException {
        return client(registry.host(), Credentials.anonymous());
    }

    Registry client(ScriptedRegistry registry, Credential credential) throws IOException {
        return client(registry.host(), Credentials.of(credential));
    }

    Registry client(String host, Credentials credentials) throws IOException {
        return client(settings(), host, false, credentials);
    }

    Registry client(NetworkSettings settings, String host, boolean plainHttp, Credentials credentials) throws IOException {
        return closing(Network.open(settings)).registries(credentials, events::add).at(host, plainHttp);
    }

    static byte[] read(Registry client, Digest digest) throws IOException, InterruptedException {
        try (InputStream in = client.blob(REPOSITORY, digest).open(0)) {
            return in.readAllBytes();
        }
    }

    @AfterEach
    void close() throws Exception {
        for (AutoCloseable resource : open.reversed()) {
            resource.close();
        }
    }
}
