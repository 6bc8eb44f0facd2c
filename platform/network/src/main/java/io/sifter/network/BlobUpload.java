package io.sifter.network;

import io.sifter.spi.error.ExternalException;
import io.sifter.spi.reference.Digest;
import java.io.IOException;
import okhttp3.HttpUrl;
import okhttp3.RequestBody;
import okhttp3.Response;

/**
 * One blob on its way into a registry, as all registries understand it: a session is opened, all bytes follow in one
 * request, and the digest closes it (distribution specification, "Pushing blobs"). A broken transfer begins anew.
 */
final class BlobUpload {
    private static final RequestBody NOTHING = RequestBody.create(new byte[0]);

    private final Endpoint endpoint;
    private final String repository;
    private final Digest digest;
    private final StreamedBody body;

    BlobUpload(Endpoint endpoint, String repository, Digest digest, StreamedBody body) {
        this.endpoint = endpoint;
        this.repository = repository;
        this.digest = digest;
        this.body = body;
    }

    /** @throws Refusal if the registry does not take it */
    void run() throws IOException, InterruptedException {
        Endpoint.Pushing pushing = endpoint.pushing(repository);
        Ask begin = pushing.ask("POST", repository + "/blobs/uploads/").with(NOTHING);
        pushing.repeat(begin, () -> attempt(pushing, begin), response -> {
            if (response.code() != 201 && response.code() != 204) {
                throw Refusal.of(response);
            }
            response.close();
            return null;
        });
    }

    /** The answer to the last request that was worth sending. */
    private Response attempt(Endpoint.Pushing pushing, Ask begin) throws IOException, InterruptedException {
        Response session = pushing.sendOnce(begin);
        if (session.code() != 202) {
            return session;
        }
        Response taken = pushing.sendOnce(pushing.at("PATCH", next(session)).carrying(Ask.Load.LARGE)
                .with("Content-Type", "application/octet-stream").with(body));
        if (taken.code() != 202 && taken.code() != 204) {
            return taken;
        }
        HttpUrl last = next(taken).newBuilder().addEncodedQueryParameter("digest", digest.toString()).build();
        return pushing.sendOnce(pushing.at("PUT", last).with(NOTHING));
    }

    private HttpUrl next(Response response) throws ExternalException {
        try (response) {
            String location = response.header("Location");
            HttpUrl url = location == null ? null : response.request().url().resolve(location);
            if (url == null) {
                throw new ExternalException("%s does not say where blobs are uploaded to".formatted(endpoint.host()),
                        "Tell the operators of the registry.");
            }
            return url;
        }
    }
}
