package io.sifter.network;

import io.sifter.network.credential.Credential;
import io.sifter.network.credential.Credentials;
import io.sifter.network.mirror.RegistryRules;
import io.sifter.spi.Registries;
import io.sifter.spi.Registry;
import io.sifter.spi.Web;
import io.sifter.spi.error.ExternalException;
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
 * <p>An interruption ends at once what waits for an answer or its bytes; what waits until bytes can be sent notices it then, at the
 * latest when a stall is noticed.
 */
public final class Network implements Closeable {
    private final NetworkSettings settings;
    private final Proxies proxies;
    private final Clients clients;
    /** Read when a registry is first asked for. */
    private RegistryRules rules;
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

    /** Loads the code that connections need, a tenth of a second's work, without making one. */
    public static void load() {
        try {
            open(NetworkSettings.of("", Map.of())).close();
        } catch (UserException impossible) {
            throw new AssertionError("no proxy is named", impossible);
        }
    }

    /**
     * Registries, signed in to with {@code credentials}.
     *
     * @param events told about waiting and repeating, and about each request at the level of debugging; never a secret
     */
    public Registries registries(Credentials credentials, Consumer<Event> events) {
        return registries(credentials, credentials, events);
    }

    /**
     * Registries that may have mirrors.
     *
     * @param credentials for the registries that are named
     * @param elsewhere for the places where their images are asked for in their stead: what a user gives for one registry is
     *     none of the business of others
     */
    public Registries registries(Credentials credentials, Credentials elsewhere, Consumer<Event> events) {
        Courier courier = new Courier(clients, proxies, settings, events);
        Map<String, Registry> known = new ConcurrentHashMap<>();
        MirroredRegistry.Opener direct = (host, plainHttp, named) ->
                once(known, Hosts.display(host) + (plainHttp ? " plain" : "") + (named ? "" : " elsewhere"),
                        () -> make(host, plainHttp, courier, named ? credentials : elsewhere));
        return (host, plainHttp) -> {
            String name = Hosts.display(host);
            return !rules().concern(name) ? direct.at(host, plainHttp, true)
                    : once(known, name + (plainHttp ? " plain" : "") + " mirrored",
                            () -> new MirroredRegistry(name, plainHttp, rules(), direct, events));
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

    private interface Making {
        Registry make() throws IOException;
    }

    private static Registry once(Map<String, Registry> known, String key, Making making) throws IOException {
        Registry existing = known.get(key);
        if (existing != null) {
            return existing;
        }
        Registry made = making.make();
        Registry raced = known.putIfAbsent(key, made);
        return raced == null ? made : raced;
    }

    private synchronized RegistryRules rules() throws IOException {
        if (rules == null) {
            rules = settings.rules().read();
        }
        return rules;
    }

    /**
     * Asks a registry whether it takes a login.
     *
     * @return false where the registry asks nobody who is there, so that nothing is known of the login
     * @throws ExternalException with what the registry says, if it does not
     */
    public boolean signIn(String host, boolean plainHttp, Credential credential, Consumer<Event> events)
            throws IOException, InterruptedException {
        Courier courier = new Courier(clients, proxies, settings, events);
        try {
            return new Endpoint(host, plainHttp, courier, Credentials.of(credential)).signIn();
        } catch (Refusal refusal) {
            throw new ExternalException("%s refuses the login: %s".formatted(Hosts.display(host), refusal.getMessage()),
                    refusal.wantsCredentials() ? "Check the user name, and the password or token." : "Try again later.", refusal);
        }
    }

    private Registry make(String host, boolean plainHttp, Courier courier, Credentials credentials) throws IOException {
        return new HttpRegistry(new Endpoint(host, plainHttp, courier, credentials), places(Hosts.display(host)));
    }

    @Override
    public void close() {
        clients.close();
    }
}
