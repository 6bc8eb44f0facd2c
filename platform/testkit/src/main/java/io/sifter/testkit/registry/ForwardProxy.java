package io.sifter.testkit.registry;

import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CopyOnWriteArrayList;

/**
 * A proxy for outgoing requests, on loopback: tunnels ({@code CONNECT}) and plain requests with whole URLs. Names exist where
 * it says so, so that tests reach servers of this machine under names that only the proxy knows. Who starts it closes it.
 */
public final class ForwardProxy implements AutoCloseable {
    private static final int HEAD_LIMIT = 64 << 10;

    private final ServerSocket server = new ServerSocket(0, 50, InetAddress.getLoopbackAddress());
    private final Map<String, String> names;
    private final List<String> requests = new CopyOnWriteArrayList<>();

    private ForwardProxy(Map<String, String> names) throws IOException {
        this.names = names;
    }

    /** @param names {@code host:port} as clients ask for it, and the {@code 127.0.0.1:port} that it stands for */
    public static ForwardProxy start(Map<String, String> names) throws IOException {
        ForwardProxy proxy = new ForwardProxy(Map.copyOf(names));
        Thread.ofVirtual().name("test proxy").start(proxy::accept);
        return proxy;
    }

    public String url() {
        return "http://127.0.0.1:" + server.getLocalPort();
    }

    /** The first lines of what was asked, as they came. */
    public List<String> requests() {
        return List.copyOf(requests);
    }

    private void accept() {
        while (!server.isClosed()) {
            try {
                Socket client = server.accept();
                Thread.ofVirtual().start(() -> serve(client));
            } catch (IOException closed) {
                return;
            }
        }
    }

    /** One request a connection: the answer to a plain one is asked to end it. */
    private void serve(Socket client) {
        try (client) {
            String[] head = head(client.getInputStream());
            requests.add(head[0]);
            String[] words = head[0].split(" ");
            boolean tunnel = words[0].equals("CONNECT");
            String rest = tunnel ? "" : words[1].replaceFirst("^http://", "");
            int slash = rest.indexOf('/');
            String asked = tunnel ? words[1] : slash < 0 ? rest : rest.substring(0, slash);
            String target = names.get(asked.matches(".*:\\d+") ? asked : asked + ":80");
            OutputStream answer = client.getOutputStream();
            if (target == null) {
                write(answer, "HTTP/1.1 502 No such host\r\nContent-Length: 0\r\nConnection: close\r\n\r\n");
                return;
            }
            try (Socket upstream = new Socket("127.0.0.1", Integer.parseInt(target.split(":")[1]))) {
                if (tunnel) {
                    write(answer, "HTTP/1.1 200 Connected\r\n\r\n");
                } else {
                    StringBuilder request = new StringBuilder("%s %s %s\r\n".formatted(words[0], slash < 0 ? "/" : rest.substring(slash), words[2]));
                    for (int i = 1; i < head.length; i++) {
                        if (!head[i].toLowerCase(java.util.Locale.ROOT).matches("(proxy-)?connection:.*")) {
                            request.append(head[i]).append("\r\n");
                        }
                    }
                    write(upstream.getOutputStream(), request + "Connection: close\r\n\r\n");
                }
                Thread.ofVirtual().start(() -> relay(client, upstream));
                relay(upstream, client);
            }
        } catch (IOException | RuntimeException gone) {
            // The client sees that its connection ends.
        }
    }

    private static void write(OutputStream out, String text) throws IOException {
        out.write(text.getBytes(StandardCharsets.ISO_8859_1));
        out.flush();
    }

    private static void relay(Socket from, Socket to) {
        try {
            from.getInputStream().transferTo(to.getOutputStream());
            to.shutdownOutput();
        } catch (IOException gone) {
            // One side closed; so does the other.
        }
    }

    private static String[] head(InputStream in) throws IOException {
        StringBuilder head = new StringBuilder();
        while (head.indexOf("\r\n\r\n") < 0) {
            int c = in.read();
            if (c < 0 || head.length() > HEAD_LIMIT) {
                throw new IOException("No request");
            }
            head.append((char) c);
        }
        return head.toString().strip().split("\r\n");
    }

    @Override
    public void close() throws IOException {
        server.close();
    }
}
