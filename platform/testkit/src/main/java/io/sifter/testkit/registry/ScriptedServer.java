package io.sifter.testkit.registry;

import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * A web server on this machine that takes large uploads, and errs on order. Plain HTTP. Safe for any thread; who starts it
 * closes it.
 */
public abstract class ScriptedServer implements AutoCloseable {
    private static final Pattern RANGE = Pattern.compile("bytes=(\\d{1,18})-(\\d{0,18})");
    private static final int BUFFER = 64 << 10;

    private record Rule(Pattern requests, Fault fault, boolean once) {}

    private final HttpServer server;
    private final ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor();
    private final List<Received> received = new CopyOnWriteArrayList<>();
    private final List<Rule> rules = new ArrayList<>();

    ScriptedServer(int port) throws IOException {
        server = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), port), 0);
        server.setExecutor(threads);
        server.createContext("/", this::handle);
        server.start();
    }

    /** {@code host:port}. */
    public final String host() {
        return "127.0.0.1:" + server.getAddress().getPort();
    }

    /** The next request whose {@code METHOD /path} matches meets {@code fault}. */
    public final synchronized void once(String requests, Fault fault) {
        rules.add(new Rule(Pattern.compile(requests), fault, true));
    }

    /** Every request whose {@code METHOD /path} matches meets {@code fault}. */
    public final synchronized void always(String requests, Fault fault) {
        rules.add(new Rule(Pattern.compile(requests), fault, false));
    }

    /** All requests, without their bodies. */
    public final List<Received> received() {
        return List.copyOf(received);
    }

    /** Those whose {@code METHOD /path} matches. */
    public final List<Received> received(String requests) {
        Pattern pattern = Pattern.compile(requests);
        return received.stream().filter(request -> pattern.matcher(request.line()).matches()).toList();
    }

    private synchronized Optional<Fault> next(Received request) {
        for (Rule rule : rules) {
            if (rule.requests().matcher(request.line()).matches()) {
                if (rule.once()) {
                    rules.remove(rule);
                }
                return Optional.of(rule.fault());
            }
        }
        return Optional.empty();
    }

    private void handle(HttpExchange exchange) throws IOException {
        try (exchange) {
            Map<String, List<String>> headers = new TreeMap<>(String.CASE_INSENSITIVE_ORDER);
            headers.putAll(exchange.getRequestHeaders());
            String query = exchange.getRequestURI().getRawQuery();
            Received request = new Received(exchange.getRequestMethod(), exchange.getRequestURI().getRawPath(), query == null ? "" : query, headers, "");
            received.add(request);
            Conversation conversation = new Conversation(exchange, request, next(request));
            if (conversation.fault.orElse(null) instanceof Fault.Instead(int status, Map<String, String> other, String body)) {
                exchange.getRequestBody().transferTo(OutputStream.nullOutputStream());
                conversation.deliver(status, other, new Content.InMemory(body.getBytes(StandardCharsets.UTF_8)), 0, body.getBytes(StandardCharsets.UTF_8).length);
            } else {
                try {
                    answer(conversation);
                } catch (RuntimeException defect) {
                    conversation.send(500, Map.of(), String.valueOf(defect));
                }
            }
        } catch (InterruptedException closed) {
            Thread.currentThread().interrupt();
        }
    }

    /** Answers a request by one of the methods of the conversation. */
    abstract void answer(Conversation conversation) throws IOException, InterruptedException;

    /** A request that is being answered. */
    static final class Conversation {
        private final HttpExchange exchange;
        private final Received request;
        private final Optional<Fault> fault;

        Conversation(HttpExchange exchange, Received request, Optional<Fault> fault) {
            this.exchange = exchange;
            this.request = request;
            this.fault = fault;
        }

        Received request() {
            return request;
        }

        InputStream body() {
            return exchange.getRequestBody();
        }

        void send(int status, Map<String, String> headers, String body) throws IOException, InterruptedException {
            byte[] bytes = body.getBytes(StandardCharsets.UTF_8);
            deliver(status, headers, new Content.InMemory(bytes), 0, bytes.length);
        }

        /** A file, or the part of it that was asked for. */
        void file(Map<String, String> headers, Content content) throws IOException, InterruptedException {
            Matcher range = RANGE.matcher(request.header("Range").orElse(""));
            long size = content.size();
            if (!range.matches() || fault.orElse(null) instanceof Fault.IgnoreRange) {
                deliver(200, headers, content, 0, size);
                return;
            }
            long first = Long.parseLong(range.group(1));
            long last = range.group(2).isEmpty() ? size - 1 : Math.min(size - 1, Long.parseLong(range.group(2)));
            if (first >= size || last < first) {
                deliver(416, Map.of("Content-Range", "bytes */" + size), Content.NONE, 0, 0);
                return;
            }
            Map<String, String> more = new TreeMap<>(headers);
            more.put("Content-Range", "bytes %d-%d/%d".formatted(first, last, size));
            deliver(206, more, content, first, last - first + 1);
        }

        private void deliver(int status, Map<String, String> headers, Content content, long from, long length)
                throws IOException, InterruptedException {
            headers.forEach(exchange.getResponseHeaders()::set);
            if (fault.orElse(null) instanceof Fault.Headers(Map<String, String> changed)) {
                changed.forEach(exchange.getResponseHeaders()::set);
            }
            if (request.method().equals("HEAD")) {
                exchange.getResponseHeaders().putIfAbsent("Content-Length", List.of(Long.toString(length)));
                exchange.sendResponseHeaders(status, -1);
                return;
            }
            boolean unsized = fault.orElse(null) instanceof Fault.Unsized;
            exchange.sendResponseHeaders(status, length == 0 ? -1 : unsized ? 0 : length);
            long end = fault.orElse(null) instanceof Fault.CutAfter(long bytes) ? Math.min(length, bytes)
                    : fault.orElse(null) instanceof Fault.StallAfter(long bytes) ? Math.min(length, bytes) : length;
            OutputStream out = exchange.getResponseBody();
            try (InputStream in = content.open()) {
                in.skipNBytes(from);
                copy(in, out, from, end);
            }
            out.flush();
            if (end < length && fault.orElse(null) instanceof Fault.StallAfter) {
                Thread.sleep(Long.MAX_VALUE);
            }
        }

        private void copy(InputStream in, OutputStream out, long from, long count) throws IOException {
            byte[] buffer = new byte[BUFFER];
            long at = from;
            for (long left = count; left > 0; ) {
                int read = in.readNBytes(buffer, 0, (int) Math.min(left, BUFFER));
                if (fault.orElse(null) instanceof Fault.Corrupt(long offset) && offset >= at && offset < at + read) {
                    buffer[(int) (offset - at)] ^= 1;
                }
                out.write(buffer, 0, read);
                at += read;
                left -= read;
            }
        }
    }

    @Override
    public void close() {
        server.stop(0);
        threads.shutdownNow();
    }
}
