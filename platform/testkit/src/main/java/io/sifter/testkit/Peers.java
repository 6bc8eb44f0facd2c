package io.sifter.testkit;

import static org.junit.jupiter.api.Assertions.fail;

import java.io.File;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.Assumptions;

/**
 * Real programs to compare with. A test that needs one asks for it: where it is missing the test is skipped with the reason,
 * unless {@code SIFTER_REQUIRE_PEERS=true}, then it fails.
 */
public final class Peers {
    /** Whom tests act as where they run as root and want to be nobody special. */
    public static final String USER = "sifter-test";

    private Peers() {}

    /** What a program answered. */
    public record Answer(List<String> command, int exit, String out, String err) {
        /** The standard output, once the program succeeded. */
        public String ok() {
            if (exit != 0) {
                fail("%s ended with %d%n%s%s".formatted(String.join(" ", command), exit, out, err));
            }
            return out;
        }
    }

    /** The path of a program; skips or fails the test without it. */
    public static String program(String name) {
        Optional<Path> found = find(name);
        need(found.isPresent(), name + " is not installed");
        return found.get().toString();
    }

    /** Skips or fails the test unless all these programs are there. */
    public static void programs(String... names) {
        for (String name : names) {
            program(name);
        }
    }

    /** How Apptainer is started: {@code SIFTER_APPTAINER}, else {@code apptainer}. Files in /tmp have the same names for it. */
    public static String apptainer() {
        String configured = System.getenv("SIFTER_APPTAINER");
        if (configured != null && !configured.isBlank()) {
            need(Files.isExecutable(Path.of(configured)), "SIFTER_APPTAINER names no program: " + configured);
            return configured;
        }
        return program("apptainer");
    }

    /** Skips or fails the test unless it runs as root. */
    public static void root() throws IOException {
        need((Integer) Files.getAttribute(Path.of("/proc/self"), "unix:uid") == 0, "needs root");
    }

    /** {@link #USER}, made where missing; needs root for that. */
    public static String user() throws IOException, InterruptedException {
        if (run("id", "-u", USER).exit() != 0) {
            Answer made = run(program("useradd"), "--system", "--user-group", "--no-create-home", "--shell", "/bin/sh", USER);
            if (run("id", "-u", USER).exit() != 0) {
                // Other tests may have been faster.
                made.ok();
            }
        }
        return USER;
    }

    /** Skips the test, or fails it where peers are required, unless {@code met}. */
    public static void need(boolean met, String reason) {
        if (!met && "true".equals(System.getenv("SIFTER_REQUIRE_PEERS"))) {
            fail(reason);
        }
        Assumptions.assumeTrue(met, reason);
    }

    public static Optional<Path> find(String name) {
        List<String> path = new ArrayList<>(Arrays.asList(System.getenv().getOrDefault("PATH", "").split(File.pathSeparator)));
        path.addAll(List.of("/usr/local/sbin", "/usr/sbin", "/sbin"));
        return path.stream().filter(directory -> !directory.isEmpty()).map(directory -> Path.of(directory, name))
                .filter(Files::isExecutable).findFirst();
    }

    /** Runs a program to its end. */
    public static Answer run(List<String> command, Path directory, Map<String, String> environment) throws IOException, InterruptedException {
        ProcessBuilder builder = new ProcessBuilder(command).directory(directory.toFile());
        builder.environment().putAll(environment);
        Path err = Files.createTempFile("peer", ".err");
        try {
            Process process = builder.redirectError(err.toFile()).start();
            process.getOutputStream().close();
            String out = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
            return new Answer(command, process.waitFor(), out, Files.readString(err, StandardCharsets.ISO_8859_1));
        } finally {
            Files.deleteIfExists(err);
        }
    }

    public static Answer run(String... command) throws IOException, InterruptedException {
        return run(List.of(command), Path.of("/tmp"), Map.of());
    }
}
