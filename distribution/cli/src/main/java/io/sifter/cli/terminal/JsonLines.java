package io.sifter.cli.terminal;

import io.sifter.image.document.Json;
import io.sifter.spi.event.Event.Milestone;
import io.sifter.spi.event.Task;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.util.LinkedHashMap;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.atomic.LongAdder;
import java.util.function.LongSupplier;

/** One JSON object a line, for programs; {@code progress.md} of this module describes them. Levels count as for people. */
final class JsonLines implements Rendering {
    /** Of the description. Members and values may be added within a version. */
    private static final int VERSION = 1;

    private final PrintStream out;
    private final LogLines lines;
    private final LongSupplier clock;
    private final Map<Task, Running> running = new LinkedHashMap<>();
    private int numbers;
    private long drawn;

    private static final class Running {
        private final int number;
        private final LongAdder bytes;
        private long told;

        Running(int number, LongAdder bytes) {
            this.number = number;
            this.bytes = bytes;
        }
    }

    JsonLines(PrintStream out, LogLines lines, LongSupplier clock) {
        this.out = out;
        this.lines = lines;
        this.clock = clock;
        this.drawn = clock.getAsLong();
    }

    @Override
    public void started(Task task, LongAdder bytes, long now) {
        Running begun = new Running(++numbers, bytes);
        running.put(task, begun);
        Map<String, Object> event = event("started");
        event.put("task", begun.number);
        event.put("kind", name(task.kind()));
        event.put("subject", task.subject());
        task.total().ifPresent(total -> event.put("total", total));
        event.put("position", task.position());
        write(event, Level.INFO);
    }

    @Override
    public void ended(Task task, String reason, long now) {
        Running over = running.remove(task);
        Map<String, Object> event = event(reason.isEmpty() ? "finished" : "failed");
        event.put("task", over.number);
        event.put("bytes", over.bytes.sum());
        if (!reason.isEmpty()) {
            event.put("reason", reason);
        }
        write(event, Level.INFO);
    }

    @Override
    public void reached(Milestone milestone, String detail, String place) {
        Map<String, Object> event = event("reached");
        event.put("milestone", name(milestone));
        if (!detail.isEmpty()) {
            event.put("detail", detail);
        }
        write(event, Level.INFO);
    }

    @Override
    public void logged(Level level, String message, String place) {
        Map<String, Object> event = event("logged");
        event.put("level", name(level));
        event.put("message", message.stripTrailing());
        write(event, level);
    }

    @Override
    public void failed(Failure failure, String text) {
        Map<String, Object> event = event("error");
        event.put("kind", failure.kind());
        event.put("message", failure.message());
        failure.nextStep().ifPresent(step -> event.put("nextStep", step));
        write(event, Level.FATAL);
    }

    @Override
    public void printed(String text) {
        logged(Level.INFO, text, "");
    }

    @Override
    public boolean moves() {
        return !running.isEmpty() && lines.shows(Level.INFO);
    }

    @Override
    public void redraw(long interval) {
        long now = clock.getAsLong();
        if (!moves() || now - drawn < interval * 1_000_000) {
            return;
        }
        drawn = now;
        for (Running task : running.values()) {
            long bytes = task.bytes.sum();
            if (bytes != task.told) {
                task.told = bytes;
                Map<String, Object> event = event("advanced");
                event.put("task", task.number);
                event.put("bytes", bytes);
                write(event, Level.INFO);
            }
        }
    }

    @Override
    public void pause() {
        out.flush();
    }

    @Override
    public void close() {
        out.flush();
    }

    private static Map<String, Object> event(String name) {
        Map<String, Object> event = new LinkedHashMap<>();
        event.put("version", VERSION);
        event.put("event", name);
        return event;
    }

    private void write(Map<String, Object> event, Level level) {
        if (lines.shows(level)) {
            // One write for a line: others may write to the same place.
            out.print(new String(Json.compact(event), StandardCharsets.UTF_8) + "\n");
            out.flush();
        }
    }

    private static String name(Enum<?> value) {
        return value.name().toLowerCase(Locale.ROOT).replace('_', '-');
    }
}
