package io.sifter.cli;

/** Another process has done the command's work, and has said all there is to say. */
final class Ended extends RuntimeException {
    private static final long serialVersionUID = 1;

    private final int exit;

    /** @param exit code of that process, which is this one's too */
    Ended(int exit) {
        super(null, null, false, false);
        this.exit = exit;
    }

    int exit() {
        return exit;
    }
}
