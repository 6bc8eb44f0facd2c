package io.sifter.product;

import static org.assertj.core.api.Assertions.assertThat;

import io.sifter.testkit.Peers;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** What the launcher does before it starts a JVM, for which a script stands in. */
class LauncherTest {
    private static final Path LAUNCHER = Path.of("src/main/sifter/bin/singularity").toAbsolutePath();

    @TempDir
    private Path work;

    private Path program(String name, String text) throws IOException {
        Path file = work.resolve(name);
        Files.createDirectories(file.getParent());
        Files.writeString(file, "#!/bin/sh\n" + text);
        assertThat(file.toFile().setExecutable(true)).isTrue();
        return file;
    }

    @ParameterizedTest
    @CsvSource({
        "exec x.sif true, true",
        "exec x.sif curl http://there, true",
        "-q run --env PROXY=http://there x.sif, true",
        "exec oci:x true, true",
        "run docker://there/x, false",
        "--debug exec --cleanenv library://x true, false",
        "shell instance://x, false"
    })
    void aKeyIsMadeWhereAPlanMayHaveBeenKept(String words, boolean made) throws Exception {
        Files.createFile(work.resolve("x.sif"));
        Path java = program("jdk/bin/java", "echo 'echo planned' >&3\n");
        Files.copy(Path.of(System.getProperty("java.home"), "release"), work.resolve("jdk/release"));
        program("bin/sha256sum", ">made\n");
        List<String> command = new ArrayList<>(List.of(LAUNCHER.toString()));
        command.addAll(List.of(words.split(" ")));

        String answer = Peers.run(command, work, Map.of("PATH", work.resolve("bin") + ":" + System.getenv("PATH"),
                "SIFTER_JAVA_HOME", java.getParent().getParent().toString())).ok();
        assertThat(answer).isEqualTo("planned\n");
        assertThat(Files.exists(work.resolve("made"))).isEqualTo(made);
    }
}
