package io.sifter.spi.launch;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

class RuntimeContextTest {
    /** The kernel's files of this kind were read a byte at a time, and only the first byte came: 40 was 4. Noticed by capabilities that were not dropped. */
    @Test
    void kernelSettingsAreReadWhole() {
        assertThat(Integer.parseInt(RuntimeContext.kernelSetting("kernel/pid_max"))).isGreaterThan(99);
        assertThat(RuntimeContext.kernelSetting("no/such")).isEmpty();
    }

    @Test
    void capabilitiesHaveNamesAndNumbers() {
        Capabilities two = Capabilities.named("net_raw").orElseThrow().with(Capabilities.named("CAP_CHOWN").orElseThrow());
        assertThat(two).isEqualTo(new Capabilities(1 << 13 | 1));
        assertThat(two.names()).containsExactly("CAP_CHOWN", "CAP_NET_RAW");
        assertThat(Capabilities.named("bogus")).isEmpty();
        assertThat(Capabilities.upTo("0")).isEqualTo(new Capabilities(1));
        assertThat(Capabilities.upTo("63").names()).endsWith("CAP_CHECKPOINT_RESTORE").hasSize(41);
        assertThat(Capabilities.upTo("")).isEqualTo(Capabilities.ALL);
    }
}
