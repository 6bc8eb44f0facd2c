package io.sifter.image.document;

import io.sifter.spi.reference.Digest;
import io.sifter.spi.reference.Platform;
import java.time.Instant;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;

/**
 * An image's configuration (OCI image specification, config; Docker's adds members). Empty strings count as absent.
 *
 * @param platform what the image was built for, normalised, where it says so
 * @param env {@code NAME=value}, in order
 * @param labels in the order of the document
 * @param diffIds of the uncompressed layers, lowest first
 * @param ociConfig the {@code config} object alone as compact JSON, in the form that a SIF's {@code oci-config.json} has;
 *     {@code {}} if there is none. Nobody changes it.
 */
public record ImageConfig(Optional<Instant> created, Optional<Platform> platform, List<String> env, List<String> entrypoint,
                          List<String> cmd, Map<String, String> labels, Optional<String> workingDirectory,
                          Optional<String> user, List<Digest> diffIds, byte[] ociConfig) {
    public ImageConfig {
        Objects.requireNonNull(created);
        Objects.requireNonNull(platform);
        env = List.copyOf(env);
        entrypoint = List.copyOf(entrypoint);
        cmd = List.copyOf(cmd);
        labels = Collections.unmodifiableMap(new LinkedHashMap<>(labels));
        Objects.requireNonNull(workingDirectory);
        Objects.requireNonNull(user);
        diffIds = List.copyOf(diffIds);
        Objects.requireNonNull(ociConfig);
    }
}
