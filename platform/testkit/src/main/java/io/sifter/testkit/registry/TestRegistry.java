package io.sifter.testkit.registry;

import io.sifter.spi.reference.Digest;
import io.sifter.spi.source.Document;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import javax.net.ssl.SSLContext;

/**
 * A registry on this machine that serves images for pulling (OCI distribution specification, without push): good enough
 * for any client. Speaks plain HTTP unless started with TLS. Safe for any thread; who starts it closes it.
 */
public class TestRegistry implements AutoCloseable {
    private static final Pattern MANIFEST = Pattern.compile("/v2/(.+)/manifests/([^/]+)");
    private static final Pattern BLOB = Pattern.compile("/v2/(.+)/blobs/([^/]+)");
    private static final Pattern TAGS = Pattern.compile("/v2/(.+)/tags/list");
    private static final Pattern RANGE = Pattern.compile("bytes=(\\d{1,18})-(\\d{0,18})");

    private static final int DOCUMENT_LIMIT = 4 << 20;

    private final HttpServer server;
    private final Map<Digest, Document> documents = new ConcurrentHashMap<>();
    private final Map<Digest, Content> blobs = new ConcurrentHashMap<>();
    private final List<Path> layouts = new CopyOnWriteArrayList<>();
    /** Digests by tag, by repository. */
    private final Map<String, Map<String, Digest>> tags = new ConcurrentHashMap<>();

    TestRegistry(int port, Optional<SSLContext> tls) throws IOException {
        server = new HttpServer(port, tls, this::answer);
    }

    /** A registry without images, on a free port of this machine. */
    public static TestRegistry start() throws IOException {
        return start(0);
    }

    /** @param port 0 for a free one */
    public static TestRegistry start(int port) throws IOException {
        return new TestRegistry(port, Optional.empty());
    }

    /** {@code host:port}. */
    public String host() {
        return "127.0.0.1:" + server.port();
    }

    public TestRegistry publish(String repository, String tag, TestImage image) {
        add(image);
        return publish(repository, tag, image.manifest());
    }

    /** An index of these images. */
    public TestRegistry publish(String repository, String tag, List<TestImage> images) {
        images.forEach(this::add);
        return publish(repository, tag, TestImage.index(images));
    }

    /** A document alone; what it points to is published by other means, or missing. */
    public TestRegistry publish(String repository, String tag, Document document) {
        documents.put(document.digest(), document);
        tags.computeIfAbsent(repository, _ -> new ConcurrentHashMap<>()).put(tag, document.digest());
        return this;
    }

    /** All named images of an OCI layout, each under its name as the tag. The files are served from where they are. */
    public TestRegistry publish(String repository, Path layout) throws IOException {
        layouts.add(layout);
        Map<String, Object> index = Json.read(Files.readString(layout.resolve("index.json")));
        if (index.get("manifests") instanceof List<?> entries) {
            for (Object entry : entries) {
                if (entry instanceof Map<?, ?> image && image.get("annotations") instanceof Map<?, ?> annotations
                        && annotations.get("org.opencontainers.image.ref.name") instanceof String tag) {
                    Digest digest = Digest.parse((String) image.get("digest"));
                    tags.computeIfAbsent(repository, _ -> new ConcurrentHashMap<>()).put(tag, digest);
                }
            }
        }
        return this;
    }

    /** A blob that belongs to every repository. */
    public Digest blob(byte[] bytes) {
        Digest digest = Digest.sha256(bytes);
        blobs.put(digest, new Content.InMemory(bytes));
        return digest;
    }

    /** A blob in a file, under a digest that nobody verifies. */
    public void blob(Digest digest, Path file) {
        blobs.put(digest, new Content.InFile(file));
    }

    public void remove(Digest digest) {
        documents.remove(digest);
        blobs.remove(digest);
    }

    private void add(TestImage image) {
        documents.put(image.manifest().digest(), image.manifest());
        image.blobs().forEach((digest, bytes) -> blobs.put(digest, new Content.InMemory(bytes)));
    }

    private Optional<Document> document(Digest digest) throws IOException {
        Document document = documents.get(digest);
        if (document != null) {
            return Optional.of(document);
        }
        Optional<Path> file = inLayouts(digest);
        if (file.isEmpty() || Files.size(file.get()) > DOCUMENT_LIMIT) {
            return Optional.empty();
        }
        byte[] content = Files.readAllBytes(file.get());
        Map<String, Object> members = Json.read(new String(content, StandardCharsets.UTF_8));
        String mediaType = members.get("mediaType") instanceof String stated ? stated
                : members.containsKey("manifests") ? TestImage.OCI_INDEX : TestImage.OCI_MANIFEST;
        return Optional.of(new Document(mediaType, digest, content));
    }

    private Optional<Path> inLayouts(Digest digest) {
        return layouts.stream()
                .map(layout -> layout.resolve("blobs").resolve(digest.toString().replace(':', '/')))
                .filter(Files::exists).findFirst();
    }

    private Answer answer(Received request) throws IOException {
        try {
            return respond(request);
        } catch (RuntimeException defect) {
            return Answer.error(500, "UNKNOWN", String.valueOf(defect).replace('"', '\''));
        }
    }

    /** What is answered; the scripted registry meddles here. */
    Answer respond(Received request) throws IOException {
        return serve(request).with("Docker-Distribution-Api-Version", "registry/2.0");
    }

    final Answer serve(Received request) throws IOException {
        if (!request.method().equals("GET") && !request.method().equals("HEAD")) {
            return Answer.error(405, "UNSUPPORTED", "this registry is for reading");
        }
        if (request.path().equals("/v2/") || request.path().equals("/v2")) {
            return Answer.json(200, "{}");
        }
        if (request.path().equals("/v2/_catalog")) {
            return Answer.json(200, "{\"repositories\":[%s]}".formatted(quoted(new TreeMap<>(tags).keySet())));
        }
        Matcher path = MANIFEST.matcher(request.path());
        if (path.matches()) {
            return manifest(path.group(1), path.group(2));
        }
        path = BLOB.matcher(request.path());
        if (path.matches()) {
            return blob(path.group(2), request.header("Range"));
        }
        path = TAGS.matcher(request.path());
        if (path.matches() && tags.containsKey(path.group(1))) {
            return Answer.json(200, "{\"name\":\"%s\",\"tags\":[%s]}"
                    .formatted(path.group(1), quoted(new TreeMap<>(tags.get(path.group(1))).keySet())));
        }
        return Answer.error(404, "NAME_UNKNOWN", "repository name not known to registry");
    }

    private static String quoted(Iterable<String> names) {
        return java.util.stream.StreamSupport.stream(names.spliterator(), false)
                .map(name -> "\"" + name + "\"").collect(Collectors.joining(","));
    }

    private Answer manifest(String repository, String reference) throws IOException {
        Optional<Digest> digest = reference.contains(":") ? parse(reference)
                : Optional.ofNullable(tags.getOrDefault(repository, Map.of()).get(reference));
        Optional<Document> found = digest.isEmpty() ? Optional.empty() : document(digest.get());
        if (found.isEmpty()) {
            return Answer.error(404, "MANIFEST_UNKNOWN", "manifest unknown");
        }
        Document document = found.get();
        Map<String, String> headers = new LinkedHashMap<>();
        headers.put("Content-Type", document.mediaType());
        headers.put("Docker-Content-Digest", document.digest().toString());
        return Answer.of(200, headers, new Content.InMemory(document.content()));
    }

    private Answer blob(String reference, Optional<String> range) throws IOException {
        Optional<Digest> digest = parse(reference);
        Content content = digest.map(blobs::get).orElse(null);
        if (content == null && digest.flatMap(this::inLayouts).isPresent()) {
            content = new Content.InFile(inLayouts(digest.get()).orElseThrow());
        }
        if (content == null) {
            return Answer.error(404, "BLOB_UNKNOWN", "blob unknown to registry");
        }
        Map<String, String> headers = new LinkedHashMap<>();
        headers.put("Content-Type", "application/octet-stream");
        headers.put("Docker-Content-Digest", reference);
        headers.put("Accept-Ranges", "bytes");
        Answer whole = Answer.of(200, headers, content);
        Matcher wanted = RANGE.matcher(range.orElse(""));
        if (!wanted.matches()) {
            return whole;
        }
        long size = content.size();
        long first = Long.parseLong(wanted.group(1));
        long last = wanted.group(2).isEmpty() ? size - 1 : Math.min(size - 1, Long.parseLong(wanted.group(2)));
        if (first >= size || last < first) {
            return Answer.of(416, Map.of("Content-Range", "bytes */" + size), Content.NONE);
        }
        return new Answer(206, whole.with("Content-Range", "bytes %d-%d/%d".formatted(first, last, size)).headers(), content,
                first, last - first + 1, Answer.Delivery.GOOD);
    }

    private static Optional<Digest> parse(String text) {
        try {
            return Optional.of(Digest.parse(text));
        } catch (IllegalArgumentException malformed) {
            return Optional.empty();
        }
    }

    @Override
    public void close() {
        server.close();
    }
}
