package io.sifter.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.sifter.spi.error.UserException;
import io.sifter.testkit.registry.ScriptedRegistry;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class RegistryCommandsTest {
    @TempDir
    Path home;

    private final ByteArrayOutputStream out = new ByteArrayOutputStream();
    private final ByteArrayOutputStream err = new ByteArrayOutputStream();
    private ScriptedRegistry registry;

    @BeforeEach
    void start() throws Exception {
        registry = ScriptedRegistry.start();
        registry.requireToken("ann", "s3cret");
    }

    @AfterEach
    void stop() {
        registry.close();
    }

    private int run(String input, String... words) {
        out.reset();
        err.reset();
        Map<String, String> environment = new HashMap<>(Map.of("HOME", home.toString()));
        var caller = new Caller(environment, home, new ByteArrayInputStream(input.getBytes(StandardCharsets.UTF_8)),
                new PrintStream(out, true, StandardCharsets.UTF_8), new PrintStream(err, true, StandardCharsets.UTF_8), false, false);
        return new Main(caller).run(List.of(words));
    }

    private String uri() {
        return "docker://" + registry.host();
    }

    private Path file() {
        return home.resolve(".singularity/docker-config.json");
    }

    @ParameterizedTest
    @ValueSource(strings = {"registry", "remote"})
    void aLoginIsTriedStoredListedAndForgotten(String group) throws Exception {
        assertThat(run("s3cret\n", group, "login", "--username", "ann", "--password-stdin", uri())).isZero();
        assertThat(err).hasToString("INFO:    Token stored in " + file() + "\n");
        assertThat(Files.readString(file())).contains("\"" + registry.host() + "\"");

        assertThat(run("", "registry", "list")).isZero();
        assertThat(out).hasToString("\nURI\n" + uri() + "\n");

        assertThat(run("", group, "logout", uri())).isZero();
        assertThat(err).hasToString("INFO:    Token removed from %s\nINFO:    Logout succeeded\n".formatted(file()));
        assertThat(run("", group, "logout", uri())).isZero();
        assertThat(err).hasToString("WARNING: There is no existing login to registry \"%s\".\nINFO:    Logout succeeded\n".formatted(uri()));
        assertThat(run("", "registry", "list")).isZero();
        assertThat(out).hasToString("\n(no registries with stored login information found)\n");
    }

    @Test
    void thePasswordIsAskedForWhereItIsNotGiven() {
        assertThat(run("s3cret\n", "registry", "login", "-u", "ann", uri())).isZero();
        assertThat(out).hasToString("Password / Token: ");
        assertThat(run("\n", "registry", "login", "-u", "ann", uri())).isEqualTo(255);
        assertThat(err.toString()).startsWith("FATAL:   while login to %s: a password is required\n".formatted(uri()));
    }

    @Test
    void aLoginThatTheRegistryRefusesIsNotStored() {
        assertThat(run("", "--debug", "registry", "login", "-u", "ann", "-p", "gu3ss", uri())).isEqualTo(255);
        assertThat(err.toString()).contains("while login to %s: %s refuses the login: incorrect username or password".formatted(uri(), registry.host()))
                .doesNotContain("gu3ss");
        assertThat(file()).doesNotExist();
    }

    @Test
    void anotherFileMayBeNamed() throws Exception {
        Path other = home.resolve("ci/auth.json");

        assertThat(run("", "registry", "login", "--authfile", other.toString(), "-u", "ann", "-p", "s3cret", uri() + "/team")).isZero();
        assertThat(Files.readString(other)).contains("\"" + registry.host() + "/team\"");
        assertThat(run("", "registry", "list", "--authfile", other.toString())).isZero();
        assertThat(out).hasToString("\nURI\n" + uri() + "/team\n");
        assertThat(run("", "registry", "logout", "--authfile", other.toString(), uri() + "/team")).isZero();
        assertThat(file()).doesNotExist();
    }

    @Test
    void whatIsMissingIsNamed() {
        assertThat(run("", "registry", "login", uri())).isEqualTo(255);
        assertThat(err.toString()).startsWith("FATAL:   while login to %s: Docker/OCI registry requires a username\n".formatted(uri()));
        assertThat(run("x", "registry", "login", "-u", "a", "-p", "b", "--password-stdin", uri())).isEqualTo(255);
        assertThat(err.toString()).startsWith("FATAL:   --password and --password-stdin cannot be used together\n");
    }

    @ParameterizedTest
    @CsvSource({
        "docker://h.example, h.example",
        "docker://h.example/, h.example",
        "docker:h.example:5000, h.example:5000",
        "oras://h.example/team/tool, h.example/team/tool",
        "docker://docker.io, docker.io",
        "docker://index.docker.io/v1/, docker.io",
        "docker://[::1]:5000, [::1]:5000",
    })
    void aUriNamesARegistryAndPerhapsAPath(String uri, String registry) throws Exception {
        assertThat(RegistryCommands.registry(uri)).isEqualTo(registry);
    }

    @ParameterizedTest
    @ValueSource(strings = {"h.example", "https://h.example", "docker://", "docker://h/Upper", "docker://u:p@h", "library://h", "docker://h/a b"})
    void otherWordsNameNone(String uri) {
        assertThatThrownBy(() -> RegistryCommands.registry(uri)).isInstanceOf(UserException.class).hasMessageContaining("does not name a registry");
    }
}
