package io.sifter.network.credential;

import io.sifter.spi.event.Event;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Consumer;
import java.util.stream.Stream;

/**
 * Where credentials are looked for. Nothing is read, and no helper program started, before a registry asks who is
 * there. Safe for any thread.
 */
@FunctionalInterface
public interface Credentials {
    /** The file of logins in a user's directory of Singularity or of Apptainer. */
    String FILE = "docker-config.json";

    /**
     * The credential for a repository.
     *
     * @param host of the registry, {@code host[:port]}; {@code docker.io} for Docker Hub
     * @param repository in that registry; empty when only the registry itself is meant
     * @return empty where the places hold nothing for it: then the registry is asked anonymously
     */
    Optional<Credential> find(String host, String repository) throws InterruptedException;

    /** Nobody. */
    static Credentials anonymous() {
        return (_, _) -> Optional.empty();
    }

    /** The same credential whatever the registry, as flags, variables and prompts give it. */
    static Credentials of(Credential credential) {
        return (_, _) -> Optional.of(credential);
    }

    /** The first of several places that knows. */
    static Credentials firstOf(List<Credentials> places) {
        List<Credentials> copy = List.copyOf(places);
        return (host, repository) -> {
            for (Credentials place : copy) {
                Optional<Credential> found = place.find(host, repository);
                if (found.isPresent()) {
                    return found;
                }
            }
            return Optional.empty();
        };
    }

    /**
     * One file in Docker's format: {@code auths}, {@code credHelpers}, {@code credsStore}. A file that is missing or
     * damaged knows nothing; the second is warned about.
     *
     * @param environment of the helper programs, {@code PATH} included
     */
    static Credentials file(Path file, Map<String, String> environment, Consumer<Event> events) {
        return new CredentialFile(file, false, new CredentialHelper(environment, events), events);
    }

    /**
     * The places where a user's logins may be: the configuration directory ({@value #FILE}), then what other versions of
     * Singularity, Docker and Podman keep. The first that knows a registry wins.
     *
     * @param authFile from {@code --authfile}, asked before all others; warned about if there is no such file
     * @param configDirectory usually {@code $HOME/.singularity}
     * @param environment where {@code HOME}, {@code DOCKER_CONFIG}, {@code REGISTRY_AUTH_FILE} and the XDG variables are
     */
    static Credentials places(Optional<Path> authFile, Path configDirectory, Map<String, String> environment,
                              Consumer<Event> events) {
        List<Path> files = new ArrayList<>();
        files.add(configDirectory.resolve(FILE));
        files.addAll(Places.ofSingularity(environment));
        files.addAll(Places.ofDockerAndPodman(environment));
        Stream<Credentials> named = authFile.stream().map(file -> new CredentialFile(file, true, new CredentialHelper(environment, events), events));
        return firstOf(Stream.concat(named, files.stream().distinct().map(file -> file(file, environment, events))).toList());
    }
}
