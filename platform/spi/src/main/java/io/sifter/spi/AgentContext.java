package io.sifter.spi;

import io.sifter.spi.event.Event;
import java.nio.file.Path;
import java.util.Map;
import java.util.Objects;
import java.util.function.Consumer;

/**
 * All that an agent is given.
 *
 * @param registries the host's connections to registries: credentials, proxies, CAs, retries are settled there
 * @param web the host's HTTP client, for everything that is no registry
 * @param services of the remote endpoint that the user chose
 * @param documents documents of images seen before, by digest
 * @param events where the agent tells what the user should know
 * @param settings the agent's own section of the configuration, flat keys
 * @param environment the variables that configure the program, such as {@code DOCKER_HOST}; what options of the command line say
 *     instead is in them already
 * @param temporary directory for temporary files
 */
public record AgentContext(Registries registries, Web web, Services services, DocumentStore documents, Consumer<Event> events,
                           Map<String, String> settings, Map<String, String> environment, Path temporary) {
    public AgentContext {
        Objects.requireNonNull(registries);
        Objects.requireNonNull(web);
        Objects.requireNonNull(services);
        Objects.requireNonNull(documents);
        Objects.requireNonNull(events);
        settings = Map.copyOf(settings);
        environment = Map.copyOf(environment);
        Objects.requireNonNull(temporary);
    }

    /** For agents that need nothing of their surroundings. */
    public AgentContext(Registries registries, Web web, Services services, DocumentStore documents, Consumer<Event> events,
                        Map<String, String> settings) {
        this(registries, web, services, documents, events, settings, Map.of(), Path.of(System.getProperty("java.io.tmpdir")));
    }

    /** For agents that need registries or local files only. */
    public AgentContext(Registries registries, DocumentStore documents, Consumer<Event> events, Map<String, String> settings) {
        this(registries, Web.none(), Services.none(), documents, events, settings);
    }
}
