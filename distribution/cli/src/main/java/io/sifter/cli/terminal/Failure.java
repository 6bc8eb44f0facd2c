package io.sifter.cli.terminal;

import java.util.Objects;
import java.util.Optional;

/**
 * Why a command failed, for programs.
 *
 * @param kind who can act: {@code user}, {@code external}, {@code corrupt}, or {@code defect}
 */
public record Failure(String kind, String message, Optional<String> nextStep) {
    public Failure {
        Objects.requireNonNull(kind);
        Objects.requireNonNull(message);
        Objects.requireNonNull(nextStep);
    }
}
