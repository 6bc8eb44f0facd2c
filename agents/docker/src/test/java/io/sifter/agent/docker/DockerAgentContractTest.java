package io.sifter.agent.docker;

import io.sifter.network.Network;
import io.sifter.network.NetworkSettings;
import io.sifter.network.credential.Credential;
import io.sifter.network.credential.Credentials;
import io.sifter.spi.Agent;
import io.sifter.spi.AgentContext;
import io.sifter.spi.DocumentStore;
import io.sifter.spi.event.Event;
import io.sifter.spi.reference.Reference;
import io.sifter.testkit.TarLayer;
import io.sifter.testkit.contract.AgentContract;
import io.sifter.testkit.registry.ScriptedRegistry;
import io.sifter.testkit.registry.TestImage;
import java.util.List;
import java.util.Map;
import java.util.function.Consumer;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;

class DockerAgentContractTest extends AgentContract {
    private ScriptedRegistry registry;
    private Network network;

    @BeforeEach
    void start() throws Exception {
        registry = ScriptedRegistry.start();
        registry.requireToken("ann", "s3cret").publish("team/tool", "latest", TestImage.with()
                .layer(TarLayer.with().file("etc/motd", "hello").tar())
                .layer(TarLayer.with().whiteout("etc/motd").tar()).build());
        network = Network.open(NetworkSettings.of("4.5.1", Map.of()));
    }

    @AfterEach
    void stop() {
        network.close();
        registry.close();
    }

    @Override
    protected Agent agent(Consumer<Event> events) {
        return new DockerAgent(new AgentContext(
                network.registries(Credentials.of(new Credential.Password("ann", "s3cret")), events), DocumentStore.empty(), events, Map.of()));
    }

    @Override
    protected Reference image() {
        return Reference.parse("docker://" + registry.host() + "/team/tool");
    }

    @Override
    protected Reference missing() {
        return Reference.parse("docker://" + registry.host() + "/team/other:1");
    }

    @Override
    protected List<Reference> malformed() {
        return List.of(Reference.parse("docker://UPPER"), Reference.parse("docker://a b"), Reference.parse("docker:alpine@sha256:1"),
                Reference.parse("docker:///alpine"));
    }

    @Override
    protected List<String> secrets() {
        return List.of("s3cret", "token-1", "token-2", ScriptedRegistry.basic("ann", "s3cret").substring(6));
    }
}
