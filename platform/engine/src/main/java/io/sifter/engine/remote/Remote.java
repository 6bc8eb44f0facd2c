package io.sifter.engine.remote;

import java.net.URI;
import java.util.Objects;
import java.util.Optional;

/**
 * An endpoint that offers services.
 *
 * @param uri {@code host[:port][/path]}, without scheme
 * @param token of the user; empty if not signed in
 * @param system whether the site put it there
 * @param exclusive whether the site allows no other
 * @param insecure whether it is reached over plain HTTP
 */
public record Remote(String name, String uri, Optional<String> token, boolean system, boolean exclusive, boolean insecure) {
    public Remote {
        Objects.requireNonNull(name);
        Objects.requireNonNull(uri);
        Objects.requireNonNull(token);
    }

    /** Its web site, below which it says where its services are. */
    public URI frontend() {
        return URI.create((insecure ? "http://" : "https://") + uri);
    }

    @Override
    public String toString() {
        return "Remote[%s, %s%s]".formatted(name, uri, token.isPresent() ? ", signed in" : "");
    }
}
