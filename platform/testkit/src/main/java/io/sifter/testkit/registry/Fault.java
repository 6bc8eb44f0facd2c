package io.sifter.testkit.registry;

import java.time.Duration;
import java.util.Map;
import java.util.Optional;

/** What a scripted registry does in place of answering well. */
public sealed interface Fault {
    /** States the full length, sends this many bytes of the body, and cuts the connection. */
    record CutAfter(long bytes) implements Fault {}

    /** States the full length, sends this many bytes of the body, and then nothing more, for ever. */
    record StallAfter(long bytes) implements Fault {}

    /** Another answer altogether. */
    record Instead(int status, Map<String, String> headers, String body) implements Fault {
        public Instead {
            headers = Map.copyOf(headers);
        }
    }

    /** The right answer with headers added or changed, true or not; an empty value takes the header away. */
    record Headers(Map<String, String> headers) implements Fault {
        public Headers {
            headers = Map.copyOf(headers);
        }
    }

    /** One byte of the body is wrong. */
    record Corrupt(long offset) implements Fault {}

    /** Does not state the length: the end of the connection is the end of the body. */
    record Unsized() implements Fault {}

    /** Answers as if the request had no {@code Range}. */
    record IgnoreRange() implements Fault {}

    /** The right answer, late. */
    record Delay(Duration time) implements Fault {}

    static Fault status(int status) {
        return new Instead(status, Map.of(), "");
    }

    /** An error as the distribution specification has it. */
    static Fault error(int status, String code, String message) {
        return new Instead(status, Map.of("Content-Type", "application/json"),
                "{\"errors\":[{\"code\":\"%s\",\"message\":\"%s\"}]}".formatted(code, message));
    }

    /** 429, with {@code Retry-After} where there is a time. */
    static Fault tooManyRequests(Optional<String> retryAfter) {
        return new Instead(429, retryAfter.map(value -> Map.of("Content-Type", "application/json", "Retry-After", value))
                .orElse(Map.of("Content-Type", "application/json")),
                "{\"errors\":[{\"code\":\"TOOMANYREQUESTS\",\"message\":\"You have reached your pull rate limit.\"}]}");
    }

    static Fault redirect(int status, String location) {
        return new Instead(status, Map.of("Location", location), "");
    }

    static Fault html() {
        return new Instead(200, Map.of("Content-Type", "text/html; charset=utf-8"),
                "<!doctype html><html><head><title>Sign in</title></head><body>Welcome</body></html>");
    }
}
