package io.sifter.spi.error;

import java.io.IOException;
import java.util.Optional;

/**
 * A failure that a person can act on. The message says what was tried, with which input, and what happened;
 * {@link #nextStep()} says what to do about it. The three subtypes say who can act. Anything else that is thrown
 * is a defect of the program.
 */
public abstract sealed class SifterException extends IOException
        permits UserException, ExternalException, CorruptDataException {
    private final String nextStep;

    SifterException(String message, String nextStep, Throwable cause) {
        super(message, cause);
        this.nextStep = nextStep;
    }

    /** What to try next, one sentence, where there is something to try. */
    public Optional<String> nextStep() {
        return Optional.ofNullable(nextStep);
    }
}
