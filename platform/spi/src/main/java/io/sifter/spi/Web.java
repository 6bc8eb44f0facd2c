package io.sifter.spi;

import io.sifter.spi.source.ByteSource;
import java.io.IOException;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.TreeMap;
import java.util.function.LongConsumer;

/**
 * The host's HTTP client. Proxies, certificate authorities, redirects, repetition and resumption are settled inside.
 * Safe for any thread.
 *
 * <p>All methods throw {@code ExternalException} where the connection fails, and its subtype {@code UnreachableException}
 * where nobody answers. Nothing of a request but its method and its URL without the query reaches the log.
 */
public interface Web {
    /**
     * Sends a request and reads the answer, whatever its status. Redirects are followed. What fails in a way that passes is
     * repeated, a {@code POST} only where the server says that it did nothing (429, 503).
     *
     * @throws io.sifter.spi.error.CorruptDataException if the answer has more than 16 MiB
     */
    Response send(Request request) throws IOException, InterruptedException;

    /**
     * What a {@code GET} of the request's URL yields. It is asked for when opened, resumed after faults, and not verified,
     * but a file that changes under the transfer is noticed where the server tells versions apart.
     */
    ByteSource download(Request request);

    /**
     * Sends a request with a body that is too large for memory. For repetitions the source is opened anew.
     *
     * @param length of the whole body; sources that yield another number of bytes fail
     * @param sent told how many more bytes went out; none is counted twice
     */
    Response upload(Request request, ByteSource body, long length, LongConsumer sent) throws IOException, InterruptedException;

    /** A client that refuses everything: for agents that are made without one. */
    static Web none() {
        return new Web() {
            @Override
            public Response send(Request request) throws IOException {
                throw new IOException("There is no HTTP client here, for " + request.url().getHost());
            }

            @Override
            public ByteSource download(Request request) {
                return _ -> {
                    throw new IOException("There is no HTTP client here, for " + request.url().getHost());
                };
            }

            @Override
            public Response upload(Request request, ByteSource body, long length, LongConsumer sent) throws IOException {
                return send(request);
            }
        };
    }

    /**
     * What is asked of a server.
     *
     * @param url absolute, of the schemes http or https
     * @param headers sent to every server that the request is redirected to
     * @param authorization value of the header of that name, sent to the scheme, host and port of {@code url} alone
     * @param body for methods that have one; empty if there is none. Not copied
     * @param plainHttp whether unverified TLS and redirects to plain HTTP are acceptable ({@code --no-https})
     */
    record Request(String method, URI url, Map<String, String> headers, Optional<String> authorization, byte[] body, boolean plainHttp) {
        public Request {
            Objects.requireNonNull(method);
            Objects.requireNonNull(authorization);
            Objects.requireNonNull(body);
            headers = Map.copyOf(headers);
            String scheme = String.valueOf(url.getScheme());
            if (!scheme.equalsIgnoreCase("http") && !scheme.equalsIgnoreCase("https") || url.getHost() == null) {
                throw new IllegalArgumentException("Not a URL of http or https with a host");
            }
        }

        public static Request of(String method, URI url) {
            return new Request(method, url, Map.of(), Optional.empty(), new byte[0], false);
        }

        public static Request get(URI url) {
            return of("GET", url);
        }

        public Request with(String header, String value) {
            Map<String, String> more = new LinkedHashMap<>(headers);
            more.put(header, value);
            return new Request(method, url, more, authorization, body, plainHttp);
        }

        public Request withAuthorization(Optional<String> value) {
            return new Request(method, url, headers, value, body, plainHttp);
        }

        public Request withBody(byte[] content) {
            return new Request(method, url, headers, authorization, content, plainHttp);
        }

        public Request withPlainHttp(boolean acceptable) {
            return new Request(method, url, headers, authorization, body, acceptable);
        }

        /** Without what may be secret. */
        @Override
        public String toString() {
            return method + " " + url.getScheme() + "://" + url.getHost() + url.getRawPath();
        }
    }

    /**
     * What a server answered.
     *
     * @param headers by name in any case, values in the order they came
     * @param body as sent; not copied
     */
    record Response(int status, Map<String, List<String>> headers, byte[] body) {
        public Response {
            Objects.requireNonNull(body);
            Map<String, List<String>> copy = new TreeMap<>(String.CASE_INSENSITIVE_ORDER);
            headers.forEach((name, values) -> copy.put(name, List.copyOf(values)));
            headers = copy;
        }

        /** The first value. */
        public Optional<String> header(String name) {
            List<String> values = headers.getOrDefault(name, List.of());
            return values.isEmpty() ? Optional.empty() : Optional.of(values.getFirst());
        }

        public boolean succeeded() {
            return status >= 200 && status < 300;
        }

        /** Whether the body is a page for people: an answer of a proxy, a portal or a web site. */
        public boolean isWebPage() {
            return header("Content-Type").map(type -> type.toLowerCase(java.util.Locale.ROOT).contains("html")).orElse(false);
        }

        public String text() {
            return new String(body, StandardCharsets.UTF_8);
        }

        @Override
        public String toString() {
            return "Response[%d, %d bytes]".formatted(status, body.length);
        }
    }
}
