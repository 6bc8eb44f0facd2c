package io.sifter.network.credential;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.sifter.spi.error.ExternalException;
import io.sifter.spi.error.UserException;
import io.sifter.spi.event.Event;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class LoginFileTest {
    private static final Credential.Password ANN = new Credential.Password("ann", "a:b$c");

    @TempDir
    Path home;

    private final List<Event> events = new ArrayList<>();

    private Path path() {
        return home.resolve("user/docker-config.json");
    }

    private LoginFile file() {
        return new LoginFile(path(), Map.of("PATH", home.resolve("bin") + ":/usr/bin:/bin", "OUT", home.resolve("said").toString()), events::add);
    }

    private Credentials reading() {
        return Credentials.file(path(), Map.of("PATH", home.resolve("bin").toString()), events::add);
    }

    private void write(String json) throws Exception {
        Files.createDirectories(path().getParent());
        Files.writeString(path(), json);
    }

    private void helper(String script) throws Exception {
        Path program = Files.createDirectories(home.resolve("bin")).resolve("docker-credential-vault");
        Files.writeString(program, "#!/bin/sh\n" + script + "\n");
        Files.setPosixFilePermissions(program, PosixFilePermissions.fromString("rwx------"));
    }

    @Test
    void whatIsStoredIsFoundAgainAndForgotten() throws Exception {
        for (String registry : List.of("h:5000", "h:5000/team/tool", "docker.io")) {
            file().store(registry, ANN);
        }

        assertThat(file().registries()).containsExactly("docker.io", "h:5000", "h:5000/team/tool");
        assertThat(reading().find("h:5000", "team/tool")).hasValue(ANN);
        assertThat(reading().find("h:5000", "else")).hasValue(ANN);
        assertThat(reading().find("docker.io", "library/alpine")).hasValue(ANN);
        assertThat(Files.readString(path())).contains("\"https://index.docker.io/v1/\"");

        assertThat(file().remove("h:5000")).isTrue();
        assertThat(file().remove("h:5000")).isFalse();
        assertThat(reading().find("h:5000", "else")).isEmpty();
        assertThat(reading().find("h:5000", "team/tool")).hasValue(ANN);
        assertThat(file().remove("docker.io")).isTrue();
        assertThat(file().registries()).containsExactly("h:5000/team/tool");
    }

    @Test
    void nobodyElseMayReadTheFile() throws Exception {
        write("{}");
        Files.setPosixFilePermissions(path(), PosixFilePermissions.fromString("rw-rw-rw-"));
        file().store("h", ANN);
        assertThat(PosixFilePermissions.toString(Files.getPosixFilePermissions(path()))).isEqualTo("rw-------");

        LoginFile fresh = new LoginFile(home.resolve("new/place/auth.json"), Map.of(), events::add);
        fresh.store("h", ANN);
        assertThat(PosixFilePermissions.toString(Files.getPosixFilePermissions(home.resolve("new/place/auth.json")))).isEqualTo("rw-------");
        assertThat(PosixFilePermissions.toString(Files.getPosixFilePermissions(home.resolve("new/place")))).isEqualTo("rwx------");
    }

    @Test
    void whatOthersWroteStays() throws Exception {
        write("""
                {"HttpHeaders":{"X":"y"},"psFormat":"table <x>","future":[1,2.5,null,true],
                 "auths":{"other":{"auth":"eDp5","email":"x@y","future":{"a":1}},"h":{"identitytoken":"old"}}}""");

        file().store("h", ANN);
        file().remove("nosuch");

        assertThat(Files.readString(path())).contains("\"X\": \"y\"", "\"future\": [", "2.5", "null", "\"email\": \"x@y\"", "\"a\": 1").doesNotContain("old");
        assertThat(reading().find("other", "x")).hasValue(new Credential.Password("x", "y"));
        assertThat(reading().find("h", "x")).hasValue(ANN);
    }

    @Test
    void oldSpellingsOfARegistryAreReplacedAndRemoved() throws Exception {
        write("{\"auths\":{\"docker.io\":{\"auth\":\"eDp5\"},\"registry-1.docker.io\":{\"auth\":\"eDp5\"},\"https://h/v1/\":{\"auth\":\"eDp5\"}}}");

        assertThat(file().registries()).containsExactly("docker.io", "h");
        file().store("docker.io", ANN);
        assertThat(file().remove("h")).isTrue();

        assertThat(Files.readString(path())).contains("https://index.docker.io/v1/").doesNotContain("registry-1", "https://h");
    }

    @Test
    void aLinkStaysALink() throws Exception {
        Path real = Files.writeString(home.resolve("real.json"), "{}");
        Files.createDirectories(path().getParent());
        Files.createSymbolicLink(path(), real);

        file().store("h", ANN);

        assertThat(path()).isSymbolicLink();
        assertThat(Files.readString(real)).contains("\"h\"");
    }

    @Test
    void aDamagedFileIsNotOverwritten() throws Exception {
        for (String damaged : List.of("{\"auths\":", "[]", "{\"auths\":[]}")) {
            write(damaged);

            assertThatThrownBy(() -> file().store("h", ANN)).isInstanceOf(UserException.class).hasMessageContaining(path().toString());
            assertThat(path()).hasContent(damaged);
        }
    }

    @Test
    void nothingIsLeftBesideTheFileAndNothingIsMadeToForgetNothing() throws Exception {
        assertThat(file().remove("h")).isFalse();
        assertThat(path().getParent()).doesNotExist();

        file().store("h", ANN);
        try (var entries = Files.list(path().getParent())) {
            assertThat(entries.map(entry -> entry.getFileName().toString())).containsExactlyInAnyOrder("docker-config.json", ".docker-config.json.lock");
        }
    }

    @Test
    void manyMayStoreAtATime() throws Exception {
        try (ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor()) {
            List<java.util.concurrent.Future<?>> stored = new ArrayList<>();
            for (int i = 0; i < 20; i++) {
                String host = "h" + i;
                stored.add(threads.submit(() -> {
                    file().store(host, ANN);
                    return null;
                }));
            }
            for (var future : stored) {
                future.get();
            }
        }

        assertThat(file().registries()).hasSize(20);
    }

    @Test
    void aFileThatNamesAHelperKeepsLoginsThere() throws Exception {
        helper("case $1 in store) cat >$OUT;; erase) { cat; echo; } >$OUT;; esac");
        write("{\"credsStore\":\"vault\",\"credHelpers\":{\"own\":\"vault\"}}");

        file().store("h:5000", ANN);
        assertThat(home.resolve("said")).hasContent("{\"ServerURL\":\"h:5000\",\"Username\":\"ann\",\"Secret\":\"a:b$c\"}");
        assertThat(Files.readString(path())).contains("\"h:5000\": {}").doesNotContain("\"auth\"");
        assertThat(file().registries()).containsExactly("h:5000");

        assertThat(file().remove("h:5000")).isTrue();
        assertThat(home.resolve("said")).hasContent("h:5000\n");
        assertThat(file().registries()).isEmpty();
        file().store("docker.io", ANN);
        assertThat(Files.readString(home.resolve("said"))).contains("https://index.docker.io/v1/");
    }

    @Test
    void aHelperThatCannotStoreIsAnErrorWithoutItsWords() throws Exception {
        helper("cat; echo s3cret; exit 1");
        write("{\"credsStore\":\"vault\"}");
        assertThatThrownBy(() -> file().store("h", ANN)).isInstanceOf(ExternalException.class)
                .hasMessage("The credential helper docker-credential-vault cannot be used: 'store' ended with 1");

        write("{\"credsStore\":\"absent\"}");
        assertThatThrownBy(() -> file().store("h", ANN)).isInstanceOf(ExternalException.class).hasMessageContaining("it is not in PATH");
        assertThat(path()).hasContent("{\"credsStore\":\"absent\"}");
    }
}
