package io.sifter.engine;

import io.sifter.network.Network;
import io.sifter.network.credential.Credential;
import io.sifter.network.credential.LoginFile;
import io.sifter.spi.error.ExternalException;
import io.sifter.spi.event.Event;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.function.Consumer;

/** The user's stored logins to registries: those in the file of {@code --authfile}, else in the user's directory. */
public final class Logins {
    /** The network is made when a registry is to be asked. */
    interface Connection {
        Network open() throws IOException;
    }

    private final Path path;
    private final LoginFile file;
    private final Connection connection;
    private final Consumer<Event> events;

    Logins(Path path, LoginFile file, Connection connection, Consumer<Event> events) {
        this.path = path;
        this.file = file;
        this.connection = connection;
        this.events = events;
    }

    /** Where they are kept. */
    public Path file() {
        return path;
    }

    /**
     * Asks the registry whether it takes a login, and keeps it then.
     *
     * @param registry {@code host[:port]}, or that and the path of the repositories that the login is for
     * @param insecure whether plain HTTP and certificates that nobody vouches for are acceptable
     * @throws ExternalException if the registry refuses the login, or cannot be asked
     */
    public void login(String registry, SifterSettings.Login login, boolean insecure) throws IOException, InterruptedException {
        var password = new Credential.Password(login.user(), login.password());
        if (!connection.open().signIn(registry.split("/", 2)[0], insecure, password, events)) {
            events.accept(Event.warning(registry + " asks nobody who is there: whether the login is good is not known"));
        }
        file.store(registry, password);
    }

    /** Forgets a login; false if there is none. */
    public boolean logout(String registry) throws IOException, InterruptedException {
        return file.remove(registry);
    }

    /** The registries that there are logins for. */
    public List<String> registries() throws IOException {
        return file.registries();
    }
}
