package io.sifter.agent.ociarchive;

import io.sifter.spi.Agent;
import io.sifter.spi.AgentContext;
import io.sifter.spi.DocumentStore;
import io.sifter.spi.event.Event;
import io.sifter.spi.reference.Reference;
import io.sifter.testkit.TarLayer;
import io.sifter.testkit.contract.AgentContract;
import io.sifter.testkit.registry.TestArchive;
import io.sifter.testkit.registry.TestImage;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.function.Consumer;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.io.TempDir;

class OciArchiveAgentContractTest extends AgentContract {
    @TempDir
    Path directory;

    byte[] archive(TarLayer tar) {
        return tar.tar();
    }

    @BeforeEach
    void save() throws Exception {
        TestImage image = TestImage.with().layer(TarLayer.with().file("etc/motd", "hello").tar()).layer(TarLayer.with().file("a", "b").tar()).build();
        Files.write(directory.resolve("it.tar"), archive(TestArchive.layout("./", Map.of("it", image.manifest()), List.of(image)).tar()));
    }

    @Override
    protected Agent agent(Consumer<Event> events) {
        return new OciArchiveAgent(new AgentContext((host, _) -> {
            throw new AssertionError("An archive needs no registry: " + host);
        }, DocumentStore.empty(), events, Map.of()));
    }

    @Override
    protected Reference image() {
        return Reference.parse("oci-archive:" + directory + "/it.tar:it");
    }

    @Override
    protected Reference missing() {
        return Reference.parse("oci-archive:" + directory + "/it.tar:other");
    }

    @Override
    protected List<Reference> malformed() {
        return List.of(Reference.parse("oci-archive:" + directory + "/none.tar"), Reference.parse("oci-archive:a\0b"),
                Reference.parse("oci-archive::x"), Reference.parse("oci-archive:" + directory + "/it.tar:other@sha256:0"));
    }
}
