package io.sifter.network;

import io.sifter.network.mirror.RegistryRuleFiles;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;

/**
 * How the network is used.
 *
 * @param userAgent what the program calls itself
 * @param environment where the proxy variables, {@code SSL_CERT_FILE} and {@code SSL_CERT_DIR} are
 * @param certificates further certificate authorities to trust: PEM files, or directories of them
 * @param hostCertificates directories that hold one directory for each {@code host[:port]} with {@code *.crt} (authorities),
 *     {@code *.cert} and {@code *.key} (the client's own)
 * @param parallelBlobs how many blobs of one registry may be open at a time
 * @param connectTimeout for one connection to be made
 * @param stallTimeout how long a connection may stay without a byte before it is given up and made again
 * @param attempts how often a request is sent at most, when what goes wrong may pass
 * @param retryDelay before the first repetition; the next ones wait twice as long each
 * @param retryAfterLimit how long a registry may ask to wait
 * @param rules which registries have mirrors, and which are blocked
 */
public record NetworkSettings(String userAgent, Map<String, String> environment, List<Path> certificates,
                              List<Path> hostCertificates, int parallelBlobs, Duration connectTimeout,
                              Duration stallTimeout, int attempts, Duration retryDelay, Duration retryAfterLimit,
                              RegistryRuleFiles rules) {
    public NetworkSettings {
        Objects.requireNonNull(userAgent);
        environment = Map.copyOf(environment);
        certificates = List.copyOf(certificates);
        hostCertificates = List.copyOf(hostCertificates);
        if (parallelBlobs < 1 || attempts < 1) {
            throw new IllegalArgumentException("parallelBlobs and attempts must be at least 1: %d, %d"
                    .formatted(parallelBlobs, attempts));
        }
        Objects.requireNonNull(connectTimeout);
        Objects.requireNonNull(stallTimeout);
        Objects.requireNonNull(retryDelay);
        Objects.requireNonNull(retryAfterLimit);
        Objects.requireNonNull(rules);
    }

    /** @param version of this program; cut at the first {@code -}, since servers compare it */
    public static NetworkSettings of(String version, Map<String, String> environment) {
        String release = version.split("-", 2)[0];
        String architecture = switch (System.getProperty("os.arch")) {
            case "aarch64" -> "arm64";
            case "x86_64" -> "amd64";
            case String other -> other;
        };
        List<Path> hosts = new ArrayList<>(List.of(Path.of("/etc/docker/certs.d"), Path.of("/etc/containers/certs.d")));
        String home = environment.getOrDefault("HOME", "");
        if (!home.isEmpty()) {
            hosts.add(Path.of(home, ".config/containers/certs.d"));
        }
        return new NetworkSettings(
                "Singularity/%s (Linux %s) Sifter/%s".formatted(release, architecture, release), environment, List.of(), hosts,
                4, Duration.ofSeconds(15), Duration.ofSeconds(60), 4, Duration.ofSeconds(1), Duration.ofSeconds(60),
                RegistryRuleFiles.of(environment));
    }

    public NetworkSettings withCertificates(List<Path> files) {
        return new NetworkSettings(userAgent, environment, files, hostCertificates, parallelBlobs, connectTimeout, stallTimeout,
                attempts, retryDelay, retryAfterLimit, rules);
    }

    public NetworkSettings withHostCertificates(List<Path> directories) {
        return new NetworkSettings(userAgent, environment, certificates, directories, parallelBlobs, connectTimeout,
                stallTimeout, attempts, retryDelay, retryAfterLimit, rules);
    }

    public NetworkSettings withParallelBlobs(int count) {
        return new NetworkSettings(userAgent, environment, certificates, hostCertificates, count, connectTimeout, stallTimeout,
                attempts, retryDelay, retryAfterLimit, rules);
    }

    public NetworkSettings withTimeouts(Duration connect, Duration stall) {
        return new NetworkSettings(userAgent, environment, certificates, hostCertificates, parallelBlobs, connect, stall,
                attempts, retryDelay, retryAfterLimit, rules);
    }

    public NetworkSettings withRetries(int count, Duration delay, Duration limit) {
        return new NetworkSettings(userAgent, environment, certificates, hostCertificates, parallelBlobs, connectTimeout,
                stallTimeout, count, delay, limit, rules);
    }

    public NetworkSettings withRules(RegistryRuleFiles files) {
        return new NetworkSettings(userAgent, environment, certificates, hostCertificates, parallelBlobs, connectTimeout,
                stallTimeout, attempts, retryDelay, retryAfterLimit, files);
    }
}
