package io.sifter.agent.library;

import io.sifter.network.json.JsonObject;
import io.sifter.spi.Web.Request;
import io.sifter.spi.Web.Response;
import io.sifter.spi.error.CorruptDataException;
import io.sifter.spi.error.ExternalException;
import io.sifter.spi.event.Event;
import io.sifter.spi.event.Event.Level;
import io.sifter.spi.event.Task;
import io.sifter.spi.source.ByteSource;
import java.io.IOException;
import java.io.InputStream;
import java.net.URI;
import java.net.URLDecoder;
import java.nio.channels.Channels;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.TreeMap;
import java.util.function.Consumer;

/** One file on its way into a library, in one part or in several. */
final class LibraryUpload {
    /** Larger files go in parts, where the library knows how. */
    private static final long SINGLE_LIMIT = 64 << 20;
    private static final int BUFFER = 1 << 18;

    private final Library library;
    private final Path file;
    private final long size;
    private final String sha256;
    private final String md5;
    private final Consumer<Event> events;
    private String id;

    private LibraryUpload(Library library, Path file, long size, String sha256, String md5, Consumer<Event> events) {
        this.library = library;
        this.file = file;
        this.size = size;
        this.sha256 = sha256;
        this.md5 = md5;
        this.events = events;
    }

    /** Reads the file once, for its hashes. */
    static LibraryUpload of(Library library, Path file, Consumer<Event> events) throws IOException {
        MessageDigest sha256 = hash("SHA-256");
        MessageDigest md5 = hash("MD5");
        byte[] buffer = new byte[BUFFER];
        long size = 0;
        try (InputStream in = Files.newInputStream(file)) {
            for (int read; (read = in.read(buffer)) >= 0; size += read) {
                sha256.update(buffer, 0, read);
                md5.update(buffer, 0, read);
            }
        }
        return new LibraryUpload(library, file, size, HexFormat.of().formatHex(sha256.digest()), HexFormat.of().formatHex(md5.digest()), events);
    }

    private static MessageDigest hash(String name) {
        try {
            return MessageDigest.getInstance(name);
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException("Every JDK has " + name, e);
        }
    }

    /** The image's id, once it is there. */
    String id() {
        return id;
    }

    /** Uploads the file unless the container has it already. */
    void run(String path, String container, String architecture, String description) throws IOException, InterruptedException {
        Optional<JsonObject> known = library.get("v1/images/%s:sha256.%s?arch=%s".formatted(path, sha256, Library.encoded(architecture)));
        JsonObject image = known.isPresent() ? known.get() : library.send("POST", "v1/images",
                Body.of(Map.of("hash", "sha256." + sha256, "description", description, "container", container)));
        id = image.text("id").orElseThrow(() -> new CorruptDataException("The library gives the image no id", "Tell the operators of the library."));
        if (Boolean.TRUE.equals(image.members().get("uploaded"))) {
            events.accept(Event.info("Image is already present in the library, not uploading."));
            return;
        }
        events.accept(Event.info("Now uploading %s to the library".formatted(file.getFileName())));
        Task task = new Task(Task.Kind.FILE, file.getFileName().toString(), OptionalLong.of(size), 0);
        events.accept(new Event.Started(task));
        String failure = "upload failed";
        try {
            Optional<JsonObject> done = size > SINGLE_LIMIT ? inParts(task) : Optional.empty();
            tell(done.isPresent() ? done.get() : whole(task));
            failure = null;
        } finally {
            events.accept(failure == null ? new Event.Finished(task) : new Event.Failed(task, failure));
        }
    }

    private JsonObject whole(Task task) throws IOException, InterruptedException {
        String url = library.send("POST", "v2/imagefile/" + id,
                Body.of(Map.of("filesize", size, "md5sum", md5, "sha256sum", sha256))).text("uploadURL").orElse("");
        put(url, 0, size, sha256, task);
        return library.send("PUT", "v2/imagefile/" + id + "/_complete", "{}");
    }

    /** Empty if the library knows nothing of parts. */
    private Optional<JsonObject> inParts(Task task) throws IOException, InterruptedException {
        String path = "v2/imagefile/" + id + "/_multipart";
        Response begun = library.web().send(library.request("POST", path).withBody(Body.of(Map.of("filesize", size)).getBytes(StandardCharsets.UTF_8)));
        if (begun.status() == 404) {
            return Optional.empty();
        }
        JsonObject session = library.data(begun);
        String upload = session.text("uploadID").orElse("");
        long partSize = session.number("partSize").orElse(0L);
        if (partSize < 1 || session.number("totalParts").orElse(0L) != (size + partSize - 1) / partSize) {
            throw new CorruptDataException("The library wants parts of %d bytes of a file of %d".formatted(partSize, size), "Tell the operators of the library.");
        }
        boolean hashed = !session.child("options").text("s3compliant").orElse("true").equals("false");
        boolean complete = false;
        try {
            List<Object> parts = new ArrayList<>();
            for (int number = 1; (number - 1) * partSize < size; number++) {
                long from = (number - 1) * partSize;
                long length = Math.min(partSize, size - from);
                String hash = hashed ? hash(from, length) : "";
                String url = library.send("PUT", path, Body.of(new TreeMap<>(Map.of("partSize", length, "uploadID", upload,
                        "partNumber", number, "sha256sum", hash)))).text("presignedURL").orElse("");
                Response part = put(url, from, length, hash, task);
                parts.add(Map.of("partNumber", number, "token", part.header("ETag").orElse("")));
            }
            JsonObject done = library.send("PUT", path + "_complete", Body.of(new TreeMap<>(Map.of("uploadID", upload, "completedParts", parts))));
            complete = true;
            return Optional.of(done);
        } finally {
            if (!complete) {
                abandon(path, upload);
            }
        }
    }

    /** Tells the library to forget the parts; that this fails too is no news. */
    private void abandon(String path, String upload) throws InterruptedException {
        boolean interrupted = Thread.interrupted();
        try {
            library.send("PUT", path + "_abort", Body.of(Map.of("uploadID", upload)));
        } catch (IOException e) {
            events.accept(new Event.Logged(Level.VERBOSE, "The library keeps parts of the upload: " + e.getMessage()));
        } finally {
            if (interrupted) {
                Thread.currentThread().interrupt();
            }
        }
    }

    private String hash(long from, long length) throws IOException, InterruptedException {
        MessageDigest hash = hash("SHA-256");
        byte[] buffer = new byte[BUFFER];
        try (InputStream in = section(from, length).open(0)) {
            for (int read; (read = in.read(buffer)) >= 0; ) {
                hash.update(buffer, 0, read);
            }
        }
        return HexFormat.of().formatHex(hash.digest());
    }

    /** Sends a part of the file to an address that is signed itself: it gets no token. */
    private Response put(String address, long from, long length, String hash, Task task) throws IOException, InterruptedException {
        Request request;
        try {
            request = Request.of("PUT", URI.create(address)).with("Content-Type", "application/octet-stream");
        } catch (IllegalArgumentException e) {
            throw new ExternalException("The library does not say where the file is uploaded to", "Tell the operators of the library.", e);
        }
        String query = URLDecoder.decode(Optional.ofNullable(request.url().getRawQuery()).orElse(""), StandardCharsets.UTF_8);
        boolean signs = query.contains("X-Amz-SignedHeaders=") && query.replaceFirst(".*X-Amz-SignedHeaders=", "").split("&")[0].contains("x-amz-content-sha256");
        Response response = library.web().upload(signs && !hash.isEmpty() ? request.with("x-amz-content-sha256", hash) : request,
                section(from, length), length, more -> events.accept(new Event.Advanced(task, more)));
        if (!response.succeeded()) {
            throw new ExternalException("The upload to %s was refused with status %d".formatted(request.url().getHost(), response.status()),
                    "Try again; the place that the library gave for the upload may have expired.");
        }
        return response;
    }

    private ByteSource section(long from, long length) {
        return offset -> {
            FileChannel channel = FileChannel.open(file);
            channel.position(from + offset);
            InputStream in = Channels.newInputStream(channel);
            return new InputStream() {
                private long left = length - offset;

                @Override
                public int read() throws IOException {
                    byte[] one = new byte[1];
                    return read(one, 0, 1) < 0 ? -1 : one[0] & 0xff;
                }

                @Override
                public int read(byte[] bytes, int at, int count) throws IOException {
                    int read = left == 0 && count > 0 ? -1 : in.read(bytes, at, (int) Math.min(count, left));
                    left -= Math.max(0, read);
                    return read;
                }

                @Override
                public void close() throws IOException {
                    in.close();
                }
            };
        };
    }

    private void tell(JsonObject done) {
        JsonObject quota = done.child("quota");
        if (quota.number("quotaUsage").isPresent()) {
            long used = quota.number("quotaUsage").get();
            long total = quota.number("quotaTotal").orElse(0L);
            events.accept(new Event.Logged(Level.VERBOSE, total == 0 ? "Library storage: using %d bytes (unlimited quota)".formatted(used)
                    : "Library storage: using %d out of %d bytes quota (%.1f%% used)".formatted(used, total, 100.0 * used / total)));
        }
        Optional<URI> frontend = library.service().frontend();
        if (frontend.isPresent() && done.text("containerUrl").isPresent()) {
            events.accept(new Event.Logged(Level.VERBOSE, "Container URL: %s/%s".formatted(frontend.get(), done.text("containerUrl").get())));
        }
    }
}
