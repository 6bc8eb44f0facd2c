package io.sifter.agent.library;

import io.sifter.spi.Publisher;
import io.sifter.spi.event.Event;
import io.sifter.spi.reference.Reference;
import io.sifter.testkit.contract.PublisherContract;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.function.Consumer;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;

class LibraryPublisherContractTest extends PublisherContract {
    private Fixture fixture;

    @BeforeEach
    void start() throws IOException {
        fixture = new Fixture();
    }

    @AfterEach
    void stop() {
        fixture.close();
    }

    @Override
    protected Publisher publisher(Consumer<Event> events) {
        return fixture.publisher(events, Optional.of(Fixture.TOKEN));
    }

    @Override
    protected Path image(Path directory) throws Exception {
        return Fixture.sif(directory.resolve("tool.sif"), 200_000);
    }

    @Override
    protected Reference target() {
        return Reference.parse("library://joe/default/tool:v1");
    }

    @Override
    protected Optional<byte[]> published() {
        return fixture.server.image("joe/default/tool", "v1", "amd64");
    }

    @Override
    protected List<Reference> malformed() {
        return List.of(Reference.parse("library://tool:v1"), Reference.parse("library://joe/default/tool:a b"),
                Reference.parse("library://joe/default/tool:sha256." + "0".repeat(64)));
    }

    @Override
    protected List<String> secrets() {
        return List.of(Fixture.TOKEN);
    }
}
