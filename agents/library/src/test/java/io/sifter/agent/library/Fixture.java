package io.sifter.agent.library;

import io.sifter.network.Network;
import io.sifter.network.NetworkSettings;
import io.sifter.sif.Architecture;
import io.sifter.sif.SifWriter;
import io.sifter.spi.AgentContext;
import io.sifter.spi.DocumentStore;
import io.sifter.spi.PublisherContext;
import io.sifter.spi.Services;
import io.sifter.spi.event.Event;
import io.sifter.testkit.registry.LibraryServer;
import java.io.IOException;
import java.net.URI;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.time.Duration;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import java.util.UUID;
import java.util.function.Consumer;

/** A library, someone signed in to it, and SIF files. */
final class Fixture implements AutoCloseable {
    static final String TOKEN = "token-of-joe-" + "x".repeat(200);

    final LibraryServer server;
    private final Network network;

    Fixture() throws IOException {
        server = LibraryServer.start().token(TOKEN);
        network = Network.open(NetworkSettings.of("4.5.1", Map.of()).withTimeouts(Duration.ofSeconds(10), Duration.ofSeconds(30))
                .withRetries(4, Duration.ofMillis(1), Duration.ofMillis(10)));
    }

    Services services(Optional<String> token) {
        return new Services() {
            @Override
            public Service find(String name) {
                return new Service(URI.create("http://" + server.host()), token, Optional.empty());
            }

            @Override
            public Service at(String name, URI url) {
                return new Service(url, Optional.empty(), Optional.empty());
            }
        };
    }

    LibraryAgent agent(Consumer<Event> events, Optional<String> token) {
        return new LibraryAgent(new AgentContext((_, _) -> {
            throw new AssertionError("no registry is needed");
        }, network.web(events), services(token), DocumentStore.empty(), events, Map.of()));
    }

    LibraryPublisher publisher(Consumer<Event> events, Optional<String> token) {
        return new LibraryPublisher(new PublisherContext((_, _) -> {
            throw new AssertionError("no registry is needed");
        }, network.web(events), services(token), events, Map.of()));
    }

    /** A SquashFS superblock, as far as readers look at it, and noise. */
    static Path sif(Path file, int size) throws IOException, InterruptedException {
        byte[] noise = new byte[size];
        new Random(size).nextBytes(noise);
        ByteBuffer.wrap(noise).order(ByteOrder.LITTLE_ENDIAN).putInt(0, 0x73717368).putInt(12, 1 << 17).putShort(20, (short) 1)
                .putShort(22, (short) 17).putShort(24, (short) 0).putShort(28, (short) 4).putShort(30, (short) 0);
        try (FileChannel out = FileChannel.open(file, StandardOpenOption.CREATE, StandardOpenOption.READ, StandardOpenOption.WRITE)) {
            SifWriter writer = new SifWriter(out, new UUID(1, size), 0);
            writer.addPrimaryPartition(Architecture.AMD64, (channel, offset) -> channel.write(ByteBuffer.wrap(noise), offset));
            writer.finish();
        }
        return file;
    }

    static byte[] sif(Path directory) throws IOException, InterruptedException {
        return Files.readAllBytes(sif(directory.resolve("sample.sif"), 300_000));
    }

    @Override
    public void close() {
        network.close();
        server.close();
    }
}
