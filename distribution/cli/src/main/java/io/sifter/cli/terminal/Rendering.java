package io.sifter.cli.terminal;

import io.sifter.spi.event.Event.Milestone;
import io.sifter.spi.event.Task;
import java.util.concurrent.atomic.LongAdder;

/** A form in which events are written. For one thread. */
interface Rendering {
    /** @param bytes counts what is done, while it is done */
    void started(Task task, LongAdder bytes, long now);

    /** @param reason why it is not complete; empty if it is */
    void ended(Task task, String reason, long now);

    /** @param place where in the program it is said; for the debug form */
    void reached(Milestone milestone, String detail, String place);

    void logged(Level level, String message, String place);

    /**
     * The command failed.
     *
     * @param text for people
     */
    void failed(Failure failure, String text);

    /** Text as it is. */
    void printed(String text);

    /** Whether something on display changes by itself. */
    boolean moves();

    /** Shows what moved, unless that was done less than {@code interval} milliseconds ago. */
    void redraw(long interval);

    /** Makes the last line whole, so that others may write. */
    void pause();

    /** Shows what waits for something that does not come any more. */
    void close();
}
