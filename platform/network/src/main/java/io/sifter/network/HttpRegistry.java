package io.sifter.network;

import io.sifter.spi.Registry;
import io.sifter.spi.error.CorruptDataException;
import io.sifter.spi.error.ExternalException;
import io.sifter.spi.error.SifterException;
import io.sifter.spi.error.UnreachableException;
import io.sifter.spi.error.UserException;
import io.sifter.spi.reference.Digest;
import io.sifter.spi.source.ByteSource;
import io.sifter.spi.source.Document;
import java.io.IOException;
import java.io.InputStream;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.Semaphore;
import java.util.function.LongConsumer;
import java.util.regex.Pattern;
import okhttp3.RequestBody;
import okhttp3.Response;

/** A registry as the OCI distribution specification has it. */
final class HttpRegistry implements Registry {
    private static final int MANIFEST_LIMIT = 4 << 20;
    private static final int REPOSITORY_LIMIT = 255;
    private static final Pattern REPOSITORY = Pattern.compile(
            "[a-z0-9]+(?:(?:\\.|_|__|-+)[a-z0-9]+)*(?:/[a-z0-9]+(?:(?:\\.|_|__|-+)[a-z0-9]+)*)*");
    private static final Pattern TAG = Pattern.compile("[A-Za-z0-9_][A-Za-z0-9._-]{0,127}");

    private final Endpoint endpoint;
    private final Semaphore slots;

    HttpRegistry(Endpoint endpoint, Semaphore slots) {
        this.endpoint = endpoint;
        this.slots = slots;
    }

    @Override
    public Optional<Digest> resolve(String repository, String tagOrDigest) throws IOException, InterruptedException {
        check(repository, tagOrDigest);
        if (tagOrDigest.contains(":")) {
            return Optional.of(Digest.parse(tagOrDigest));
        }
        try {
            return endpoint.send("HEAD", repository, manifestPath(repository, tagOrDigest), true, HttpRegistry::acceptManifests,
                    response -> {
                        try (response) {
                            // An answer to HEAD has no body to say why; asking for the manifest will tell.
                            return response.code() == 200 ? digest(response) : Optional.empty();
                        }
                    });
        } catch (Refusal refusal) {
            throw explain("manifest " + tagOrDigest, repository, refusal);
        }
    }

    @Override
    public Document manifest(String repository, String tagOrDigest) throws IOException, InterruptedException {
        check(repository, tagOrDigest);
        try {
            return endpoint.send("GET", repository, manifestPath(repository, tagOrDigest), true, HttpRegistry::acceptManifests,
                    response -> readManifest(repository, tagOrDigest, response));
        } catch (Refusal refusal) {
            throw explain("manifest " + tagOrDigest, repository, refusal);
        }
    }

    private Document readManifest(String repository, String tagOrDigest, Response response) throws IOException {
        if (response.code() != 200) {
            throw Refusal.of(response);
        }
        String name = "%s/%s".formatted(endpoint.host(), repository);
        byte[] content;
        try (response; InputStream in = response.body().byteStream()) {
            content = in.readNBytes(MANIFEST_LIMIT + 1);
        }
        if (content.length > MANIFEST_LIMIT) {
            throw new CorruptDataException("Error reading manifest %s in %s: it is larger than %d MiB"
                    .formatted(tagOrDigest, name, MANIFEST_LIMIT >> 20));
        }
        if (tagOrDigest.contains(":")) {
            Digest wanted = Digest.parse(tagOrDigest);
            Digest got = Digest.finish(wanted.algorithm(), wanted.algorithm().start().digest(content));
            if (!got.equals(wanted)) {
                throw new CorruptDataException("Error reading manifest %s in %s: what the registry sent has the digest %s"
                        .formatted(wanted, name, got), "Try again; if it stays so, tell the operators of the registry.");
            }
        }
        Optional<String> mediaType = ManifestType.of(content, response.header("Content-Type"));
        if (mediaType.isEmpty()) {
            String instead = Refusal.isHtml(response) ? "a web page" : "something else";
            throw new ExternalException("Error reading manifest %s in %s: the answer is %s, not a manifest"
                    .formatted(tagOrDigest, name, instead),
                    "Check the registry's name and port; a proxy or a sign-in page may stand in between.");
        }
        return Document.of(mediaType.get(), content);
    }

    @Override
    public ByteSource blob(String repository, Digest digest) {
        return blob(repository, digest, List.of());
    }

    @Override
    public ByteSource blob(String repository, Digest digest, List<String> urls) {
        List<String> copy = List.copyOf(urls);
        return offset -> {
            check(repository, digest.toString());
            return BlobStream.open(new Blob(endpoint, this, repository, digest, copy), slots, offset);
        };
    }

    @Override
    public boolean has(String repository, Digest digest) throws IOException, InterruptedException {
        check(repository, digest.toString());
        Endpoint.Pushing pushing = endpoint.pushing(repository);
        try {
            return pushing.send(pushing.ask("HEAD", repository + "/blobs/" + digest), response -> {
                // Some answer 403 for what is not there; uploading it will tell.
                if (response.code() == 401 || response.code() == 429 || response.code() >= 500) {
                    throw Refusal.of(response);
                }
                response.close();
                return response.code() == 200;
            });
        } catch (Refusal refusal) {
            throw explainPush("blob " + digest, repository, pushing, refusal);
        }
    }

    @Override
    public void upload(String repository, Digest digest, long size, ByteSource bytes, LongConsumer sent)
            throws IOException, InterruptedException {
        check(repository, digest.toString());
        try {
            new BlobUpload(endpoint, repository, digest, new StreamedBody(bytes, size, sent)).run();
        } catch (Refusal refusal) {
            throw explainPush("blob " + digest, repository, endpoint.pushing(repository), refusal);
        }
    }

    @Override
    public void put(String repository, String tagOrDigest, Document manifest) throws IOException, InterruptedException {
        check(repository, tagOrDigest);
        Endpoint.Pushing pushing = endpoint.pushing(repository);
        try {
            pushing.send(pushing.ask("PUT", manifestPath(repository, tagOrDigest)).with("Content-Type", manifest.mediaType())
                    .with(RequestBody.create(manifest.content())), response -> {
                        if (!response.isSuccessful()) {
                            throw Refusal.of(response);
                        }
                        response.close();
                        return null;
                    });
        } catch (Refusal refusal) {
            throw explainPush("manifest " + tagOrDigest, repository, pushing, refusal);
        }
    }

    private SifterException explainPush(String what, String repository, Endpoint.Pushing pushing, Refusal refusal) {
        String message = "Error pushing %s to %s/%s: %s".formatted(what, endpoint.host(), repository, refusal.getMessage());
        if (refusal.wantsCredentials()) {
            return new ExternalException(message, pushing.anonymous()
                    ? "Sign in first: registry login docker://%s; or set SINGULARITY_DOCKER_USERNAME and SINGULARITY_DOCKER_PASSWORD."
                            .formatted(endpoint.host())
                    : "The login for %s was sent, and may not push there: check user name, password or token, and the name."
                            .formatted(endpoint.host()), refusal);
        }
        if (refusal.status >= 502 && refusal.status <= 504) {
            return new UnreachableException(message, "The registry is out of order: try again later.", refusal);
        }
        return new ExternalException(message, switch (refusal.status) {
            case 404 -> "Check the name. Some registries want the repository to be created first.";
            case 405 -> "This registry does not accept uploads.";
            case 413, 507 -> "The registry has no room for an image of this size.";
            default -> "Try again later.";
        }, refusal);
    }

    private static String manifestPath(String repository, String tagOrDigest) {
        return repository + "/manifests/" + tagOrDigest;
    }

    private static Ask acceptManifests(Ask ask) {
        return ask.with("Accept", ManifestType.ACCEPTED);
    }

    private static Optional<Digest> digest(Response response) {
        String value = response.header("Docker-Content-Digest");
        try {
            return value == null ? Optional.empty() : Optional.of(Digest.parse(value.strip()));
        } catch (IllegalArgumentException malformed) {
            return Optional.empty();
        }
    }

    private static void check(String repository, String tagOrDigest) throws UserException {
        boolean digest = tagOrDigest.contains(":");
        if (digest) {
            try {
                Digest.parse(tagOrDigest);
            } catch (IllegalArgumentException e) {
                throw new UserException("invalid reference format: " + e.getMessage(), e);
            }
        }
        // Both become part of a path: nothing else may slip in.
        if (repository.length() > REPOSITORY_LIMIT || !REPOSITORY.matcher(repository).matches() || !digest && !TAG.matcher(tagOrDigest).matches()) {
            throw new UserException("invalid reference format: '%s' in '%s'"
                    .formatted(Printable.of(tagOrDigest), Printable.of(repository)));
        }
    }

    /** Says what was asked for, what the registry said, and what to do. */
    SifterException explain(String what, String repository, Refusal refusal) {
        String host = endpoint.host();
        String message = "Error reading %s in %s/%s: %s".formatted(what, host, repository, refusal.getMessage());
        if (refusal.wantsCredentials()) {
            return new ExternalException(message, endpoint.anonymous(repository)
                    ? "If the image is private, sign in with --docker-login, or with SINGULARITY_DOCKER_USERNAME and "
                            + "SINGULARITY_DOCKER_PASSWORD, or name a file of logins with --authfile; else check the name."
                    : "The login for %s was sent, and is not accepted for this image: check user name, password or token, and the name."
                            .formatted(host), refusal);
        }
        if (refusal.status == 429) {
            return new ExternalException(message, "Wait %s and try again, or sign in to raise the limit: --docker-login."
                    .formatted(refusal.span()), refusal);
        }
        if (refusal.status == 404) {
            return new ExternalException(message, "Check the spelling of the name and the tag.", refusal);
        }
        if (refusal.status >= 502 && refusal.status <= 504) {
            return new UnreachableException(message, "The registry is out of order: try again later.", refusal);
        }
        return new ExternalException(message, refusal.status >= 500 ? "Try again later." : null, refusal);
    }
}
