package io.sifter.testkit.registry;

import com.sun.net.httpserver.HttpExchange;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.OptionalLong;
import java.util.concurrent.CountDownLatch;

/**
 * A response before it is sent.
 *
 * @param from first byte of the body that is sent
 * @param length how many are
 * @param delivery what goes wrong on the way
 */
record Answer(int status, Map<String, String> headers, Content body, long from, long length, Delivery delivery) {
    /**
     * @param stopAfter bytes of the body after which no more come; without it all come
     * @param silent whether the connection then stays open, in place of being cut
     * @param flip byte of the body, counted from the start of the whole, that is sent wrong
     */
    record Delivery(OptionalLong stopAfter, boolean silent, OptionalLong flip) {
        static final Delivery GOOD = new Delivery(OptionalLong.empty(), false, OptionalLong.empty());
    }

    private static final int BUFFER = 256 << 10;

    static Answer of(int status, Map<String, String> headers, Content body) throws IOException {
        return new Answer(status, new LinkedHashMap<>(headers), body, 0, body.size(), Delivery.GOOD);
    }

    static Answer json(int status, String body) throws IOException {
        return of(status, Map.of("Content-Type", "application/json"),
                new Content.InMemory(body.getBytes(StandardCharsets.UTF_8)));
    }

    static Answer error(int status, String code, String message) throws IOException {
        return json(status, "{\"errors\":[{\"code\":\"%s\",\"message\":\"%s\"}]}".formatted(code, message));
    }

    Answer with(Delivery other) {
        return new Answer(status, headers, body, from, length, other);
    }

    Answer with(String name, String value) {
        Map<String, String> more = new LinkedHashMap<>(headers);
        more.put(name, value);
        return new Answer(status, more, body, from, length, delivery);
    }

    /** Sends this and ends the exchange. A silent connection stays open until {@code end}. */
    void send(HttpExchange exchange, CountDownLatch end) throws IOException {
        headers.forEach(exchange.getResponseHeaders()::set);
        boolean head = exchange.getRequestMethod().equals("HEAD");
        if (head && !headers.containsKey("Content-Length")) {
            exchange.getResponseHeaders().set("Content-Length", Long.toString(length));
        }
        exchange.sendResponseHeaders(status, head || length == 0 ? -1 : length);
        if (!head && length > 0) {
            long sent = Math.min(length, delivery.stopAfter.orElse(length));
            try (InputStream in = body.open()) {
                in.skipNBytes(from);
                OutputStream out = exchange.getResponseBody();
                copy(in, out, sent);
                out.flush();
            }
            if (delivery.silent && sent < length) {
                try {
                    end.await();
                } catch (InterruptedException e) {
                    Thread.currentThread().interrupt();
                }
            }
        }
        // Closing before all was sent cuts the connection.
        exchange.close();
    }

    private void copy(InputStream in, OutputStream out, long count) throws IOException {
        byte[] buffer = new byte[(int) Math.min(BUFFER, Math.max(1, count))];
        long at = from;
        for (long left = count; left > 0;) {
            int read = in.readNBytes(buffer, 0, (int) Math.min(left, buffer.length));
            if (read == 0) {
                throw new IOException("The content is shorter than its size");
            }
            long flip = delivery.flip.orElse(-1) - at;
            if (flip >= 0 && flip < read) {
                buffer[(int) flip] ^= 1;
            }
            out.write(buffer, 0, read);
            at += read;
            left -= read;
        }
    }
}
