package io.sifter.agent.oras;

import io.sifter.network.Network;
import io.sifter.network.NetworkSettings;
import io.sifter.network.credential.Credential;
import io.sifter.network.credential.Credentials;
import io.sifter.spi.Publisher;
import io.sifter.spi.PublisherContext;
import io.sifter.spi.Services;
import io.sifter.spi.Web;
import io.sifter.spi.event.Event;
import io.sifter.spi.reference.Digest;
import io.sifter.spi.reference.Reference;
import io.sifter.testkit.contract.PublisherContract;
import io.sifter.testkit.registry.UploadRegistry;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Consumer;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;

class OrasPublisherContractTest extends PublisherContract {
    private static final String PASSWORD = "seven-geese";

    private UploadRegistry registry;
    private Network network;

    @BeforeEach
    void start() throws IOException {
        registry = UploadRegistry.start().login("joe", PASSWORD);
        network = Network.open(NetworkSettings.of("4.5.1", Map.of()));
    }

    @AfterEach
    void stop() {
        network.close();
        registry.close();
    }

    @Override
    protected Publisher publisher(Consumer<Event> events) {
        Credentials credentials = Credentials.of(new Credential.Password("joe", PASSWORD));
        return new OrasPublisher(new PublisherContext(network.registries(credentials, events), Web.none(), Services.none(), events, Map.of()));
    }

    @Override
    protected Path image(Path directory) throws Exception {
        return Sifs.write(directory.resolve("tool.sif"), 200_000);
    }

    @Override
    protected Reference target() {
        return Reference.parse("oras://" + registry.host() + "/team/tool:v1");
    }

    @Override
    protected Optional<byte[]> published() {
        return registry.manifest("team/tool", "v1").flatMap(manifest -> {
            Matcher layers = Pattern.compile("\"layers\":\\[.*?\"digest\":\"(sha256:[0-9a-f]{64})\"").matcher(new String(manifest, StandardCharsets.UTF_8));
            return layers.find() ? registry.blob(Digest.parse(layers.group(1))) : Optional.empty();
        });
    }

    @Override
    protected List<Reference> malformed() {
        return List.of(Reference.parse("oras://" + registry.host() + "/UPPER"), Reference.parse("oras://" + registry.host() + "/a:b c"),
                Reference.parse("oras://" + registry.host() + "/a@sha256:" + "0".repeat(64)));
    }

    @Override
    protected List<String> secrets() {
        return List.of(PASSWORD);
    }
}
