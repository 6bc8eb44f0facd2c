package io.sifter.engine.instance;

import java.nio.file.Path;
import java.util.Objects;
import java.util.Optional;

/**
 * An instance about to start.
 *
 * @param instances among which it will be
 * @param pidFile takes the process id of its keeper
 */
public record NewInstance(Instances instances, String name, Optional<Path> pidFile) {
    public NewInstance {
        Objects.requireNonNull(instances);
        Objects.requireNonNull(name);
        Objects.requireNonNull(pidFile);
    }
}
