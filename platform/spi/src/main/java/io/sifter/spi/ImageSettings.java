package io.sifter.spi;

import io.sifter.spi.reference.Platform;
import java.time.Instant;
import java.util.Objects;
import java.util.Optional;
import java.util.UUID;

/**
 * What an image file says about itself, beside its tree.
 *
 * @param definition text of the definition file
 * @param inspection the JSON document that {@code inspect --all} shows, compact
 * @param ociConfig the {@code config} object of an OCI image configuration, compact JSON
 * @param platform what the programs inside were built for
 * @param created when the image was made; derived from the source, so that equal sources give equal files
 * @param id names this very image; derived likewise
 */
public record ImageSettings(String definition, byte[] inspection, Optional<byte[]> ociConfig, Platform platform,
                            Instant created, UUID id) {
    public ImageSettings {
        Objects.requireNonNull(definition);
        Objects.requireNonNull(inspection);
        Objects.requireNonNull(ociConfig);
        Objects.requireNonNull(platform);
        Objects.requireNonNull(created);
        Objects.requireNonNull(id);
    }
}
