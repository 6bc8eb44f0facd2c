package io.sifter.agent.library;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.sifter.spi.Header;
import io.sifter.spi.OpenOptions;
import io.sifter.spi.Publisher.Found;
import io.sifter.spi.Publisher.PublishOptions;
import io.sifter.spi.Publisher.SearchOptions;
import io.sifter.spi.error.CorruptDataException;
import io.sifter.spi.error.ExternalException;
import io.sifter.spi.error.SifterException;
import io.sifter.spi.error.UserException;
import io.sifter.spi.event.Event;
import io.sifter.spi.reference.Digest;
import io.sifter.spi.reference.Platform;
import io.sifter.spi.reference.Reference;
import io.sifter.spi.source.ReadyImage;
import io.sifter.testkit.Peers;
import io.sifter.testkit.registry.Fault;
import io.sifter.testkit.registry.LibraryServer;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CopyOnWriteArrayList;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class LibraryTest {
    private static final Optional<String> SIGNED_IN = Optional.of(Fixture.TOKEN);
    private static final String NAME = "library://joe/default/tool";

    @TempDir
    Path directory;

    private final List<Event> events = new CopyOnWriteArrayList<>();
    private Fixture fixture;
    private LibraryServer server;

    @BeforeEach
    void start() throws IOException {
        fixture = new Fixture();
        server = fixture.server;
    }

    @AfterEach
    void stop() {
        fixture.close();
    }

    private ReadyImage open(String reference, String architecture) throws IOException, InterruptedException {
        return (ReadyImage) fixture.agent(events::add, SIGNED_IN).open(Reference.parse(reference), new OpenOptions(Platform.linux(architecture), true));
    }

    private ReadyImage open(String reference) throws IOException, InterruptedException {
        return open(reference, "amd64");
    }

    private void push(Path file, String reference) throws IOException, InterruptedException {
        fixture.publisher(events::add, SIGNED_IN).publish(file, Reference.parse(reference), new PublishOptions(Optional.of("a tool"), true, false));
    }

    private static byte[] read(ReadyImage image) throws IOException, InterruptedException {
        try (InputStream in = image.bytes().open(0)) {
            return in.readAllBytes();
        }
    }

    /** The address of a definition's header counts, without the token, unless the name has a host of its own. */
    @Test
    void theLibraryOfAHeaderIsAsked() throws Exception {
        push(Fixture.sif(directory.resolve("own.sif"), 1000), NAME);
        try (Fixture other = new Fixture()) {
            OpenOptions options = new OpenOptions(Platform.linux("amd64"), true).withHeader(new Header(Map.of("Library", "http://" + server.host())));

            ReadyImage image = (ReadyImage) other.agent(events::add, SIGNED_IN).open(Reference.parse(NAME), options);

            assertThat(read(image)).isEqualTo(Files.readAllBytes(directory.resolve("own.sif")));
        }
        OpenOptions malformed = new OpenOptions(Platform.linux("amd64"), true).withHeader(new Header(Map.of("library", "http://a b")));
        assertThatThrownBy(() -> fixture.agent(events::add, SIGNED_IN).open(Reference.parse(NAME), malformed)).isInstanceOf(UserException.class)
                .hasMessageContaining("http://a b");
    }

    @ParameterizedTest
    @CsvSource({
        "alpine, , alpine, latest",
        "default/alpine:3, , default/alpine, 3",
        "joe/default/tool:1.0, , joe/default/tool, 1.0",
        "/joe/default/tool, , joe/default/tool, latest",
        "lib.example.org:8080/joe/default/tool:1.0, lib.example.org:8080, joe/default/tool, 1.0",
        "host/c/n, , host/c/n, latest",
    })
    void namesAreReadAsTheReferenceReadsThem(String text, String host, String path, String tag) throws Exception {
        LibraryName name = LibraryName.parse(Reference.parse("library:" + text));

        assertThat(name).isEqualTo(new LibraryName(Optional.ofNullable(host), path, List.of(tag)));
    }

    @Test
    void anImageIsPulledByTagByHashAndByShortName() throws Exception {
        byte[] sif = Fixture.sif(directory);
        String hex = Digest.sha256(sif).hex();
        server.put("library/default/alpine", "3", sif);

        for (String name : List.of("library://alpine:3", "library://library/default/alpine:3", "library:alpine:sha256." + hex,
                "library://alpine@sha256:" + hex, "library://" + server.host() + "/library/default/alpine:3")) {
            ReadyImage image = open(name);
            assertThat(read(image)).as(name).isEqualTo(sif);
            assertThat(image.digest()).contains(Digest.sha256(sif));
            assertThat(image.version()).contains("sha256." + hex);
        }
        assertThat(open("library://alpine:3").name()).isEqualTo("alpine_3.sif");
    }

    @Test
    void whatIsNotThereIsToldWithItsArchitecture() throws Exception {
        server.put("joe/default/tool", "v1", Fixture.sif(directory));

        assertThatThrownBy(() -> open(NAME + ":v1", "arm64")).isInstanceOf(ExternalException.class)
                .hasMessage("image does not exist in the library: joe/default/tool:v1 (arm64)");
    }

    @Test
    void aPresignedAddressGetsNoTokenAndTheTransferIsResumed() throws Exception {
        byte[] sif = Files.readAllBytes(Fixture.sif(directory.resolve("large.sif"), 3 << 20));
        server.redirecting().put("joe/default/tool", "v1", sif);
        server.once("GET /storage/.*", new Fault.CutAfter(2 << 20));
        server.once("GET .*/imagefile/.*", Fault.status(503));

        assertThat(read(open(NAME + ":v1"))).isEqualTo(sif);

        assertThat(server.received("GET /storage/.*")).hasSizeGreaterThan(1).allSatisfy(request -> assertThat(request.header("Authorization")).isEmpty());
        assertThat(server.received("GET .*/imagefile/.*")).allSatisfy(request -> assertThat(request.header("Authorization")).isPresent());
    }

    @Test
    void theTokenGoesToTheEndpointAloneNotToAnyHostInAReference() throws Exception {
        server.put("joe/default/tool", "v1", Fixture.sif(directory));

        open("library://" + server.host() + "/joe/default/tool:v1");

        assertThat(server.received()).isNotEmpty().allSatisfy(request -> assertThat(request.header("Authorization")).isEmpty());
    }

    @Test
    void wrongAnswersAreRefused() throws Exception {
        server.put("joe/default/tool", "v1", Fixture.sif(directory));
        server.once("GET .*/images/.*", Fault.html());
        assertThatThrownBy(() -> open(NAME + ":v1")).isInstanceOf(ExternalException.class).hasMessageContaining("web page");
        server.once("GET .*/images/.*", new Fault.Instead(200, Map.of(), "{\"data\":{\"hash\":\"sha256.zz\"}}"));
        assertThatThrownBy(() -> open(NAME + ":v1")).isInstanceOf(CorruptDataException.class);
        server.once("GET .*/images/.*", new Fault.Instead(200, Map.of(), "{\"data\":{}}"));
        assertThatThrownBy(() -> open(NAME + ":v1")).isInstanceOf(CorruptDataException.class);
    }

    @Test
    void anExpiredTokenSaysWhatToDo() {
        server.token("another");

        assertThatThrownBy(() -> open(NAME)).isInstanceOf(ExternalException.class).hasMessageContaining("Not authorized")
                .satisfies(e -> assertThat(((SifterException) e).nextStep().orElseThrow()).contains("remote login"));
    }

    @Test
    void aPushMakesWhatIsMissingAndSetsAllTags() throws Exception {
        Path file = Fixture.sif(directory.resolve("tool.sif"), 300_000);

        push(file, NAME + ":1.0,latest");

        assertThat(server.image("joe/default/tool", "1.0", "amd64")).hasValueSatisfying(bytes -> assertThat(Digest.sha256(bytes)).isEqualTo(digest(file)));
        assertThat(read(open(NAME))).isEqualTo(Files.readAllBytes(file));
        assertThat(events).filteredOn(event -> event instanceof Event.Logged(Event.Level level, _) && level == Event.Level.INFO)
                .extracting(event -> ((Event.Logged) event).message())
                .containsExactly("Now uploading tool.sif to the library", "Setting tag 1.0", "Setting tag latest");
        push(file, NAME + ":2.0");
        assertThat(server.received("PUT /upload/.*")).hasSize(1).allSatisfy(request -> {
            assertThat(request.header("Authorization")).isEmpty();
            assertThat(request.header("x-amz-content-sha256")).contains(digest(file).hex());
        });
    }

    private static Digest digest(Path file) {
        try {
            return Digest.sha256(Files.readAllBytes(file));
        } catch (IOException e) {
            throw new java.io.UncheckedIOException(e);
        }
    }

    @ParameterizedTest
    @ValueSource(booleans = {true, false})
    void aLargeFileGoesInPartsWhereTheLibraryKnowsHow(boolean parts) throws Exception {
        Path file = Fixture.sif(directory.resolve("large.sif"), (64 << 20) + 1);
        server.partSize(30 << 20);
        if (!parts) {
            server.withoutMultipart();
        }
        server.once("PUT /upload/.*", Fault.status(500));

        push(file, NAME + ":v1");

        assertThat(digest(file)).isEqualTo(Digest.sha256(server.image("joe/default/tool", "v1", "amd64").orElseThrow()));
        assertThat(server.received("PUT /upload/[0-9]+/[123]")).hasSize(parts ? 4 : 0);
        long sent = events.stream().mapToLong(event -> event instanceof Event.Advanced(_, long bytes) ? bytes : 0).sum();
        assertThat(sent).isEqualTo(Files.size(file));
    }

    @Test
    void anUploadInPartsThatFailsIsAbandoned() throws Exception {
        Path file = Fixture.sif(directory.resolve("large.sif"), (64 << 20) + 1);
        server.always("PUT /upload/.*/2", Fault.status(403));
        server.partSize(40 << 20);

        assertThatThrownBy(() -> push(file, NAME)).isInstanceOf(ExternalException.class).hasMessageContaining("403");

        assertThat(server.received("PUT .*/_multipart_abort")).hasSize(1);
        assertThat(server.image("joe/default/tool", "latest", "amd64")).isEmpty();
    }

    @Test
    void aPushOvercomesStorms() throws Exception {
        server.once("GET /v1/entities/.*", Fault.status(503));
        server.once("POST /v1/entities", Fault.tooManyRequests(Optional.of("0")));
        server.once("PUT /upload/.*", Fault.status(502));
        server.once("PUT .*/_complete", Fault.status(500));

        push(Fixture.sif(directory.resolve("tool.sif"), 300_000), NAME);

        assertThat(server.image("joe/default/tool", "latest", "amd64")).isPresent();
    }

    @Test
    void withoutSignatureOrTokenNothingIsSent() throws Exception {
        Path file = Fixture.sif(directory.resolve("tool.sif"), 300_000);

        assertThatThrownBy(() -> fixture.publisher(events::add, SIGNED_IN).publish(file, Reference.parse(NAME), new PublishOptions(Optional.empty(), false, false)))
                .isInstanceOf(UserException.class).hasMessageStartingWith("Unable to upload container: unable to verify signature")
                .satisfies(e -> assertThat(((SifterException) e).nextStep().orElseThrow()).contains("-U"));
        assertThatThrownBy(() -> fixture.publisher(events::add, Optional.empty()).publish(file, Reference.parse(NAME), new PublishOptions(Optional.empty(), true, false)))
                .isInstanceOf(UserException.class)
                .hasMessage("Cannot push image to library: no authentication token, log in with `singularity remote login`");
        assertThatThrownBy(() -> push(file, "library://elsewhere.example/joe/default/tool")).isInstanceOf(UserException.class)
                .hasMessageStartingWith("push to location other than current remote is not supported");
        assertThat(server.received()).isEmpty();
    }

    @Test
    void imagesAreFoundAndDeleted() throws Exception {
        server.put("joe/default/tool", "v1", Fixture.sif(directory));
        var publisher = fixture.publisher(events::add, SIGNED_IN);

        assertThat(publisher.search("too", new SearchOptions("amd64", false))).extracting(Found::reference).containsExactly(NAME + ":v1");
        assertThat(publisher.search("too", new SearchOptions("arm64", false))).isEmpty();
        assertThatThrownBy(() -> publisher.search("lo", new SearchOptions("amd64", false)))
                .hasMessage("bad query 'lo'. You must search for at least 3 characters");
        assertThat(publisher.delete(Reference.parse(NAME + ":v1"), "amd64", false)).isEqualTo("joe/default/tool:v1 (amd64)");
        assertThatThrownBy(() -> publisher.delete(Reference.parse(NAME + ":v1"), "amd64", false)).isInstanceOf(ExternalException.class).hasMessageContaining("404");
    }

    @Test
    void apptainerPullsFromThisLibraryAndPushesToIt() throws Exception {
        String apptainer = Peers.apptainer();
        Path shared = Files.createTempDirectory(Path.of("/tmp"), "library");
        try {
            Path file = Fixture.sif(shared.resolve("ours.sif"), 300_000);
            push(file, NAME + ":v1");
            Path got = shared.resolve("got.sif");

            Peers.run(List.of(apptainer, "pull", "--arch", "amd64", "--library", "http://" + server.host(), got.toString(), NAME + ":v1"), Path.of("/tmp"),
                    Map.of("APPTAINER_CONFIGDIR", shared.resolve("config").toString(), "APPTAINER_CACHEDIR", shared.toString())).ok();
            assertThat(got).hasSameBinaryContentAs(file);

            Path config = Files.createDirectories(shared.resolve("config")).resolve("remote.yaml");
            Files.writeString(config, """
                    Active: test
                    Remotes:
                      test:
                        URI: //%s
                        Token: %s
                        System: false
                        Exclusive: false
                        Insecure: true
                    """.formatted(server.host(), Fixture.TOKEN));
            Files.setPosixFilePermissions(config, java.nio.file.attribute.PosixFilePermissions.fromString("rw-------"));
            Path theirs = Fixture.sif(shared.resolve("theirs.sif"), 400_000);
            Peers.run(List.of(apptainer, "push", "-U", theirs.toString(), "library://joe/default/theirs:v2"), Path.of("/tmp"),
                    Map.of("APPTAINER_CONFIGDIR", shared.resolve("config").toString())).ok();
            assertThat(read(open("library://joe/default/theirs:v2"))).isEqualTo(Files.readAllBytes(theirs));
        } finally {
            try (var files = Files.walk(shared)) {
                for (Path path : files.sorted(Comparator.reverseOrder()).toList()) {
                    Files.delete(path);
                }
            }
        }
    }
}
