package io.sifter.network;

import io.sifter.spi.error.ExternalException;
import io.sifter.spi.error.SifterException;
import io.sifter.spi.event.Event;
import java.io.EOFException;
import java.io.IOException;
import java.io.InterruptedIOException;
import java.net.ConnectException;
import java.net.NoRouteToHostException;
import java.net.ProtocolException;
import java.net.SocketException;
import java.net.SocketTimeoutException;
import java.net.UnknownHostException;
import java.time.Duration;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.Consumer;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import javax.net.ssl.SSLException;
import javax.net.ssl.SSLHandshakeException;
import okhttp3.HttpUrl;
import okhttp3.Request;
import okhttp3.Response;

/**
 * Sends requests: follows redirects, and repeats what fails in a way that passes. Safe for any thread.
 *
 * <p>Failures: {@code SifterException} where the user can be told already, {@link IOException} as the connection has it
 * otherwise; a response of any status is returned.
 */
final class Courier {
    /** Says how a request to a URL is signed, with the value of {@code Authorization}. */
    interface Signer {
        /** Empty also for every URL that the secret is none of the business of. */
        Optional<String> sign(HttpUrl url) throws IOException, InterruptedException;

        Signer NOBODY = _ -> Optional.empty();
    }

    /** What a response is turned into, inside the attempt: a failure while reading it repeats the request. */
    interface Reading<T> {
        T read(Response response) throws IOException, InterruptedException;
    }

    private static final int REDIRECTS = 10;
    private static final int WARNINGS = 20;
    private static final Pattern WARNING = Pattern.compile("299 \\S+ \"((?:[^\"\\\\]|\\\\.){1,2000})\".*");
    private static final Set<Integer> PASSING = Set.of(408, 429, 499, 500, 502, 503, 504, 522);
    /** Those with which a server says that it has done nothing. */
    private static final Set<Integer> REFUSING = Set.of(429, 503);

    private final Clients clients;
    private final Proxies proxies;
    private final NetworkSettings settings;
    private final Consumer<Event> events;
    private final Set<String> warned = ConcurrentHashMap.newKeySet();

    Courier(Clients clients, Proxies proxies, NetworkSettings settings, Consumer<Event> events) {
        this.clients = clients;
        this.proxies = proxies;
        this.settings = settings;
        this.events = events;
    }

    NetworkSettings settings() {
        return settings;
    }

    /** What the user is told of a connection that failed. */
    SifterException explain(HttpUrl url, IOException cause) {
        return cause instanceof SifterException known ? known : Fault.of(url, cause, proxies.describe(url), settings);
    }

    /** One attempt at a request. */
    interface Attempt {
        Response send() throws IOException, InterruptedException;
    }

    /** Sends, repeating as settings say. {@code reading} closes the response or hands it on. */
    <T> T send(Ask ask, Signer signer, Reading<T> reading) throws IOException, InterruptedException {
        return repeat(ask, () -> sendOnce(ask, signer), reading);
    }

    /** As {@link #send}, where an attempt takes more than one request. */
    <T> T repeat(Ask ask, Attempt request, Reading<T> reading) throws IOException, InterruptedException {
        for (int attempt = 1;; attempt++) {
            boolean last = attempt >= settings.attempts();
            try {
                Response response = request.send();
                Optional<Duration> wait = last ? Optional.empty() : pause(ask, response, attempt);
                if (wait.isEmpty()) {
                    return reading.read(response);
                }
                int status = response.code();
                response.close();
                rest(wait.get(), "%s answered with status %d".formatted(ask.url().host(), status));
            } catch (IOException e) {
                heed();
                // A refusal is final here: its status was looked at, or a token server's was in its own turns.
                if (last || ask.once() || e instanceof Refusal || !passes(e)) {
                    throw e;
                }
                rest(Pause.before(attempt, settings.retryDelay()), "%s: %s".formatted(ask.url().host(), e.getClass().getSimpleName()));
            }
        }
    }

    /** How long to wait before the request is worth repeating; empty if it is not. */
    private Optional<Duration> pause(Ask ask, Response response, int attempt) {
        if (!(ask.once() ? REFUSING : PASSING).contains(response.code())) {
            return Optional.empty();
        }
        Optional<Duration> asked = Pause.asked(response);
        // To come back sooner than asked, or to wait for ever, helps nobody.
        Duration patience = settings.retryAfterLimit().multipliedBy(settings.attempts() - attempt);
        if (asked.isPresent() && asked.get().compareTo(patience) > 0) {
            return Optional.empty();
        }
        return Optional.of(asked
                .map(wait -> wait.compareTo(settings.retryAfterLimit()) > 0 ? settings.retryAfterLimit() : wait)
                .orElseGet(() -> Pause.before(attempt, settings.retryDelay())));
    }

    /** Waits, and says so where it takes long enough to be wondered about. */
    void rest(Duration wait, String why) throws InterruptedException {
        events.accept(new Event.Logged(wait.toSeconds() >= 5 ? Event.Level.INFO : Event.Level.VERBOSE,
                "%s, trying again in %.1f s".formatted(Printable.of(why), wait.toMillis() / 1000.0)));
        Thread.sleep(wait);
    }

    /** One attempt, along all redirects. Whether a redirected request is signed is for the signer to say, hop by hop. */
    Response sendOnce(Ask ask, Signer signer) throws IOException, InterruptedException {
        Ask hop = ask;
        for (int redirects = 0; redirects <= REDIRECTS; redirects++) {
            Response response = exchange(hop, signer);
            Optional<HttpUrl> target = target(hop, response);
            if (target.isEmpty()) {
                return response;
            }
            response.close();
            hop = (response.code() == 303 ? hop.fetching() : hop).at(target.get());
        }
        throw new ExternalException("%s redirects more than %d times".formatted(ask.url().host(), REDIRECTS),
                "Tell the operators of the registry.");
    }

    private Response exchange(Ask ask, Signer signer) throws IOException, InterruptedException {
        Request.Builder builder = ask.request()
                .header("User-Agent", settings.userAgent())
                // Digests are of the bytes themselves; OkHttp would ask for compressed ones on its own.
                .header("Accept-Encoding", "identity");
        Optional<String> authorization = signer.sign(ask.url());
        authorization.ifPresent(value -> builder.header("Authorization", value));
        long start = System.nanoTime();
        try {
            Response response = clients.client(ask.url(), ask.verified(), ask.load() != Ask.Load.SMALL).newCall(builder.build()).execute();
            clients.answered(ask.url());
            warn(ask.url(), response);
            // Plain concatenation: formatting numbers loads the data of locales, which takes longer than the request.
            log(ask.method() + " " + shown(ask.url()) + ": " + response.code() + ", " + millisSince(start) + " ms"
                    + (authorization.isPresent() ? ", signed" : ""));
            return response;
        } catch (IOException e) {
            heed();
            log(ask.method() + " " + shown(ask.url()) + ": " + e.getClass().getSimpleName() + " after " + millisSince(start) + " ms");
            throw clients.explain(ask.url(), e);
        }
    }

    /** What an operator wants users to know (distribution specification, "Warnings"); each text is shown once. */
    private void warn(HttpUrl url, Response response) {
        for (String header : response.headers("Warning")) {
            Matcher warning = WARNING.matcher(header);
            if (warning.matches() && warned.size() < WARNINGS && warned.add(header)) {
                events.accept(Event.warning(url.host() + ": " + Printable.of(warning.group(1).replaceAll("\\\\(.)", "$1"))));
            }
        }
    }

    private static long millisSince(long start) {
        return (System.nanoTime() - start) / 1_000_000;
    }

    private void log(String line) {
        events.accept(new Event.Logged(Event.Level.DEBUG, line));
    }

    /** Without the query, where storage services keep signatures. */
    static String shown(HttpUrl url) {
        return url.newBuilder().username("").password("").query(null).fragment(null).build() + (url.query() == null ? "" : "?…");
    }

    private static Optional<HttpUrl> target(Ask ask, Response response) throws IOException {
        String location = response.header("Location");
        boolean redirect = switch (response.code()) {
            case 301, 302, 303, 307, 308 -> true;
            default -> false;
        };
        if (!redirect || location == null) {
            return Optional.empty();
        }
        HttpUrl target = ask.url().resolve(location);
        if (target == null) {
            response.close();
            throw new ExternalException("%s redirects to a place that is no URL: %s"
                    .formatted(ask.url().host(), Printable.of(location.replaceAll("\\?.*", "?…"))), "Tell the operators of the registry.");
        }
        if (ask.url().isHttps() && !target.isHttps() && ask.verified() && ask.load() != Ask.Load.BLOB) {
            response.close();
            throw new ExternalException("%s redirects from HTTPS to plain HTTP, to %s".formatted(ask.url().host(), target.host()),
                    "What came from there could not be trusted. With --no-https it is accepted.");
        }
        return Optional.of(target);
    }

    /** Whether a failure may be gone the next time: a cut connection or a stall, not a host that is not there. */
    static boolean passes(IOException e) {
        return switch (e) {
            case SifterException _ -> false;
            case Refusal refusal -> PASSING.contains(refusal.status);
            case UnknownHostException _, ConnectException _, NoRouteToHostException _, SSLHandshakeException _ -> false;
            // A connection cut under TLS.
            case SSLException secure -> secure.getCause() instanceof SocketException || secure.getCause() instanceof EOFException;
            case SocketTimeoutException timeout -> !duringConnect(timeout);
            case EOFException _, SocketException _, ProtocolException _ -> true;
            // OkHttp: "unexpected end of stream on http://…" and resets of HTTP/2 streams.
            default -> e.getMessage() != null && e.getMessage().startsWith("unexpected end of stream")
                    || e.getClass().getSimpleName().equals("StreamResetException")
                    || e.getClass().getSimpleName().equals("ConnectionShutdownException");
        };
    }

    static boolean duringConnect(SocketTimeoutException e) {
        return e.getMessage() != null && e.getMessage().toLowerCase(java.util.Locale.ROOT).contains("connect");
    }

    /** Turns an interruption that a socket noticed into one that is thrown. */
    static void heed() throws InterruptedException {
        if (Thread.interrupted()) {
            throw new InterruptedException();
        }
    }

    /** For methods that cannot throw {@link InterruptedException}. */
    static InterruptedIOException interrupted() {
        Thread.currentThread().interrupt();
        return new InterruptedIOException("Interrupted");
    }
}
