package io.sifter.spi;

import io.sifter.spi.event.Event;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.ExecutorService;
import java.util.function.Consumer;

/**
 * All that a sink is given.
 *
 * @param workers threads for computing, as many as the command may use; shared, never shut down by a sink
 * @param events where the sink tells what the user should know
 * @param settings the sink's own section of the configuration, flat keys
 */
public record SinkContext(ExecutorService workers, Consumer<Event> events, Map<String, String> settings) {
    public SinkContext {
        Objects.requireNonNull(workers);
        Objects.requireNonNull(events);
        settings = Map.copyOf(settings);
    }
}
