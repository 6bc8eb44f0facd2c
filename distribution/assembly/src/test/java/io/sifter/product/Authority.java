package io.sifter.product;

import io.sifter.testkit.Peers;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/** An authority of the test's own, whose certificates are good for servers on this machine, for {@code registry.test}, and for clients. */
final class Authority {
    private final Path directory;

    private Authority(Path directory) {
        this.directory = directory;
    }

    /** @param directory for its certificate and its key */
    static Authority in(Path directory) throws IOException, InterruptedException {
        Authority authority = new Authority(Files.createDirectories(directory));
        authority.request("authority", "-addext", "basicConstraints=critical,CA:TRUE");
        return authority;
    }

    /** Its own certificate, in a PEM file. */
    Path certificate() {
        return directory.resolve("authority.cert");
    }

    /** Makes {@code name.cert} and {@code name.key}, PEM files that everybody may read. */
    void issue(String name) throws IOException, InterruptedException {
        request(name, "-CA", certificate().toString(), "-CAkey", directory.resolve("authority.key").toString(),
                "-addext", "subjectAltName=DNS:registry.test,DNS:localhost,IP:127.0.0.1", "-addext", "basicConstraints=CA:FALSE");
    }

    Path certificate(String name) {
        return directory.resolve(name + ".cert");
    }

    Path key(String name) {
        return directory.resolve(name + ".key");
    }

    private void request(String name, String... more) throws IOException, InterruptedException {
        List<String> command = new ArrayList<>(List.of(Peers.program("openssl"), "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256",
                "-nodes", "-days", "30", "-subj", "/CN=" + name, "-out", certificate(name).toString(), "-keyout", key(name).toString()));
        command.addAll(List.of(more));
        Peers.run(command.toArray(String[]::new)).ok();
    }
}
