package io.sifter.network.credential;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Stream;

/** Where Singularity, Docker and Podman keep logins (docker-login(1), containers-auth.json(5)). */
final class Places {
    private Places() {}

    /** Where Singularity and Apptainer keep them, whichever of the two wrote them. */
    static List<Path> ofSingularity(Map<String, String> environment) {
        return path(environment, "HOME").stream()
                .flatMap(home -> Stream.of(".singularity", ".apptainer").map(name -> home.resolve(name).resolve(Credentials.FILE))).toList();
    }

    static List<Path> ofDockerAndPodman(Map<String, String> environment) {
        List<Path> files = new ArrayList<>();
        Optional<Path> home = path(environment, "HOME");
        path(environment, "DOCKER_CONFIG")
                .or(() -> home.map(directory -> directory.resolve(".docker")))
                .ifPresent(directory -> files.add(directory.resolve("config.json")));
        path(environment, "REGISTRY_AUTH_FILE").ifPresent(files::add);
        path(environment, "XDG_RUNTIME_DIR")
                .ifPresent(directory -> files.add(directory.resolve("containers/auth.json")));
        path(environment, "XDG_CONFIG_HOME")
                .or(() -> home.map(directory -> directory.resolve(".config")))
                .ifPresent(directory -> files.add(directory.resolve("containers/auth.json")));
        return files;
    }

    private static Optional<Path> path(Map<String, String> environment, String variable) {
        return Optional.ofNullable(environment.get(variable)).filter(value -> !value.isEmpty()).map(Path::of);
    }
}
