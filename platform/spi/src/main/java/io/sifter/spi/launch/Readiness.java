package io.sifter.spi.launch;

import java.util.Objects;

/** Whether a runtime works here; {@code reason} says why not, or what it found. */
public record Readiness(boolean ready, String reason) {
    public Readiness {
        Objects.requireNonNull(reason);
    }

    public static Readiness ready(String found) {
        return new Readiness(true, found);
    }

    public static Readiness missing(String reason) {
        return new Readiness(false, reason);
    }
}
