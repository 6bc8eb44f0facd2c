package io.sifter.engine.cache;

import io.sifter.spi.reference.Digest;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * The process that something temporary belongs to, as names of files say it: {@code PID-START-WORLD}. Processes can be
 * asked about only inside one world: the same boot of the same host, pid namespace and user.
 *
 * @param start of the process, milliseconds since 1970; tells processes of one number apart
 * @param world eight hexadecimal digits
 */
record Owner(long pid, long start, String world) {
    /** Matches an owner within a name. */
    static final String PATTERN = "(\\d{1,10})-(\\d{1,15})-([0-9a-f]{8})";

    /** How long something of another world may go without a change until nobody is believed to need it. */
    static final Duration FOREIGN_AGE = Duration.ofDays(7);

    private static final Pattern WHOLE = Pattern.compile(PATTERN);
    private static final String WORLD = thisWorld();

    static Owner of(ProcessHandle process) {
        return new Owner(process.pid(), start(process), WORLD);
    }

    /** @throws IllegalArgumentException if the text is none */
    static Owner parse(String text) {
        Matcher matcher = WHOLE.matcher(text);
        if (!matcher.matches()) {
            throw new IllegalArgumentException("No owner: " + text);
        }
        return new Owner(Long.parseLong(matcher.group(1)), Long.parseLong(matcher.group(2)), matcher.group(3));
    }

    /** Whether the process is gone; one of another world counts as gone when what it owns was not touched for long. */
    boolean gone(Instant touched) {
        if (!world.equals(WORLD)) {
            return touched.isBefore(Instant.now().minus(FOREIGN_AGE));
        }
        Optional<ProcessHandle> process = ProcessHandle.of(pid);
        return process.isEmpty() || start(process.get()) != start;
    }

    @Override
    public String toString() {
        return pid + "-" + start + "-" + world;
    }

    private static long start(ProcessHandle process) {
        return process.info().startInstant().map(Instant::toEpochMilli).orElse(0L);
    }

    private static String thisWorld() {
        String parts = "";
        try {
            parts = Files.readString(Path.of("/proc/sys/kernel/hostname")) + Files.readString(Path.of("/proc/sys/kernel/random/boot_id"))
                    + Files.readSymbolicLink(Path.of("/proc/self/ns/pid")) + Files.getAttribute(Path.of("/proc/self"), "unix:uid");
        } catch (IOException | RuntimeException e) {
            // Without them every process that sees this one's files is taken for a neighbour, which most are.
        }
        return Digest.sha256(parts.getBytes(StandardCharsets.UTF_8)).hex().substring(0, 8);
    }
}
