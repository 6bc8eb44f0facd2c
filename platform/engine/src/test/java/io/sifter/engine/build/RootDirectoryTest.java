package io.sifter.engine.build;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.sifter.spi.error.CorruptDataException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.List;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class RootDirectoryTest {
    @TempDir
    private Path temporary;
    private Path image;
    private RootDirectory root;

    @BeforeEach
    void makeImage() throws Exception {
        image = Files.createDirectory(temporary.resolve("image"));
        root = new RootDirectory(image);
    }

    @Test
    void linksLeadNowhereButIntoTheImage() throws Exception {
        Files.createDirectories(image.resolve("a/b"));
        Files.createSymbolicLink(image.resolve("a/up"), Path.of("../../../../etc"));
        Files.createSymbolicLink(image.resolve("absolute"), Path.of("/a/b"));
        Files.createSymbolicLink(image.resolve("a/beside"), Path.of("b"));

        assertThat(root.inside("a/up/passwd")).isEqualTo(image.resolve("etc/passwd"));
        assertThat(root.inside("/absolute/../x")).isEqualTo(image.resolve("a/x"));
        assertThat(root.inside("a/./beside//y")).isEqualTo(image.resolve("a/b/y"));
        assertThat(root.inside("../../..")).isEqualTo(image);
    }

    @Test
    void linksInCirclesAreCorrupt() throws Exception {
        Files.createSymbolicLink(image.resolve("one"), Path.of("two"));
        Files.createSymbolicLink(image.resolve("two"), Path.of("one"));

        assertThatThrownBy(() -> root.inside("one/x")).isInstanceOf(CorruptDataException.class).hasMessageContaining("one/x");
    }

    @Test
    void writingReplacesALinkRatherThanWhatItLeadsTo() throws Exception {
        Path outside = Files.writeString(temporary.resolve("outside"), "of the host");
        Files.createDirectory(image.resolve("d"));
        Files.createSymbolicLink(image.resolve("d/f"), outside);

        root.write("d/f", "text", 0755);

        assertThat(outside).hasContent("of the host");
        assertThat(image.resolve("d/f")).isRegularFile().hasContent("text");
        assertThat(PosixFilePermissions.toString(Files.getPosixFilePermissions(image.resolve("d/f")))).isEqualTo("rwxr-xr-x");
        assertThat(root.read("d/f")).contains("text");
    }

    @Test
    void readsOnlyFilesOfTheImage() throws Exception {
        Files.writeString(temporary.resolve("secret"), "of the host");
        Files.createSymbolicLink(image.resolve("link"), temporary.resolve("secret"));

        assertThat(root.read("link")).isEmpty();
        assertThat(root.read("nothing")).isEmpty();
    }

    @Test
    void wildcardsMatchWithinOneComponent() throws Exception {
        for (String name : List.of("a1.txt", "a2.txt", "b.txt", ".hidden", "x[1]", "d/one", "d/two")) {
            Files.createDirectories(image.resolve(name).getParent());
            Files.writeString(image.resolve(name), "");
        }
        Files.createSymbolicLink(image.resolve("out"), Path.of("/../../etc"));

        assertThat(Wildcards.expand(root, "a?.txt")).containsExactly("/a1.txt", "/a2.txt");
        assertThat(Wildcards.expand(root, "/[ab]*.txt")).containsExactly("/a1.txt", "/a2.txt", "/b.txt");
        assertThat(Wildcards.expand(root, "[^a]*.txt")).containsExactly("/b.txt");
        assertThat(Wildcards.expand(root, "*/t*")).containsExactly("/d/two");
        assertThat(Wildcards.expand(root, ".h*")).containsExactly("/.hidden");
        assertThat(Wildcards.expand(root, "x\\[1]")).containsExactly("/x[1]");
        assertThat(Wildcards.expand(root, "out/pass*")).isEmpty();
        assertThat(Wildcards.expand(root, "nothing")).isEmpty();
    }
}
