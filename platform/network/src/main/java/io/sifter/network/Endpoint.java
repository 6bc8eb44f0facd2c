package io.sifter.network;

import io.sifter.network.credential.Credentials;
import io.sifter.spi.error.ExternalException;
import io.sifter.spi.error.SifterException;
import io.sifter.spi.error.UnreachableException;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CompletionService;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ExecutorCompletionService;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.UnaryOperator;
import okhttp3.HttpUrl;
import okhttp3.Response;

/**
 * One registry as requests see it: finds out once whether it speaks HTTPS and how it wants requests to be signed, then
 * signs them. Safe for any thread.
 */
final class Endpoint {
    /** How long the second of two ways waits for the first. */
    private static final long HEAD_START_MILLIS = 300;

    /** What the first request told. */
    private record Contact(HttpUrl base, Optional<Challenge> challenge) {}

    private final String host;
    private final boolean plainHttp;
    private final Courier courier;
    private final Credentials credentials;
    private final HttpUrl secureBase;
    private final ReentrantLock lock = new ReentrantLock();
    private final Map<String, Pass> passes = new ConcurrentHashMap<>();

    private volatile Contact contact;

    Endpoint(String host, boolean plainHttp, Courier courier, Credentials credentials) throws IOException {
        this.host = Hosts.display(host);
        this.plainHttp = plainHttp;
        this.courier = courier;
        this.credentials = credentials;
        this.secureBase = Hosts.url("https", Hosts.contacted(host));
    }

    /** The registry's name as users know it. */
    String host() {
        return host;
    }

    Courier courier() {
        return courier;
    }

    boolean anonymous(String repository) {
        return pass(repository).anonymous();
    }

    /** Whether a URL is as well protected as the registry itself. */
    boolean acceptable(HttpUrl url) {
        Contact made = contact;
        return url.isHttps() || plainHttp || made != null && !made.base.isHttps();
    }

    /** A request to somewhere else, under the same rules of trust. */
    Ask elsewhere(HttpUrl url) {
        return Ask.of("GET", url, !plainHttp);
    }

    /**
     * Sends a request about a repository, signed as the registry wants it.
     *
     * @param path below {@code /v2/}
     * @param repeat whether failures that may pass are repeated here
     * @throws Refusal only where the token server refuses; responses of the registry go to {@code reading}
     * @throws SifterException where it cannot be reached
     */
    <T> T send(String method, String repository, String path, boolean repeat, UnaryOperator<Ask> details,
               Courier.Reading<T> reading) throws IOException, InterruptedException {
        Ask ask = details.apply(ask(method, path));
        Session session = new Session(pass(repository));
        Courier.Attempt attempt = () -> signedIn(ask, session, courier.sendOnce(ask, session));
        return explained(ask, () -> repeat ? courier.repeat(ask, attempt, reading) : reading.read(attempt.send()));
    }

    private Ask ask(String method, String path) throws IOException, InterruptedException {
        return Ask.of(method, contact().base.resolve("v2/" + path), !plainHttp);
    }

    private interface Exchange<T> {
        T run() throws IOException, InterruptedException;
    }

    private <T> T explained(Ask ask, Exchange<T> exchange) throws IOException, InterruptedException {
        try {
            return exchange.run();
        } catch (Refusal refusal) {
            throw refusal;
        } catch (IOException e) {
            Courier.heed();
            throw courier.explain(ask.url(), e);
        }
    }

    /** Requests that change a repository, signed with what lets them. */
    Pushing pushing(String repository) {
        return new Pushing(passes.computeIfAbsent(repository + " push", _ -> new Pass(host, repository, credentials, "push,pull")));
    }

    /** For one thread. */
    final class Pushing {
        private final Pass pass;

        private Pushing(Pass pass) {
            this.pass = pass;
        }

        boolean anonymous() {
            return pass.anonymous();
        }

        /** @param path below {@code /v2/} */
        Ask ask(String method, String path) throws IOException, InterruptedException {
            return Endpoint.this.ask(method, path);
        }

        /** A request to where the registry pointed. */
        Ask at(String method, HttpUrl url) {
            return Ask.of(method, url, !plainHttp);
        }

        /** One attempt, with another after a challenge. */
        Response sendOnce(Ask ask) throws IOException, InterruptedException {
            Session session = new Session(pass);
            return signedIn(ask, session, courier.sendOnce(ask, session));
        }

        <T> T send(Ask ask, Courier.Reading<T> reading) throws IOException, InterruptedException {
            return repeat(ask, () -> sendOnce(ask), reading);
        }

        /** As {@link #send}, where an attempt takes several requests of which {@code ask} is the first. */
        <T> T repeat(Ask ask, Courier.Attempt attempt, Courier.Reading<T> reading) throws IOException, InterruptedException {
            return explained(ask, () -> courier.repeat(ask, attempt, reading));
        }
    }

    /**
     * Whether the registry takes the credential. False where it asks nobody who is there, so that nothing is known.
     *
     * @throws Refusal if it, or its token server, does not
     */
    boolean signIn() throws IOException, InterruptedException {
        if (contact().challenge.isEmpty()) {
            return false;
        }
        return send("GET", "", "", true, UnaryOperator.identity(), response -> {
            if (response.code() != 200) {
                throw Refusal.of(response);
            }
            response.close();
            return true;
        });
    }

    /** Meets the challenge of a refused request and sends it again, where that was not tried already. */
    private Response signedIn(Ask ask, Session session, Response response) throws IOException, InterruptedException {
        Optional<Challenge> challenge = response.code() == 401 ? Challenge.of(response) : Optional.empty();
        try {
            if (challenge.isEmpty() || !session.meet(challenge.get(), response.request().url())) {
                return response;
            }
        } catch (IOException | InterruptedException e) {
            response.close();
            throw e;
        }
        response.close();
        return courier.sendOnce(ask, session);
    }

    /** Signs the hops of one request: the registry's with the pass, and at most one other host's anonymously. */
    private final class Session implements Courier.Signer {
        private final Pass pass;
        private final long begun = System.nanoTime();
        private Optional<String> used = Optional.empty();
        private HttpUrl foreign;
        private String foreignToken;

        Session(Pass pass) {
            this.pass = pass;
        }

        @Override
        public Optional<String> sign(HttpUrl url) throws IOException, InterruptedException {
            Contact made = contact();
            if (foreign != null && sameServer(url, foreign)) {
                return Optional.of("Bearer " + foreignToken);
            }
            if (!sameServer(url, made.base)) {
                return Optional.empty();
            }
            used = made.challenge.isEmpty() ? Optional.empty()
                    : pass.authorization(made.challenge.get(), tokens(made.base));
            return used;
        }

        boolean meet(Challenge challenge, HttpUrl url) throws IOException, InterruptedException {
            Contact made = contact();
            if (sameServer(url, made.base)) {
                if (made.challenge.isEmpty()) {
                    // It lets anybody greet it, and asks only who is after an image.
                    contact = new Contact(made.base, Optional.of(challenge));
                }
                return pass.renew(challenge, used, begun);
            }
            if (foreign != null || !(challenge instanceof Challenge.Bearer bearer)) {
                return false;
            }
            // Another host with token servers of its own: what it gives to strangers is all we may ask it for.
            foreignToken = tokens(url).fetch(bearer, Challenge.scopes(bearer), Optional.empty()).value();
            foreign = url;
            return true;
        }
    }

    private Tokens tokens(HttpUrl server) {
        return new Tokens(courier, server, !plainHttp);
    }

    private Pass pass(String repository) {
        return passes.computeIfAbsent(repository, name -> new Pass(host, name, credentials, "pull"));
    }

    static boolean sameServer(HttpUrl one, HttpUrl other) {
        return one.host().equals(other.host()) && one.port() == other.port() && one.scheme().equals(other.scheme());
    }

    private Contact contact() throws IOException, InterruptedException {
        Contact made = contact;
        if (made != null) {
            return made;
        }
        lock.lockInterruptibly();
        try {
            if (contact == null) {
                contact = plainHttp || Hosts.isNear(secureBase.host()) ? race() : sole();
            }
            return contact;
        } finally {
            lock.unlock();
        }
    }

    private Contact sole() throws IOException, InterruptedException {
        HttpUrl url = secureBase.resolve("v2/");
        try {
            return courier.send(Ask.of("GET", url, true), Courier.Signer.NOBODY, response -> read(secureBase, response));
        } catch (Refusal refusal) {
            throw notARegistry(refusal);
        } catch (IOException e) {
            Courier.heed();
            throw courier.explain(url, e);
        }
    }

    /**
     * HTTPS and plain HTTP, one shortly after the other or when it failed; the first that answers like a registry. Where
     * no port is given they are different servers, and HTTPS goes first. A port that is given speaks one of the two, so
     * that the order decides nothing; then plain HTTP goes first, because for TLS much has to be loaded.
     */
    private Contact race() throws IOException, InterruptedException {
        HttpUrl plainBase = Hosts.url("http", Hosts.contacted(host));
        boolean portGiven = secureBase.port() == plainBase.port();
        try (ExecutorService threads = Executors.newThreadPerTaskExecutor(Thread.ofPlatform().name("ping").daemon().factory())) {
            CompletionService<Contact> finished = new ExecutorCompletionService<>(threads);
            List<Future<Contact>> started = new ArrayList<>();
            started.add(finished.submit(() -> ping(portGiven ? plainBase : secureBase)));
            try {
                Future<Contact> first = finished.poll(HEAD_START_MILLIS, TimeUnit.MILLISECONDS);
                if (first != null && first.state() == Future.State.SUCCESS) {
                    return first.resultNow();
                }
                started.add(finished.submit(() -> ping(portGiven ? secureBase : plainBase)));
                for (int waiting = first == null ? 2 : 1; waiting > 0; waiting--) {
                    Future<Contact> next = finished.take();
                    if (next.state() == Future.State.SUCCESS) {
                        return next.resultNow();
                    }
                }
                Throwable one = started.getFirst().exceptionNow();
                Throwable other = started.getLast().exceptionNow();
                throw neither(portGiven ? other : one, plainBase, portGiven ? one : other);
            } finally {
                started.forEach(task -> task.cancel(true));
            }
        }
    }

    private Contact ping(HttpUrl base) throws IOException, InterruptedException {
        return read(base, courier.sendOnce(Ask.of("GET", base.resolve("v2/"), !plainHttp), Courier.Signer.NOBODY));
    }

    private static Contact read(HttpUrl base, Response response) throws IOException {
        if (response.code() != 200 && response.code() != 401) {
            throw Refusal.of(response);
        }
        try (response) {
            // A server that moves from HTTP to HTTPS is believed; one that moves to another host stays itself.
            HttpUrl last = response.request().url();
            boolean moved = last.host().equals(base.host()) && last.isHttps() && !base.isHttps();
            return new Contact(moved ? last.newBuilder().encodedPath("/").query(null).build() : base,
                    response.code() == 401 ? Challenge.of(response) : Optional.empty());
        }
    }

    private SifterException notARegistry(Refusal refusal) {
        String message = "%s does not answer like a registry: %s: %s"
                .formatted(host, Courier.shown(refusal.url), refusal.getMessage());
        return refusal.status >= 502 && refusal.status <= 504
                ? new UnreachableException(message, "Try again later.", refusal)
                : new ExternalException(message, "Check the registry's name and port.", refusal);
    }

    private SifterException neither(Throwable secure, HttpUrl plainBase, Throwable plain) throws InterruptedException {
        if (!(secure instanceof IOException secureFault) || !(plain instanceof IOException plainFault)) {
            if (secure instanceof InterruptedException || plain instanceof InterruptedException) {
                throw new InterruptedException();
            }
            throw new IllegalStateException(secure instanceof IOException ? plain : secure);
        }
        SifterException secureWords = explain(secureBase, secureFault);
        SifterException plainWords = explain(plainBase, plainFault);
        String message = "%s cannot be reached: HTTPS: %s; HTTP: %s"
                .formatted(host, words(secureBase, secureFault), words(plainBase, plainFault));
        boolean absent = plainWords instanceof UnreachableException
                && (secureWords instanceof UnreachableException || Fault.isPlain(secureFault));
        // Where the server speaks TLS, plain HTTP fails for no other reason than that.
        boolean speaksTls = !(secureWords instanceof UnreachableException) && !Fault.isPlain(secureFault);
        SifterException telling = speaksTls ? secureWords : plainWords;
        String nextStep = telling.nextStep().orElse(null);
        return absent ? new UnreachableException(message, nextStep, plainFault) : new ExternalException(message, nextStep, plainFault);
    }

    private SifterException explain(HttpUrl base, IOException fault) {
        return fault instanceof Refusal refusal ? notARegistry(refusal) : courier.explain(base, fault);
    }

    private String words(HttpUrl base, IOException fault) {
        return fault instanceof Refusal refusal ? refusal.getMessage() : Fault.words(base, fault, courier.settings());
    }
}
