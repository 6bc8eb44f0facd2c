package io.sifter.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.sifter.spi.error.UserException;
import java.util.List;
import org.junit.jupiter.api.Test;

class CapabilityCommandsTest {
    @Test
    void describesWhatIsNamed() throws Exception {
        assertThat(CapabilityCommands.described(List.of("chown,CAP_KILL"))).isEqualTo("""
                CAP_CHOWN:             CAP_CHOWN
                \tGive files to other owners and groups.

                CAP_KILL:              CAP_KILL
                \tSend signals to processes of other users.

                """);
    }

    @Test
    void describesAllThatLinuxHas() throws Exception {
        assertThat(CapabilityCommands.described(List.of()).lines().filter(line -> line.startsWith("CAP_"))).hasSize(41);
    }

    @Test
    void whatThereIsNotIsRefused() {
        assertThatThrownBy(() -> CapabilityCommands.described(List.of("CAP_FLY"))).isInstanceOf(UserException.class)
                .hasMessage("Unable to list available capabilities: unknown capabilities found in: CAP_FLY");
    }
}
