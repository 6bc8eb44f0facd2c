package io.sifter.engine.launch;

import static org.assertj.core.api.Assertions.assertThat;

import io.sifter.engine.launch.ContainerTree.Missing;
import io.sifter.engine.launch.ImageFiles.Kind;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class HostFilesTest {
    @TempDir
    private Path host;

    @Test
    void nothingIsFoundBehindALink() throws Exception {
        Files.writeString(Files.createDirectory(host.resolve("secret")).resolve("passwd"), "s3cret");
        Path box = Files.createDirectory(host.resolve("box"));
        Files.createSymbolicLink(box.resolve("etc"), host.resolve("secret"));
        HostFiles files = new HostFiles(box);

        assertThat(files.entry("/etc")).hasValueSatisfying(entry -> assertThat(entry.kind()).isEqualTo(Kind.LINK));
        assertThat(files.entry("/etc/passwd")).isEmpty();
    }

    /** A directory of a layer hides a link below it; what the link led to on the host was taken for the image's. */
    @Test
    void aLayerDoesNotMakeALinkOfTheImageLeadToTheHost() throws Exception {
        Files.writeString(Files.createDirectory(host.resolve("secret")).resolve("passwd"), "s3cret");
        Path box = Files.createDirectory(host.resolve("box"));
        Files.createSymbolicLink(box.resolve("etc"), host.resolve("secret"));
        Path layer = Files.createDirectories(host.resolve("layer/etc")).getParent();
        var tree = new ContainerTree(new LayeredFiles(new HostFiles(box), List.of(layer)), Missing.MAKE);

        assertThat(tree.read("/etc/passwd", 1000)).isEmpty();
        assertThat(tree.find("/etc/passwd").missing()).containsExactly("passwd");
    }
}
