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

    /** How long threads that belong to nobody may keep the process after its work is done. */
    private static final long PATIENCE_MILLIS = 250;

    private Exit() {}

    /**
     * Ends the process; called last in the main thread. {@code System.exit} first waits a third of a second for threads that are in
     * native code, and the JDK's own that watches sockets always is. A main thread that ends does not wait for it.
     */
    static void leave(int code) {
        if (code != SUCCESS) {
            System.exit(code);
        }
        // A plugin may have started a thread that never ends.
        Thread.ofPlatform().daemon().name("exit").start(() -> {
            try {
                Thread.sleep(PATIENCE_MILLIS);
            } catch (InterruptedException e) {
                return;
            }
            System.exit(SUCCESS);
        });
    }
}
