package io.sifter.image;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;

/** Other programs as oracles. A missing one skips the test, unless SIFTER_REQUIRE_PEERS says that it is a failure. */
public final class Peers {
    private Peers() {}

    public static void require(String program) {
        boolean found = Stream.of(System.getenv().getOrDefault("PATH", "").split(":"))
                .anyMatch(directory -> Files.isExecutable(Path.of(directory, program)));
        require(found, program + " is not installed");
    }

    public static void require(boolean condition, String reason) {
        if (Boolean.parseBoolean(System.getProperty("SIFTER_REQUIRE_PEERS", System.getenv("SIFTER_REQUIRE_PEERS")))) {
            assertThat(condition).as(reason).isTrue();
        }
        assumeTrue(condition, reason);
    }

    /** Runs to the end; what it prints. */
    public static String run(Path directory, List<String> command, Map<String, String> environment) throws IOException, InterruptedException {
        Path log = Files.createTempFile("peer", ".log");
        try {
            ProcessBuilder builder = new ProcessBuilder(command).directory(directory.toFile()).redirectErrorStream(true).redirectOutput(log.toFile());
            builder.environment().putAll(environment);
            Process process = builder.start();
            boolean ended = process.waitFor(300, TimeUnit.SECONDS);
            String output = Files.readString(log, StandardCharsets.ISO_8859_1);
            assertThat(ended).as("%s ends", command).isTrue();
            assertThat(process.exitValue()).as("%s says %s", command, output).isZero();
            return output;
        } finally {
            Files.deleteIfExists(log);
        }
    }
}
