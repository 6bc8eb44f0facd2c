package io.sifter.cli.terminal;

import static org.assertj.core.api.Assertions.assertThat;

import io.sifter.spi.event.Event;
import io.sifter.spi.event.Event.Milestone;
import io.sifter.spi.event.Task;
import io.sifter.spi.event.Task.Kind;
import java.io.ByteArrayOutputStream;
import java.io.OutputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.OptionalLong;
import java.util.Random;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

class TerminalTest {
    private static final String[] BLOBS = {
        "9fb6c798fa41e509b58bccc5c29654c3ff4648b608f5daa67c1aab6a7d02c118", "3b61febd4aefe982e0cb9c696d415137384d1a01052b50a85aae46439e15e49a",
        "9d99b9777eb02b8943c0e72d7a7baec5c782f8fd976825c9d3fb48b3101aacc2", "d010c8cf75d7eb5d2504d5ffa0d19696e8d745a457dd8d28ec6dd41d3763617e",
        "7fac07fb303e0589b9c23e6f49d5dc1ff9d6f3c8c88cabe768b430bdb47f03a9", "8e860504ff1ee5dc7953672d128ce1e4aa4d8e3716eb39fe710b849c64b20945"};
    private static final long[] SIZES = {47536248, 848, 621, 853, 169, 56355961};
    private static final String CONFIG = "73d5b1025fbfa138f2cacf45bbf3f61f7de891559fa25b28ab365c7d9c3cbd82";

    /** The first pull of the user guide. */
    private static final String FIRST_PULL = """
            INFO:    Starting build...
            Getting image source signatures
            Copying blob sha256:9fb6c798fa41e509b58bccc5c29654c3ff4648b608f5daa67c1aab6a7d02c118
             45.33 MiB / 45.33 MiB [====================================================] 2s
            Copying blob sha256:3b61febd4aefe982e0cb9c696d415137384d1a01052b50a85aae46439e15e49a
             848 B / 848 B [============================================================] 0s
            Copying blob sha256:9d99b9777eb02b8943c0e72d7a7baec5c782f8fd976825c9d3fb48b3101aacc2
             621 B / 621 B [============================================================] 0s
            Copying blob sha256:d010c8cf75d7eb5d2504d5ffa0d19696e8d745a457dd8d28ec6dd41d3763617e
             853 B / 853 B [============================================================] 0s
            Copying blob sha256:7fac07fb303e0589b9c23e6f49d5dc1ff9d6f3c8c88cabe768b430bdb47f03a9
             169 B / 169 B [============================================================] 0s
            Copying blob sha256:8e860504ff1ee5dc7953672d128ce1e4aa4d8e3716eb39fe710b849c64b20945
             53.75 MiB / 53.75 MiB [====================================================] 3s
            Copying config sha256:73d5b1025fbfa138f2cacf45bbf3f61f7de891559fa25b28ab365c7d9c3cbd82
             3.33 KiB / 3.33 KiB [======================================================] 0s
            Writing manifest to image destination
            Storing signatures
            INFO:    Creating SIF file...
            INFO:    Build complete: lolcow_latest.sif
            """;

    private final ByteArrayOutputStream written = new ByteArrayOutputStream();
    private final AtomicLong clock = new AtomicLong(-5_000_000_000L);

    private Terminal terminal(LogLines lines, boolean live) {
        return new Terminal(lines, new PrintStream(written, true, StandardCharsets.UTF_8), live, () -> 100, clock::get);
    }

    private static LogLines normal() {
        return LogLines.of(false, false, false, false, false);
    }

    private String text() {
        return written.toString(StandardCharsets.UTF_8);
    }

    private static Task task(Kind kind, String digest, long size, int position) {
        return new Task(kind, "sha256:" + digest, OptionalLong.of(size), position);
    }

    private static void reach(Terminal terminal, Milestone milestone, String detail) {
        terminal.accept(new Event.Reached(milestone, detail));
    }

    /** Starts all layers and ends them in a random order; the first takes two seconds, the last three. */
    private void pull(Terminal terminal, Random random) {
        reach(terminal, Milestone.BUILD_STARTED, "");
        reach(terminal, Milestone.SOURCE_OPENED, "");
        var tasks = new ArrayList<Task>();
        for (int i = 0; i < BLOBS.length; i++) {
            tasks.add(task(Kind.LAYER, BLOBS[i], SIZES[i], i));
        }
        tasks.add(task(Kind.CONFIG, CONFIG, 3410, 0));
        Collections.shuffle(tasks, random);
        tasks.forEach(task -> terminal.accept(new Event.Started(task)));
        long began = clock.get();
        var slow = new ArrayList<Task>();
        for (Task task : tasks) {
            terminal.accept(new Event.Advanced(task, task.total().getAsLong()));
            if (task.total().getAsLong() > 10_000) {
                slow.add(task);
            } else {
                terminal.accept(new Event.Finished(task));
            }
        }
        slow.sort((a, b) -> a.position() - b.position());
        clock.set(began + 2_000_000_000L);
        terminal.accept(new Event.Finished(slow.getFirst()));
        clock.set(began + 3_000_000_000L);
        terminal.accept(new Event.Finished(slow.getLast()));
        reach(terminal, Milestone.MANIFEST_WRITTEN, "");
        reach(terminal, Milestone.SIGNATURES_STORED, "");
        reach(terminal, Milestone.CREATING_SIF, "");
        reach(terminal, Milestone.BUILD_COMPLETE, "lolcow_latest.sif");
    }

    @Test
    void aPullReadsLikeTheUserGuideWhateverTheOrderOfArrival() {
        for (int seed = 0; seed < 20; seed++) {
            written.reset();
            try (Terminal terminal = terminal(normal(), false)) {
                pull(terminal, new Random(seed));
            }

            assertThat(text()).isEqualTo(FIRST_PULL);
        }
    }

    @Test
    void onATerminalTheSameLinesRemain() {
        try (Terminal terminal = terminal(normal(), true)) {
            pull(terminal, new Random(1));
        }

        assertThat(text().replaceAll("\r\u001b\\[K[^\n]*?(?=\r)", "").replace("\r\u001b[K", "")).isEqualTo(FIRST_PULL);
    }

    @Test
    void repeatedLayersAreNamedInTheirPlace() {
        try (Terminal terminal = terminal(normal(), false)) {
            Task first = task(Kind.REPEATED_LAYER, BLOBS[0], 1, 0);
            Task second = task(Kind.LAYER, BLOBS[1], 848, 1);
            for (Task task : List.of(second, first)) {
                terminal.accept(new Event.Started(task));
                terminal.accept(new Event.Finished(task));
            }
            reach(terminal, Milestone.MANIFEST_WRITTEN, "");
        }

        assertThat(text()).isEqualTo("Skipping fetch of repeat blob sha256:" + BLOBS[0] + "\nCopying blob sha256:" + BLOBS[1]
                + "\n 848 B / 848 B [============================================================] 0s\n"
                + "Writing manifest to image destination\n");
    }

    @Test
    void quietHidesStepsAndBarsAndKeepsWarnings() {
        try (Terminal terminal = terminal(LogLines.of(false, false, true, false, false), false)) {
            pull(terminal, new Random(1));
            terminal.accept(Event.warning("careful"));
        }

        assertThat(text()).isEqualTo("WARNING: careful\n");
    }

    @Test
    void nothingIsAnnouncedAfterAFailure() {
        Task first = task(Kind.LAYER, BLOBS[0], 100, 0);
        Task second = task(Kind.LAYER, BLOBS[1], 848, 1);
        try (Terminal terminal = terminal(normal(), false)) {
            terminal.accept(new Event.Started(first));
            terminal.accept(new Event.Started(second));
            terminal.accept(new Event.Failed(first, "gone"));
            terminal.accept(new Event.Finished(second));
        }

        assertThat(text()).isEqualTo("Copying blob sha256:" + BLOBS[0] + "\n");
    }

    @Test
    void aFileShowsItsSpeed() {
        Task file = new Task(Kind.FILE, "alpine-oci-archive.tar", OptionalLong.of(2075000), 0);
        try (Terminal terminal = terminal(normal(), false)) {
            terminal.accept(new Event.Started(file));
            clock.addAndGet(500_000_000L);
            terminal.accept(new Event.Finished(file));
        }

        assertThat(text()).isEqualTo(" 1.98 MiB / 1.98 MiB [" + "=".repeat(35) + "] 100.00% 3.96 MiB/s 0s\n").hasSize(81);
    }

    @Test
    void aBarMovesUnderLogLines() throws InterruptedException {
        Task layer = task(Kind.LAYER, BLOBS[0], 4 << 20, 0);
        try (Terminal terminal = terminal(normal(), true)) {
            terminal.accept(new Event.Started(layer));
            terminal.accept(new Event.Advanced(layer, 1 << 20));
            clock.addAndGet(1_000_000_000L);
            while (!text().contains("1.00 MiB / 4.00 MiB")) {
                Thread.sleep(5);
            }
            terminal.accept(Event.warning("careful"));
            terminal.accept(new Event.Failed(layer, "gone"));
        }

        assertThat(text()).isEqualTo("Copying blob sha256:" + BLOBS[0] + "\n"
                + "\r\u001b[K 1.00 MiB / 4.00 MiB [" + "=".repeat(13) + ">" + "-".repeat(40) + "] 1s"
                + "\r\u001b[KWARNING: careful\n");
    }

    @Test
    void aRepeatedLayerHasNoBar() {
        Task layer = task(Kind.REPEATED_LAYER, BLOBS[0], 4 << 20, 0);
        try (Terminal terminal = terminal(normal(), true)) {
            terminal.accept(new Event.Started(layer));
            clock.addAndGet(1_000_000_000L);
            terminal.accept(Event.info("meanwhile"));
            terminal.flush();
            terminal.accept(new Event.Finished(layer));
        }

        assertThat(text()).isEqualTo("Skipping fetch of repeat blob sha256:" + BLOBS[0] + "\nINFO:    meanwhile\n");
    }

    @Test
    @Timeout(20)
    void aStoppedScreenStopsNobody() throws InterruptedException {
        var go = new CountDownLatch(1);
        OutputStream stopped = new OutputStream() {
            @Override
            public void write(int b) {
                try {
                    go.await(10, TimeUnit.SECONDS);
                } catch (InterruptedException e) {
                    Thread.currentThread().interrupt();
                }
            }
        };
        try (Terminal terminal = new Terminal(normal(), new PrintStream(stopped), false, () -> 80)) {
            for (int i = 0; i < 10_000; i++) {
                terminal.accept(Event.info("line " + i));
            }
            go.countDown();
        }
    }
}
