package io.sifter.agent.rpm;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.sifter.spi.Bootstrap;
import io.sifter.spi.BootstrapContext;
import io.sifter.spi.error.ExternalException;
import io.sifter.spi.error.UserException;
import io.sifter.testkit.contract.BootstrapContract;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

class DnfTest extends BootstrapContract {
    private static final String MIRROR = "http://mirror.example.org/%{OSVERSION}/os";

    @Override
    protected Bootstrap bootstrap(BootstrapContext context) {
        return new Dnf(context);
    }

    @Override
    protected Map<String, String> header() {
        return Map.of("Bootstrap", "dnf", "MirrorURL", MIRROR, "OSVersion", "9");
    }

    @Override
    protected List<String> required() {
        return List.of("MirrorURL", "OSVersion");
    }

    @Override
    protected List<String> needed() {
        return List.of("dnf", "rpm");
    }

    @Override
    protected List<String> started() {
        return List.of("dnf");
    }

    @Test
    void runsDnfAsTheReferencesDo() throws Exception {
        programs.with("rpm").with("dnf", (root, _) -> {
            Files.createDirectories(root.resolve("var/cache/yum-bootstrap/packages"));
            return 0;
        });
        Path root = make(header("Include", "vim less"), Map.of("INCLUDE", "git"), programs);

        assertThat(programs.calls()).containsExactly(("/bin/dnf --noplugins -c %s/etc/bootstrap-yum.conf --installroot %1$s --releasever=9 -y install "
                + "/etc/redhat-release coreutils vim less git").formatted(root));
        assertThat(root.resolve("etc/bootstrap-yum.conf")).content().contains("baseurl=http://mirror.example.org/9/os\n", "gpgcheck=0\n", "reposdir=/dev/null\n")
                .doesNotContain("[updates]", "gpgcheck=1");
        assertThat(root.resolve("var/cache/yum-bootstrap")).doesNotExist();
        assertThat(root.resolve(".rpm-home")).doesNotExist();
        assertThat(events.toString()).contains("Skipping GPG Key Import");
    }

    @Test
    void yumStandsInForDnfAndBothForEachOther() throws Exception {
        programs.with("rpm", "yum");
        make(header("Setopt", "install_weak_deps=0"), Map.of(), programs);

        assertThat(programs.calls()).singleElement().asString().startsWith("/bin/yum ").contains(" --setopt install_weak_deps=0 install ");
    }

    @Test
    void updatesAreARepositoryOfTheirOwn() throws Exception {
        Path root = make(header("UpdateURL", "http://mirror.example.org/%{osversion}/updates"));

        assertThat(root.resolve("etc/bootstrap-yum.conf")).content().contains("[updates]\n", "baseurl=http://mirror.example.org/9/updates\n");
    }

    @Test
    void withAKeySignaturesCount() throws Exception {
        programs.with("dnf", "rpm", "curl");
        Path root = make(header(), Map.of("GPG", "https://mirror.example.org/key"), programs);

        assertThat(programs.calls()).startsWith("/bin/rpm --root %s --initdb".formatted(root), "/bin/rpm --root %s --import https://mirror.example.org/key".formatted(root));
        assertThat(root.resolve("etc/bootstrap-yum.conf")).content().contains("gpgcheck=1\n").doesNotContain("gpgcheck=0");
    }

    @Test
    void aKeyComesByASafeWay() {
        programs.with("dnf", "rpm", "curl");

        assertThatThrownBy(() -> make(header(), Map.of("GPG", "http://mirror.example.org/key"), programs)).isInstanceOf(UserException.class)
                .hasMessageContaining("https");
        assertThat(programs.calls()).isEmpty();
    }

    @Test
    void withOneIdThatIsGivenAsAReason() {
        programs.with("rpm").with("dnf", (_, _) -> 1).withIds(1);

        assertThatThrownBy(() -> make(header(), Map.of(), programs)).isInstanceOfSatisfying(ExternalException.class,
                e -> assertThat(e.nextStep().orElseThrow()).contains("subuid"));
    }
}
