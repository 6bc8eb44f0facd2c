package io.sifter.engine.instance;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.sifter.spi.error.UserException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class InstancesTest {
    @TempDir
    private Path home;
    private long uid;
    private Instances instances;

    @BeforeEach
    void open() throws IOException {
        uid = (Integer) Files.getAttribute(Path.of("/proc/self"), "unix:uid");
        instances = Instances.of(home, "me", uid);
        Files.createDirectories(instances.file("x").getParent());
    }

    private static String started() throws IOException {
        String stat = Files.readString(Path.of("/proc/self/stat"));
        return stat.substring(stat.lastIndexOf(')') + 2).split(" ")[19];
    }

    private static String boot() throws IOException {
        return Files.readString(Path.of("/proc/sys/kernel/random/boot_id")).strip();
    }

    /** This very process as both keeper and process 1. */
    private void write(String name, String boot, String start) throws IOException {
        long pid = ProcessHandle.current().pid();
        Files.writeString(instances.file(name), instances.about(name, "/a\nb\\c.sif", "/home/me") + "boot %s\npid %d %s\ninit %d %s\n"
                .formatted(boot, pid, start, pid, start));
    }

    @Test
    void knowsWhatRuns() throws Exception {
        write("one", boot(), started());

        Instance one = instances.find("one").orElseThrow();
        assertThat(one.image()).isEqualTo("/a\nb\\c.sif");
        assertThat(one.home()).isEqualTo("/home/me");
        assertThat(one.out()).endsWith("/me/one.out");
        assertThat(one.pid()).isEqualTo(ProcessHandle.current().pid());
        assertThat(instances.matching("o*")).containsExactly(one);
        assertThat(instances.matching("p*")).isEmpty();
        assertThat(instances.runs(one)).isTrue();
    }

    @Test
    void whatRanBeforeTheLastBootOrUnderAnotherStartIsGone() throws Exception {
        write("rebooted", "another", started());
        write("reused", boot(), "1");
        Files.writeString(instances.file("broken"), "nonsense");
        Files.writeString(instances.file("lies"), "boot " + boot() + "\npid ../../etc 1\ninit -1 1\n");
        write("here", boot(), started());

        assertThat(instances.matching("*")).extracting(Instance::name).containsExactly("here");
        instances.tidy();
        try (var files = Files.list(instances.file("x").getParent())) {
            assertThat(files.map(file -> file.getFileName().toString())).containsExactly("here.instance");
        }
    }

    @Test
    void aStartingOneIsNoneYetAndStays() throws Exception {
        Files.writeString(instances.file("soon"), "boot %s\npid %d %s\n".formatted(boot(), ProcessHandle.current().pid(), started()));

        assertThat(instances.find("soon")).isEmpty();
        instances.tidy();
        assertThat(instances.file("soon")).exists();
    }

    @Test
    void othersProcessesAreNobodysInstances() throws Exception {
        write("one", boot(), started());

        assertThat(Instances.of(home, "me", uid + 1).find("one")).isEmpty();
    }

    @Test
    void aLinkIsNotFollowed() throws Exception {
        write("one", boot(), started());
        Files.createSymbolicLink(instances.file("two"), instances.file("one"));

        assertThat(instances.find("two")).isEmpty();
    }

    @Test
    void whatIsCalledAsNoInstanceCanBeIsNotShown() throws Exception {
        write("\u001b[2J", boot(), started());

        assertThat(instances.matching("*")).isEmpty();
    }

    @Test
    void othersDirectoriesAreNotTidied() throws Exception {
        // Root deleted what a link in the place of a user's directory led to, as soon as it looked for that user's instances.
        Path elsewhere = Files.createDirectory(home.resolve("elsewhere"));
        Path file = Files.writeString(elsewhere.resolve("x.instance.conf"), "not of an instance");
        Instances others = Instances.of(home, "other", uid + 1);
        Files.createSymbolicLink(others.file("x").getParent(), elsewhere);

        others.tidy();

        assertThat(file).exists();
    }

    @Test
    void withoutADirectoryThereAreNone() throws Exception {
        Instances none = Instances.of(home.resolve("none"), "me", uid);

        assertThat(none.matching("*")).isEmpty();
        none.tidy();
    }

    @ParameterizedTest
    @ValueSource(strings = {"a", "A-b_c.9", "..", "-"})
    void namesAreLettersDigitsAndThreeMore(String name) throws Exception {
        assertThat(Instance.requireName(name)).isEqualTo(name);
    }

    @ParameterizedTest
    @ValueSource(strings = {"", "a/b", "a b", "ä", "a\n", "a:b"})
    void otherNamesAreRefused(String name) {
        assertThatThrownBy(() -> Instance.requireName(name)).isInstanceOf(UserException.class).hasMessageContaining("is not a valid instance name");
    }
}
