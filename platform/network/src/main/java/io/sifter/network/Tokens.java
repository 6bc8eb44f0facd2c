package io.sifter.network;

import io.sifter.network.credential.Credential;
import io.sifter.network.json.JsonObject;
import io.sifter.spi.error.ExternalException;
import java.io.IOException;
import java.io.InputStream;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import okhttp3.Credentials;
import okhttp3.FormBody;
import okhttp3.HttpUrl;
import okhttp3.Response;

/**
 * Fetches bearer tokens (Docker registry token authentication; OAuth 2 for identity tokens). Keeps nothing.
 */
final class Tokens {
    /**
     * @param refresh replaces the identity token that this token was fetched with
     * @param lifetime from now on
     */
    record Token(String value, Duration lifetime, Optional<String> refresh) {
        @Override
        public String toString() {
            return "Token[withheld]";
        }
    }

    /** Shorter lifetimes mean this (Docker registry token specification). */
    private static final Duration SHORTEST = Duration.ofSeconds(60);
    private static final int ANSWER_LIMIT = 1 << 20;
    private static final String CLIENT = "sifter";

    private final Courier courier;
    private final HttpUrl registry;
    private final boolean verified;

    /**
     * @param registry base URL of the server that sends to the token server
     * @param verified whether the token server's certificate has to be trusted
     */
    Tokens(Courier courier, HttpUrl registry, boolean verified) {
        this.courier = courier;
        this.registry = registry;
        this.verified = verified;
    }

    /** @throws Refusal if the token server refuses */
    Token fetch(Challenge.Bearer challenge, List<String> scopes, Optional<Credential> credential)
            throws IOException, InterruptedException {
        HttpUrl realm = HttpUrl.parse(challenge.realm());
        if (realm == null) {
            throw new ExternalException("%s names a token server that is no URL: %s"
                    .formatted(registry.host(), Printable.of(challenge.realm())), "Tell the operators of the registry.");
        }
        check(realm);
        try {
            if (credential.orElse(null) instanceof Credential.IdentityToken identity) {
                Optional<Token> token = post(realm, challenge, scopes, identity);
                if (token.isPresent()) {
                    return token.get();
                }
            }
            return get(realm, challenge, scopes, credential);
        } catch (Refusal refusal) {
            throw refusal;
        } catch (IOException e) {
            throw courier.explain(realm, e);
        }
    }

    private Token get(HttpUrl realm, Challenge.Bearer challenge, List<String> scopes, Optional<Credential> credential)
            throws IOException, InterruptedException {
        HttpUrl.Builder url = realm.newBuilder();
        challenge.service().ifPresent(service -> url.addQueryParameter("service", service));
        scopes.forEach(scope -> url.addQueryParameter("scope", scope));
        Optional<String> authorization = credential.orElse(null) instanceof Credential.Password password
                ? Optional.of(Credentials.basic(password.user(), password.secret(), java.nio.charset.StandardCharsets.UTF_8))
                : Optional.empty();
        return courier.send(Ask.of("GET", url.build(), verified), hop -> {
            check(hop);
            return Endpoint.sameServer(hop, realm) ? authorization : Optional.empty();
        }, response -> {
            if (response.code() != 200) {
                throw Refusal.of(response);
            }
            return read(response);
        });
    }

    /** Empty if the server has no OAuth 2. */
    private Optional<Token> post(HttpUrl realm, Challenge.Bearer challenge, List<String> scopes,
                                 Credential.IdentityToken identity) throws IOException, InterruptedException {
        FormBody.Builder form = new FormBody.Builder()
                .add("grant_type", "refresh_token")
                .add("refresh_token", identity.token())
                .add("client_id", CLIENT);
        challenge.service().ifPresent(service -> form.add("service", service));
        if (!scopes.isEmpty()) {
            form.add("scope", String.join(" ", scopes));
        }
        Ask ask = Ask.of("POST", realm, verified).with(form.build());
        return courier.send(ask, hop -> {
            check(hop);
            if (!Endpoint.sameServer(hop, realm)) {
                throw new ExternalException("The token server %s redirects to %s, which has no right to the identity token"
                        .formatted(realm.host(), hop.host()), "Tell the operators of the registry.");
            }
            return Optional.empty();
        }, response -> {
            if (response.code() == 404 || response.code() == 405) {
                response.close();
                return Optional.empty();
            }
            if (response.code() != 200) {
                throw Refusal.of(response);
            }
            return Optional.of(read(response));
        });
    }

    private static Token read(Response response) throws IOException {
        byte[] body;
        try (response; InputStream in = response.body().byteStream()) {
            body = in.readNBytes(ANSWER_LIMIT);
        }
        JsonObject answer = JsonObject.parse(body).orElse(new JsonObject(Map.of()));
        String value = answer.text("token").or(() -> answer.text("access_token")).orElse("");
        if (value.isEmpty() || value.chars().anyMatch(c -> c <= ' ' || c > '~')) {
            throw new ExternalException("The token server %s answered without a token".formatted(response.request().url().host()),
                    "Check the registry's name; a proxy or a sign-in page may stand in between.");
        }
        Duration lifetime = answer.number("expires_in").filter(seconds -> seconds < Integer.MAX_VALUE).map(Duration::ofSeconds).orElse(SHORTEST);
        return new Token(value, lifetime.compareTo(SHORTEST) < 0 ? SHORTEST : lifetime, answer.text("refresh_token"));
    }

    /** A registry must not send passwords over the open network, nor this machine to its neighbours. */
    private void check(HttpUrl realm) throws ExternalException {
        if (!realm.isHttps() && registry.isHttps() && verified) {
            throw new ExternalException("%s uses HTTPS but names a token server on plain HTTP, %s"
                    .formatted(registry.host(), realm.host()), "Tell the operators of the registry. With --no-https it is accepted.");
        }
        boolean same = realm.host().equals(registry.host()) && realm.port() == registry.port();
        if (Hosts.isInternal(realm.host()) && !same) {
            throw new ExternalException("%s names a token server at the internal address %s"
                    .formatted(registry.host(), Fault.authority(realm)), "Use a name for the token server, or tell the operators of the registry.");
        }
    }
}
