package io.sifter.engine;

import static org.assertj.core.api.Assertions.assertThat;

import io.sifter.testkit.Peers;
import java.nio.file.Path;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class JobsTest {
    @ParameterizedTest
    @CsvSource({"0, 8, '', 8", "0, 8, 3, 3", "0, 2, 16, 2", "0, 8, 0, 8", "0, 8, many, 8", "0, 8, 99999999999, 8", "5, 8, 3, 5", "16, 2, '', 16"})
    void theBatchSystemsGrantCountsUnlessTheUserSaysOtherwise(int configured, int available, String slurm, int expected) {
        assertThat(Jobs.of(configured, available, Map.of("SLURM_CPUS_PER_TASK", slurm)).count()).isEqualTo(expected);
    }

    @Test
    void theJvmCountsWhatAffinityLeavesToIt() throws Exception {
        String java = Path.of(System.getProperty("java.home"), "bin", "java").toString();
        String classes = Path.of(Count.class.getProtectionDomain().getCodeSource().getLocation().toURI()).toString();
        assertThat(Peers.run(Peers.program("taskset"), "-c", "0", java, "-Xshare:auto", "-cp", classes, Count.class.getName()).ok().strip()).isEqualTo("1");
    }

    static final class Count {
        public static void main(String[] args) {
            System.out.println(Runtime.getRuntime().availableProcessors());
        }
    }
}
