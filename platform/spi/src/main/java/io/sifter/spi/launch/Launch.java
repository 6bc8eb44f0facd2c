package io.sifter.spi.launch;

import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;

/**
 * A container about to start, on a host where its root file system is a directory. All strings are raw bytes, one byte a
 * character, and hold no NUL: what a person typed reaches the command unchanged, whatever the locale.
 *
 * @param mounts how its file tree is put together; the first has destination {@code /}
 * @param command program and arguments inside; a program without {@code /} is found by the container's {@code PATH}
 * @param environment all variables of the command, nothing else is passed on
 * @param workingDirectory where the command starts: absolute, inside, existing, free of symbolic links
 * @param namespaces that are the container's own, besides the mount namespace
 * @param hostname of the container, with {@link Namespace#UTS}
 * @param confinement what the command is kept from besides
 */
public record Launch(List<Mount> mounts, List<String> command, Map<String, String> environment, String workingDirectory,
                     Set<Namespace> namespaces, Optional<String> hostname, Privileges privileges, Confinement confinement) {
    public Launch {
        mounts = List.copyOf(mounts);
        command = List.copyOf(command);
        environment = Map.copyOf(environment);
        namespaces = Set.copyOf(namespaces);
        Objects.requireNonNull(workingDirectory);
        Objects.requireNonNull(hostname);
        Objects.requireNonNull(privileges);
        Objects.requireNonNull(confinement);
        if (mounts.isEmpty() || !mounts.getFirst().destination().equals("/")) {
            throw new IllegalArgumentException("The first mount makes the root");
        }
        if (command.isEmpty()) {
            throw new IllegalArgumentException("A launch needs a command");
        }
    }

    /** A launch without confinement. */
    public Launch(List<Mount> mounts, List<String> command, Map<String, String> environment, String workingDirectory, Set<Namespace> namespaces,
                  Optional<String> hostname, Privileges privileges) {
        this(mounts, command, environment, workingDirectory, namespaces, hostname, privileges, Confinement.NONE);
    }
}
