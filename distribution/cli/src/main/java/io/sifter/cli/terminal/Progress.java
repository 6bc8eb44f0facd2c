package io.sifter.cli.terminal;

import io.sifter.spi.event.Task;
import io.sifter.spi.event.Task.Kind;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.concurrent.atomic.LongAdder;
import java.util.function.IntSupplier;
import java.util.function.LongSupplier;

/**
 * Brings the steps of a build into the order that the user guide shows: layers by position, then the configuration, each
 * with its heading and its bar. A step is shown when all before it are complete. For one thread.
 */
final class Progress {
    private final Screen screen;
    private final boolean live;
    private final boolean shown;
    private final IntSupplier columns;
    private final LongSupplier clock;
    private final List<Step> waiting = new ArrayList<>();
    private Step current;
    private int nextLayer;
    private boolean failed;
    private int width;
    private long drawn;

    /** A task, its bytes so far, and when it began and ended. */
    private static final class Step {
        private final Task task;
        private final LongAdder bytes;
        private final long began;
        private long ended;
        private boolean over;
        private boolean complete;

        Step(Task task, LongAdder bytes, long began) {
            this.task = task;
            this.bytes = bytes;
            this.began = began;
        }

        boolean isLayer() {
            return task.kind() == Kind.LAYER || task.kind() == Kind.REPEATED_LAYER;
        }

        Duration time(long now) {
            return Duration.ofNanos(Math.max(0, (over ? ended : now) - began));
        }
    }

    Progress(Screen screen, boolean live, boolean shown, IntSupplier columns, LongSupplier clock) {
        this.screen = screen;
        this.live = live && shown;
        this.shown = shown;
        this.columns = columns;
        this.clock = clock;
        this.drawn = clock.getAsLong();
    }

    void started(Task task, LongAdder bytes, long now) {
        waiting.add(new Step(task, bytes, now));
        advance();
    }

    void ended(Task task, boolean complete, long now) {
        failed |= !complete;
        if (current != null && current.task == task) {
            end(current, complete, now);
            finishCurrent();
        }
        for (Step step : waiting) {
            if (step.task == task) {
                end(step, complete, now);
            }
        }
        advance();
    }

    private static void end(Step step, boolean complete, long now) {
        step.over = true;
        step.complete = complete;
        step.ended = now;
    }

    /** Shows everything that waited for something before it, unless something failed; then layers are counted anew. */
    void barrier() {
        if (current != null) {
            pause();
            current = null;
        }
        waiting.sort(Comparator.comparing((Step step) -> !step.isLayer()).thenComparing(step -> step.task.position()));
        for (Step step : List.copyOf(waiting)) {
            if (step.over && !failed) {
                begin(step);
                finishCurrent();
            }
        }
        waiting.clear();
        nextLayer = 0;
        failed = false;
    }

    /** Makes the last line whole, so that others may write. */
    void pause() {
        screen.endLine();
    }

    /** Whether a bar moves on a terminal. */
    boolean moves() {
        return live && current != null && current.task.kind() != Kind.REPEATED_LAYER;
    }

    /** Draws the moving bar, unless that was done less than {@code interval} milliseconds ago. */
    void redraw(long interval) {
        long now = clock.getAsLong();
        if (!moves() || now - drawn < interval * 1_000_000) {
            return;
        }
        drawn = now;
        Step step = current;
        String line = step.task.kind() == Kind.FILE
                ? Bar.runningFile(step.bytes.sum(), step.task.total(), step.time(now), fileWidth())
                : Bar.running(step.bytes.sum(), step.task.total(), step.time(now), width());
        screen.replace(line);
    }

    private void advance() {
        while (current == null && !failed) {
            Step next = next();
            if (next == null) {
                return;
            }
            begin(next);
            if (next.over) {
                finishCurrent();
            }
        }
    }

    /** The step whose turn it is: the layer that follows, or a file. The configuration waits for the barrier. */
    private Step next() {
        for (Step step : waiting) {
            if (step.isLayer() ? step.task.position() == nextLayer : step.task.kind() == Kind.FILE) {
                return step;
            }
        }
        return null;
    }

    private void begin(Step step) {
        waiting.remove(step);
        current = step;
        if (step.isLayer()) {
            nextLayer = step.task.position() + 1;
        }
        if (!shown) {
            return;
        }
        switch (step.task.kind()) {
            case LAYER -> screen.print("Copying blob " + step.task.subject() + "\n");
            case REPEATED_LAYER -> screen.print("Skipping fetch of repeat blob " + step.task.subject() + "\n");
            case CONFIG -> screen.print("Copying config " + step.task.subject() + "\n");
            case FILE, WAIT -> { }
        }
    }

    private void finishCurrent() {
        Step step = current;
        current = null;
        if (!shown || step.task.kind() == Kind.REPEATED_LAYER) {
            return;
        }
        if (!step.complete) {
            screen.endLine();
            return;
        }
        long bytes = step.task.total().orElse(step.bytes.sum());
        screen.print((step.task.kind() == Kind.FILE ? Bar.finishedFile(bytes, step.time(step.ended), fileWidth())
                : Bar.finished(bytes, step.time(step.ended), width())) + "\n");
    }

    private int width() {
        return live ? Math.min(Bar.USUAL_WIDTH, measured()) : Bar.USUAL_WIDTH;
    }

    /** Bars of whole files take the terminal's width, as in the user guide. */
    private int fileWidth() {
        return live ? measured() : Bar.USUAL_WIDTH;
    }

    private int measured() {
        if (width == 0) {
            int known = columns.getAsInt();
            width = known > 0 ? known : Bar.USUAL_WIDTH;
        }
        return width;
    }
}
