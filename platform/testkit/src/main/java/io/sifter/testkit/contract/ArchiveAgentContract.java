package io.sifter.testkit.contract;

import io.sifter.spi.Agent;
import io.sifter.spi.AgentContext;
import io.sifter.spi.DocumentStore;
import io.sifter.spi.Services;
import io.sifter.spi.Web;
import io.sifter.spi.event.Event;
import io.sifter.spi.reference.Reference;
import io.sifter.testkit.TarLayer;
import io.sifter.testkit.registry.TestArchive;
import io.sifter.testkit.registry.TestImage;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.function.Consumer;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.io.TempDir;

/** What every agent does, for agents whose images are in archives: inherit, and put an image into one. */
public abstract class ArchiveAgentContract extends AgentContract {
    private final String transport;

    @TempDir
    Path directory;

    protected ArchiveAgentContract(String transport) {
        this.transport = transport;
    }

    protected abstract Agent agent(AgentContext context);

    /** An archive with the image under the name {@code it:1}. */
    protected abstract TarLayer archive(TestImage image);

    /** How the archive is written: as it is, unless overridden. */
    protected byte[] written(TarLayer archive) {
        return archive.tar();
    }

    /** What no choice of an image can be, behind the file's name. */
    protected abstract String malformedChoice();

    /** What agents get that need nothing but files: who asks for a registry fails the test. */
    public static AgentContext filesAlone(Consumer<Event> events, Path temporary) {
        return new AgentContext((host, _) -> {
            throw new AssertionError("A file needs no registry: " + host);
        }, Web.none(), Services.none(), DocumentStore.empty(), events, Map.of(), Map.of(), temporary);
    }

    @BeforeEach
    final void write() throws Exception {
        TestImage image = TestImage.with().layer(TarLayer.with().file("etc/motd", "hello").tar()).layer(TarLayer.with().file("a", "b").tar()).build();
        Files.write(directory.resolve("it.tar"), written(archive(image)));
    }

    @Override
    protected final Agent agent(Consumer<Event> events) {
        return agent(filesAlone(events, directory));
    }

    private Reference at(String place) {
        return Reference.parse(transport + ":" + place);
    }

    @Override
    protected final Reference image() {
        return at(directory + "/it.tar:it:1");
    }

    @Override
    protected final Reference missing() {
        return at(directory + "/it.tar:other");
    }

    @Override
    protected final List<Reference> malformed() {
        return Stream.of(directory + "/none.tar", "a\0b", ":x", directory + "/it.tar" + malformedChoice()).map(this::at).toList();
    }
}
