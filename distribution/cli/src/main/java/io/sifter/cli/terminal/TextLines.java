package io.sifter.cli.terminal;

import io.sifter.spi.event.Event.Milestone;
import io.sifter.spi.event.Task;
import java.io.PrintStream;
import java.util.concurrent.atomic.LongAdder;
import java.util.function.IntSupplier;
import java.util.function.LongSupplier;

/** Log lines and the progress lines of the user guide, for people. */
final class TextLines implements Rendering {
    private final LogLines lines;
    private final Screen screen;
    private final Progress progress;
    private final boolean shown;

    TextLines(LogLines lines, PrintStream out, boolean live, IntSupplier columns, LongSupplier clock) {
        this.lines = lines;
        this.screen = new Screen(out);
        this.shown = lines.shows(Level.INFO);
        this.progress = new Progress(screen, live, shown, columns, clock);
    }

    @Override
    public void started(Task task, LongAdder bytes, long now) {
        if (task.kind() != Task.Kind.WAIT) {
            progress.started(task, bytes, now);
        } else if (shown) {
            screen.print(lines.line(Level.INFO, "Waiting for " + task.subject(), ""));
        }
    }

    @Override
    public void ended(Task task, String reason, long now) {
        if (task.kind() != Task.Kind.WAIT) {
            progress.ended(task, reason.isEmpty(), now);
        }
    }

    @Override
    public void reached(Milestone milestone, String detail, String place) {
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
        progress.barrier();
        if (shown) {
            screen.print(step && !lines.debugging() ? text + "\n" : lines.line(Level.INFO, text, place));
        }
    }

    @Override
    public void logged(Level level, String message, String place) {
        screen.print(lines.line(level, message, place));
    }

    @Override
    public void failed(Failure failure, String text) {
        screen.print(text);
    }

    @Override
    public void printed(String text) {
        screen.print(text);
    }

    @Override
    public boolean moves() {
        return progress.moves();
    }

    @Override
    public void redraw(long interval) {
        progress.redraw(interval);
    }

    @Override
    public void pause() {
        progress.pause();
    }

    @Override
    public void close() {
        progress.barrier();
    }
}
