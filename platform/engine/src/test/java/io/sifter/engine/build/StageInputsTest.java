package io.sifter.engine.build;

import static org.assertj.core.api.Assertions.assertThat;

import io.sifter.engine.build.DefinitionBuild.Launching;
import io.sifter.engine.definition.Definition;
import io.sifter.engine.launch.Gpu;
import io.sifter.engine.launch.Host;
import io.sifter.spi.reference.Platform;
import io.sifter.spi.tree.Attributes;
import io.sifter.spi.tree.Directory;
import io.sifter.spi.tree.FileTree;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.time.Instant;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class StageInputsTest {
    private static final String TEXT = """
            Bootstrap: docker
            From: alpine
            %%files
              %s /to
            %%files from one
              /a /b
            %%post
              echo post
            %%appinstall tool
              echo app
            %%labels
              a b
            %%environment
              export A=b
            %%runscript
              echo run
            %%test
              true
            """;

    @TempDir
    private Path temporary;
    private String text;
    private Base base;
    private String settings = "settings";
    private Map<String, String> earlier = Map.of("one", "key of one");
    private Host host;

    @BeforeEach
    void makeFiles() throws Exception {
        Files.createDirectory(temporary.resolve("given"));
        Files.writeString(temporary.resolve("given/file"), "content");
        Files.createSymbolicLink(temporary.resolve("given/link"), Path.of("../outside"));
        Files.writeString(temporary.resolve("outside"), "linked");
        text = TEXT.formatted(temporary.resolve("given"));
        base = base("sha256:1");
        host = Host.ofProcess(temporary);
    }

    @ParameterizedTest
    @ValueSource(strings = {"From: alpine|From: other", "echo post|echo other", "%post|%post -c /bin/bash", "echo app|echo other", "/a /b|/a /c", " /to| /elsewhere",
        "%appinstall tool|%appinstall other"})
    void whatTheStageSaysCounts(String change) throws Exception {
        String before = inputs().orElseThrow();
        String[] words = change.split("\\|");
        assertThat(text).contains(words[0]);

        text = text.replace(words[0], words[1]);

        assertThat(inputs()).isPresent().get().isNotEqualTo(before);
    }

    @ParameterizedTest
    @ValueSource(strings = {"a b|a c", "export A=b|export A=c", "echo run|echo other", "%test\n  true|%test\n  false"})
    void whatIsWrittenAfterwardsDoesNot(String change) throws Exception {
        String before = inputs().orElseThrow();
        String[] words = change.split("\\|");
        assertThat(text).contains(words[0]);

        text = text.replace(words[0], words[1]);

        assertThat(inputs()).contains(before);
    }

    @Test
    void whatItBeginsWithAndIsMadeByCounts() throws Exception {
        String before = inputs().orElseThrow();

        settings = "others";
        assertThat(inputs()).isPresent().get().isNotEqualTo(before);
        settings = "settings";
        earlier = Map.of("one", "another key");
        assertThat(inputs()).isPresent().get().isNotEqualTo(before);
        earlier = Map.of("one", "key of one");
        base = base("sha256:2");
        assertThat(inputs()).isPresent().get().isNotEqualTo(before);
        base = base("sha256:1");
        assertThat(inputs()).contains(before);
    }

    @Test
    void filesOfTheHostCountByContentNameAndMode() throws Exception {
        String before = inputs().orElseThrow();

        Files.setLastModifiedTime(temporary.resolve("given/file"), FileTime.fromMillis(1));
        assertThat(inputs()).contains(before);
        Files.writeString(temporary.resolve("outside"), "others");
        assertThat(inputs()).isPresent().get().isNotEqualTo(before);
        Files.writeString(temporary.resolve("outside"), "linked");
        temporary.resolve("given/file").toFile().setExecutable(true);
        assertThat(inputs()).isPresent().get().isNotEqualTo(before);
        temporary.resolve("given/file").toFile().setExecutable(false);
        assertThat(inputs()).contains(before);
        Files.move(temporary.resolve("given/file"), temporary.resolve("given/renamed"));
        assertThat(inputs()).isPresent().get().isNotEqualTo(before);
    }

    /** Values may be secrets, and are not told. */
    @Test
    void variablesThatScriptsGetCount() throws Exception {
        String before = inputs().orElseThrow();

        host = with("SINGULARITYENV_TOKEN", "secret");
        assertThat(inputs()).isPresent().get().asString().isNotEqualTo(before).doesNotContain("secret").doesNotContain("echo post");
        host = with("https_proxy", "http://proxy");
        assertThat(inputs()).isPresent().get().isNotEqualTo(before);
        host = with("EDITOR", "vi");
        assertThat(inputs()).contains(before);
    }

    @Test
    void whatCannotBeKnownHasNone() throws Exception {
        base = base("a directory of the host");
        assertThat(inputs()).isEmpty();
        base = base("sha256:1");
        earlier = Map.of();
        assertThat(inputs()).isEmpty();
        earlier = Map.of("one", "key of one");
        assertThat(inputs(Set.of(Gpu.NV))).isEmpty();
        text += "%setup\n  true\n";
        assertThat(inputs()).isEmpty();
    }

    @Test
    void anImageFileCountsByItsContentAndADirectoryHasNone() throws Exception {
        text = text.replace("docker", "localimage").replace("alpine", temporary.resolve("outside").toString());
        String before = inputs().orElseThrow();

        Files.writeString(temporary.resolve("outside"), "others");

        assertThat(inputs()).isPresent().get().isNotEqualTo(before);
        text = text.replace(temporary.resolve("outside").toString(), temporary.resolve("given").toString());
        assertThat(inputs()).isEmpty();
    }

    private Host with(String name, String value) throws Exception {
        Host process = Host.ofProcess(temporary);
        Map<String, String> environment = new HashMap<>(process.environment());
        environment.put(name, value);
        return new Host(process.uid(), process.gid(), process.groups(), process.privileged(), process.capabilities(), process.account(), process.groupNames(), environment, process.directory(),
                process.umask(), process.searchPath(), process.home());
    }

    private static Base base(String identity) {
        return new Base(FileTree.of(new Directory(Attributes.of(0755, 0))), Optional.empty(), Platform.host(), Instant.EPOCH, identity);
    }

    private Optional<String> inputs() throws Exception {
        return inputs(Set.of());
    }

    private Optional<String> inputs(Set<Gpu> gpus) throws Exception {
        String one = "Bootstrap: docker\nFrom: alpine\nStage: one\n";
        Definition definition = Definition.parse("test.def", one + "\n" + text, Map.of());
        var options = new DefinitionOptions(Selection.ALL, true, false, false, false, List.of(), List.of(), false, gpus, true, false, () -> { });
        return StageInputs.of(definition.last(), base, options, new Launching(host, List.of(), Optional.empty()), settings, earlier,
                new FileCopies(new RootDirectory(temporary), _ -> { }));
    }
}
