package io.sifter.testkit.registry;

import io.sifter.spi.reference.Digest;
import java.io.IOException;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** A registry that takes uploads and hands them out again (OCI distribution specification, "Push"), all in memory. */
public final class UploadRegistry extends ScriptedServer {
    private static final Pattern MANIFEST = Pattern.compile("/v2/(.+)/manifests/([^/]+)");
    private static final Pattern BLOB = Pattern.compile("/v2/(.+)/blobs/(sha256:[0-9a-f]{64})");
    private static final Pattern UPLOAD = Pattern.compile("/v2/(.+)/blobs/uploads/(\\d*)");

    private record Stored(String mediaType, byte[] content) {}

    private final Map<String, byte[]> blobs = new ConcurrentHashMap<>();
    private final Map<String, byte[]> uploads = new ConcurrentHashMap<>();
    /** By {@code repository:tag} and {@code repository:digest}. */
    private final Map<String, Stored> manifests = new ConcurrentHashMap<>();
    private final AtomicInteger sessions = new AtomicInteger();
    private volatile Optional<String> login = Optional.empty();

    private UploadRegistry() throws IOException {
        super(0);
    }

    /** Empty, on a free port of this machine. */
    public static UploadRegistry start() throws IOException {
        return new UploadRegistry();
    }

    /** Lets in only who sends this name and password. */
    public UploadRegistry login(String user, String password) {
        login = Optional.of(ScriptedRegistry.basic(user, password));
        return this;
    }

    /** The manifest under a tag, as it came. */
    public Optional<byte[]> manifest(String repository, String tag) {
        return Optional.ofNullable(manifests.get(repository + ":" + tag)).map(Stored::content);
    }

    public Optional<byte[]> blob(Digest digest) {
        return Optional.ofNullable(blobs.get(digest.toString()));
    }

    /** A blob that belongs to every repository. */
    public Digest put(byte[] content) {
        Digest digest = Digest.sha256(content);
        blobs.put(digest.toString(), content);
        return digest;
    }

    /** A manifest or an index. */
    public Digest put(String repository, String tag, String mediaType, byte[] content) {
        Digest digest = Digest.sha256(content);
        manifests.put(repository + ":" + tag, new Stored(mediaType, content));
        manifests.put(repository + ":" + digest, new Stored(mediaType, content));
        return digest;
    }

    @Override
    void answer(Conversation conversation) throws IOException, InterruptedException {
        Received request = conversation.request();
        if (login.isPresent() && !request.header("Authorization").equals(login)) {
            conversation.send(401, Map.of("WWW-Authenticate", "Basic realm=\"test\""), "");
            return;
        }
        boolean reading = request.method().equals("GET") || request.method().equals("HEAD");
        Matcher manifest = MANIFEST.matcher(request.path());
        Matcher blob = BLOB.matcher(request.path());
        Matcher upload = UPLOAD.matcher(request.path());
        if (request.path().equals("/v2/")) {
            conversation.send(200, Map.of(), "{}");
        } else if (manifest.matches() && reading) {
            Stored stored = manifests.get(manifest.group(1) + ":" + manifest.group(2));
            if (stored == null) {
                error(conversation, 404, "MANIFEST_UNKNOWN");
                return;
            }
            conversation.file(Map.of("Content-Type", stored.mediaType(), "Docker-Content-Digest", Digest.sha256(stored.content()).toString()),
                    new Content.InMemory(stored.content()));
        } else if (manifest.matches() && request.method().equals("PUT")) {
            put(manifest.group(1), manifest.group(2), request.header("Content-Type").orElse(""), conversation.body().readAllBytes());
            conversation.send(201, Map.of(), "");
        } else if (blob.matches() && reading) {
            byte[] content = blobs.get(blob.group(2));
            if (content == null) {
                error(conversation, 404, "BLOB_UNKNOWN");
                return;
            }
            conversation.file(Map.of("Docker-Content-Digest", blob.group(2)), new Content.InMemory(content));
        } else if (upload.matches()) {
            upload(conversation, request, upload.group(1), upload.group(2));
        } else {
            error(conversation, 404, "NAME_UNKNOWN");
        }
    }

    private void upload(Conversation conversation, Received request, String repository, String session) throws IOException, InterruptedException {
        Map<String, String> next = new LinkedHashMap<>();
        switch (request.method()) {
            case "POST" -> {
                next.put("Location", "/v2/%s/blobs/uploads/%d?_state=a%%2Bb".formatted(repository, sessions.incrementAndGet()));
                conversation.send(202, next, "");
            }
            case "PATCH" -> {
                byte[] content = conversation.body().readAllBytes();
                uploads.put(session, content);
                next.put("Location", "/v2/%s/blobs/uploads/%s?_state=a%%2Bb".formatted(repository, session));
                next.put("Range", "0-" + (content.length - 1));
                conversation.send(202, next, "");
            }
            default -> {
                byte[] content = uploads.remove(session);
                String stated = request.query().replaceFirst(".*digest=", "");
                if (content == null || !stated.equals(Digest.sha256(content).toString())) {
                    error(conversation, 400, "DIGEST_INVALID");
                    return;
                }
                put(content);
                conversation.send(201, Map.of("Docker-Content-Digest", stated), "");
            }
        }
    }

    private static void error(Conversation conversation, int status, String code) throws IOException, InterruptedException {
        conversation.send(status, Map.of("Content-Type", "application/json"),
                "{\"errors\":[{\"code\":\"%s\",\"message\":\"no\"}]}".formatted(code));
    }
}
