package io.sifter.agent.rpm;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.sifter.spi.Bootstrap;
import io.sifter.spi.BootstrapContext;
import io.sifter.spi.error.UserException;
import io.sifter.testkit.contract.BootstrapContract;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class ZypperTest extends BootstrapContract {
    @Override
    protected Bootstrap bootstrap(BootstrapContext context) {
        return new Zypper(context);
    }

    @Override
    protected Map<String, String> header() {
        return Map.of("Bootstrap", "zypper", "MirrorURL", "http://mirror.example.org/%{OSVERSION}/oss", "OSVersion", "15.6");
    }

    @Override
    protected List<String> required() {
        return List.of("MirrorURL", "OSVersion");
    }

    @Override
    protected List<String> needed() {
        return List.of("zypper", "rpm");
    }

    @Override
    protected List<String> started() {
        return List.of("zypper");
    }

    @Test
    void runsZypperAsTheReferencesDo() throws Exception {
        programs.with("zypper", "rpm");
        Map<String, String> header = new java.util.HashMap<>(header("UpdateURL", "http://mirror.example.org/update"));
        header.putAll(Map.of("Include", "vim", "OtherURL10", "http://ten.example.org/", "OtherURL2", "http://two.example.org/%{osversion}"));
        Path root = make(header, Map.of("INCLUDE", "git"), programs);

        String zypper = "/bin/zypper --non-interactive --root %s ".formatted(root);
        assertThat(programs.calls()).containsExactly(
                zypper + "ar http://mirror.example.org/15.6/oss repo",
                zypper + "--gpg-auto-import-keys refresh",
                zypper + "ar -f http://mirror.example.org/update update",
                zypper + "--gpg-auto-import-keys refresh -r update",
                zypper + "ar -f http://two.example.org/15.6 repo-2",
                zypper + "--gpg-auto-import-keys refresh -r repo-2",
                zypper + "ar -f http://ten.example.org/ repo-10",
                zypper + "--gpg-auto-import-keys refresh -r repo-10",
                ("/bin/zypper -c %s/etc/zypp/zypp.conf --non-interactive --root %1$s --releasever=15.6 install --auto-agree-with-licenses "
                        + "--download-in-advance aaa_base vim git").formatted(root));
    }

    @Test
    void scriptsOfPackagesMayFail() throws Exception {
        programs.with("rpm").with("zypper", (_, command) -> command.contains("install") ? 107 : 0);
        make(header(), Map.of(), programs);

        assertThat(events.toString()).contains("some RPM scripts failed");
    }

    @ParameterizedTest
    @ValueSource(strings = {"Product", "User", "Regcode", "ProductPGP", "RegisterURL", "Modules"})
    void productsThatAreRegisteredAreRefused(String key) {
        assertThatThrownBy(() -> make(header(key, "secret"))).isInstanceOf(UserException.class).hasMessageContaining(key)
                .hasMessageNotContaining("secret");
        assertThat(programs.calls()).isEmpty();
    }
}
