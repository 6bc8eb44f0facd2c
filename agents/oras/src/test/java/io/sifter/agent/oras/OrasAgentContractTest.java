package io.sifter.agent.oras;

import io.sifter.network.Network;
import io.sifter.network.NetworkSettings;
import io.sifter.network.credential.Credential;
import io.sifter.network.credential.Credentials;
import io.sifter.spi.Agent;
import io.sifter.spi.AgentContext;
import io.sifter.spi.DocumentStore;
import io.sifter.spi.event.Event;
import io.sifter.spi.reference.Digest;
import io.sifter.spi.reference.Reference;
import io.sifter.spi.source.Document;
import io.sifter.testkit.contract.AgentContract;
import io.sifter.testkit.registry.UploadRegistry;
import java.io.IOException;
import java.util.List;
import java.util.Map;
import java.util.function.Consumer;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;

class OrasAgentContractTest extends AgentContract {
    private static final String PASSWORD = "seven-geese";

    private UploadRegistry registry;
    private Network network;

    @BeforeEach
    void start() throws IOException {
        registry = UploadRegistry.start().login("joe", PASSWORD);
        Digest digest = registry.put(new byte[100_000]);
        Document manifest = SifArtifact.manifest(digest, 100_000, "tool.sif");
        registry.put("team/tool", "latest", manifest.mediaType(), manifest.content());
        network = Network.open(NetworkSettings.of("4.5.1", Map.of()));
    }

    @AfterEach
    void stop() {
        network.close();
        registry.close();
    }

    @Override
    protected Agent agent(Consumer<Event> events) {
        Credentials credentials = Credentials.of(new Credential.Password("joe", PASSWORD));
        return new OrasAgent(new AgentContext(network.registries(credentials, events), DocumentStore.empty(), events, Map.of()));
    }

    @Override
    protected Reference image() {
        return Reference.parse("oras://" + registry.host() + "/team/tool");
    }

    @Override
    protected Reference missing() {
        return Reference.parse("oras://" + registry.host() + "/team/tool:none");
    }

    @Override
    protected List<Reference> malformed() {
        return List.of(Reference.parse("oras://" + registry.host() + "/UPPER"), Reference.parse("oras://x@sha256:1"));
    }

    @Override
    protected List<String> secrets() {
        return List.of(PASSWORD);
    }
}
