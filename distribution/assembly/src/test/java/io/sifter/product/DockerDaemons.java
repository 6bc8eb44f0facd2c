package io.sifter.product;

import io.sifter.testkit.Peers;
import io.sifter.testkit.RealRegistry;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;

/** Docker daemons of the tests' own: images, socket and all else below one directory in {@code /tmp}, no network, no firewall rules. */
final class DockerDaemons {
    private DockerDaemons() {}

    /**
     * A daemon; closing it ends it and removes what it kept.
     *
     * @param host where it speaks TLS, with those alone whom its authority knows
     * @param authority its own
     */
    record Running(Process process, Path directory, String host, Authority authority) implements AutoCloseable {
        String address() {
            return "unix://" + directory.resolve("docker.sock");
        }

        /** A directory with what a client needs that it lets in. */
        Path certificates() throws IOException {
            Path certificates = Files.createDirectory(directory.resolve("client"));
            Files.copy(authority.certificate(), certificates.resolve("ca.pem"));
            Files.copy(authority.certificate("client"), certificates.resolve("cert.pem"));
            Files.copy(authority.key("client"), certificates.resolve("key.pem"));
            return certificates;
        }

        /** What the command {@code docker} prints. */
        String docker(String... words) throws IOException, InterruptedException {
            List<String> command = new ArrayList<>(List.of(Peers.program("docker"), "-H", address()));
            command.addAll(List.of(words));
            return Peers.run(command.toArray(String[]::new)).ok();
        }

        @Override
        public void close() throws IOException {
            process.destroy();
            try {
                if (!process.waitFor(30, TimeUnit.SECONDS)) {
                    process.destroyForcibly().waitFor();
                }
                Peers.run("rm", "-rf", "--one-file-system", directory.toString());
            } catch (InterruptedException e) {
                process.destroyForcibly();
                Thread.currentThread().interrupt();
            }
        }
    }

    /** Skips or fails the test where no daemon can be started. */
    static Running start() throws IOException, InterruptedException {
        String dockerd = Peers.program("dockerd");
        Peers.root();
        Path directory = Files.createTempDirectory(Path.of("/tmp"), "sifter-dockerd-");
        Authority authority = Authority.in(directory.resolve("authority"));
        authority.issue("server");
        authority.issue("client");
        String host = "127.0.0.1:" + RealRegistry.freePort();
        Process process = new ProcessBuilder(dockerd, "-H", "tcp://" + host, "--tlsverify", "--tlscacert", authority.certificate().toString(),
                "--tlscert", authority.certificate("server").toString(), "--tlskey", authority.key("server").toString(), "--data-root", directory.resolve("data").toString(), "--exec-root", directory.resolve("exec").toString(),
                "--pidfile", directory.resolve("pid").toString(), "-H", "unix://" + directory.resolve("docker.sock"), "--storage-driver", "vfs",
                "--iptables=false", "--bridge=none", "--ip-forward=false").redirectErrorStream(true).redirectOutput(directory.resolve("log").toFile()).start();
        Running running = new Running(process, directory, host, authority);
        boolean ready = false;
        for (int i = 0; i < 300 && process.isAlive() && !ready; i++) {
            Thread.sleep(100);
            ready = Files.exists(directory.resolve("docker.sock"))
                    && Peers.run(Peers.program("docker"), "-H", running.address(), "version").exit() == 0;
        }
        if (!ready) {
            String log = Files.readString(directory.resolve("log"));
            running.close();
            Peers.need(false, "dockerd does not start here: " + log.lines().reduce((_, last) -> last).orElse(""));
        }
        return running;
    }
}
