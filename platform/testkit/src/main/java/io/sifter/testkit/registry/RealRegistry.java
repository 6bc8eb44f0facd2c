package io.sifter.testkit.registry;

import io.sifter.testkit.Peers;
import java.io.IOException;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.file.Files;
import java.nio.file.Path;

/** The registry of CNCF distribution on this machine, empty, where it is installed; the test is skipped otherwise. */
public final class RealRegistry implements AutoCloseable {
    private static final int ATTEMPTS = 200;
    private static final long PAUSE_MILLIS = 50;

    private final Process process;
    private final int port;

    private RealRegistry(Process process, int port) {
        this.process = process;
        this.port = port;
    }

    /** @param directory for its files */
    public static RealRegistry start(Path directory) throws IOException, InterruptedException {
        String program = Peers.program("docker-registry");
        int port;
        try (ServerSocket free = new ServerSocket(0)) {
            port = free.getLocalPort();
        }
        Path config = Files.writeString(directory.resolve("registry.yml"), """
                version: 0.1
                log: {level: error}
                storage: {filesystem: {rootdirectory: %s}}
                http: {addr: "127.0.0.1:%d"}
                """.formatted(directory.resolve("storage"), port));
        Path log = directory.resolve("registry.log");
        RealRegistry registry = new RealRegistry(new ProcessBuilder(program, "serve", config.toString())
                .redirectErrorStream(true).redirectOutput(log.toFile()).start(), port);
        for (int attempt = 0; attempt < ATTEMPTS; attempt++) {
            try (Socket _ = new Socket("127.0.0.1", port)) {
                return registry;
            } catch (IOException notYet) {
                Thread.sleep(PAUSE_MILLIS);
            }
        }
        registry.close();
        throw new AssertionError(Files.readString(log));
    }

    /** {@code host:port}. */
    public String host() {
        return "127.0.0.1:" + port;
    }

    @Override
    public void close() {
        process.destroy();
        process.onExit().join();
    }
}
