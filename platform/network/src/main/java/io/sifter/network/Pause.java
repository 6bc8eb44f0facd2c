package io.sifter.network;

import java.time.Duration;
import java.time.Instant;
import java.time.ZonedDateTime;
import java.time.format.DateTimeFormatter;
import java.time.format.DateTimeParseException;
import java.util.Optional;
import java.util.concurrent.ThreadLocalRandom;
import okhttp3.Response;

/** How long to wait before a request is repeated. */
final class Pause {
    private static final Duration LONGEST = Duration.ofSeconds(30);

    private Pause() {}

    /** Twice as long for each repetition, and never the same for two clients: they would come back together. */
    static Duration before(int repetition, Duration first) {
        long millis = Math.min(LONGEST.toMillis(), first.toMillis() << Math.min(repetition - 1, 20));
        return Duration.ofMillis(millis + ThreadLocalRandom.current().nextLong(millis / 4 + 1));
    }

    /** {@code Retry-After}: seconds or a date (RFC 9110, 10.2.3). */
    static Optional<Duration> asked(Response response) {
        String value = response.header("Retry-After");
        if (value == null) {
            return Optional.empty();
        }
        if (value.matches("\\d{1,9}")) {
            return Optional.of(Duration.ofSeconds(Long.parseLong(value)));
        }
        try {
            Duration until = Duration.between(Instant.now(),
                    ZonedDateTime.parse(value, DateTimeFormatter.RFC_1123_DATE_TIME).toInstant());
            return Optional.of(until.isNegative() ? Duration.ZERO : until);
        } catch (DateTimeParseException neither) {
            return Optional.empty();
        }
    }
}
