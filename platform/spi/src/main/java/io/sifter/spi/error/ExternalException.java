package io.sifter.spi.error;

/** Something outside failed: a registry, the network, a missing tool, a full disk. */
public non-sealed class ExternalException extends SifterException {
    public ExternalException(String message) {
        super(message, null, null);
    }

    public ExternalException(String message, String nextStep) {
        super(message, nextStep, null);
    }

    public ExternalException(String message, Throwable cause) {
        super(message, null, cause);
    }

    public ExternalException(String message, String nextStep, Throwable cause) {
        super(message, nextStep, cause);
    }
}
