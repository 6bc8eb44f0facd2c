package io.sifter.testkit.registry;

import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * A request as it came.
 *
 * @param path as sent, not decoded
 * @param query as sent; empty without
 * @param headers names regardless of case
 */
public record Received(String method, String path, String query, Map<String, List<String>> headers, String body) {
    /** The only or first value. */
    public Optional<String> header(String name) {
        return headers.getOrDefault(name, List.of()).stream().findFirst();
    }

    /** {@code GET /v2/}. */
    public String line() {
        return method + " " + path;
    }
}
