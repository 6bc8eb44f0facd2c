package io.sifter.agent.library;

import io.sifter.spi.Agent;
import io.sifter.spi.event.Event;
import io.sifter.spi.reference.Reference;
import io.sifter.testkit.contract.AgentContract;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.function.Consumer;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.io.TempDir;

class LibraryAgentContractTest extends AgentContract {
    private Fixture fixture;

    @BeforeEach
    void start(@TempDir Path directory) throws Exception {
        fixture = new Fixture();
        fixture.server.put("joe/default/tool", "v1", Fixture.sif(directory));
    }

    @AfterEach
    void stop() {
        fixture.close();
    }

    @Override
    protected Agent agent(Consumer<Event> events) {
        return fixture.agent(events, Optional.of(Fixture.TOKEN));
    }

    @Override
    protected Reference image() {
        return Reference.parse("library://joe/default/tool:v1");
    }

    @Override
    protected Reference missing() {
        return Reference.parse("library://joe/default/tool:none");
    }

    @Override
    protected List<Reference> malformed() {
        return List.of(Reference.parse("library://joe//tool"), Reference.parse("library://joe/default/tool:"), Reference.parse("library://a/b/c/d/e"),
                Reference.parse("library://a b"), Reference.parse("library://joe:pw@host/a/b/c"));
    }

    @Override
    protected List<String> secrets() {
        return List.of(Fixture.TOKEN);
    }
}
