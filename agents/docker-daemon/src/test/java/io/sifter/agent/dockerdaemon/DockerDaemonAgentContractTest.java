package io.sifter.agent.dockerdaemon;

import io.sifter.spi.Agent;
import io.sifter.spi.event.Event;
import io.sifter.spi.reference.Reference;
import io.sifter.testkit.TarLayer;
import io.sifter.testkit.contract.AgentContract;
import io.sifter.testkit.registry.ScriptedDaemon;
import io.sifter.testkit.registry.TestImage;
import java.util.List;
import java.util.function.Consumer;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;

class DockerDaemonAgentContractTest extends AgentContract {
    private ScriptedDaemon daemon;

    @BeforeEach
    void start() throws Exception {
        daemon = ScriptedDaemon.start().image(TestImage.with().layer(TarLayer.with().file("etc/motd", "hello").tar())
                .layer(TarLayer.with().file("a", "b").tar()).build(), "lib/it:1");
    }

    @AfterEach
    void stop() {
        daemon.close();
    }

    @Override
    protected Agent agent(Consumer<Event> events) {
        return DockerDaemonAgentTest.agent(daemon, events);
    }

    @Override
    protected Reference image() {
        return Reference.parse("docker-daemon:lib/it:1");
    }

    @Override
    protected Reference missing() {
        return Reference.parse("docker-daemon:lib/it:2");
    }

    @Override
    protected List<Reference> malformed() {
        return List.of(Reference.parse("docker-daemon:lib/it"), Reference.parse("docker-daemon:Lib/It:1"), Reference.parse("docker-daemon:a b:1"),
                Reference.parse("docker-daemon:lib/it@sha256:1"), Reference.parse("docker-daemon:../it:1"), Reference.parse("docker-daemon:it:"),
                Reference.parse("docker-daemon:it:1?x=y"));
    }
}
