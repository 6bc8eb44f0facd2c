package io.sifter.image.directory;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.sifter.spi.error.ExternalException;
import io.sifter.spi.event.Event;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class WorkplaceTest {
    @TempDir
    private Path temporary;
    private final List<Event> events = new ArrayList<>();

    @Test
    void whatIsPublishedHasTheNameOfTheTarget() throws Exception {
        Path target = temporary.resolve("image");
        try (Workplace workplace = Workplace.beside(target)) {
            write(workplace.makeFile(0755), "new");
            assertThat(target).doesNotExist();
            workplace.publish(events::add);
        }

        assertThat(target).hasContent("new").isExecutable();
        assertThat(names()).containsExactly("image");
    }

    @Test
    void whatIsNotPublishedIsRemoved() throws Exception {
        try (Workplace workplace = Workplace.beside(temporary.resolve("box"))) {
            int made = workplace.makeDirectory();
            LinuxFiles.close(LinuxFiles.createFile(made, "file", 0600));
            assertThat(names()).singleElement().asString().startsWith(".box.").endsWith(".partial");
        }

        assertThat(names()).isEmpty();
    }

    @Test
    void aDirectoryReplacesAFileAndAFileADirectory() throws Exception {
        Path target = Files.writeString(temporary.resolve("target"), "old");
        try (Workplace workplace = Workplace.beside(target)) {
            workplace.makeDirectory();
            workplace.publish(events::add);
        }
        assertThat(target).isEmptyDirectory();

        Files.createDirectories(target.resolve("a/b/c"));
        try (Workplace workplace = Workplace.beside(target)) {
            write(workplace.makeFile(0644), "new");
            workplace.publish(events::add);
        }
        assertThat(target).hasContent("new");
        assertThat(names()).containsExactly("target");
        assertThat(events).isEmpty();
    }

    @Test
    void whatAKilledProcessLeftIsRemovedByTheNextOneOnlyWhereThatIsKnown() throws Exception {
        String machine = Files.readString(Path.of("/proc/sys/kernel/random/boot_id")).substring(0, 8);
        Path left = Files.createDirectories(temporary.resolve(".box." + machine + ".000000000a0a0a0a.partial/a/b")).getParent().getParent();
        Path leftFile = Files.createFile(temporary.resolve(".box." + machine + ".000000000a0a0a0b.partial"));
        Path ofAnotherMachine = Files.createDirectory(temporary.resolve(".box.00000000.000000000b0b0b0b.partial"));
        Path ofAnotherTarget = Files.createDirectory(temporary.resolve(".box.sif." + machine + ".000000000c0c0c0c.partial"));

        Workplace.beside(temporary.resolve("box")).close();
        assertThat(left).as("too young to tell whether it is abandoned").exists();
        try (Workplace alive = Workplace.beside(temporary.resolve("box"), Duration.ZERO)) {
            alive.makeDirectory();
            Workplace.beside(temporary.resolve("box"), Duration.ZERO).close();
            assertThat(names()).as("the one that is worked on stays").hasSize(3);
        }

        assertThat(left).doesNotExist();
        assertThat(leftFile).doesNotExist();
        assertThat(ofAnotherMachine).exists();
        assertThat(ofAnotherTarget).exists();
    }

    @Test
    void aPlaceWithoutADirectoryIsNamed() {
        assertThatThrownBy(() -> Workplace.beside(temporary.resolve("none/box")))
                .isInstanceOfSatisfying(ExternalException.class, e -> {
                    assertThat(e).hasMessageContaining("none/box");
                    assertThat(e.nextStep().orElseThrow()).contains(temporary.resolve("none").toString());
                });
    }

    private static void write(int file, String text) throws IOException {
        byte[] bytes = text.getBytes(StandardCharsets.UTF_8);
        LinuxFiles.write(file, 0, ByteBuffer.wrap(bytes));
    }

    private List<String> names() throws IOException {
        try (Stream<Path> all = Files.list(temporary)) {
            return all.map(path -> path.getFileName().toString()).toList();
        }
    }
}
