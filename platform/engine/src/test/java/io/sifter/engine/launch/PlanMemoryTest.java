package io.sifter.engine.launch;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class PlanMemoryTest {
    private static final String KEY = "ab".repeat(32) + "  -\nsecond line with a '";

    @TempDir
    private Path work;

    private PlanMemory memory() throws IOException {
        return PlanMemory.in(work.resolve("plans"), KEY, (Integer) Files.getAttribute(work, "unix:uid"));
    }

    private String answer() throws IOException, InterruptedException {
        Path plan = work.resolve("plans/ab");
        if (!Files.exists(plan)) {
            return "none";
        }
        Process shell = new ProcessBuilder("sh", "-c", ". \"$1\"; [ \"$sifter_known\" = \"$2\" ] || echo -n 'other key'; sifter_same && sifter_again || echo changed",
                "sh", plan.toString(), KEY).redirectErrorStream(true).start();
        return new String(shell.getInputStream().readAllBytes(), StandardCharsets.UTF_8).strip();
    }

    private Path file(String name) throws IOException {
        return Files.writeString(work.resolve(name), "1");
    }

    @Test
    void keepsAPlanUntilAFileChanges() throws Exception {
        Path file = file("it's a file");
        PlanMemory memory = memory();
        memory.file(file);
        memory.file(work.resolve("absent"));
        memory.save("echo planned\n");

        assertThat(answer()).isEqualTo("planned");
        Files.setLastModifiedTime(file, FileTime.fromMillis(1_000));
        assertThat(answer()).isEqualTo("changed");
    }

    @Test
    void seesThatAFileCameOrWent() throws Exception {
        Path file = file("file");
        PlanMemory memory = memory();
        memory.file(file);
        memory.file(work.resolve("absent"));
        memory.save("echo planned\n");

        file("absent");
        assertThat(answer()).isEqualTo("changed");
        Files.delete(work.resolve("absent"));
        assertThat(answer()).isEqualTo("planned");
        Files.delete(file);
        assertThat(answer()).isEqualTo("changed");
    }

    @Test
    void testsKindsLinksAndRights() throws Exception {
        Path file = file("file");
        Path other = file("other");
        Path link = Files.createSymbolicLink(work.resolve("link"), file);
        PlanMemory memory = memory();
        memory.kind(link);
        memory.kind(work);
        memory.kind(Path.of("/dev/null"));
        memory.kind(work.resolve("nothing"));
        memory.own(file);
        memory.same(link, file, true);
        memory.same(link, other, false);
        memory.writable(Path.of("/dev/null"));
        memory.program("/bin/sh");
        memory.save("echo planned\n");

        assertThat(answer()).isEqualTo("planned");
        Files.delete(link);
        Files.createSymbolicLink(link, other);
        assertThat(answer()).isEqualTo("changed");
    }

    @Test
    void keepsNothingThatIsForOnce() throws Exception {
        Path file = file("file");
        Path link = Files.createSymbolicLink(work.resolve("link"), file);
        PlanMemory linked = memory();
        linked.own(link);
        linked.save("echo planned\n");
        assertThat(answer()).isEqualTo("none");

        PlanMemory spoilt = memory();
        spoilt.once();
        spoilt.save("echo planned\n");
        assertThat(answer()).isEqualTo("none");

        PlanMemory.in(work.resolve("plans"), "no digest", 0).save("echo planned\n");
        PlanMemory.in(work.resolve("plans"), KEY, -1).save("echo another's directory\n");
        memory().save("echo " + "x".repeat(64 << 10) + "\n");
        assertThat(work.resolve("plans")).doesNotExist();
    }

    @Test
    void forgetsPlansAndNothingElse() throws Exception {
        Path plans = work.resolve("plans");
        PlanMemory.forget(plans);

        memory().save("echo planned\n");
        Files.createFile(plans.resolve("part-4711"));
        PlanMemory.forget(plans);
        assertThat(plans).doesNotExist();

        memory().save("echo planned\n");
        Path elsewhere = Files.move(plans, work.resolve("elsewhere"));
        Files.createSymbolicLink(plans, elsewhere);
        PlanMemory.forget(plans);
        assertThat(elsewhere.resolve("ab")).exists();

        Path other = Files.createFile(elsewhere.resolve("letter"));
        PlanMemory.forget(elsewhere);
        assertThat(elsewhere).isDirectoryContaining(other::equals).isDirectoryNotContaining(path -> path.endsWith("ab"));
    }

    @Test
    void isReadableByItsOwnerAlone() throws Exception {
        memory().save("echo planned\n");

        for (Path path : List.of(work.resolve("plans"), work.resolve("plans/ab"))) {
            assertThat(Files.getPosixFilePermissions(path)).noneMatch(permission -> !permission.name().startsWith("OWNER"));
        }
        assertThat(work.resolve("plans")).isDirectoryContaining(path -> path.endsWith("ab")).isDirectoryNotContaining("glob:**part-*");
    }
}
