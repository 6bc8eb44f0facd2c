package io.sifter.agent.http;

import io.sifter.network.Network;
import io.sifter.network.NetworkSettings;
import io.sifter.spi.Agent;
import io.sifter.spi.AgentContext;
import io.sifter.spi.DocumentStore;
import io.sifter.spi.Services;
import io.sifter.spi.event.Event;
import io.sifter.spi.reference.Reference;
import io.sifter.testkit.contract.AgentContract;
import io.sifter.testkit.registry.FileServer;
import java.io.IOException;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.function.Consumer;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;

class HttpAgentContractTest extends AgentContract {
    private static final String PASSWORD = "seven-geese";

    private FileServer server;
    private Network network;

    @BeforeEach
    void start() throws IOException {
        server = FileServer.start().login("joe", PASSWORD).put("/images/tool.sif", new byte[100_000]);
        network = Network.open(NetworkSettings.of("4.5.1", Map.of()).withRetries(2, Duration.ofMillis(1), Duration.ofMillis(10)));
    }

    @AfterEach
    void stop() {
        network.close();
        server.close();
    }

    @Override
    protected Agent agent(Consumer<Event> events) {
        return new HttpAgent(new AgentContext((_, _) -> {
            throw new AssertionError("no registry is needed");
        }, network.web(events), Services.none(), DocumentStore.empty(), events, Map.of()));
    }

    private Reference at(String path) {
        return Reference.parse("http://joe:" + PASSWORD + "@" + server.host() + path);
    }

    @Override
    protected Reference image() {
        return at("/images/tool.sif");
    }

    @Override
    protected Reference missing() {
        return at("/images/absent.sif");
    }

    @Override
    protected List<Reference> malformed() {
        return List.of(at("/"), at("/images/"), at("/a b.sif"), Reference.parse("http:///file.sif"));
    }

    @Override
    protected List<String> secrets() {
        return List.of(PASSWORD);
    }
}
