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
 * Shows events on the error stream: log lines, and the progress lines of the user guide. Layers arrive in any order, and
 * their lines appear in the manifest's. On a terminal the current layer's bar moves, at most ten times a second;
 * elsewhere each step leaves one line.
 *
 * <p>Callers of {@link #accept} never wait for the screen: one thread of this object's own writes everything. Closing it
 * waits until all is written.
 */
public final class Terminal implements Consumer<Event>, AutoCloseable {
    private static final long REDRAW_MILLIS = 100;
    private static final StackWalker STACK = StackWalker.getInstance(StackWalker.Option.RETAIN_CLASS_REFERENCE);

    private final LogLines lines;
    private final Screen screen;
    private final Progress progress;
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
        this.lines = lines;
        this.screen = new Screen(out);
        this.progress = new Progress(screen, live, lines.shows(Level.INFO), columns, clock);
        this.clock = clock;
        this.writer = Thread.ofPlatform().name("terminal").daemon().start(this::write);
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
                work.add(() -> start(task, advance, now));
            }
            case Finished(Task task) -> end(task, true);
            case Failed(Task task, String reason) -> {
                log(Level.VERBOSE, task + ": " + reason);
                end(task, false);
            }
            case Reached(Milestone milestone, String detail) -> reach(milestone, detail);
            case Logged(Event.Level level, String message) -> log(switch (level) {
                case DEBUG -> Level.DEBUG;
                case VERBOSE -> Level.VERBOSE;
                case INFO -> Level.INFO;
                case WARNING -> Level.WARNING;
                case ERROR -> Level.ERROR;
            }, message);
        }
    }

    private void start(Task task, LongAdder advance, long now) {
        if (task.kind() != Task.Kind.WAIT) {
            progress.started(task, advance, now);
        } else if (lines.shows(Level.INFO)) {
            screen.print(lines.line(Level.INFO, "Waiting for " + task.subject(), ""));
        }
    }

    private void end(Task task, boolean complete) {
        LongAdder advance = advances.remove(task);
        long now = clock.getAsLong();
        if (advance != null && task.kind() != Task.Kind.WAIT) {
            work.add(() -> progress.ended(task, complete, now));
        }
    }

    private void reach(Milestone milestone, String detail) {
        boolean step = switch (milestone) {
            case SOURCE_OPENED, MANIFEST_WRITTEN, SIGNATURES_STORED -> true;
            case CONVERTING, BUILD_STARTED, CREATING_SIF, CREATING_SANDBOX, BUILD_COMPLETE, CACHED_AS_SIF -> false;
        };
        String text = switch (milestone) {
            case CONVERTING -> "Converting OCI blobs to SIF format";
            case BUILD_STARTED -> "Starting build...";
            case SOURCE_OPENED -> "Getting image source signatures";
            case MANIFEST_WRITTEN -> "Writing manifest to image destination";
            case SIGNATURES_STORED -> "Storing signatures";
            case CREATING_SIF -> "Creating SIF file...";
            case CREATING_SANDBOX -> "Creating sandbox directory...";
            case BUILD_COMPLETE -> "Build complete: " + detail;
            case CACHED_AS_SIF -> "Image cached as SIF at " + detail;
        };
        String line = step && !lines.debugging() ? text + "\n" : lines.line(Level.INFO, text, place());
        boolean shown = lines.shows(Level.INFO);
        work.add(() -> {
            progress.barrier();
            if (shown) {
                screen.print(line);
            }
        });
    }

    /** Writes a log line, if lines of its level are shown. */
    public void log(Level level, String message) {
        if (lines.shows(level)) {
            String line = lines.line(level, message, place());
            work.add(() -> screen.print(line));
        }
    }

    /** Writes text as it is, whatever the level. */
    public void print(String text) {
        work.add(() -> screen.print(text));
    }

    /** Waits until everything said so far is written, and the last line is whole. */
    public void flush() {
        var done = new CountDownLatch(1);
        work.add(() -> {
            progress.pause();
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
            progress.barrier();
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
                Runnable next = progress.moves() ? work.poll(REDRAW_MILLIS, TimeUnit.MILLISECONDS) : work.take();
                if (next != null) {
                    next.run();
                }
                progress.redraw(REDRAW_MILLIS);
            }
        } catch (Closed | InterruptedException e) {
            screen.endLine();
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
