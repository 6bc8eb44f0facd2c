package io.sifter.agent.arch;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.sifter.spi.Bootstrap;
import io.sifter.spi.BootstrapContext;
import io.sifter.spi.Web;
import io.sifter.spi.error.ExternalException;
import io.sifter.spi.error.UserException;
import io.sifter.spi.reference.Platform;
import io.sifter.spi.source.ByteSource;
import io.sifter.testkit.contract.BootstrapContract;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.Test;

class PacstrapTest extends BootstrapContract {
    @BeforeEach
    void onlyThere() {
        Assumptions.assumeTrue(Platform.host().architecture().equals("amd64"), "Arch Linux is for amd64");
    }

    @Override
    protected Bootstrap bootstrap(BootstrapContext context) {
        return new Pacstrap(context);
    }

    @Override
    protected Map<String, String> header() {
        return Map.of("Bootstrap", "arch");
    }

    @Override
    protected List<String> required() {
        return List.of();
    }

    @Override
    protected List<String> needed() {
        return List.of("pacstrap", "pacman");
    }

    @Override
    protected List<String> started() {
        return List.of("pacstrap", "chroot");
    }

    /** One file, at every address that ends with {@code .conf}. */
    @Override
    protected Web web() {
        return new Web() {
            @Override
            public Response send(Request request) {
                boolean there = request.url().getPath().endsWith(".conf");
                return new Response(there ? 200 : 404, Map.of(), (there ? "[core]\n" : "").getBytes(StandardCharsets.UTF_8));
            }

            @Override
            public ByteSource download(Request request) {
                throw new AssertionError();
            }

            @Override
            public Response upload(Request request, ByteSource body, long length, java.util.function.LongConsumer sent) {
                throw new AssertionError();
            }
        };
    }

    @Test
    void installsTheBaseAndItsKeys() throws Exception {
        Path root = make(header());

        assertThat(programs.calls()).containsExactly("/bin/pacstrap -G -M %s base".formatted(root),
                "chroot %s /bin/sh -c rm -f /var/cache/pacman/pkg/* && pacman-key --init && pacman-key --populate archlinux".formatted(root));
    }

    @Test
    void theConfigurationOfTheHeaderCounts() throws Exception {
        StringBuilder seen = new StringBuilder();
        programs.with("chroot", "pacman").with("pacstrap", (root, _) -> {
            seen.append(Files.readString(root.resolve(".pacman.conf")));
            return 0;
        });
        Map<String, String> header = Map.of("Bootstrap", "arch", "ConfURL", "https://conf.example.org/pacman.conf", "Include", "bash vim");
        Path root = make(header, Map.of(), programs);

        assertThat(seen).hasToString("[core]\n");
        assertThat(programs.calls().getFirst()).isEqualTo("/bin/pacstrap -C %s/.pacman.conf -G -M %1$s bash vim".formatted(root));
        assertThat(root.resolve(".pacman.conf")).doesNotExist();
    }

    @Test
    void aConfigurationThatIsNotThereIsSaid() {
        assertThatThrownBy(() -> make(header("ConfURL", "https://conf.example.org/none"))).isInstanceOf(ExternalException.class).hasMessageContaining("404");
    }

    @Test
    void aConfigurationIsOfTheWeb() {
        assertThatThrownBy(() -> make(header("ConfURL", "/etc/pacman.conf"))).isInstanceOf(UserException.class).hasMessageContaining("ConfURL");
    }

    @Test
    void inAUserNamespaceNothingIsMounted() throws Exception {
        programs.with("sh", "true", "chroot", "pacstrap", "pacman").withIds(65537);
        Path root = make(header(), Map.of(), programs);

        assertThat(programs.calls().getFirst()).startsWith("sh -c ").endsWith("%s /bin/true /bin/pacstrap -G -M %1$s base".formatted(root));
    }
}
