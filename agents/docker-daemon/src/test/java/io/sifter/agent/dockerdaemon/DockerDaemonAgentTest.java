package io.sifter.agent.dockerdaemon;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.sifter.image.document.Documents;
import io.sifter.spi.Agent;
import io.sifter.spi.AgentContext;
import io.sifter.spi.DocumentStore;
import io.sifter.spi.OpenOptions;
import io.sifter.spi.Services;
import io.sifter.spi.Web;
import io.sifter.spi.error.CorruptDataException;
import io.sifter.spi.error.ExternalException;
import io.sifter.spi.error.SifterException;
import io.sifter.spi.error.UnreachableException;
import io.sifter.spi.error.UserException;
import io.sifter.spi.event.Event;
import io.sifter.spi.reference.Digest;
import io.sifter.spi.reference.Platform;
import io.sifter.spi.reference.Reference;
import io.sifter.spi.source.Layer;
import io.sifter.spi.source.LayerSequence;
import io.sifter.spi.source.LayeredImage;
import io.sifter.testkit.TarLayer;
import io.sifter.testkit.registry.ScriptedDaemon;
import io.sifter.testkit.registry.TestArchive;
import io.sifter.testkit.registry.TestArchive.Form;
import io.sifter.testkit.registry.TestImage;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import java.util.function.Consumer;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

@Timeout(60)
class DockerDaemonAgentTest {
    private static final byte[] BASE = TarLayer.with().file("etc/motd", "hello").file("noise", noise()).tar();
    private static final byte[] TOP = TarLayer.with().file("a", "<b> & c").tar();
    /** One layer twice. */
    private static final TestImage IMAGE = TestImage.with().layer(BASE).layer(TOP).layer(BASE).env("COLOUR=<blue> & red").command("/bin/true").build();

    @TempDir
    Path directory;
    private ScriptedDaemon daemon;

    @BeforeEach
    void start() throws Exception {
        daemon = ScriptedDaemon.start();
    }

    @AfterEach
    void stop() {
        daemon.close();
    }

    private static byte[] noise() {
        byte[] bytes = new byte[300_000];
        new Random(7).nextBytes(bytes);
        return bytes;
    }

    static Agent agent(ScriptedDaemon daemon, Consumer<Event> events) {
        return agent(Map.of("DOCKER_HOST", "unix://" + daemon.socket()), events);
    }

    private static Agent agent(Map<String, String> environment, Consumer<Event> events) {
        return new DockerDaemonAgent(new AgentContext((host, _) -> {
            throw new AssertionError("A daemon needs no registry: " + host);
        }, Web.none(), Services.none(), DocumentStore.empty(), events, Map.of("stall-seconds", "1"), environment, Path.of("/tmp")));
    }

    private LayeredImage open(String name) throws IOException, InterruptedException {
        return open(agent(daemon, _ -> { }), name);
    }

    private static LayeredImage open(Agent agent, String name) throws IOException, InterruptedException {
        return (LayeredImage) agent.open(Reference.parse("docker-daemon:" + name), new OpenOptions(Platform.linux("amd64"), false));
    }

    /** DiffIDs in the order in which the layers come, or digests of what comes compressed, each verified. */
    private static List<Digest> come(LayeredImage image) throws IOException, InterruptedException {
        List<Digest> come = new ArrayList<>();
        try (LayerSequence sequence = image.sequence().orElseThrow().open()) {
            for (Optional<Layer> next = sequence.next(); next.isPresent(); next = sequence.next()) {
                try (InputStream in = next.get().bytes().open(0)) {
                    Digest digest = Digest.sha256(in.readAllBytes());
                    assertThat(next.get().diffId().or(next.get()::digest)).contains(digest);
                    come.add(digest);
                }
            }
        }
        return come;
    }

    @ParameterizedTest
    @EnumSource(Form.class)
    void layersOfEveryFormAreKnownBeforeTheyAreRead(Form form) throws Exception {
        daemon.image(IMAGE, "it:1", TestArchive.saved(form).image(IMAGE, "it:1").tar().tar());

        LayeredImage image = open("it:1");

        assertThat(image.layers().stream().map(layer -> layer.diffId().orElseThrow()).toList())
                .containsExactly(Digest.sha256(BASE), Digest.sha256(TOP), Digest.sha256(BASE));
        assertThat(daemon.requests()).as("nothing is sent before it is needed").noneMatch(path -> path.endsWith("/get"));
        assertThat(come(image)).containsExactlyInAnyOrderElementsOf(form != Form.STORED ? List.of(Digest.sha256(BASE), Digest.sha256(TOP))
                : IMAGE.blobs().keySet().stream().filter(digest -> !digest.equals(IMAGE.config().digest())).toList());
        assertThat(daemon.requests()).filteredOn(path -> path.equals("/images/it:1/get")).hasSize(1);
    }

    @Test
    void layersThatAreKeptCompressedComeByTheirDigest() throws Exception {
        byte[] gzip = TarLayer.with().file("a", "<b> & c").gzip();
        String blob = "blobs/sha256/" + Digest.sha256(gzip).hex();
        daemon.image(IMAGE, "it:1", TestArchive.saved(Form.LAYOUT).image(IMAGE, "it:1").remove("blobs/sha256/" + Digest.sha256(TOP).hex())
                .put(blob, gzip).tar().tar());

        assertThat(come(open("it:1"))).containsExactlyInAnyOrder(Digest.sha256(BASE), Digest.sha256(gzip));
    }

    @Test
    void theConfigurationIsWhatTheDaemonTells() throws Exception {
        daemon.image(IMAGE, "it:1");

        var config = Documents.parseConfig(open("it:1").config());

        assertThat(config.env()).containsExactly("COLOUR=<blue> & red");
        assertThat(config.cmd()).containsExactly("/bin/true");
        assertThat(config.created().orElseThrow()).hasToString("2024-05-06T07:08:09.123456789Z");
        assertThat(open("it:1").config().digest()).as("the same every time").isEqualTo(open("it:1").config().digest());
    }

    @Test
    void anImageHasItsIdForAName() throws Exception {
        daemon.image(IMAGE, "it:1");

        for (String id : List.of(IMAGE.config().digest().toString(), IMAGE.config().digest().hex().substring(0, 12))) {
            assertThat(open(id).layers()).as(id).hasSize(3);
        }
    }

    @Test
    void whatIsNotThereIsSaidInTheDaemonsWords() {
        assertThatThrownBy(() -> open("nope:1")).isInstanceOf(UserException.class).hasMessageContaining("No such image: nope:1");
        assertThatThrownBy(() -> open("godlovedc/lolcow")).isInstanceOfSatisfying(UserException.class, e -> {
            assertThat(e).hasMessage("docker-daemon: reference godlovedc/lolcow has neither a tag nor a digest");
            assertThat(e.nextStep().orElseThrow()).contains("docker-daemon://godlovedc/lolcow:latest");
        });
    }

    @Test
    void aDaemonThatIsNotThereIsSaidSo() {
        Path socket = directory.resolve("none.sock");
        assertThatThrownBy(() -> open(agent(Map.of("DOCKER_HOST", "unix://" + socket), _ -> { }), "it:1")).isInstanceOf(UnreachableException.class)
                .hasMessage("Cannot connect to the Docker daemon at unix://%s. Is the docker daemon running?", socket);
        assertThatThrownBy(() -> open(agent(Map.of("DOCKER_HOST", "tcp://127.0.0.1:1"), _ -> { }), "it:1")).isInstanceOf(UnreachableException.class)
                .hasMessageContaining("tcp://127.0.0.1:1");
        // Nobody listens at this address of the loopback network.
        assertThatThrownBy(() -> open(agent(Map.of("DOCKER_HOST", "tcp://127.0.0.99"), _ -> { }), "it:1")).hasMessageContaining("tcp://127.0.0.99:2375.");
        assertThatThrownBy(() -> open(agent(Map.of("DOCKER_HOST", "tcp://127.0.0.99", "DOCKER_TLS_VERIFY", "1"), _ -> { }), "it:1"))
                .hasMessageContaining("tcp://127.0.0.99:2376.");
    }

    @Test
    void theFirstOfTheVariablesCounts() throws Exception {
        daemon.image(IMAGE, "it:1");
        Map<String, String> environment = Map.of("DOCKER_HOST", "unix:///nowhere", "SINGULARITY_DOCKER_HOST", "unix://" + daemon.socket(), "APPTAINER_DOCKER_HOST", "");

        assertThat(open(agent(environment, _ -> { }), "it:1").layers()).hasSize(3);
        for (String address : List.of("ssh://host", "unix://", "nonsense", "tcp://", "ftp://host:1")) {
            assertThatThrownBy(() -> open(agent(Map.of("DOCKER_HOST", address), _ -> { }), "it:1")).as(address).isInstanceOf(UserException.class);
        }
    }

    @Test
    void anUnusualDaemonIsAskedInTheVersionThatTheUserNames() throws Exception {
        daemon.image(IMAGE, "it:1");
        open(agent(Map.of("DOCKER_HOST", "unix://" + daemon.socket(), "DOCKER_API_VERSION", "1.40"), _ -> { }), "it:1");

        assertThat(daemon.requests()).containsExactly("/images/it:1/json");
    }

    @Test
    void refusalsCarryTheDaemonsReason() {
        daemon.answer("/json", 500, "application/json", "{\"message\":\"the disk is on fire\"}");
        assertThatThrownBy(() -> open("it:1")).isInstanceOf(ExternalException.class).hasMessageContaining("500").hasMessageContaining("the disk is on fire");
        daemon.answer("/json", 400, "application/json", "{\"message\":\"client version 1.44 is too new\"}");
        assertThatThrownBy(() -> open("it:1")).hasMessageContaining("too new");
        daemon.answer("/json", 404, "text/html", "<html>not here</html>");
        assertThatThrownBy(() -> open("it:1")).isInstanceOfSatisfying(ExternalException.class, e ->
                assertThat(e.nextStep().orElseThrow()).contains("something else than a Docker daemon"));
        for (String nonsense : List.of("<html></html>", "[]", "{}", "{\"RootFS\":{\"Layers\":[\"x\"]}}", "null", "")) {
            daemon.answer("/json", 200, "application/json", nonsense);
            assertThatThrownBy(() -> open("it:1")).as(nonsense).isInstanceOf(CorruptDataException.class).hasMessageContaining("Docker daemon");
        }
    }

    @ParameterizedTest
    @ValueSource(longs = {0, 100, 5_000, 200_000})
    void aDaemonThatDiesInTheMiddleIsNoticed(long bytes) throws Exception {
        daemon.image(IMAGE, "it:1").stoppingAfter(bytes, false);

        assertThatThrownBy(() -> come(open("it:1"))).isInstanceOf(ExternalException.class).hasMessageContaining("broke while it sent the image")
                .satisfies(e -> assertThat(((SifterException) e).nextStep()).isPresent());
    }

    @Test
    void aDaemonThatFallsSilentIsGivenUp() throws Exception {
        daemon.image(IMAGE, "it:1").stoppingAfter(5_000, true);

        assertThatThrownBy(() -> come(open("it:1"))).isInstanceOf(ExternalException.class).hasMessageContaining("nothing came for 1 seconds");
    }

    @Test
    void whatIsNoArchiveIsNamed() throws Exception {
        daemon.image(IMAGE, "it:1", "{\"errorDetail\":{\"message\":\"no space left on device\"}}".getBytes());
        assertThatThrownBy(() -> come(open("it:1"))).isInstanceOf(CorruptDataException.class).hasMessageContaining("What the Docker daemon at");
        daemon.image(IMAGE, "it:1", TarLayer.with().file("words", "x").tar());
        assertThat(come(open("it:1"))).isEmpty();
        assertThatThrownBy(() -> open("it:1").layers().getFirst().bytes().open(0)).isInstanceOf(CorruptDataException.class)
                .hasMessageContaining("without the layer " + Digest.sha256(BASE));
    }

    @Test
    void aDirectoryThatLiesAboutItsLayerIsNotBelieved() throws Exception {
        TestArchive saved = TestArchive.saved(Form.DIRECTORIES).image(IMAGE, "it:1");
        String json = saved.names().stream().filter(name -> name.endsWith("/json")).findFirst().orElseThrow();
        daemon.image(IMAGE, "it:1", saved.put(json, saved.text(json).replace("linux", "windows").replace("1970", "1971")).tar().tar());

        assertThat(come(open("it:1"))).as("one is not recognised").hasSize(1);
    }
}
