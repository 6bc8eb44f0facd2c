package io.sifter.spi;

import java.io.IOException;
import java.net.URI;
import java.util.Objects;
import java.util.Optional;

/**
 * The services of the remote endpoint that the user chose ({@code remote use}), such as {@code library}. Nothing is asked
 * of the network before a service is looked for. Safe for any thread.
 */
public interface Services {
    /**
     * The service of that name: what the command line names ({@code --library}), else what the endpoint offers.
     *
     * @throws io.sifter.spi.error.UserException if there is no endpoint, or it has no such service
     * @throws io.sifter.spi.error.ExternalException if the endpoint cannot be asked
     */
    Service find(String name) throws IOException, InterruptedException;

    /**
     * A service at a place that the user named, without the endpoint's token.
     *
     * @throws io.sifter.spi.error.UserException if the site allows its own endpoint only
     */
    Service at(String name, URI url) throws IOException, InterruptedException;

    /** No endpoint, and so no service. */
    static Services none() {
        return new Services() {
            @Override
            public Service find(String name) throws IOException {
                throw new IOException("There is no remote endpoint here that could have a " + name);
            }

            @Override
            public Service at(String name, URI url) {
                return new Service(url, Optional.empty(), Optional.empty());
            }
        };
    }

    /**
     * Where a service is.
     *
     * @param url base of all its calls
     * @param token of the user, for this service alone
     * @param frontend the endpoint's web site, where the service is an endpoint's
     */
    record Service(URI url, Optional<String> token, Optional<URI> frontend) {
        public Service {
            Objects.requireNonNull(url);
            Objects.requireNonNull(token);
            Objects.requireNonNull(frontend);
        }

        @Override
        public String toString() {
            return "Service[%s%s]".formatted(url, token.isPresent() ? ", signed in" : "");
        }
    }
}
