package io.sifter.engine.build;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.sifter.engine.definition.Stage.Copy;
import io.sifter.spi.error.UserException;
import io.sifter.spi.event.Event;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class FileCopiesTest {
    @TempDir
    private Path temporary;
    private Path host;
    private Path image;
    private final List<Event> events = new ArrayList<>();

    @BeforeEach
    void makeDirectories() throws Exception {
        host = Files.createDirectory(temporary.resolve("host"));
        image = Files.createDirectory(temporary.resolve("image"));
        Files.createDirectories(host.resolve("d/sub"));
        Files.writeString(host.resolve("d/sub/s"), "s");
        Files.createSymbolicLink(host.resolve("d/l"), Path.of("../a.txt"));
        Files.setPosixFilePermissions(Files.writeString(host.resolve("a.txt"), "a"), PosixFilePermissions.fromString("rwx------"));
        Files.writeString(host.resolve("b.txt"), "b");
    }

    private void copy(String source, String destination) throws Exception {
        new FileCopies(new RootDirectory(image), events::add).fromHost(List.of(new Copy(source, destination)), host, "");
    }

    private String mode(String path) throws IOException {
        return PosixFilePermissions.toString(Files.getPosixFilePermissions(image.resolve(path)));
    }

    @Test
    void aDestinationIsADirectoryIfItEndsWithASlashOrIsOne() throws Exception {
        copy("a.txt", "/opt/one/");
        copy("a.txt", "opt/two/three");
        copy("b.txt", "/opt/one");

        assertThat(image.resolve("opt/one/a.txt")).hasContent("a");
        assertThat(image.resolve("opt/two/three")).hasContent("a");
        assertThat(image.resolve("opt/one/b.txt")).hasContent("b");
        assertThat(mode("opt/one/a.txt")).isEqualTo("rwx------");
        assertThat(mode("opt/one")).isEqualTo("rwxr-xr-x");
        assertThat(events).contains(Event.info("Copying a.txt to /opt/one/"));
    }

    @Test
    void directoriesAreCopiedWithWhatLinksLeadTo() throws Exception {
        copy("d", "/opt/new");
        copy("d/", "/opt/");

        assertThat(image.resolve("opt/new/sub/s")).hasContent("s");
        assertThat(image.resolve("opt/new/l")).isRegularFile().hasContent("a");
        assertThat(image.resolve("opt/d/sub/s")).hasContent("s");
    }

    @Test
    void withoutDestinationThePathIsTheSame() throws Exception {
        copy("b.txt", "");
        copy(host.resolve("a.txt").toString(), "");
        copy("[ab].txt", "");

        assertThat(image.resolve("b.txt")).hasContent("b");
        assertThat(image.resolve(host.resolve("a.txt").toString().substring(1))).hasContent("a");
    }

    @Test
    void anExistingFileKeepsItsPermissions() throws Exception {
        Files.setPosixFilePermissions(Files.writeString(image.resolve("f"), "longer than before"), PosixFilePermissions.fromString("rw-r-----"));

        copy("a.txt", "/f");

        assertThat(image.resolve("f")).hasContent("a");
        assertThat(mode("f")).isEqualTo("rw-r-----");
    }

    @Test
    void linksOfTheImageNeverLeadToTheHost() throws Exception {
        Path victim = Files.writeString(temporary.resolve("victim"), "of the host");
        Files.createSymbolicLink(image.resolve("f"), victim);
        Files.createSymbolicLink(image.resolve("dir"), temporary);
        Files.createDirectories(image.resolve("opt/d"));
        Files.createSymbolicLink(image.resolve("opt/d/l"), victim);

        copy("a.txt", "/f");
        copy("a.txt", "/dir/victim");
        copy("d", "/opt/");

        assertThat(victim).hasContent("of the host");
        assertThat(image.resolve(victim.toString().substring(1))).hasContent("a");
    }

    @Test
    void whatCannotBeCopiedIsToldByName() throws Exception {
        Files.createSymbolicLink(host.resolve("d/round"), Path.of("."));
        Files.createSymbolicLink(host.resolve("nowhere"), Path.of("gone"));

        assertThatThrownBy(() -> copy("nosuch*", "/opt/")).isInstanceOf(UserException.class).hasMessage("no source files found matching: nosuch*");
        assertThatThrownBy(() -> copy("d", "/opt/")).isInstanceOf(UserException.class).hasMessageContaining("d/round");
        assertThatThrownBy(() -> copy("nowhere", "/opt/")).isInstanceOf(UserException.class);
    }

    @Test
    void ofAnotherStageLinksAndTimesAreKept() throws Exception {
        Path stage = Files.createDirectories(temporary.resolve("stage/bin")).getParent();
        Files.writeString(stage.resolve("bin/tool"), "tool");
        Files.setLastModifiedTime(stage.resolve("bin/tool"), java.nio.file.attribute.FileTime.fromMillis(1_000_000_000_000L));
        Files.createSymbolicLink(stage.resolve("bin/t"), Path.of("tool"));
        Files.createSymbolicLink(stage.resolve("out"), Path.of("/../bin"));
        Path victim = Files.writeString(temporary.resolve("victim"), "of the host");
        Files.createDirectories(image.resolve("usr/bin"));
        Files.createSymbolicLink(image.resolve("usr/bin/tool"), victim);

        var copies = new FileCopies(new RootDirectory(image), events::add);
        copies.fromStage(List.of(new Copy("/bin/*", "/usr/bin/"), new Copy("/out", "/opt")), new RootDirectory(stage));

        assertThat(victim).hasContent("of the host");
        assertThat(image.resolve("usr/bin/tool")).hasContent("tool");
        assertThat(Files.getLastModifiedTime(image.resolve("usr/bin/tool")).toMillis()).isEqualTo(1_000_000_000_000L);
        assertThat(image.resolve("usr/bin/t")).as("a link that is named itself is followed").isRegularFile();
        assertThat(Files.readSymbolicLink(image.resolve("opt/t"))).isEqualTo(Path.of("tool"));
    }
}
