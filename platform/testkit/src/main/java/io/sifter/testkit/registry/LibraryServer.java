package io.sifter.testkit.registry;

import io.sifter.spi.reference.Digest;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.net.URLDecoder;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;

/**
 * A library of images in memory, as the reference's clients know it: service discovery, tokens, images by tag, hash and
 * architecture, uploads in one and in several parts, search and deletion. Good enough for any client.
 */
public final class LibraryServer extends ScriptedServer {
    private static final Pattern NAMED = Pattern.compile("/v1/(images|imagefile)/(.+):([^:/]+)");
    private static final Pattern UPLOAD = Pattern.compile("/v2/imagefile/(\\d+)(/_complete|/_multipart|/_multipart_complete|/_multipart_abort)?");
    private static final Map<String, String> ARCHITECTURES = Map.of("02", "amd64", "04", "arm64");
    /** Where the architecture stands in a SIF's header, after launch script, magic and version. */
    private static final int SIF_ARCHITECTURE = 32 + 10 + 3;
    private static final String UNKNOWN_TIME = "0001-01-01T00:00:00Z";

    private static final class Image {
        private final String id;
        private final String container;
        private final String hash;
        private String architecture = "";
        private byte[] content;
        private final Map<Integer, byte[]> parts = new TreeMap<>();

        Image(String id, String container, String hash) {
            this.id = id;
            this.container = container;
            this.hash = hash;
        }
    }

    /** Names of entities, of collections ({@code e/c}) and of containers ({@code e/c/n}); the name is the id. */
    private final Set<String> names = new TreeSet<>();
    private final List<Image> images = new ArrayList<>();
    /** Ids of images by container, architecture and tag. */
    private final Map<String, Map<String, Map<String, String>>> tags = new TreeMap<>();
    private Optional<String> token = Optional.empty();
    private boolean redirecting;
    private boolean multipart = true;
    private int partSize = 5 << 20;

    private LibraryServer(int port) throws IOException {
        super(port);
    }

    /** Without images, on a free port of this machine. */
    public static LibraryServer start() throws IOException {
        return start(0);
    }

    /** @param port 0 for a free one */
    public static LibraryServer start(int port) throws IOException {
        return new LibraryServer(port);
    }

    /** Lets change things only who sends this token. */
    public synchronized LibraryServer token(String value) {
        token = Optional.of(value);
        return this;
    }

    /** Sends downloads on to presigned addresses. */
    public synchronized LibraryServer redirecting() {
        redirecting = true;
        return this;
    }

    /** Knows nothing of uploads in several parts. */
    public synchronized LibraryServer withoutMultipart() {
        multipart = false;
        return this;
    }

    /** @param size of parts of uploads, bytes */
    public synchronized LibraryServer partSize(int size) {
        partSize = size;
        return this;
    }

    /** An image that is there already; its architecture is read from its header. */
    public synchronized LibraryServer put(String path, String tag, byte[] sif) {
        Image image = new Image(Integer.toString(images.size() + 1), path, hash(sif));
        images.add(image);
        names.add(path);
        store(image, sif);
        tags.computeIfAbsent(path, _ -> new TreeMap<>()).computeIfAbsent(image.architecture, _ -> new TreeMap<>()).put(tag, image.id);
        return this;
    }

    /** What a tag names. */
    public synchronized Optional<byte[]> image(String path, String tag, String architecture) {
        return find(path, tag, architecture).map(image -> image.content);
    }

    /** This server under another name, as storage has one of its own. */
    private String elsewhere() {
        return "localhost" + host().substring(host().indexOf(':'));
    }

    private static String hash(byte[] content) {
        return "sha256." + Digest.sha256(content).hex();
    }

    private static void store(Image image, byte[] content) {
        image.content = content;
        image.architecture = content.length < SIF_ARCHITECTURE + 2 ? ""
                : ARCHITECTURES.getOrDefault(new String(content, SIF_ARCHITECTURE, 2, StandardCharsets.US_ASCII), "unknown");
    }

    private Optional<Image> find(String path, String tag, String architecture) {
        String container = switch (path.split("/").length) {
            case 1 -> "library/default/" + path;
            case 2 -> "library/" + path;
            default -> path;
        };
        Optional<String> id = Optional.ofNullable(tags.getOrDefault(container, Map.of()).getOrDefault(architecture, Map.of()).get(tag));
        return images.stream().filter(image -> image.container.equals(container)
                && (id.isPresent() ? image.id.equals(id.get()) : image.hash.equals(tag))).findFirst();
    }

    @Override
    void answer(Conversation conversation) throws IOException, InterruptedException {
        Received request = conversation.request();
        String path = URLDecoder.decode(request.path().replace("+", "%2B"), StandardCharsets.UTF_8);
        Map<String, String> query = query(request.query());
        if (path.startsWith("/storage/")) {
            conversation.file(Map.of(), new Content.InMemory(image(path.substring("/storage/".length())).content));
            return;
        }
        byte[] body = conversation.body().readAllBytes();
        if (path.startsWith("/upload/")) {
            upload(conversation, path, body);
            return;
        }
        boolean signed = token.isEmpty() || request.header("Authorization").map(value -> value.equalsIgnoreCase("Bearer " + token.get())).orElse(false);
        boolean given = !request.header("Authorization").map(value -> value.replaceFirst("(?i)bearer ?", "")).orElse("").isEmpty();
        boolean reading = request.method().equals("GET");
        switch (path) {
            case "/assets/config/config.prod.json" -> conversation.send(200, Map.of(), """
                    {"libraryAPI":{"uri":"http://%1$s"},"keystoreAPI":{"uri":"http://%1$s"},"tokenAPI":{"uri":"http://%1$s/token"}}""".formatted(host()));
            case "/token/v1/token-status" -> conversation.send(signed && given ? 200 : 401, Map.of(), "{}");
            case "/version", "/token/version" -> data(conversation, "{\"version\":\"v1.0.0\",\"apiVersion\":\"2.0.0-alpha.2\"}");
            case "/v1/oci-redirect" -> error(conversation, 404, "Not found");
            case "/v1/rbac/users/current" -> {
                if (signed && given) {
                    conversation.send(200, Map.of(), "{\"oidc_user_meta\":{\"secret\":\"oci-secret\"},\"email\":\"joe@example.org\",\"realname\":\"Joe\",\"username\":\"joe\"}");
                } else {
                    error(conversation, 401, "Not authorized - please authenticate");
                }
            }
            default -> {
                if (!signed && (given || !reading)) {
                    error(conversation, 401, "Not authorized - please authenticate");
                } else {
                    Optional<byte[]> file = serve(conversation, path, query, new String(body, StandardCharsets.UTF_8));
                    if (file.isPresent()) {
                        conversation.file(Map.of(), new Content.InMemory(file.get()));
                    }
                }
            }
        }
    }

    /** @return the file that is to be sent, which may take long */
    private synchronized Optional<byte[]> serve(Conversation conversation, String path, Map<String, String> query, String body)
            throws IOException, InterruptedException {
        String method = conversation.request().method();
        Map<String, Object> json = body.isBlank() || method.equals("GET") ? Map.of() : Json.read(body);
        Matcher named = NAMED.matcher(path);
        Matcher uploading = UPLOAD.matcher(path);
        if (named.matches()) {
            Optional<Image> found = find(named.group(2), named.group(3), query.getOrDefault("arch", "amd64"));
            if (found.isEmpty() || named.group(1).equals("imagefile") && found.get().content == null) {
                error(conversation, 404, "Not found");
            } else if (method.equals("DELETE")) {
                images.remove(found.get());
                data(conversation, describe(found.get()));
            } else if (named.group(1).equals("images")) {
                data(conversation, describe(found.get()));
            } else if (redirecting) {
                conversation.send(303, Map.of("Location", "http://%s/storage/%s?X-Amz-Signature=abc".formatted(elsewhere(), found.get().id)), "");
            } else {
                return Optional.of(found.get().content);
            }
        } else if (uploading.matches()) {
            transfer(conversation, image(uploading.group(1)), Optional.ofNullable(uploading.group(2)).orElse(""), method, json);
        } else if (path.equals("/v1/images") && method.equals("POST")) {
            Image image = new Image(Integer.toString(images.size() + 1), ((String) json.get("container")).replace('~', '/'), (String) json.get("hash"));
            images.add(image);
            data(conversation, describe(image));
        } else if (path.startsWith("/v2/tags/")) {
            tag(conversation, path.substring("/v2/tags/".length()).replace('~', '/'), method, json);
        } else if (path.equals("/v1/search")) {
            search(conversation, query);
        } else if (path.matches("/v1/(entities|collections|containers)(/.*)?")) {
            name(conversation, path, method, json);
        } else {
            error(conversation, 404, "Not found");
        }
        return Optional.empty();
    }

    private synchronized Image image(String id) {
        return images.stream().filter(image -> image.id.equals(id)).findFirst().orElseThrow();
    }

    /** Ids of names, which become parts of addresses. */
    private static String id(String name) {
        return name.replace('/', '~');
    }

    private void name(Conversation conversation, String path, String method, Map<String, Object> json) throws IOException, InterruptedException {
        String kind = path.split("/")[2];
        String name;
        if (method.equals("POST")) {
            String parent = switch (kind) {
                case "entities" -> "";
                case "collections" -> json.get("entity") + "/";
                default -> json.get("collection") + "/";
            };
            name = parent.replace('~', '/') + json.get("name");
            names.add(name);
        } else {
            name = path.substring(("/v1/" + kind + "/").length());
        }
        if (!names.contains(name)) {
            error(conversation, 404, "Not found");
            return;
        }
        data(conversation, "{\"id\":\"%s\",\"name\":\"%s\",\"createdAt\":\"%s\"}".formatted(id(name), name.substring(name.lastIndexOf('/') + 1), UNKNOWN_TIME));
    }

    private void transfer(Conversation conversation, Image image, String step, String method, Map<String, Object> json) throws IOException, InterruptedException {
        switch (step) {
            case "" -> data(conversation, "{\"uploadURL\":\"http://%s/upload/%s?X-Amz-SignedHeaders=content-length%%3Bhost%%3Bx-amz-content-sha256\"}".formatted(host(), image.id));
            case "/_multipart" -> {
                if (!multipart) {
                    error(conversation, 404, "Not found");
                } else if (method.equals("POST")) {
                    long size = Long.parseLong((String) json.get("filesize"));
                    data(conversation, "{\"uploadID\":\"up-%s\",\"totalParts\":%d,\"partSize\":%d,\"options\":{}}"
                            .formatted(image.id, (size + partSize - 1) / partSize, partSize));
                } else {
                    data(conversation, "{\"presignedURL\":\"http://%s/upload/%s/%s\"}".formatted(host(), image.id, json.get("partNumber")));
                }
            }
            case "/_multipart_abort" -> {
                image.parts.clear();
                data(conversation, "{}");
            }
            default -> {
                if (step.equals("/_multipart_complete")) {
                    ByteArrayOutputStream whole = new ByteArrayOutputStream();
                    for (byte[] part : image.parts.values()) {
                        whole.write(part);
                    }
                    store(image, whole.toByteArray());
                }
                if (image.content == null || !hash(image.content).equals(image.hash)) {
                    error(conversation, 422, "The file is not what its hash says");
                    return;
                }
                names.add(image.container);
                data(conversation, "{\"quota\":{\"quotaTotal\":0,\"quotaUsage\":%d},\"containerUrl\":\"library/%s\"}".formatted(image.content.length, image.container));
            }
        }
    }

    private synchronized void upload(Conversation conversation, String path, byte[] body) throws IOException, InterruptedException {
        String[] segments = path.split("/");
        Image image = image(segments[2]);
        if (conversation.request().header("Authorization").isPresent()) {
            // As storage services do with addresses that are signed themselves.
            error(conversation, 400, "Only one auth mechanism allowed");
        } else if (segments.length > 3) {
            image.parts.put(Integer.parseInt(segments[3]), body);
            conversation.send(200, Map.of("ETag", "\"part-%s\"".formatted(segments[3])), "");
        } else {
            store(image, body);
            conversation.send(200, Map.of(), "");
        }
    }

    private void tag(Conversation conversation, String container, String method, Map<String, Object> json) throws IOException, InterruptedException {
        Map<String, Map<String, String>> known = tags.computeIfAbsent(container, _ -> new TreeMap<>());
        if (method.equals("POST")) {
            known.computeIfAbsent((String) json.get("Arch"), _ -> new TreeMap<>()).put((String) json.get("Tag"), (String) json.get("ImageID"));
        }
        data(conversation, known.entrySet().stream().map(architecture -> "\"%s\":{%s}".formatted(architecture.getKey(),
                architecture.getValue().entrySet().stream().map(tag -> "\"%s\":\"%s\"".formatted(tag.getKey(), tag.getValue())).collect(Collectors.joining(","))))
                .collect(Collectors.joining(",", "{", "}")));
    }

    private void search(Conversation conversation, Map<String, String> query) throws IOException, InterruptedException {
        Set<String> architectures = Set.of(query.getOrDefault("arch", "amd64").split(","));
        data(conversation, images.stream()
                .filter(image -> image.container.contains(query.getOrDefault("value", "")) && architectures.contains(image.architecture))
                .map(this::describe).collect(Collectors.joining(",", "{\"entity\":[],\"collection\":[],\"container\":[],\"image\":[", "]}")));
    }

    private String describe(Image image) {
        String[] path = image.container.split("/");
        String named = tags.getOrDefault(image.container, Map.of()).getOrDefault(image.architecture, Map.of()).entrySet().stream()
                .filter(tag -> tag.getValue().equals(image.id)).map(tag -> "\"" + tag.getKey() + "\"").collect(Collectors.joining(","));
        return """
                {"id":"%s","hash":"%s","description":"No description","container":"%s","size":%d,"uploaded":%s,"arch":"%s","signed":false,\
                "entityName":"%s","collectionName":"%s","containerName":"%s","tags":[%s],"createdAt":"%s"}""".formatted(image.id, image.hash,
                id(image.container), image.content == null ? 0 : image.content.length, image.content != null, image.architecture, path[0],
                path.length > 1 ? path[1] : "", path[path.length - 1], named, UNKNOWN_TIME);
    }

    private static Map<String, String> query(String text) {
        Map<String, String> fields = new LinkedHashMap<>();
        for (String pair : text.split("&")) {
            String[] parts = pair.split("=", 2);
            fields.put(parts[0], parts.length == 2 ? URLDecoder.decode(parts[1], StandardCharsets.UTF_8) : "");
        }
        return fields;
    }

    private static void data(Conversation conversation, String data) throws IOException, InterruptedException {
        // The reference's servers state no type, and its clients want none.
        conversation.send(200, Map.of(), "{\"data\":" + data + "}");
    }

    private static void error(Conversation conversation, int status, String message) throws IOException, InterruptedException {
        conversation.send(status, Map.of(), "{\"error\":{\"code\":%d,\"message\":\"%s\"}}".formatted(status, message));
    }
}
