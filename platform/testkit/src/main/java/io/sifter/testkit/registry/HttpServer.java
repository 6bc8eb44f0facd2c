package io.sifter.testkit.registry;

import java.io.BufferedInputStream;
import java.io.BufferedOutputStream;
import java.io.EOFException;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.concurrent.ConcurrentHashMap;
import javax.net.ssl.SSLContext;

/**
 * As much of an HTTP/1.1 server as clients of registries need, on loopback. The JDK's own leaves clients waiting that try
 * TLS first, as all clients of registries do; this one refuses them at once. Its threads do not keep the program alive.
 */
final class HttpServer implements AutoCloseable {
    interface Handler {
        Answer answer(Received request) throws IOException;
    }

    private static final int LINE_LIMIT = 64 << 10;
    private static final int BODY_LIMIT = 1 << 20;
    private static final int BUFFER = 64 << 10;
    /** First byte of a TLS handshake record (RFC 8446, 5.1). */
    private static final int TLS_HANDSHAKE = 0x16;

    private final ServerSocket server;
    private final Handler handler;
    private final Optional<SSLContext> tls;
    private final Set<Socket> open = ConcurrentHashMap.newKeySet();

    HttpServer(int port, Optional<SSLContext> tls, Handler handler) throws IOException {
        this.server = new ServerSocket(port, 128, InetAddress.getLoopbackAddress());
        this.tls = tls;
        this.handler = handler;
        Thread.ofVirtual().name("test registry").start(this::accept);
    }

    int port() {
        return server.getLocalPort();
    }

    private void accept() {
        while (!server.isClosed()) {
            try {
                Socket socket = server.accept();
                socket.setTcpNoDelay(true);
                open.add(socket);
                Thread.ofVirtual().start(() -> converse(socket));
            } catch (IOException closed) {
                // Closing the server is the only way to end it; a client that is gone already is no reason to.
            }
        }
    }

    private void converse(Socket plain) {
        try (plain; Socket socket = secured(plain)) {
            InputStream in = new BufferedInputStream(socket.getInputStream(), BUFFER);
            OutputStream out = new BufferedOutputStream(socket.getOutputStream(), BUFFER);
            in.mark(1);
            if (tls.isEmpty() && in.read() == TLS_HANDSHAKE) {
                out.write("HTTP/1.0 400 Bad Request\r\n\r\nThis server speaks plain HTTP.\n".getBytes(StandardCharsets.US_ASCII));
                out.flush();
                return;
            }
            in.reset();
            boolean more = true;
            while (more) {
                Optional<Received> request = read(in);
                if (request.isEmpty()) {
                    return;
                }
                boolean whole = handler.answer(request.get()).write(out, request.get().method().equals("HEAD"), in);
                more = whole && !request.get().header("Connection").orElse("").equalsIgnoreCase("close");
            }
        } catch (IOException clientGone) {
            // Nobody is left to tell.
        } finally {
            open.remove(plain);
        }
    }

    private Socket secured(Socket plain) throws IOException {
        return tls.isEmpty() ? plain : tls.get().getSocketFactory().createSocket(plain, null, true);
    }

    private static Optional<Received> read(InputStream in) throws IOException {
        String line = line(in);
        if (line.isEmpty()) {
            return Optional.empty();
        }
        String[] words = line.split(" ");
        Map<String, List<String>> headers = new TreeMap<>(String.CASE_INSENSITIVE_ORDER);
        for (String header = line(in); !header.isEmpty(); header = line(in)) {
            int colon = header.indexOf(':');
            headers.computeIfAbsent(header.substring(0, Math.max(0, colon)), _ -> new ArrayList<>())
                    .add(header.substring(colon + 1).strip());
        }
        int length = Math.min(BODY_LIMIT, Integer.parseInt(headers.getOrDefault("Content-Length", List.of("0")).getFirst()));
        String body = new String(in.readNBytes(length), StandardCharsets.UTF_8);
        String[] target = words.length < 2 ? new String[] {"/"} : words[1].split("\\?", 2);
        return Optional.of(new Received(words[0], target[0], target.length == 2 ? target[1] : "", headers, body));
    }

    /** A line without its end; empty at the end of the stream too. */
    private static String line(InputStream in) throws IOException {
        StringBuilder line = new StringBuilder();
        for (int c = in.read(); c != -1 && c != '\n'; c = in.read()) {
            if (line.length() > LINE_LIMIT) {
                throw new EOFException("No end of line");
            }
            if (c != '\r') {
                line.append((char) c);
            }
        }
        return line.toString();
    }

    @Override
    public void close() {
        try {
            server.close();
            for (Socket socket : open) {
                socket.close();
            }
        } catch (IOException e) {
            throw new IllegalStateException("A socket does not close", e);
        }
    }
}
