package io.sifter.engine;

import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.OptionalInt;

/**
 * What {@link Sifter} is opened with.
 *
 * @param distribution directory with {@code plugins} and {@code etc}; an embedder names one, or an empty directory
 * @param plugins further directories with plugins; later ones win
 * @param environment the variables that configure Sifter ({@code SINGULARITY_CACHEDIR}, proxies…), usually the process's
 * @param configuration a file that replaces the site's and the user's
 * @param cacheDisabled whether nothing is kept; what must be kept meanwhile lies in {@code temporary}
 * @param jobs threads for compression, where not the configuration's
 * @param login name and password for registries, before all other credentials
 * @param authFile a Docker-style credential file, before the usual ones
 * @param temporary directory for temporary files
 * @param library address of the library to use in place of the remote endpoint's
 */
public record SifterSettings(Path distribution, List<Path> plugins, Map<String, String> environment, Optional<Path> configuration,
                             boolean cacheDisabled, OptionalInt jobs, Optional<Login> login, Optional<Path> authFile,
                             Optional<Path> temporary, Optional<String> library) {
    /** Name and password as the user gave them. Never shown. */
    public record Login(String user, String password) {
        @Override
        public String toString() {
            return "Login[user=" + user + "]";
        }
    }

    public SifterSettings {
        Objects.requireNonNull(distribution);
        plugins = List.copyOf(plugins);
        environment = Map.copyOf(environment);
        Objects.requireNonNull(configuration);
        Objects.requireNonNull(jobs);
        Objects.requireNonNull(login);
        Objects.requireNonNull(authFile);
        Objects.requireNonNull(temporary);
        Objects.requireNonNull(library);
    }

    /** With the library of the remote endpoint. */
    public SifterSettings(Path distribution, List<Path> plugins, Map<String, String> environment, Optional<Path> configuration,
                          boolean cacheDisabled, OptionalInt jobs, Optional<Login> login, Optional<Path> authFile, Optional<Path> temporary) {
        this(distribution, plugins, environment, configuration, cacheDisabled, jobs, login, authFile, temporary, Optional.empty());
    }

    /** Where temporary files go: {@link #temporary}, otherwise {@code TMPDIR}, otherwise {@code /tmp}. */
    public Path temporaryDirectory() {
        return temporary.orElse(Path.of(environment.getOrDefault("TMPDIR", "/tmp"))).toAbsolutePath();
    }

    /** The settings of a process that changes nothing. */
    public static SifterSettings of(Path distribution) {
        return new SifterSettings(distribution, List.of(), System.getenv(), Optional.empty(), false, OptionalInt.empty(),
                Optional.empty(), Optional.empty(), Optional.empty());
    }
}
