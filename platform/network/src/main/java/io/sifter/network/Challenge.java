package io.sifter.network;

import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import okhttp3.Response;

/** How a server wants requests to be signed ({@code WWW-Authenticate}). */
sealed interface Challenge {
    record Basic() implements Challenge {}

    /**
     * @param realm URL of the token server
     * @param scope what the server says the request needs; empty where it does not say
     * @param stale whether the server says that the token it got is no longer, or never was, good
     */
    record Bearer(String realm, Optional<String> service, Optional<String> scope, boolean stale) implements Challenge {}

    /** The first challenge of a response that can be met; servers may offer others, such as Negotiate. */
    static Optional<Challenge> of(Response response) {
        return response.challenges().stream().map(Challenge::of).flatMap(Optional::stream).findFirst();
    }

    private static Optional<Challenge> of(okhttp3.Challenge offered) {
        Map<String, String> parameters = new TreeMap<>(String.CASE_INSENSITIVE_ORDER);
        offered.authParams().forEach((name, value) -> {
            if (name != null) {
                parameters.put(name, value);
            }
        });
        return switch (offered.scheme().toLowerCase(Locale.ROOT)) {
            case "basic" -> Optional.of(new Basic());
            case "bearer" -> Optional.ofNullable(parameters.get("realm")).map(realm -> new Bearer(realm,
                    Optional.ofNullable(parameters.get("service")),
                    Optional.ofNullable(parameters.get("scope")).filter(scope -> !scope.isBlank()),
                    "invalid_token".equals(parameters.get("error"))));
            default -> Optional.empty();
        };
    }

    /** The scopes of a challenge: they are separated by spaces. */
    static List<String> scopes(Bearer challenge) {
        return challenge.scope().map(scope -> List.of(scope.strip().split(" +"))).orElse(List.of());
    }
}
