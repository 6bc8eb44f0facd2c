package io.sifter.spi;

import io.sifter.spi.event.Event;
import java.util.Map;
import java.util.Objects;
import java.util.function.Consumer;

/**
 * All that a publisher is given.
 *
 * @param registries the host's connections to registries
 * @param web the host's HTTP client
 * @param services of the remote endpoint that the user chose
 * @param events where the publisher tells what the user should know
 * @param settings the plugin's own section of the configuration, flat keys
 */
public record PublisherContext(Registries registries, Web web, Services services, Consumer<Event> events, Map<String, String> settings) {
    public PublisherContext {
        Objects.requireNonNull(registries);
        Objects.requireNonNull(web);
        Objects.requireNonNull(services);
        Objects.requireNonNull(events);
        settings = Map.copyOf(settings);
    }
}
