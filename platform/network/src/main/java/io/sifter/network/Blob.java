package io.sifter.network;

import io.sifter.spi.error.CorruptDataException;
import io.sifter.spi.error.SifterException;
import io.sifter.spi.reference.Digest;
import java.io.IOException;
import java.util.List;
import java.util.function.UnaryOperator;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import okhttp3.HttpUrl;
import okhttp3.Response;

/** A blob, wherever it may be had: at its registry, else at the URLs of its descriptor. */
final class Blob {
    /** Bytes of a blob from an offset on; {@code end} is the blob's size, -1 if the server does not tell. */
    record Part(Response response, long offset, long end) {}

    private static final Pattern CONTENT_RANGE = Pattern.compile("bytes (\\d{1,18})-(\\d{1,18})/(\\d{1,18}|\\*)");

    private final Endpoint endpoint;
    private final HttpRegistry registry;
    private final String repository;
    private final Digest digest;
    private final List<String> urls;

    Blob(Endpoint endpoint, HttpRegistry registry, String repository, Digest digest, List<String> urls) {
        this.endpoint = endpoint;
        this.registry = registry;
        this.repository = repository;
        this.digest = digest;
        this.urls = urls;
    }

    Courier courier() {
        return endpoint.courier();
    }

    String name() {
        return "%s of %s/%s".formatted(digest, endpoint.host(), repository);
    }

    /**
     * Requests the bytes from {@code offset} on. The part may begin earlier, where the server knows nothing of ranges.
     *
     * @param repeat whether failures that may pass are repeated here
     */
    Part request(long offset, boolean repeat) throws IOException, InterruptedException {
        try {
            return endpoint.send("GET", repository, repository + "/blobs/" + digest, repeat, from(offset),
                    response -> part(response, offset));
        } catch (Refusal refusal) {
            for (String url : urls) {
                HttpUrl elsewhere = HttpUrl.parse(url);
                if (elsewhere != null && endpoint.acceptable(elsewhere)) {
                    try {
                        return requestElsewhere(elsewhere, offset, repeat);
                    } catch (IOException next) {
                        Courier.heed();
                        refusal.addSuppressed(next);
                    }
                }
            }
            throw refusal;
        }
    }

    private Part requestElsewhere(HttpUrl url, long offset, boolean repeat) throws IOException, InterruptedException {
        Ask ask = from(offset).apply(endpoint.elsewhere(url));
        return repeat ? courier().send(ask, Courier.Signer.NOBODY, response -> part(response, offset))
                : part(courier().sendOnce(ask, Courier.Signer.NOBODY), offset);
    }

    SifterException explain(Refusal refusal) {
        return registry.explain("blob " + digest, repository, refusal);
    }

    private static UnaryOperator<Ask> from(long offset) {
        return ask -> (offset == 0 ? ask : ask.with("Range", "bytes=%d-".formatted(offset))).forBlob();
    }

    private Part part(Response response, long offset) throws IOException {
        switch (response.code()) {
            case 200 -> {
                return new Part(response, 0, response.body().contentLength());
            }
            case 206 -> {
                String range = response.header("Content-Range", "");
                Matcher matcher = CONTENT_RANGE.matcher(range);
                if (matcher.matches() && Long.parseLong(matcher.group(1)) == offset) {
                    long last = Long.parseLong(matcher.group(2));
                    if (matcher.group(3).equals("*") || Long.parseLong(matcher.group(3)) == last + 1) {
                        return new Part(response, offset, last + 1);
                    }
                }
                response.close();
                throw new CorruptDataException("Error reading blob %s: asked for the bytes from %d on, got '%s'"
                        .formatted(name(), offset, Printable.of(range)), "Tell the operators of the registry.");
            }
            case 416 -> {
                // Nothing is left: the offset is the size.
                if (response.header("Content-Range", "").equals("bytes */" + offset)) {
                    return new Part(response, offset, offset);
                }
                throw Refusal.of(response);
            }
            default -> throw Refusal.of(response);
        }
    }
}
