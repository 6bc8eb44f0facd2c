package io.sifter.network.credential;

import static org.assertj.core.api.Assertions.assertThat;

import io.sifter.spi.event.Event;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Base64;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class CredentialsTest {
    @TempDir
    Path home;

    private final List<Event> events = new ArrayList<>();

    private static String auth(String pair) {
        return Base64.getEncoder().encodeToString(pair.getBytes(StandardCharsets.UTF_8));
    }

    private Credentials file(String json) throws Exception {
        return Credentials.file(Files.writeString(home.resolve("file.json"), json), Map.of("PATH", home.resolve("bin").toString()), events::add);
    }

    private void write(String path, String json) throws Exception {
        Path file = home.resolve(path);
        Files.createDirectories(file.getParent());
        Files.writeString(file, json);
    }

    private void helper(String name, String script) throws Exception {
        write("bin/docker-credential-" + name, "#!/bin/sh\n" + script + "\n");
        Files.setPosixFilePermissions(home.resolve("bin/docker-credential-" + name), PosixFilePermissions.fromString("rwx------"));
    }

    private static Credential.Password password(String user, String secret) {
        return new Credential.Password(user, secret);
    }

    private static String entry(String key, String pair) {
        return "{\"auths\":{\"%s\":{\"auth\":\"%s\"}}}".formatted(key, auth(pair));
    }

    @Test
    void theRepositorysOwnEntryWinsOverItsGroupsAndTheHosts() throws Exception {
        Credentials file = file("{\"auths\":{\"h:5000\":{\"auth\":\"%s\"},\"h:5000/team\":{\"auth\":\"%s\"},\"h:5000/team/tool\":{\"auth\":\"%s\"}}}"
                .formatted(auth("host:1"), auth("team:2"), auth("tool:3")));

        assertThat(file.find("h:5000", "team/tool")).hasValue(password("tool", "3"));
        assertThat(file.find("h:5000", "team/other")).hasValue(password("team", "2"));
        assertThat(file.find("h:5000", "else/other")).hasValue(password("host", "1"));
        assertThat(file.find("h:5000", "")).hasValue(password("host", "1"));
        assertThat(file.find("h", "team/tool")).isEmpty();
        assertThat(file.find("h:5000", "team2/tool")).hasValue(password("host", "1"));
    }

    @ParameterizedTest
    @ValueSource(strings = {"https://index.docker.io/v1/", "docker.io", "index.docker.io", "registry-1.docker.io", "https://docker.io", "docker.io/library/alpine"})
    void allNamesOfDockerHubMeanTheSame(String key) throws Exception {
        assertThat(file(entry(key, "ann:s")).find("docker.io", "library/alpine")).hasValue(password("ann", "s"));
        assertThat(file(entry(key, "ann:s")).find("index.docker.io", "library/alpine")).hasValue(password("ann", "s"));
        assertThat(file(entry(key, "ann:s")).find("quay.io", "library/alpine")).isEmpty();
    }

    @ParameterizedTest
    @ValueSource(strings = {"https://h.example", "http://h.example/v1/", "https://h.example/v2/"})
    void oldKeysAreUrls(String key) throws Exception {
        assertThat(file(entry(key, "ann:s")).find("h.example", "x")).hasValue(password("ann", "s"));
    }

    @Test
    void thePasswordMayHoldColonsAndTrailingZerosAreNoPartOfIt() throws Exception {
        assertThat(file(entry("h", "ann:a:b:c\0\0")).find("h", "x")).hasValue(password("ann", "a:b:c"));
        assertThat(file(entry("h", "$oauthtoken:k")).find("h", "x")).hasValue(password("$oauthtoken", "k"));
        assertThat(file(entry("h", "nocolon")).find("h", "x")).isEmpty();
        assertThat(file("{\"auths\":{\"h\":{\"auth\":\"***\"}}}").find("h", "x")).isEmpty();
        assertThat(file("{\"auths\":{\"h\":{}}}").find("h", "x")).isEmpty();
    }

    @Test
    void tokensAndOpenPasswordsAreKnown() throws Exception {
        assertThat(file("{\"auths\":{\"h\":{\"identitytoken\":\"i\"}}}").find("h", "x")).hasValue(new Credential.IdentityToken("i"));
        assertThat(file("{\"auths\":{\"h\":{\"auth\":\"%s\",\"identitytoken\":\"i\"}}}".formatted(auth("a:b"))).find("h", "x"))
                .hasValue(new Credential.IdentityToken("i"));
        assertThat(file("{\"auths\":{\"h\":{\"registrytoken\":\"r\"}}}").find("h", "x")).hasValue(new Credential.RegistryToken("r"));
        assertThat(file("{\"auths\":{\"h\":{\"username\":\"ann\",\"password\":\"s\"}}}").find("h", "x")).hasValue(password("ann", "s"));
    }

    @Test
    void aHelperIsAskedForTheHost() throws Exception {
        helper("vault", "[ \"$1\" = get ] || exit 9; read -r server; echo \"{\\\"ServerURL\\\":\\\"$server\\\",\\\"Username\\\":\\\"ann\\\",\\\"Secret\\\":\\\"for $server\\\"}\"");

        assertThat(file("{\"credHelpers\":{\"h:5000\":\"vault\"}}").find("h:5000", "x")).hasValue(password("ann", "for h:5000"));
        assertThat(file("{\"credHelpers\":{\"h:5000\":\"vault\"}}").find("other", "x")).isEmpty();
        assertThat(file("{\"credsStore\":\"vault\"}").find("docker.io", "x")).hasValue(password("ann", "for https://index.docker.io/v1/"));
    }

    @Test
    void aHelpersTokenIsAnIdentityToken() throws Exception {
        helper("vault", "echo '{\"Username\":\"<token>\",\"Secret\":\"i\"}'");

        assertThat(file("{\"credsStore\":\"vault\"}").find("h", "x")).hasValue(new Credential.IdentityToken("i"));
    }

    @Test
    void aHelperThatKnowsNothingLeavesTheFileToAnswer() throws Exception {
        helper("vault", "echo 'credentials not found in native keychain'; exit 1");

        assertThat(file("{\"credsStore\":\"vault\",\"auths\":{\"h\":{\"auth\":\"%s\"}}}".formatted(auth("ann:s"))).find("h", "x"))
                .hasValue(password("ann", "s"));
        assertThat(events).isEmpty();
    }

    @Test
    void aHelperThatIsMissingOrBrokenIsWarnedAboutWithoutItsWords() throws Exception {
        helper("babble", "echo 'my s3cret is out'");
        helper("broken", "echo 'no s3cret without a bus'; exit 3");

        assertThat(file("{\"credsStore\":\"absent\"}").find("h", "x")).isEmpty();
        assertThat(file("{\"credsStore\":\"babble\"}").find("h", "x")).isEmpty();
        assertThat(file("{\"credsStore\":\"../../bin/sh\"}").find("h", "x")).isEmpty();

        assertThat(file("{\"credsStore\":\"broken\"}").find("h", "x")).isEmpty();

        assertThat(events).hasSize(4).allSatisfy(event -> assertThat(event.toString()).contains("Going on without the credential helper"));
        assertThat(events.toString()).doesNotContain("s3cret");
    }

    @Test
    void theFileThatTheUserNamesIsMissedAndNoOther() throws Exception {
        Credentials places = Credentials.places(Optional.of(home.resolve("named.json")), home.resolve(".singularity"), Map.of("HOME", home.toString()), events::add);

        assertThat(places.find("h", "x")).isEmpty();
        assertThat(places.find("h", "y")).isEmpty();

        assertThat(events).containsExactly(Event.warning("Unable to read credentials from %s: there is no such file".formatted(home.resolve("named.json"))));
    }

    @Test
    void aHelperThatHangsIsNotWaitedForLong() throws Exception {
        helper("slow", "exec sleep 60");
        CredentialHelper helper = new CredentialHelper(Map.of("PATH", home.resolve("bin") + ":/usr/bin:/bin"), events::add, Duration.ofMillis(300));

        long start = System.nanoTime();
        assertThat(helper.get("slow", "h")).isEmpty();

        assertThat(Duration.ofNanos(System.nanoTime() - start)).isLessThan(Duration.ofSeconds(10));
        assertThat(events.toString()).contains("did not answer");
    }

    @Test
    void aDamagedFileIsWarnedAboutAndAMissingOneIsNot() throws Exception {
        assertThat(file("{\"auths\":").find("h", "x")).isEmpty();
        assertThat(events).hasSize(1);
        assertThat(events.toString()).contains("file.json");

        assertThat(Credentials.file(home.resolve("none.json"), Map.of(), events::add).find("h", "x")).isEmpty();
        assertThat(file("").find("h", "x")).isEmpty();
        assertThat(file("{\"auths\":[],\"credHelpers\":3}").find("h", "x")).isEmpty();
        assertThat(events).hasSize(1);
    }

    @Test
    void allPlacesAreMergedAndTheNearestWins() throws Exception {
        Map<String, String> environment = new HashMap<>(Map.of("HOME", home.toString(), "XDG_RUNTIME_DIR", home.resolve("run").toString()));
        write("auth.json", entry("a", "flag:1"));
        write(".singularity/docker-config.json", "{\"auths\":{\"a\":{\"auth\":\"%s\"},\"b\":{\"auth\":\"%s\"}}}".formatted(auth("x:x"), auth("own:2")));
        write(".docker/config.json", "{\"auths\":{\"b\":{\"auth\":\"%s\"},\"c\":{\"auth\":\"%s\"}}}".formatted(auth("x:x"), auth("docker:3")));
        write("run/containers/auth.json", entry("d", "podman:4"));
        write(".config/containers/auth.json", entry("e", "config:5"));

        Credentials places = Credentials.places(Optional.of(home.resolve("auth.json")), home.resolve(".singularity"), environment, events::add);

        assertThat(places.find("a", "x")).hasValue(password("flag", "1"));
        assertThat(places.find("b", "x")).hasValue(password("own", "2"));
        assertThat(places.find("c", "x")).hasValue(password("docker", "3"));
        assertThat(places.find("d", "x")).hasValue(password("podman", "4"));
        assertThat(places.find("e", "x")).hasValue(password("config", "5"));
        assertThat(places.find("f", "x")).isEmpty();
        assertThat(events).isEmpty();
    }

    @Test
    void variablesMoveThePlaces() throws Exception {
        write("moved/config.json", entry("a", "moved:1"));
        write("registry.json", entry("b", "variable:2"));
        write("xdg/containers/auth.json", entry("c", "xdg:3"));
        Map<String, String> environment = Map.of("HOME", home.toString(), "DOCKER_CONFIG", home.resolve("moved").toString(),
                "REGISTRY_AUTH_FILE", home.resolve("registry.json").toString(), "XDG_CONFIG_HOME", home.resolve("xdg").toString());

        Credentials places = Credentials.places(Optional.empty(), home.resolve(".singularity"), environment, events::add);

        assertThat(places.find("a", "x")).hasValue(password("moved", "1"));
        assertThat(places.find("b", "x")).hasValue(password("variable", "2"));
        assertThat(places.find("c", "x")).hasValue(password("xdg", "3"));
    }
}
