package io.sifter.network;

import io.sifter.spi.error.SifterException;
import io.sifter.spi.reference.Digest;
import java.io.IOException;
import java.util.List;
import java.util.function.UnaryOperator;
import okhttp3.HttpUrl;

/** A blob, wherever it may be had: at its registry, else at the URLs of its descriptor. */
final class Blob implements Transfer {
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

    @Override
    public Courier courier() {
        return endpoint.courier();
    }

    @Override
    public String name() {
        return "blob %s of %s/%s".formatted(digest, endpoint.host(), repository);
    }

    @Override
    public Part request(long offset, boolean repeat) throws IOException, InterruptedException {
        try {
            return endpoint.send("GET", repository, repository + "/blobs/" + digest, repeat, from(offset),
                    response -> Transfer.part(this, response, offset));
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
        return repeat ? courier().send(ask, Courier.Signer.NOBODY, response -> Transfer.part(this, response, offset))
                : Transfer.part(this, courier().sendOnce(ask, Courier.Signer.NOBODY), offset);
    }

    @Override
    public SifterException explain(Refusal refusal) {
        return registry.explain("blob " + digest, repository, refusal);
    }

    private static UnaryOperator<Ask> from(long offset) {
        return ask -> Transfer.from(offset, ask).carrying(Ask.Load.BLOB);
    }
}
