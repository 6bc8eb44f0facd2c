package io.sifter.testkit.registry;

import java.io.IOException;
import java.nio.file.Path;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;

/** A web server with files for downloading: ranges, versions, and a login where one is wanted. */
public final class FileServer extends ScriptedServer {
    private final Map<String, Content> files = new ConcurrentHashMap<>();
    private volatile Optional<String> login = Optional.empty();
    private volatile boolean versioned = true;

    private FileServer(int port) throws IOException {
        super(port);
    }

    /** Without files, on a free port of this machine. */
    public static FileServer start() throws IOException {
        return start(0);
    }

    /** @param port 0 for a free one */
    public static FileServer start(int port) throws IOException {
        return new FileServer(port);
    }

    /** Lets in only who sends this name and password. */
    public FileServer login(String user, String password) {
        login = Optional.of(ScriptedRegistry.basic(user, password));
        return this;
    }

    /** Tells nobody which version of a file it has. */
    public FileServer unversioned() {
        versioned = false;
        return this;
    }

    /** @param path from the first slash on */
    public FileServer put(String path, byte[] content) {
        files.put(path, new Content.InMemory(content));
        return this;
    }

    public FileServer put(String path, Path file) {
        files.put(path, new Content.InFile(file));
        return this;
    }

    @Override
    void answer(Conversation conversation) throws IOException, InterruptedException {
        Received request = conversation.request();
        if (login.isPresent() && !request.header("Authorization").equals(login)) {
            conversation.send(401, Map.of("WWW-Authenticate", "Basic realm=\"files\""), "");
            return;
        }
        Content content = files.get(request.path());
        if (content == null) {
            conversation.send(404, Map.of("Content-Type", "text/html"), "<html><body>Nothing here</body></html>");
            return;
        }
        conversation.file(versioned ? Map.of("ETag", "\"%x\"".formatted(System.identityHashCode(content))) : Map.of(), content);
    }
}
