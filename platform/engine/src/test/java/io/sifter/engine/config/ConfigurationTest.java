package io.sifter.engine.config;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.sifter.spi.error.UserException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ConfigurationTest {
    @TempDir
    Path directory;

    @Test
    void defaults() throws IOException {
        Configuration configuration = Configuration.read(List.of());

        assertThat(configuration.text("convert.compression")).isEqualTo("compat");
        assertThat(configuration.bytes("convert.block-size")).isZero();
        assertThat(configuration.number("convert.jobs")).isZero();
        assertThat(configuration.bytes("convert.memory")).isEqualTo(64L << 20);
        assertThat(configuration.number("convert.parallel-layers")).isEqualTo(4);
        assertThat(configuration.text("cache.directory")).isEmpty();
        assertThat(configuration.flag("cache.disabled")).isFalse();
        assertThat(configuration.number("network.stall-seconds")).isEqualTo(60);
        assertThat(configuration.number("network.attempts")).isEqualTo(5);
        assertThat(configuration.text("runtime.name")).isEqualTo("auto");
        assertThat(configuration.list("plugins.directories")).isEmpty();
    }

    @Test
    void laterFilesWinKeyByKey() throws IOException {
        Path distribution = write("distribution.conf", "convert { jobs = 3, compression = fast }");
        Path user = write("user.conf", "convert.jobs = 5");

        Configuration configuration = Configuration.read(List.of(distribution, directory.resolve("missing.conf"), user));

        assertThat(configuration.number("convert.jobs")).isEqualTo(5);
        assertThat(configuration.text("convert.compression")).isEqualTo("fast");
    }

    @Test
    void onlyTheSitesFilesSayWhatTheSiteAllows() throws IOException {
        Files.createDirectory(directory.resolve("etc"));
        Path site = write("etc/sifter.conf", "site.mount home = no\nsite { limit container paths = [/images] }");
        Path user = write("sifter.conf", "site.mount home = yes");

        Configuration configuration = Configuration.read(List.of(site));
        assertThat(configuration.flag("site.mount home")).isFalse();
        assertThat(configuration.flag("site.mount tmp")).isTrue();
        assertThat(configuration.list("site.limit container paths")).containsExactly("/images");
        assertThatThrownBy(() -> Configuration.read(List.of(site, user))).isInstanceOf(UserException.class)
                .hasMessageContaining("sifter.conf: line 1: what the site allows is said in etc/sifter.conf");
    }

    @Test
    void directivesThatMeanNothingAreRefusedWithTheReason() throws IOException {
        Files.createDirectory(directory.resolve("etc"));
        Path site = write("etc/sifter.conf", "site.max loop devices = 256\nsite.mount hom = no");

        assertThatThrownBy(() -> Configuration.read(List.of(site))).isInstanceOf(UserException.class)
                .hasMessageContaining("'site.max loop devices' means nothing here: the kernel finds a free loop device")
                .hasMessageContaining("unknown key").hasMessageContaining("mount home");
    }

    @Test
    void pluginsHaveSectionsOfTheirOwn() throws IOException {
        Path site = write("site.conf", "plugin.acme-agent { mirror = \"m.example\", depth { a = 1 } }");

        assertThat(Configuration.read(List.of(site)).plugin("acme-agent"))
                .containsEntry("mirror", "m.example").containsEntry("depth.a", "1");
        assertThat(Configuration.read(List.of(site)).plugin("other")).isEmpty();
    }

    @Test
    void allProblemsAreNamedAtOnce() throws IOException {
        Path one = write("one.conf", "convert.job = 3\nnetwork.attempts = 2");
        Path two = write("two.conf", "cache { ");

        assertThatThrownBy(() -> Configuration.read(List.of(one, two)))
                .isInstanceOf(UserException.class)
                .hasMessageContaining("one.conf: line 1: unknown key 'convert.job', perhaps 'convert.jobs' was meant")
                .hasMessageContaining("two.conf");
    }

    private Path write(String name, String text) throws IOException {
        return Files.writeString(directory.resolve(name), text);
    }
}
