package io.sifter.testkit.registry;

import io.sifter.spi.reference.Digest;
import io.sifter.testkit.registry.TestArchive.Form;
import java.io.BufferedInputStream;
import java.io.BufferedOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.channels.Channels;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.OptionalLong;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CopyOnWriteArrayList;

/**
 * As much of a Docker daemon as tells of images and saves them (Docker Engine API, ImageInspect and ImageGet), on a Unix socket that
 * everybody may use, with faults on order. Its threads do not keep the program alive.
 */
public final class ScriptedDaemon implements AutoCloseable {
    private record Known(byte[] inspection, byte[] archive) {}

    private record Scripted(int status, String contentType, byte[] body) {}

    private final Path directory;
    private final ServerSocketChannel server;
    private final Map<String, Known> images = new ConcurrentHashMap<>();
    private final Map<String, Scripted> scripted = new ConcurrentHashMap<>();
    private final List<String> requests = new CopyOnWriteArrayList<>();
    private final Set<SocketChannel> open = ConcurrentHashMap.newKeySet();
    private volatile OptionalLong stopAfter = OptionalLong.empty();
    private volatile boolean silent;

    private ScriptedDaemon(Path directory, ServerSocketChannel server) {
        this.directory = directory;
        this.server = server;
    }

    public static ScriptedDaemon start() throws IOException {
        Path directory = Files.createTempDirectory(Path.of("/tmp"), "daemon-");
        Files.setPosixFilePermissions(directory, PosixFilePermissions.fromString("rwxr-xr-x"));
        ServerSocketChannel server = ServerSocketChannel.open(StandardProtocolFamily.UNIX);
        Path socket = directory.resolve("docker.sock");
        server.bind(UnixDomainSocketAddress.of(socket));
        Files.setPosixFilePermissions(socket, PosixFilePermissions.fromString("rw-rw-rw-"));
        ScriptedDaemon daemon = new ScriptedDaemon(directory, server);
        Thread.ofVirtual().name("test daemon").start(daemon::accept);
        return daemon;
    }

    public Path socket() {
        return directory.resolve("docker.sock");
    }

    /** Keeps an image as Docker before version 25 does. */
    public ScriptedDaemon image(TestImage image, String name) {
        return image(image, name, TestArchive.saved(Form.DIRECTORIES).image(image, name).tar().tar());
    }

    /** Keeps an image that is saved as this archive. */
    public ScriptedDaemon image(TestImage image, String name, byte[] archive) {
        Map<?, ?> config = Json.read(new String(image.config().content(), StandardCharsets.UTF_8));
        Map<String, Object> inspection = new LinkedHashMap<>();
        inspection.put("Id", image.config().digest().toString());
        inspection.put("RepoTags", List.of(name));
        inspection.put("Created", "2024-05-06T07:08:09.123456789Z");
        inspection.put("Author", "");
        inspection.put("Config", config.get("config"));
        inspection.put("Architecture", image.platform().architecture());
        inspection.put("Os", image.platform().os());
        inspection.put("Size", archive.length);
        inspection.put("RootFS", Map.of("Type", "layers", "Layers", TestArchive.layers(image).stream().map(tar -> Digest.sha256(tar).toString()).toList()));
        byte[] text = Json.write(inspection).getBytes(StandardCharsets.UTF_8);
        images.put(name, new Known(text, archive));
        images.put(image.config().digest().toString(), new Known(text, archive));
        images.put(image.config().digest().hex().substring(0, 12), new Known(text, archive));
        return this;
    }

    /** Answers requests whose path ends so in this way. */
    public ScriptedDaemon answer(String pathEnd, int status, String contentType, String body) {
        scripted.put(pathEnd, new Scripted(status, contentType, body.getBytes(StandardCharsets.UTF_8)));
        return this;
    }

    /** Stops in the middle of what it saves: the connection breaks or, if {@code still}, stays open without a byte more. */
    public ScriptedDaemon stoppingAfter(long bytes, boolean still) {
        silent = still;
        stopAfter = OptionalLong.of(bytes);
        return this;
    }

    /** Paths that were asked for, without the version. */
    public List<String> requests() {
        return requests.stream().map(path -> path.replaceFirst("^/v1\\.\\d+/", "/")).toList();
    }

    private void accept() {
        while (server.isOpen()) {
            try {
                SocketChannel channel = server.accept();
                open.add(channel);
                Thread.ofVirtual().start(() -> converse(channel));
            } catch (IOException closed) {
                // Closing the server is the only way to end it.
            }
        }
    }

    private void converse(SocketChannel channel) {
        try (channel) {
            InputStream in = new BufferedInputStream(Channels.newInputStream(channel));
            OutputStream out = new BufferedOutputStream(Channels.newOutputStream(channel));
            for (String line = head(in); !line.isEmpty(); line = head(in)) {
                String path = line.split(" ")[1];
                requests.add(path);
                if (!answer(path, in, out)) {
                    return;
                }
                out.flush();
            }
        } catch (IOException clientGone) {
            // Nobody is left to tell.
        } finally {
            open.remove(channel);
        }
    }

    private boolean answer(String path, InputStream in, OutputStream out) throws IOException {
        for (Map.Entry<String, Scripted> script : scripted.entrySet()) {
            if (path.endsWith(script.getKey())) {
                send(out, script.getValue());
                return true;
            }
        }
        if (path.endsWith("/_ping")) {
            send(out, new Scripted(200, "text/plain", "OK".getBytes(StandardCharsets.UTF_8)));
            return true;
        }
        String name = path.replaceFirst("^(/v1\\.\\d+)?/images/", "").replaceFirst("/(json|get)$", "");
        Known image = images.get(name);
        if (image == null) {
            send(out, new Scripted(404, "application/json", "{\"message\":\"No such image: %s\"}".formatted(name).getBytes(StandardCharsets.UTF_8)));
            return true;
        }
        if (path.endsWith("/json")) {
            send(out, new Scripted(200, "application/json", image.inspection));
            return true;
        }
        return save(image.archive, in, out);
    }

    /** In chunks, as a daemon does that does not know how much it will be. */
    private boolean save(byte[] archive, InputStream in, OutputStream out) throws IOException {
        text(out, "HTTP/1.1 200 OK\r\nContent-Type: application/x-tar\r\nTransfer-Encoding: chunked\r\n\r\n");
        int end = (int) Math.min(archive.length, stopAfter.orElse(archive.length));
        for (int at = 0; at < end; at += 32_768) {
            int length = Math.min(32_768, end - at);
            text(out, Integer.toHexString(length) + "\r\n");
            out.write(archive, at, length);
            text(out, "\r\n");
        }
        if (stopAfter.isPresent()) {
            out.flush();
            if (silent) {
                in.read();
            }
            return false;
        }
        text(out, "0\r\n\r\n");
        return true;
    }

    private static void send(OutputStream out, Scripted answer) throws IOException {
        text(out, "HTTP/1.1 %d Whatever\r\nApi-Version: 1.41\r\nContent-Type: %s\r\nContent-Length: %d\r\n\r\n"
                .formatted(answer.status, answer.contentType, answer.body.length));
        out.write(answer.body);
    }

    private static void text(OutputStream out, String text) throws IOException {
        out.write(text.getBytes(StandardCharsets.US_ASCII));
    }

    /** The first line of a request, past its headers; empty at the end. */
    private static String head(InputStream in) throws IOException {
        StringBuilder head = new StringBuilder();
        while (head.indexOf("\r\n\r\n") < 0) {
            int c = in.read();
            if (c < 0) {
                return "";
            }
            head.append((char) c);
        }
        return head.substring(0, head.indexOf("\r\n"));
    }

    @Override
    public void close() {
        try {
            server.close();
            for (SocketChannel channel : open) {
                channel.close();
            }
            Files.deleteIfExists(socket());
            Files.deleteIfExists(directory);
        } catch (IOException e) {
            throw new IllegalStateException("A socket does not close", e);
        }
    }
}
