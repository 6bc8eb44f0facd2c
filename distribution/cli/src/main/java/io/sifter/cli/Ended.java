package io.sifter.cli;

/** The command has said all there is to say, or another process has, and ends with a code of its own. */
final class Ended extends RuntimeException {
    private static final long serialVersionUID = 1;

    private final int exit;

    /** @param exit code of this process */
    Ended(int exit) {
        super(null, null, false, false);
        this.exit = exit;
    }

    int exit() {
        return exit;
    }
}
