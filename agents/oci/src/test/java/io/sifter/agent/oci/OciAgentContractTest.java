package io.sifter.agent.oci;

import io.sifter.spi.Agent;
import io.sifter.spi.AgentContext;
import io.sifter.spi.DocumentStore;
import io.sifter.spi.event.Event;
import io.sifter.spi.reference.Reference;
import io.sifter.testkit.TarLayer;
import io.sifter.testkit.contract.AgentContract;
import io.sifter.testkit.registry.TestImage;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.function.Consumer;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.io.TempDir;

class OciAgentContractTest extends AgentContract {
    @TempDir
    Path directory;

    @BeforeEach
    void lay() throws Exception {
        TestImage image = TestImage.with().layer(TarLayer.with().file("etc/motd", "hello").tar()).build();
        TestImage.layout(directory, Map.of("it", image.manifest()), List.of(image));
    }

    @Override
    protected Agent agent(Consumer<Event> events) {
        return new OciAgent(new AgentContext((host, _) -> {
            throw new AssertionError("A layout needs no registry: " + host);
        }, DocumentStore.empty(), events, Map.of()));
    }

    @Override
    protected Reference image() {
        return Reference.parse("oci:" + directory + ":it");
    }

    @Override
    protected Reference missing() {
        return Reference.parse("oci:" + directory + ":other");
    }

    @Override
    protected List<Reference> malformed() {
        return List.of(Reference.parse("oci:" + directory + "/none:it"), Reference.parse("oci:a\0b"), Reference.parse("oci::x"));
    }
}
