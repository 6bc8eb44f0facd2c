package io.sifter.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class ExitTest {
    /** Leaves with the code it is given, and perhaps with a thread that never ends. */
    public static final class Leaver {
        public static void main(String[] words) {
            if (words.length > 1) {
                Thread.ofPlatform().name("of a plugin").start(() -> {
                    while (true) {
                        Thread.onSpinWait();
                    }
                });
            }
            Exit.leave(Integer.parseInt(words[0]));
        }
    }

    @ParameterizedTest
    @ValueSource(ints = {0, 1, 255})
    void theProcessEndsWithTheCode(int code) throws Exception {
        assertThat(leave(Integer.toString(code))).isEqualTo(code);
    }

    @Test
    void noThreadKeepsIt() throws Exception {
        assertThat(leave("0", "and a thread")).isZero();
        assertThat(leave("7", "and a thread")).isEqualTo(7);
    }

    private static int leave(String... words) throws Exception {
        ProcessBuilder builder = new ProcessBuilder(Path.of(System.getProperty("java.home"), "bin", "java").toString(), "-XX:TieredStopAtLevel=1", "-cp",
                System.getProperty("java.class.path"), Leaver.class.getName());
        builder.command().addAll(List.of(words));
        Process process = builder.inheritIO().start();
        try {
            assertThat(process.waitFor(60, TimeUnit.SECONDS)).as("ends by itself").isTrue();
            return process.exitValue();
        } finally {
            process.destroyForcibly();
        }
    }
}
