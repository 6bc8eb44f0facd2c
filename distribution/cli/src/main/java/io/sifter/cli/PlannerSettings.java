package io.sifter.cli;

import io.sifter.engine.config.Configuration;
import io.sifter.spi.error.UserException;
import java.io.BufferedReader;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * What planning needs of the configuration. As long as no file says anything, none is parsed: that takes longer than all the
 * rest of a start.
 */
final class PlannerSettings {
    private final Optional<Configuration> configuration;
    private final Path userDirectory;
    private final Map<String, String> environment;

    private PlannerSettings(Optional<Configuration> configuration, Path userDirectory, Map<String, String> environment) {
        this.configuration = configuration;
        this.userDirectory = userDirectory;
        this.environment = environment;
    }

    /**
     * Reads the distribution's file and then either {@code chosen} or the site's and the user's.
     *
     * @param environment of the caller, raw
     */
    static PlannerSettings read(Path distribution, Optional<String> chosen, Map<String, String> environment) throws IOException {
        String home = environment.getOrDefault("HOME", System.getProperty("user.home"));
        Path userDirectory = RawWords.path(variable(environment, "CONFIGDIR", home + "/.singularity"));
        List<Path> files = new ArrayList<>();
        files.add(distribution.resolve("etc/sifter.conf"));
        if (chosen.isPresent()) {
            files.add(RawWords.path(chosen.get()));
        } else {
            files.add(Path.of("/etc/sifter/sifter.conf"));
            files.add(userDirectory.resolve("sifter.conf"));
        }
        for (Path file : files) {
            if (saysAnything(file)) {
                return new PlannerSettings(Optional.of(Configuration.read(files)), userDirectory, environment);
            }
        }
        return new PlannerSettings(Optional.empty(), userDirectory, environment);
    }

    private static boolean saysAnything(Path file) throws IOException {
        if (!Files.isReadable(file)) {
            return false;
        }
        try (BufferedReader lines = Files.newBufferedReader(file, StandardCharsets.ISO_8859_1)) {
            for (String line = lines.readLine(); line != null; line = lines.readLine()) {
                String text = line.strip();
                if (!text.isEmpty() && text.charAt(0) != '#') {
                    return true;
                }
            }
        }
        return false;
    }

    private static String variable(Map<String, String> environment, String name, String otherwise) {
        for (String prefix : new String[] {"SINGULARITY_", "APPTAINER_"}) {
            String value = environment.get(prefix + name);
            if (value != null && !value.isBlank()) {
                return value;
            }
        }
        return otherwise;
    }

    /** The runtime that must be used, if the configuration names one. */
    Optional<String> runtime() throws UserException {
        if (configuration.isEmpty()) {
            return Optional.empty();
        }
        String name = configuration.get().text("runtime.name");
        return name.equals("auto") ? Optional.empty() : Optional.of(name);
    }

    /** A plugin's section. */
    Map<String, String> plugin(String id) {
        return configuration.isEmpty() ? Map.of() : configuration.get().plugin(id);
    }

    /** Whether nothing is kept. */
    boolean cacheDisabled() {
        return configuration.isPresent() && configuration.get().flag("cache.disabled");
    }

    /** Where the planner remembers what it found out about images. */
    Path memory() {
        String disabled = variable(environment, "DISABLE_CACHE", "");
        if (cacheDisabled() || disabled.equals("1") || disabled.equalsIgnoreCase("t") || disabled.equalsIgnoreCase("true")) {
            // Nothing can be kept there, so every verdict is found again.
            return Path.of("/dev/null/sound");
        }
        String configured = configuration.isEmpty() ? "" : configuration.get().text("cache.directory");
        String parent = variable(environment, "CACHEDIR", "");
        Path cache = !parent.isEmpty() ? RawWords.path(parent) : configured.isEmpty() ? userDirectory : Path.of(configured);
        return cache.resolve("cache/sound");
    }
}
