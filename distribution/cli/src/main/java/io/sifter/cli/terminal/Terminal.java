package io.sifter.cli.terminal;

import io.sifter.spi.event.Event;
import io.sifter.spi.event.Event.Advanced;
import io.sifter.spi.event.Event.Failed;
import io.sifter.spi.event.Event.Finished;
import io.sifter.spi.event.Event.Logged;
import io.sifter.spi.event.Event.Milestone;
import io.sifter.spi.event.Event.Reached;
import io.sifter.spi.event.Event.Started;
import io.sifter.spi.event.Task;
import java.io.PrintStream;
import java.util.Map;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.LongAdder;
import java.util.function.Consumer;
import java.util.function.IntSupplier;
import java.util.function.LongSupplier;

/**
 * Shows events on the error stream: to people as log lines and the progress lines of the user guide, to programs as JSON.
 * Layers arrive in any order, and people see their lines in the manifest's. On a terminal the current layer's bar moves, at
 * most ten times a second; elsewhere each step leaves one line.
 *
 * <p>Callers of {@link #accept} never wait for the screen: one thread of this object's own writes everything. Closing it
 * waits until all is written.
 */
public final class Terminal implements Consumer<Event>, AutoCloseable {
    private static final long REDRAW_MILLIS = 100;
    private static final StackWalker STACK = StackWalker.getInstance(StackWalker.Option.RETAIN_CLASS_REFERENCE);

    private final LogLines lines;
    private final Rendering rendering;
    private final Map<Task, LongAdder> advances = new ConcurrentHashMap<>();
    private final BlockingQueue<Runnable> work = new LinkedBlockingQueue<>();
    private final LongSupplier clock;
    private final Thread writer;

    /**
     * @param live whether {@code out} is a terminal on which a line may be written again
     * @param columns how wide the terminal is, asked once at most
     */
    public Terminal(LogLines lines, PrintStream out, boolean live, IntSupplier columns) {
        this(lines, out, live, columns, System::nanoTime);
    }

    Terminal(LogLines lines, PrintStream out, boolean live, IntSupplier columns, LongSupplier clock) {
        this(lines, new TextLines(lines, out, live, columns, clock), clock);
    }

    private Terminal(LogLines lines, Rendering rendering, LongSupplier clock) {
        this.lines = lines;
        this.rendering = rendering;
        this.clock = clock;
        this.writer = Thread.ofPlatform().name("terminal").daemon().start(this::write);
    }

    /** Writes one JSON object a line in place of text for people. */
    public static Terminal json(LogLines lines, PrintStream out) {
        return json(lines, out, System::nanoTime);
    }

    static Terminal json(LogLines lines, PrintStream out, LongSupplier clock) {
        return new Terminal(lines, new JsonLines(out, lines, clock), clock);
    }

    @Override
    public void accept(Event event) {
        switch (event) {
            case Advanced(Task task, long bytes) -> {
                LongAdder advance = advances.get(task);
                if (advance != null) {
                    advance.add(bytes);
                }
            }
            case Started(Task task) -> {
                LongAdder advance = new LongAdder();
                advances.put(task, advance);
                long now = clock.getAsLong();
                work.add(() -> rendering.started(task, advance, now));
            }
            case Finished(Task task) -> end(task, "");
            case Failed(Task task, String reason) -> {
                log(Level.VERBOSE, task + ": " + reason);
                end(task, reason.isEmpty() ? "failed" : reason);
            }
            case Reached(Milestone milestone, String detail) -> {
                String place = place();
                work.add(() -> rendering.reached(milestone, detail, place));
            }
            case Logged(Event.Level level, String message) -> log(switch (level) {
                case DEBUG -> Level.DEBUG;
                case VERBOSE -> Level.VERBOSE;
                case INFO -> Level.INFO;
                case WARNING -> Level.WARNING;
                case ERROR -> Level.ERROR;
            }, message);
        }
    }

    private void end(Task task, String reason) {
        LongAdder advance = advances.remove(task);
        long now = clock.getAsLong();
        if (advance != null) {
            work.add(() -> rendering.ended(task, reason, now));
        }
    }

    /** Writes a log line, if lines of its level are shown. */
    public void log(Level level, String message) {
        if (lines.shows(level)) {
            String place = place();
            work.add(() -> rendering.logged(level, message, place));
        }
    }

    /**
     * Writes why the command failed, whatever the level.
     *
     * @param text for people
     */
    public void fail(Failure failure, String text) {
        work.add(() -> rendering.failed(failure, text));
    }

    /** Writes text as it is, whatever the level. */
    public void print(String text) {
        work.add(() -> rendering.printed(text));
    }

    /** Waits until everything said so far is written, and the last line is whole. */
    public void flush() {
        var done = new CountDownLatch(1);
        work.add(() -> {
            rendering.pause();
            done.countDown();
        });
        try {
            while (writer.isAlive() && !done.await(REDRAW_MILLIS, TimeUnit.MILLISECONDS)) {
                // The screen may be slow, or its user may have stopped it.
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    @Override
    public void close() {
        work.add(() -> {
            rendering.close();
            throw new Closed();
        });
        try {
            writer.join();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    /** Ends the writer's loop. */
    private static final class Closed extends RuntimeException {
        Closed() {
            super(null, null, false, false);
        }
    }

    private void write() {
        try {
            while (true) {
                Runnable next = rendering.moves() ? work.poll(REDRAW_MILLIS, TimeUnit.MILLISECONDS) : work.take();
                if (next != null) {
                    next.run();
                }
                rendering.redraw(REDRAW_MILLIS);
            }
        } catch (Closed | InterruptedException e) {
            rendering.pause();
        }
    }

    /** The method that speaks, for the debug format. */
    private String place() {
        if (!lines.debugging()) {
            return "";
        }
        return STACK.walk(frames -> frames.dropWhile(frame -> frame.getDeclaringClass() == Terminal.class).findFirst())
                .map(frame -> frame.getDeclaringClass().getSimpleName() + "." + frame.getMethodName() + "()").orElse("");
    }
}
