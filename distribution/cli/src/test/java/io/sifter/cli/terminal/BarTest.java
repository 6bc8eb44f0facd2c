package io.sifter.cli.terminal;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import java.util.OptionalLong;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class BarTest {
    @ParameterizedTest
    @CsvSource({"0,0 B", "848,848 B", "1023,1023 B", "1024,1.00 KiB", "3410,3.33 KiB", "3200,3.12 KiB", "47536248,45.33 MiB",
        "92211904,87.94 MiB", "1073741824,1.00 GiB", "1099511627776,1.00 TiB", "1125899906842624,1024.00 TiB"})
    void sizesReadLikeTheUserGuide(long bytes, String text) {
        assertThat(Bar.size(bytes)).isEqualTo(text);
    }

    @ParameterizedTest
    @CsvSource({"0,0s", "999,0s", "1000,1s", "59999,59s", "70000,1m10s", "3600000,1h0m0s", "7203000,2h0m3s"})
    void timesReadLikeTheUserGuide(long millis, String text) {
        assertThat(Bar.time(Duration.ofMillis(millis))).isEqualTo(text);
    }

    @ParameterizedTest
    @CsvSource({"0", "1", "848", "47536248", "125650000", "1099511627776"})
    void finishedLinesFillTheWidth(long bytes) {
        assertThat(Bar.finished(bytes, Duration.ofSeconds(70), 80)).hasSize(80);
        assertThat(Bar.finishedFile(bytes, Duration.ofSeconds(70), 127)).hasSize(127);
        assertThat(Bar.running(bytes / 3, OptionalLong.of(bytes + 1), Duration.ofSeconds(1), 80)).hasSize(80);
    }

    @Test
    void aNarrowTerminalGetsNoBar() {
        assertThat(Bar.running(1024, OptionalLong.of(4096), Duration.ZERO, 20)).isEqualTo(" 1.00 KiB / 4.00 KiB 0s");
    }

    @Test
    void anUnknownTotalGetsNoBar() {
        assertThat(Bar.running(1024, OptionalLong.empty(), Duration.ofSeconds(3), 80)).isEqualTo(" 1.00 KiB 3s");
    }

    @Test
    void moreBytesThanAnnouncedDoNotBreakTheBar() {
        assertThat(Bar.running(5000, OptionalLong.of(4096), Duration.ZERO, 80)).hasSize(80);
    }
}
