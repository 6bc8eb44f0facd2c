package io.sifter.agent.debootstrap;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.sifter.spi.Bootstrap;
import io.sifter.spi.BootstrapContext;
import io.sifter.spi.error.UserException;
import io.sifter.spi.reference.Platform;
import io.sifter.testkit.contract.BootstrapContract;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class DebootstrapTest extends BootstrapContract {
    private static final String ARCHITECTURE = Debootstrap.architecture(Platform.host());

    @Override
    protected Bootstrap bootstrap(BootstrapContext context) {
        return new Debootstrap(context);
    }

    @Override
    protected Map<String, String> header() {
        return Map.of("Bootstrap", "debootstrap", "OSVersion", "trixie", "MirrorURL", "http://deb.example.org/debian");
    }

    @Override
    protected List<String> required() {
        return List.of("OSVersion", "MirrorURL");
    }

    @Override
    protected List<String> needed() {
        return List.of("debootstrap");
    }

    @Override
    protected List<String> started() {
        return List.of("debootstrap");
    }

    @Test
    void runsDebootstrapAsTheReferencesDo() throws Exception {
        Path root = make(header());

        assertThat(programs.calls()).containsExactly(("/bin/debootstrap --variant=minbase --exclude=openssl,udev,debconf-i18n,e2fsprogs --include=apt "
                + "--arch=%s trixie %s http://deb.example.org/debian").formatted(ARCHITECTURE, root));
        assertThat(programs.variables()).containsExactly(Map.of());
    }

    @Test
    void includesWhatTheHeaderAndTheVariableSay() throws Exception {
        programs.with("debootstrap");
        make(header("Include", "vim  git,openssl"), Map.of("INCLUDE", "less"), programs);

        assertThat(programs.calls().getFirst()).contains("--include=apt,vim,git,openssl,less ", "--exclude=udev,debconf-i18n,e2fsprogs ");
    }

    @Test
    void inAUserNamespaceDebootstrapMakesNoDevices() throws Exception {
        programs.with("debootstrap").withIds(65537);
        make(header(), Map.of(), programs);

        assertThat(programs.variables()).containsExactly(Map.of("container", "lxc"));
    }

    @Test
    void oneIdIsNotEnough() {
        programs.with("debootstrap").withIds(1);

        assertThatThrownBy(() -> make(header(), Map.of(), programs)).isInstanceOf(UserException.class).hasMessageContaining("nobody but you");
        assertThat(programs.calls()).isEmpty();
    }

    @ParameterizedTest
    @CsvSource({"linux/amd64,amd64", "linux/386,i386", "linux/arm64,arm64", "linux/arm/v7,armhf", "linux/arm/v6,armel", "linux/ppc64le,ppc64el", "linux/s390x,s390x"})
    void architecturesHaveDebiansNames(String platform, String name) {
        assertThat(Debootstrap.architecture(Platform.parse(platform))).isEqualTo(name);
    }
}
