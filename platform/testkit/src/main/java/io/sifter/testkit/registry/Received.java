package io.sifter.testkit.registry;

import com.sun.net.httpserver.HttpExchange;
import java.io.IOException;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;

/**
 * A request as it came.
 *
 * @param path as sent, not decoded
 * @param query as sent; empty without
 * @param headers names regardless of case
 */
public record Received(String method, String path, String query, Map<String, List<String>> headers, String body) {
    private static final int BODY_LIMIT = 1 << 20;

    static Received of(HttpExchange exchange) throws IOException {
        URI uri = exchange.getRequestURI();
        Map<String, List<String>> headers = new TreeMap<>(String.CASE_INSENSITIVE_ORDER);
        exchange.getRequestHeaders().forEach((name, values) -> headers.put(name, List.copyOf(values)));
        byte[] body = exchange.getRequestBody().readNBytes(BODY_LIMIT);
        return new Received(exchange.getRequestMethod(), uri.getRawPath(), Optional.ofNullable(uri.getRawQuery()).orElse(""),
                headers, new String(body, StandardCharsets.UTF_8));
    }

    /** The only or first value. */
    public Optional<String> header(String name) {
        return headers.getOrDefault(name, List.of()).stream().findFirst();
    }

    /** {@code GET /v2/}. */
    public String line() {
        return method + " " + path;
    }
}
