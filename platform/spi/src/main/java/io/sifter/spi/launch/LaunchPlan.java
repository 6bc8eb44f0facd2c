package io.sifter.spi.launch;

import java.util.List;
import java.util.Map;
import java.util.Objects;

/**
 * What the launcher executes: a program on the host with its arguments. The process that executes it becomes the program, so
 * its descriptors, limits, umask and place among processes pass on. Strings are raw bytes, one byte a character, without NUL.
 *
 * @param environment of that program, complete. Arguments can be read by everyone on a host, an environment only by its
 *        owner, so this is how the container's environment travels
 * @param footing what must hold when the program starts
 */
public record LaunchPlan(List<String> command, Map<String, String> environment, Footing footing) {
    /** Where a plan's program starts. */
    public enum Footing {
        /** Among the host's mounts. */
        HOST,
        /**
         * In a mount namespace of its own, with power over it: as the caller, if the caller is privileged; otherwise as root
         * of a user namespace that maps the caller's ids to 0, and to the following ones the caller's subordinate ids if the launch asks for
         * them. Mounts of the host pass on into it, never out of it.
         */
        PRIVATE_MOUNTS
    }

    public LaunchPlan {
        command = List.copyOf(command);
        environment = Map.copyOf(environment);
        Objects.requireNonNull(footing);
        if (command.isEmpty()) {
            throw new IllegalArgumentException("A plan needs a program");
        }
    }
}
