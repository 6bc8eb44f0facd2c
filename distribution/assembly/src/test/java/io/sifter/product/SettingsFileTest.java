package io.sifter.product;

import static org.assertj.core.api.Assertions.assertThat;

import com.typesafe.config.Config;
import com.typesafe.config.ConfigFactory;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;

/** The settings file that users find explains every setting there is, with its true default. */
class SettingsFileTest {
    private static final Path FILE = Path.of("src/main/sifter/etc/sifter.conf");

    @Test
    void everySettingStandsThereWithItsDefault() throws Exception {
        String uncommented = Files.readAllLines(FILE).stream().filter(line -> line.matches("#[a-z].*")).map(line -> line.substring(1))
                .collect(Collectors.joining("\n"));
        Config explained = ConfigFactory.parseString(uncommented).withoutPath("plugin");

        Config known = ConfigFactory.parseResources("io/sifter/engine/reference.conf").withoutPath("plugin");
        assertThat(known.isEmpty()).isFalse();
        assertThat(explained).isEqualTo(known);
    }

    @Test
    void nothingIsSetByIt() throws Exception {
        assertThat(ConfigFactory.parseFile(FILE.toFile()).isEmpty()).isTrue();
    }
}
