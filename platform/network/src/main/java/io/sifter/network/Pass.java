package io.sifter.network;

import io.sifter.network.credential.Credential;
import io.sifter.network.credential.Credentials;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.locks.ReentrantLock;

/**
 * What lets requests for one repository in: the credential, and the token it was exchanged for. One thread fetches a
 * token, others wait for it. Where no repository is named, the token says who one is and opens nothing.
 */
final class Pass {
    private final String host;
    private final String repository;
    private final Credentials credentials;
    private final ReentrantLock lock = new ReentrantLock();

    private Set<String> scopes;
    private volatile Optional<Credential> credential;
    private String token;
    private long fetchedAt;
    private Duration lifetime;

    /** @param actions what shall be let in, as token servers call it: {@code pull}, or {@code push,pull} */
    Pass(String host, String repository, Credentials credentials, String actions) {
        this.host = host;
        this.repository = repository;
        this.credentials = credentials;
        this.scopes = repository.isEmpty() ? Set.of() : new LinkedHashSet<>(List.of("repository:" + repository + ":" + actions));
    }

    /** Whether requests go in anonymously; true also before anybody was asked. */
    boolean anonymous() {
        Optional<Credential> found = credential;
        return found == null || found.isEmpty();
    }

    /** The value of {@code Authorization} that meets a challenge; empty if there is nothing to meet it with. */
    Optional<String> authorization(Challenge challenge, Tokens tokens) throws IOException, InterruptedException {
        lock.lockInterruptibly();
        try {
            return switch (challenge) {
                case Challenge.Basic _ -> credential().flatMap(Pass::basic);
                case Challenge.Bearer bearer -> credential().orElse(null) instanceof Credential.RegistryToken ready
                        ? Optional.of("Bearer " + ready.token()) : Optional.of("Bearer " + token(bearer, tokens));
            };
        } finally {
            lock.unlock();
        }
    }

    /**
     * Takes note that a request was refused although it was signed.
     *
     * @param used the value of {@code Authorization} that was refused
     * @param since when the request was begun ({@link System#nanoTime})
     * @return whether the next signature differs, so that it is worth trying once more
     */
    boolean renew(Challenge challenge, Optional<String> used, long since) throws InterruptedException {
        lock.lockInterruptibly();
        try {
            if (!(challenge instanceof Challenge.Bearer bearer)) {
                return used.isEmpty() && credential().flatMap(Pass::basic).isPresent();
            }
            if (credential().orElse(null) instanceof Credential.RegistryToken) {
                return used.isEmpty();
            }
            List<String> wanted = Challenge.scopes(bearer);
            boolean wider = !scopes.containsAll(wanted);
            if (wider) {
                // The new ones first: some token servers grant only the first.
                Set<String> union = new LinkedHashSet<>(wanted);
                union.addAll(scopes);
                scopes = union;
            }
            boolean fresh = token != null && fetchedAt - since >= 0;
            boolean replaced = token != null && !used.equals(Optional.of("Bearer " + token));
            if (wider || bearer.stale() || !fresh && !replaced) {
                token = null;
                return true;
            }
            return replaced;
        } finally {
            lock.unlock();
        }
    }

    private String token(Challenge.Bearer challenge, Tokens tokens) throws IOException, InterruptedException {
        if (token == null || expired()) {
            token = null;
            Tokens.Token fetched = tokens.fetch(challenge, new ArrayList<>(scopes), credential());
            token = fetched.value();
            fetchedAt = System.nanoTime();
            lifetime = fetched.lifetime();
            if (credential().orElse(null) instanceof Credential.IdentityToken) {
                fetched.refresh().ifPresent(next -> credential = Optional.of(new Credential.IdentityToken(next)));
            }
        }
        return token;
    }

    /** Counted from when it came, whatever the clocks say, and a little early: the request still has to travel. */
    private boolean expired() {
        return System.nanoTime() - fetchedAt > lifetime.minusSeconds(10).toNanos();
    }

    private Optional<Credential> credential() throws InterruptedException {
        if (credential == null) {
            credential = credentials.find(host, repository);
        }
        return credential;
    }

    private static Optional<String> basic(Credential credential) {
        return switch (credential) {
            case Credential.Password password -> Optional.of(
                    okhttp3.Credentials.basic(password.user(), password.secret(), StandardCharsets.UTF_8));
            case Credential.IdentityToken _, Credential.RegistryToken _ -> Optional.empty();
        };
    }
}
