package io.sifter.testkit.registry;

import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.OptionalLong;

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
     * @param sized whether the length is stated; otherwise the end of the connection is the end of the body
     */
    record Delivery(OptionalLong stopAfter, boolean silent, OptionalLong flip, boolean sized) {
        static final Delivery GOOD = new Delivery(OptionalLong.empty(), false, OptionalLong.empty(), true);
        static final Delivery UNSIZED = new Delivery(OptionalLong.empty(), false, OptionalLong.empty(), false);

        static Delivery stoppingAfter(long bytes, boolean silent) {
            return new Delivery(OptionalLong.of(bytes), silent, OptionalLong.empty(), true);
        }

        static Delivery flipping(long offset) {
            return new Delivery(OptionalLong.empty(), false, OptionalLong.of(offset), true);
        }
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

    /**
     * Writes this as HTTP/1.1. A silent connection stays open until the client closes it.
     *
     * @return whether all was sent, so that another request may follow
     */
    boolean write(OutputStream out, boolean head, InputStream client) throws IOException {
        StringBuilder lines = new StringBuilder("HTTP/1.1 %d %s\r\n".formatted(status, words()));
        headers.forEach((name, value) -> lines.append(name).append(": ").append(value).append("\r\n"));
        if (delivery.sized && !headers.containsKey("Content-Length")) {
            lines.append("Content-Length: ").append(length).append("\r\n");
        }
        out.write(lines.append("\r\n").toString().getBytes(StandardCharsets.ISO_8859_1));
        long sent = head ? 0 : Math.min(length, delivery.stopAfter.orElse(length));
        if (sent > 0) {
            try (InputStream in = body.open()) {
                in.skipNBytes(from);
                copy(in, out, sent);
            }
        }
        out.flush();
        boolean whole = head || sent == length;
        if (!whole && delivery.silent) {
            client.read();
        }
        boolean truthful = delivery.sized && headers.getOrDefault("Content-Length", Long.toString(length)).equals(Long.toString(length));
        return whole && truthful;
    }

    private String words() {
        return switch (status) {
            case 200 -> "OK";
            case 206 -> "Partial Content";
            case 307 -> "Temporary Redirect";
            case 401 -> "Unauthorized";
            case 403 -> "Forbidden";
            case 404 -> "Not Found";
            case 416 -> "Range Not Satisfiable";
            case 429 -> "Too Many Requests";
            case 500 -> "Internal Server Error";
            case 503 -> "Service Unavailable";
            default -> "Status " + status;
        };
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
