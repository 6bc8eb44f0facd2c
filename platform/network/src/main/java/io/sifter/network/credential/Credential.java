package io.sifter.network.credential;

import java.util.Objects;

/** A secret that signs a user in to one registry. Its text form never holds the secret. */
public sealed interface Credential {
    /** A name and a password or an access token in its place. Either may be empty. */
    record Password(String user, String secret) implements Credential {
        public Password {
            Objects.requireNonNull(user);
            Objects.requireNonNull(secret);
        }

        @Override
        public String toString() {
            return "Password[user and secret withheld]";
        }
    }

    /** A refresh token, exchanged for access tokens at the token server by OAuth 2. */
    record IdentityToken(String token) implements Credential {
        public IdentityToken {
            Objects.requireNonNull(token);
        }

        @Override
        public String toString() {
            return "IdentityToken[withheld]";
        }
    }

    /** An access token, sent to the registry as it is. */
    record RegistryToken(String token) implements Credential {
        public RegistryToken {
            Objects.requireNonNull(token);
        }

        @Override
        public String toString() {
            return "RegistryToken[withheld]";
        }
    }
}
