package io.sifter.spi.error;

/** The input lies: a digest does not match, a structure is damaged, an image is hostile. The message names the input, the place and what was expected there. */
public non-sealed class CorruptDataException extends SifterException {
    public CorruptDataException(String message) {
        super(message, null, null);
    }

    public CorruptDataException(String message, String nextStep) {
        super(message, nextStep, null);
    }

    public CorruptDataException(String message, Throwable cause) {
        super(message, null, cause);
    }

    public CorruptDataException(String message, String nextStep, Throwable cause) {
        super(message, nextStep, cause);
    }
}
