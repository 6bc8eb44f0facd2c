package io.sifter.agent.busybox;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.sifter.network.Network;
import io.sifter.network.NetworkSettings;
import io.sifter.spi.Bootstrap;
import io.sifter.spi.BootstrapContext;
import io.sifter.spi.Web;
import io.sifter.spi.error.CorruptDataException;
import io.sifter.spi.error.ExternalException;
import io.sifter.spi.error.UserException;
import io.sifter.testkit.contract.BootstrapContract;
import io.sifter.testkit.registry.FileServer;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermission;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class BusyboxTest extends BootstrapContract {
    private static final byte[] PROGRAM = ("\u007fELF" + "x".repeat(100_000)).getBytes(StandardCharsets.ISO_8859_1);

    private FileServer server;
    private Network network;

    @BeforeEach
    void start() throws IOException {
        server = FileServer.start().put("/busybox", PROGRAM).put("/page", "<html>Sign in</html>".getBytes(StandardCharsets.UTF_8)).put("/empty", new byte[0]);
        network = Network.open(NetworkSettings.of("4.5.1", Map.of()).withRetries(2, Duration.ofMillis(1), Duration.ofMillis(10)));
    }

    @AfterEach
    void stop() {
        network.close();
        server.close();
    }

    @Override
    protected Web web() {
        return network.web(events::add);
    }

    @Override
    protected Bootstrap bootstrap(BootstrapContext context) {
        return new Busybox(context);
    }

    @Override
    protected Map<String, String> header() {
        return at("/busybox");
    }

    private Map<String, String> at(String path) {
        return Map.of("Bootstrap", "busybox", "MirrorURL", "http://" + server.host() + path);
    }

    @Override
    protected List<String> required() {
        return List.of("MirrorURL");
    }

    @Override
    protected List<String> needed() {
        return List.of();
    }

    @Override
    protected List<String> started() {
        return List.of("chroot");
    }

    @Test
    void theProgramLinksItselfInTheRoot() throws Exception {
        Path root = make(header());

        assertThat(root.resolve("bin/busybox")).hasBinaryContent(PROGRAM).isExecutable();
        assertThat(root.resolve("etc/passwd")).hasContent("root:!:0:0:root:/root:/bin/sh\n");
        for (String name : List.of("group", "hosts")) {
            assertThat(Files.getPosixFilePermissions(root.resolve("etc").resolve(name))).contains(PosixFilePermission.OTHERS_READ);
        }
        assertThat(programs.calls()).containsExactly("chroot %s /bin/busybox --install /bin".formatted(root));
    }

    @ParameterizedTest
    @ValueSource(strings = {"/page", "/empty"})
    void whatIsNoProgramIsNotRun(String path) {
        assertThatThrownBy(() -> make(at(path))).isInstanceOf(CorruptDataException.class).hasMessageContaining("no program of Linux");
        assertThat(programs.calls()).isEmpty();
    }

    @Test
    void whatIsNotThereIsSaid() {
        assertThatThrownBy(() -> make(at("/absent"))).isInstanceOf(ExternalException.class).hasMessageContaining("404");
    }

    @ParameterizedTest
    @ValueSource(strings = {"file:///bin/busybox", "busybox", "http://a b", "ftp://host/busybox"})
    void anAddressIsOfTheWeb(String address) throws Exception {
        assertThatThrownBy(() -> make(header("MirrorURL", address))).isInstanceOf(UserException.class).hasMessageContaining(address);
    }
}
