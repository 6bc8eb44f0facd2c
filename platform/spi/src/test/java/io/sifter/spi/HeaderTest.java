package io.sifter.spi;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.sifter.spi.error.UserException;
import io.sifter.spi.reference.Platform;
import java.util.Map;
import org.junit.jupiter.api.Test;

class HeaderTest {
    @Test
    void keysAreFoundInAnyCase() {
        Header header = new Header(Map.of("OSVersion", " 9 "));

        assertThat(header.find("osversion")).contains("9");
        assertThat(header.find("OSVERSION")).contains("9");
        assertThat(header.values()).containsExactly(Map.entry("osversion", "9"));
    }

    @Test
    void anEmptyValueIsNone() {
        Header header = new Header(Map.of("bootstrap", "yum", "include", "  "));

        assertThat(header.find("Include")).isEmpty();
        assertThatThrownBy(() -> header.require("Include")).isInstanceOfSatisfying(UserException.class,
                e -> assertThat(e.nextStep()).contains("Add a line 'Include: …' below Bootstrap.")).hasMessage("invalid yum header, no Include specified");
    }

    /** Plugins for the contract before headers make and read options as they did. */
    @Test
    void optionsWithoutAHeaderAreStillMade() {
        assertThat(new OpenOptions(Platform.linux("amd64"), true).header()).isEqualTo(Header.NONE);
    }
}
