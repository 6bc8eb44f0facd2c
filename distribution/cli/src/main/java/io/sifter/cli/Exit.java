package io.sifter.cli;

/** Exit codes of the reference. */
final class Exit {
    static final int SUCCESS = 0;
    /** The command line cannot be understood. */
    static final int USAGE = 1;
    /** A build was interrupted; the same number. */
    static final int INTERRUPTED_BUILD = 1;
    /** {@code lint} has found something; the same number. */
    static final int FINDINGS = 1;
    /** Something failed. */
    static final int FAILURE = 255;

    private Exit() {}
}
