package io.sifter.engine.config;

import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * Where a user's settings and cache lie, by the variables that say so. On the start-up path of {@code exec}, so plain code only.
 *
 * @param environment the variables, usually the process's
 */
public record Locations(Map<String, String> environment) {
    /** The value of {@code SINGULARITY_<name>}, else {@code APPTAINER_<name>}; blank counts as unset. */
    public Optional<String> variable(String name) {
        for (String prefix : new String[] {"SINGULARITY_", "APPTAINER_"}) {
            String value = environment.get(prefix + name);
            if (value != null && !value.isBlank()) {
                return Optional.of(value);
            }
        }
        return Optional.empty();
    }

    /** The directory of the user's own settings, credentials and, where nothing else is said, cache. */
    public Path userDirectory() {
        Optional<String> chosen = variable("CONFIGDIR");
        return chosen.isPresent() ? Path.of(chosen.get())
                : Path.of(environment.getOrDefault("HOME", System.getProperty("user.home")), ".singularity");
    }

    /** Where plans of starts are kept. */
    public Path plans() {
        return userDirectory().resolve("plans");
    }

    /** Files to be read with {@link Configuration#read}: the distribution's, then {@code chosen} or the site's and the user's. */
    public List<Path> configurationFiles(Path distribution, Optional<Path> chosen) {
        Path shipped = distribution.resolve("etc/sifter.conf");
        return chosen.isPresent() ? List.of(shipped, chosen.get())
                : List.of(shipped, Path.of("/etc/sifter/sifter.conf"), userDirectory().resolve("sifter.conf"));
    }

    /** Files of a distribution and a site, which alone say what the site allows. */
    public List<Path> siteFiles(Path distribution) {
        return List.of(distribution.resolve("etc/sifter.conf"), Path.of("/etc/sifter/sifter.conf"));
    }

    /** @param configured what the configuration says of {@code cache.directory} */
    public Path cacheDirectory(String configured) {
        Optional<String> chosen = variable("CACHEDIR");
        Path parent = chosen.isPresent() ? Path.of(chosen.get()) : configured.isEmpty() ? userDirectory() : Path.of(configured);
        return parent.resolve("cache");
    }
}
