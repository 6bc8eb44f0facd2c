package io.sifter.spi.launch;

import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Objects;

/**
 * All that a runtime is given.
 *
 * @param uid of the caller
 * @param gid of the caller
 * @param searchPath where host programs are looked for, in order
 * @param libexec directory of the distribution's own helper scripts
 * @param settings the runtime's own section of the configuration, flat keys
 */
public record RuntimeContext(long uid, long gid, List<Path> searchPath, Path libexec, Map<String, String> settings) {
    public RuntimeContext {
        searchPath = List.copyOf(searchPath);
        Objects.requireNonNull(libexec);
        settings = Map.copyOf(settings);
    }

    public boolean root() {
        return uid == 0;
    }
}
