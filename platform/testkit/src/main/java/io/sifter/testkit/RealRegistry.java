package io.sifter.testkit;

import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.file.Files;
import java.nio.file.Path;

/** The registry of CNCF distribution, in a process of its own; the test is skipped where it is not installed. Who starts it closes it. */
public final class RealRegistry implements AutoCloseable {
    private static final int PATIENCE = 200;

    private final Process process;
    private final String host;

    private RealRegistry(Process process, String host) {
        this.process = process;
        this.host = host;
    }

    /**
     * Open to all, over plain HTTP.
     *
     * @param directory for its configuration and its data
     */
    public static RealRegistry start(Path directory) throws IOException, InterruptedException {
        return start(directory, "", "");
    }

    /**
     * @param directory for its configuration and its data
     * @param http what stands in its configuration below {@code http}, besides the address, or empty
     * @param more what else stands there, or empty
     */
    public static RealRegistry start(Path directory, String http, String more) throws IOException, InterruptedException {
        String program = Peers.program("docker-registry");
        String host = "127.0.0.1:" + freePort();
        Path config = Files.writeString(Files.createDirectories(directory).resolve("registry.yml"), """
                version: 0.1
                log: {level: error}
                storage: {filesystem: {rootdirectory: %s}}
                http:
                  addr: %s
                %s
                %s
                """.formatted(directory.resolve("storage"), host, http.indent(2), more));
        Process process = new ProcessBuilder(program, "serve", config.toString()).redirectErrorStream(true)
                .redirectOutput(directory.resolve("registry.log").toFile()).start();
        await(process, host, directory.resolve("registry.log"));
        return new RealRegistry(process, host);
    }

    /** A port of this machine that nobody uses. */
    public static int freePort() throws IOException {
        try (ServerSocket free = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
            return free.getLocalPort();
        }
    }

    /** Waits until somebody listens. */
    public static void await(Process process, String host, Path log) throws IOException, InterruptedException {
        for (int i = 0; i < PATIENCE; i++) {
            try (Socket _ = new Socket("127.0.0.1", Integer.parseInt(host.split(":")[1]))) {
                return;
            } catch (IOException notYet) {
                if (!process.isAlive()) {
                    break;
                }
                Thread.sleep(50);
            }
        }
        process.destroyForcibly();
        throw new IOException("The server did not start: " + Files.readString(log));
    }

    /** {@code 127.0.0.1:port}. */
    public String host() {
        return host;
    }

    @Override
    public void close() {
        process.destroy();
        process.onExit().join();
    }
}
