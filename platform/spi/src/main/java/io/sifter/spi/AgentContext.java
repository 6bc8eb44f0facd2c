package io.sifter.spi;

import io.sifter.spi.event.Event;
import java.util.Map;
import java.util.Objects;
import java.util.function.Consumer;

/**
 * All that an agent is given.
 *
 * @param registries the host's connections to registries: credentials, proxies, CAs, retries are settled there
 * @param documents documents of images seen before, by digest
 * @param events where the agent tells what the user should know
 * @param settings the agent's own section of the configuration, flat keys
 */
public record AgentContext(Registries registries, DocumentStore documents, Consumer<Event> events, Map<String, String> settings) {
    public AgentContext {
        Objects.requireNonNull(registries);
        Objects.requireNonNull(documents);
        Objects.requireNonNull(events);
        settings = Map.copyOf(settings);
    }
}
