package io.sifter.spi;

import io.sifter.spi.event.Event;
import java.util.Map;
import java.util.Objects;
import java.util.function.Consumer;

/**
 * All that a {@link Bootstrap} is given.
 *
 * @param programs of this host
 * @param web the host's HTTP client
 * @param events where the agent tells what the user should know
 * @param settings the agent's own section of the configuration, flat keys
 * @param environment the variables of the program
 */
public record BootstrapContext(Programs programs, Web web, Consumer<Event> events, Map<String, String> settings, Map<String, String> environment) {
    public BootstrapContext {
        Objects.requireNonNull(programs);
        Objects.requireNonNull(web);
        Objects.requireNonNull(events);
        settings = Map.copyOf(settings);
        environment = Map.copyOf(environment);
    }
}
