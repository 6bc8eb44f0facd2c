package io.sifter.cli.terminal;

import static org.assertj.core.api.Assertions.assertThat;

import io.sifter.image.document.Json;
import io.sifter.spi.event.Event;
import io.sifter.spi.event.Event.Milestone;
import io.sifter.spi.event.Task;
import io.sifter.spi.event.Task.Kind;
import java.io.ByteArrayOutputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.TreeSet;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

class JsonLinesTest {
    private static final Path DESCRIPTION = Path.of("progress.md");

    private final ByteArrayOutputStream written = new ByteArrayOutputStream();

    /** A terminal whose clock stands still, so that nothing is told in between. */
    private Terminal terminal(boolean quiet) {
        return Terminal.json(LogLines.of(false, false, quiet, false, false), new PrintStream(written, true, StandardCharsets.UTF_8), () -> 0);
    }

    private String text() {
        return written.toString(StandardCharsets.UTF_8);
    }

    @Test
    void eachEventIsOneObjectOnOneLine() {
        Task layer = new Task(Kind.LAYER, "sha256:ab", OptionalLong.of(10), 1);
        Task file = new Task(Kind.FILE, "a\nb.sif", OptionalLong.empty(), 0);
        try (Terminal terminal = terminal(false)) {
            terminal.accept(new Event.Reached(Milestone.BUILD_STARTED, ""));
            terminal.accept(new Event.Started(layer));
            terminal.accept(new Event.Advanced(layer, 10));
            terminal.accept(new Event.Finished(layer));
            terminal.accept(new Event.Started(file));
            terminal.accept(new Event.Failed(file, "gone"));
            terminal.accept(Event.warning("é \"quoted\"\nlines"));
            terminal.accept(new Event.Logged(Event.Level.VERBOSE, "not shown"));
            terminal.accept(new Event.Reached(Milestone.BUILD_COMPLETE, "x.sif"));
            terminal.fail(new Failure("user", "it failed", Optional.of("do better")), "FATAL: it failed");
        }

        assertThat(text()).isEqualTo("""
                {"version":1,"event":"reached","milestone":"build-started"}
                {"version":1,"event":"started","task":1,"kind":"layer","subject":"sha256:ab","total":10,"position":1}
                {"version":1,"event":"finished","task":1,"bytes":10}
                {"version":1,"event":"started","task":2,"kind":"file","subject":"a\\nb.sif","position":0}
                {"version":1,"event":"failed","task":2,"bytes":0,"reason":"gone"}
                {"version":1,"event":"logged","level":"warning","message":"é \\"quoted\\"\\nlines"}
                {"version":1,"event":"reached","milestone":"build-complete","detail":"x.sif"}
                {"version":1,"event":"error","kind":"user","message":"it failed","nextStep":"do better"}
                """);
    }

    @Test
    @Timeout(30)
    void whatIsDoneIsToldAllTogetherWhileItGoesOn() throws Exception {
        Task layer = new Task(Kind.LAYER, "sha256:ab", OptionalLong.of(10), 0);
        try (Terminal terminal = Terminal.json(LogLines.of(false, false, false, false, false), new PrintStream(written, true, StandardCharsets.UTF_8))) {
            terminal.accept(new Event.Started(layer));
            terminal.accept(new Event.Advanced(layer, 3));
            terminal.accept(new Event.Advanced(layer, 4));
            while (!text().contains("advanced")) {
                TimeUnit.MILLISECONDS.sleep(5);
            }
            terminal.accept(new Event.Finished(layer));
        }

        assertThat(text().lines().filter(line -> line.contains("advanced")))
                .last().isEqualTo("{\"version\":1,\"event\":\"advanced\",\"task\":1,\"bytes\":7}");
    }

    @Test
    void quietLeavesWarningsAndErrors() {
        Task layer = new Task(Kind.LAYER, "sha256:ab", OptionalLong.of(10), 0);
        try (Terminal terminal = terminal(true)) {
            terminal.accept(new Event.Reached(Milestone.BUILD_STARTED, ""));
            terminal.accept(new Event.Started(layer));
            terminal.accept(new Event.Advanced(layer, 10));
            terminal.accept(new Event.Finished(layer));
            terminal.accept(Event.info("news"));
            terminal.accept(Event.warning("careful"));
            terminal.fail(new Failure("external", "it failed", Optional.empty()), "");
        }

        assertThat(text()).isEqualTo("""
                {"version":1,"event":"logged","level":"warning","message":"careful"}
                {"version":1,"event":"error","kind":"external","message":"it failed"}
                """);
    }

    @Test
    void theDescriptionKnowsEveryEventMemberAndValue() throws Exception {
        var said = new TreeSet<String>();
        try (Terminal terminal = terminal(false)) {
            for (Kind kind : Kind.values()) {
                Task task = new Task(kind, "x", OptionalLong.of(1), 0);
                terminal.accept(new Event.Started(task));
                terminal.accept(kind == Kind.LAYER ? new Event.Failed(task, "y") : new Event.Finished(task));
            }
            for (Milestone milestone : Milestone.values()) {
                terminal.accept(new Event.Reached(milestone, "z"));
            }
            terminal.fail(new Failure("defect", "m", Optional.of("n")), "");
        }
        for (String line : text().lines().toList()) {
            Map<?, ?> event = (Map<?, ?>) Json.parse(line.getBytes(StandardCharsets.UTF_8), "the line");
            event.keySet().forEach(key -> said.add(key.toString()));
            for (String key : new String[] {"event", "kind", "milestone"}) {
                if (event.get(key) != null) {
                    said.add(event.get(key).toString());
                }
            }
        }
        for (Event.Level level : Event.Level.values()) {
            said.add(level.name().toLowerCase(Locale.ROOT));
        }

        String description = Files.readString(DESCRIPTION);
        assertThat(said).hasSizeGreaterThan(20).allSatisfy(word -> assertThat(description).contains("`" + word + "`"));
    }
}
