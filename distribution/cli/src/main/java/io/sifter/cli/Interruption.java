package io.sifter.cli;

import io.sifter.cli.terminal.Terminal;
import java.util.OptionalInt;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;

/**
 * What happens when a signal ends the program: the command's thread is interrupted, so that it removes what is half done,
 * and gets a moment for it. After the command's end nothing happens any more.
 */
final class Interruption extends Thread {
    private static final long MOMENT_MILLIS = 2000;

    private final Thread command;
    private final Terminal terminal;
    private final OptionalInt exit;
    private final CountDownLatch over = new CountDownLatch(1);

    private Interruption(Thread command, Terminal terminal, OptionalInt exit) {
        super("interruption");
        this.command = command;
        this.terminal = terminal;
        this.exit = exit;
    }

    /**
     * Watches over the calling thread.
     *
     * @param exit code of the program when a signal ends it, in place of the signal's
     */
    static Interruption watch(Terminal terminal, OptionalInt exit) {
        var interruption = new Interruption(Thread.currentThread(), terminal, exit);
        Runtime.getRuntime().addShutdownHook(interruption);
        return interruption;
    }

    /** The command came to its end by itself. */
    void over() {
        over.countDown();
    }

    /** Whether a signal is ending the program. */
    boolean happens() {
        return isAlive();
    }

    @Override
    public void run() {
        if (over.getCount() == 0) {
            return;
        }
        command.interrupt();
        terminal.flush();
        try {
            over.await(MOMENT_MILLIS, TimeUnit.MILLISECONDS);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
        exit.ifPresent(Runtime.getRuntime()::halt);
    }
}
