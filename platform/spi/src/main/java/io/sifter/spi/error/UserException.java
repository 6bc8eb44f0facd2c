package io.sifter.spi.error;

/** The command or its input asks for something that cannot be done: the user changes the command. */
public non-sealed class UserException extends SifterException {
    public UserException(String message) {
        super(message, null, null);
    }

    public UserException(String message, String nextStep) {
        super(message, nextStep, null);
    }

    public UserException(String message, Throwable cause) {
        super(message, null, cause);
    }

    public UserException(String message, String nextStep, Throwable cause) {
        super(message, nextStep, cause);
    }
}
