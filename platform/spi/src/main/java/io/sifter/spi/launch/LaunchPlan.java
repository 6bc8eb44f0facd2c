package io.sifter.spi.launch;

import java.util.List;
import java.util.Map;

/**
 * What the launcher executes: a program on the host with its arguments, and the environment of that program (not of the
 * container, which travels in the arguments). No string holds a NUL.
 */
public record LaunchPlan(List<String> command, Map<String, String> environment) {
    public LaunchPlan {
        command = List.copyOf(command);
        environment = Map.copyOf(environment);
        if (command.isEmpty()) {
            throw new IllegalArgumentException("A plan needs a program");
        }
    }
}
