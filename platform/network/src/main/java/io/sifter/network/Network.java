package io.sifter.network;

import io.sifter.network.credential.Credentials;
import io.sifter.spi.Registries;
import io.sifter.spi.Registry;
import io.sifter.spi.Web;
import io.sifter.spi.error.UserException;
import io.sifter.spi.event.Event;
import java.io.Closeable;
import java.io.IOException;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.Semaphore;
import java.util.function.Consumer;

/**
 * The program's one way to the network: a pool of connections that all registries share. Opening it costs next to
 * nothing; what TLS needs is read when it is needed. It does not keep the program alive. Safe for any thread; who opens
 * it closes it, which ends all transfers.
 *
 * <p>Calls that wait for the network can be interrupted at once on virtual threads; on platform threads an interruption
 * is noticed with the next byte, at the latest when a stall is.
 */
public final class Network implements Closeable {
    private final NetworkSettings settings;
    private final Proxies proxies;
    private final Clients clients;
    private final Map<String, Semaphore> slots = new ConcurrentHashMap<>();

    private Network(NetworkSettings settings, Proxies proxies) {
        this.settings = settings;
        this.proxies = proxies;
        this.clients = new Clients(settings, proxies);
    }

    /** @throws UserException if a proxy variable makes no sense */
    public static Network open(NetworkSettings settings) throws UserException {
        return new Network(settings, Proxies.of(settings.environment()));
    }

    /**
     * Registries, signed in to with {@code credentials}.
     *
     * @param events told about waiting and repeating, and about each request at the level of debugging; never a secret
     */
    public Registries registries(Credentials credentials, Consumer<Event> events) {
        Courier courier = new Courier(clients, proxies, settings, events);
        Map<String, Registry> known = new ConcurrentHashMap<>();
        return (host, plainHttp) -> {
            String key = Hosts.display(host) + (plainHttp ? " plain" : "");
            Registry existing = known.get(key);
            if (existing != null) {
                return existing;
            }
            Registry made = make(host, plainHttp, courier, credentials);
            Registry raced = known.putIfAbsent(key, made);
            return raced == null ? made : raced;
        };
    }

    /**
     * The HTTP client for everything that is no registry.
     *
     * @param events told about waiting and repeating, and about each request at the level of debugging; never a secret
     */
    public Web web(Consumer<Event> events) {
        return new WebClient(new Courier(clients, proxies, settings, events), url -> places(Fault.authority(url)));
    }

    private Semaphore places(String server) {
        return slots.computeIfAbsent(server, _ -> new Semaphore(settings.parallelBlobs(), true));
    }

    private Registry make(String host, boolean plainHttp, Courier courier, Credentials credentials) throws IOException {
        return new HttpRegistry(new Endpoint(host, plainHttp, courier, credentials), places(Hosts.display(host)));
    }

    @Override
    public void close() {
        clients.close();
    }
}
