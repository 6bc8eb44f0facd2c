package io.sifter.agent.http;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.sifter.network.Network;
import io.sifter.network.NetworkSettings;
import io.sifter.spi.AgentContext;
import io.sifter.spi.DocumentStore;
import io.sifter.spi.OpenOptions;
import io.sifter.spi.Services;
import io.sifter.spi.error.ExternalException;
import io.sifter.spi.error.SifterException;
import io.sifter.spi.event.Event;
import io.sifter.spi.reference.Platform;
import io.sifter.spi.reference.Reference;
import io.sifter.spi.source.ReadyImage;
import io.sifter.testkit.registry.Fault;
import io.sifter.testkit.registry.FileServer;
import io.sifter.testkit.registry.Received;
import java.io.IOException;
import java.io.InputStream;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import java.util.concurrent.CopyOnWriteArrayList;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class HttpAgentTest {
    private static final byte[] FILE = new byte[3 << 20];

    static {
        new Random(7).nextBytes(FILE);
    }

    private final List<Event> events = new CopyOnWriteArrayList<>();
    private FileServer server;
    private Network network;

    @BeforeEach
    void start() throws IOException {
        server = FileServer.start().put("/images/alpine-oci-archive.tar", FILE);
        network = Network.open(NetworkSettings.of("4.5.1", Map.of()).withTimeouts(Duration.ofSeconds(10), Duration.ofSeconds(30))
                .withRetries(4, Duration.ofMillis(1), Duration.ofMillis(10)));
    }

    @AfterEach
    void stop() {
        network.close();
        server.close();
    }

    private ReadyImage open(String path) throws IOException, InterruptedException {
        var context = new AgentContext((_, _) -> {
            throw new AssertionError("no registry is needed");
        }, network.web(events::add), Services.none(), DocumentStore.empty(), events::add, Map.of());
        return (ReadyImage) new HttpAgent(context).open(Reference.parse("http://" + server.host() + path), new OpenOptions(Platform.host(), false));
    }

    private static byte[] read(ReadyImage image) throws IOException, InterruptedException {
        try (InputStream in = image.bytes().open(0)) {
            return in.readAllBytes();
        }
    }

    @Test
    void aFileComesAsItIsUnderTheLastSegmentOfItsAddress() throws Exception {
        ReadyImage image = open("/images/alpine-oci-archive.tar?X-Signature=abc");

        assertThat(image.name()).isEqualTo("alpine-oci-archive.tar");
        assertThat(image.size()).hasValue(FILE.length);
        assertThat(read(image)).isEqualTo(FILE);
        assertThat(server.received()).extracting(Received::query).containsOnly("X-Signature=abc");
    }

    @ParameterizedTest
    @ValueSource(ints = {401, 403, 405, 501})
    void aServerThatRefusesToTellIsAskedForTheFile(int status) throws Exception {
        server.always("HEAD .*", Fault.status(status));

        assertThat(read(open("/images/alpine-oci-archive.tar"))).isEqualTo(FILE);
    }

    @ParameterizedTest
    @CsvSource({"404,the requested image was not found", "410,the requested image was not found", "500,download did not succeed",
        "429,download did not succeed"})
    void refusalsAreToldInTheWordsThatUsersKnow(int status, String words) {
        server.always(".*", Fault.status(status));

        assertThatThrownBy(() -> open("/images/alpine-oci-archive.tar?sig=secret")).isInstanceOf(ExternalException.class)
                .hasMessageStartingWith(words).hasMessageNotContaining("secret")
                .satisfies(e -> assertThat(((SifterException) e).nextStep()).isPresent());
    }

    @Test
    void aWebPageIsNoImageWhateverItIsCalled() throws Exception {
        server.put("/sneaky.sif", "\n <!DOCTYPE html><title>Sign in</title>".getBytes());

        assertThatThrownBy(() -> read(open("/sneaky.sif"))).isInstanceOf(ExternalException.class).hasMessageContaining("web page");
        server.once("HEAD .*", Fault.html());
        assertThatThrownBy(() -> open("/images/alpine-oci-archive.tar")).isInstanceOf(ExternalException.class).hasMessageContaining("web page");
    }

    @Test
    void theVersionFollowsTheFileAndNotThePlace() throws Exception {
        Optional<String> version = open("/images/alpine-oci-archive.tar").version();

        assertThat(open("/images/alpine-oci-archive.tar").version()).isPresent().isEqualTo(version);
        server.put("/images/alpine-oci-archive.tar", new byte[10]);
        assertThat(open("/images/alpine-oci-archive.tar").version()).isPresent().isNotEqualTo(version);
        server.unversioned();
        assertThat(open("/images/alpine-oci-archive.tar").version()).isEmpty();
    }

    @Test
    void cutsAndStormsAreOvercome() throws Exception {
        server.once("GET .*", new Fault.CutAfter(2 << 20));
        server.once("GET .*", Fault.status(503));
        server.once("GET .*", Fault.tooManyRequests(Optional.of("0")));

        assertThat(read(open("/images/alpine-oci-archive.tar"))).isEqualTo(FILE);
    }

    @Test
    void aFileOfUnknownLengthIsReadToItsEnd() throws Exception {
        server.always("GET .*", new Fault.Unsized());

        assertThat(read(open("/images/alpine-oci-archive.tar"))).isEqualTo(FILE);
    }
}
