package io.sifter.spi.error;

/**
 * Nobody answered: no name resolution, no route, no connection, or a server that says it is out of order. What was
 * fetched earlier may stand in; a server that answers with a refusal is a plain {@link ExternalException}.
 */
public class UnreachableException extends ExternalException {
    public UnreachableException(String message, String nextStep) {
        super(message, nextStep);
    }

    public UnreachableException(String message, String nextStep, Throwable cause) {
        super(message, nextStep, cause);
    }
}
