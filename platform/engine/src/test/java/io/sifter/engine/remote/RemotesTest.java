package io.sifter.engine.remote;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.sifter.engine.concurrent.Concurrent;
import io.sifter.network.Network;
import io.sifter.network.NetworkSettings;
import io.sifter.spi.Services.Service;
import io.sifter.spi.error.ExternalException;
import io.sifter.spi.error.UserException;
import io.sifter.testkit.registry.Fault;
import io.sifter.testkit.registry.LibraryServer;
import java.io.IOException;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.Callable;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class RemotesTest {
    private static final String TOKEN = "t".repeat(200);

    @TempDir
    Path directory;

    private LibraryServer server;
    private Network network;
    private Path file;
    private Path site;

    @BeforeEach
    void start() throws IOException {
        server = LibraryServer.start().token(TOKEN);
        network = Network.open(NetworkSettings.of("4.5.1", Map.of()).withRetries(2, Duration.ofMillis(1), Duration.ofMillis(10)));
        file = directory.resolve("own/remote.yaml");
        site = directory.resolve("site.yaml");
    }

    @AfterEach
    void stop() {
        network.close();
        server.close();
    }

    private Remotes remotes(Optional<String> library) {
        return new Remotes(file, site, network.web(_ -> { }), library);
    }

    private Remotes remotes() {
        return remotes(Optional.empty());
    }

    @Test
    void withoutFilesThereIsTheOneThatTheReferenceShips() throws Exception {
        assertThat(remotes().active().orElseThrow()).isEqualTo(new Remote("SylabsCloud", "cloud.sylabs.io", Optional.empty(), true, false, false));
        assertThat(file).doesNotExist();
    }

    @Test
    void anAddedEndpointIsUsedWithItsTokenAndNobodyElseReadsIt() throws Exception {
        remotes().add("ours", "http://" + server.host() + "/", true, true);
        remotes().check(remotes().named("ours"), TOKEN);
        remotes().keep(remotes().named("ours"), Optional.of(TOKEN));

        Service library = remotes().find("library");

        assertThat(library.url()).isEqualTo(URI.create("http://" + server.host()));
        assertThat(library.token()).contains(TOKEN);
        assertThat(PosixFilePermissions.toString(Files.getPosixFilePermissions(file))).isEqualTo("rw-------");
        assertThat(PosixFilePermissions.toString(Files.getPosixFilePermissions(file.getParent()))).isEqualTo("rwx------");
        try (var files = Files.list(file.getParent())) {
            assertThat(files.filter(path -> !path.toString().endsWith(".lock"))).containsExactly(file);
        }
        assertThat(library.toString() + remotes().active()).doesNotContain(TOKEN);
        remotes().keep(remotes().named("ours"), Optional.empty());
        assertThat(remotes().find("library").token()).isEmpty();
        assertThat(file).content().doesNotContain(TOKEN);
    }

    @Test
    void whatTheReferenceWroteIsReadAndWhatIsUnknownStays() throws Exception {
        Files.createDirectories(file.getParent());
        Files.writeString(file, """
                Active: SylabsCloud
                Remotes:
                    SylabsCloud:
                        URI: cloud.sylabs.io
                        Token: "abc"
                        System: true
                        Exclusive: false
                        Keyservers:
                            - URI: https://keys.sylabs.io
                              Skip: false
                Credentials:
                    - URI: docker://registry.example.com
                      Insecure: false
                """);

        remotes().add("ours", "lib.example.org:8080/path", false, false);

        assertThat(remotes().active().orElseThrow().token()).contains("abc");
        assertThat(remotes().named("ours").frontend()).isEqualTo(URI.create("https://lib.example.org:8080/path"));
        assertThat(file).content().contains("docker://registry.example.com").contains("https://keys.sylabs.io");
        remotes().use("ours");
        assertThat(remotes().active().orElseThrow().name()).isEqualTo("ours");
        remotes().remove("ours");
        assertThatThrownBy(() -> remotes().find("library")).isInstanceOf(UserException.class).hasMessageContaining("no default endpoint set")
                .hasMessageContaining("SylabsCloud");
        assertThatThrownBy(() -> remotes().remove("SylabsCloud")).hasMessage("SylabsCloud is global and can't be removed");
    }

    @Test
    void changesAtTheSameTimeAreAllKept() throws Exception {
        List<String> names = IntStream.range(0, 30).mapToObj(number -> "many" + number).toList();
        Concurrent.all(names.size(), "remote", names.stream().<Callable<Boolean>>map(name -> () -> {
            remotes().add(name, "lib.example.org", false, false);
            return true;
        }).toList());

        assertThat(remotes().list()).containsKeys(names.toArray(String[]::new));
        assertThat(remotes().active().orElseThrow().name()).as("none of them was chosen").isEqualTo("SylabsCloud");
    }

    @Test
    void aLinkToTheFileStaysALink() throws Exception {
        Path elsewhere = Files.createDirectories(directory.resolve("elsewhere")).resolve("remotes");
        Files.writeString(elsewhere, "Active: SylabsCloud\n");
        Files.createDirectories(file.getParent());
        Files.createSymbolicLink(file, elsewhere);

        remotes().add("ours", "lib.example.org", false, true);

        assertThat(file).isSymbolicLink();
        assertThat(elsewhere).content().contains("Active: ours");
    }

    @Test
    void theSitesExclusiveEndpointIsTheOnlyOne() throws Exception {
        Files.writeString(site, "Active: site\nRemotes:\n  site: {URI: '%s', System: true, Exclusive: true, Insecure: true}\n".formatted(server.host()));

        assertThat(remotes().find("library").url()).isEqualTo(URI.create("http://" + server.host()));
        assertThatThrownBy(() -> remotes(Optional.of("http://elsewhere.example")).find("library")).isInstanceOf(UserException.class)
                .hasMessageContaining("exclusive").hasMessageContaining(server.host());
        remotes().add("mine", "elsewhere.example", false, true);
        assertThat(remotes().active().orElseThrow().name()).isEqualTo("site");
        assertThatThrownBy(() -> remotes().use("mine")).isInstanceOf(UserException.class).hasMessageContaining("exclusive");
    }

    @Test
    void aLibraryByItsAddressGetsNoToken() throws Exception {
        remotes().add("ours", server.host(), true, true);
        remotes().keep(remotes().named("ours"), Optional.of(TOKEN));

        Service library = remotes(Optional.of("http://lib.example.org/path")).find("library");

        assertThat(library).isEqualTo(new Service(URI.create("http://lib.example.org/path"), Optional.empty(), Optional.empty()));
        assertThatThrownBy(() -> remotes(Optional.of("lib.example.org")).find("library")).isInstanceOf(UserException.class);
    }

    @Test
    void aTokenThatIsNotAcceptedIsToldWithoutShowingIt() throws Exception {
        remotes().add("ours", server.host(), true, true);

        assertThatThrownBy(() -> remotes().check(remotes().named("ours"), "wrong-word")).isInstanceOf(ExternalException.class)
                .hasMessage("error response from server: Invalid Credentials").hasMessageNotContaining("wrong-word");
    }

    @Test
    void anEndpointThatDoesNotSayWhatItHasIsNamed() throws Exception {
        remotes().add("ours", server.host(), true, true);
        for (Fault fault : new Fault[] {Fault.html(), Fault.status(404), new Fault.Instead(200, Map.of(), "no json")}) {
            server.once("GET /assets/.*", fault);
            assertThatThrownBy(() -> remotes().find("library")).isInstanceOf(ExternalException.class).hasMessageContaining(server.host());
        }
        server.once("GET /assets/.*", new Fault.Instead(200, Map.of(), "{\"libraryAPI\":{\"uri\":\"file:///etc/passwd\"}}"));
        assertThatThrownBy(() -> remotes().find("library")).isInstanceOf(UserException.class).hasMessageContaining("has no library");
    }

    @ParameterizedTest
    @ValueSource(strings = {"Remotes: [", "- a", "!!java.net.URL [x]", "Token: &a [*a]\n  x"})
    void aDamagedFileIsNamedAndNothingOfItShown(String content) throws Exception {
        Files.createDirectories(file.getParent());
        Files.writeString(file, content);

        assertThatThrownBy(() -> remotes().list()).isInstanceOf(UserException.class).hasMessageContaining(file.toString());
    }
}
