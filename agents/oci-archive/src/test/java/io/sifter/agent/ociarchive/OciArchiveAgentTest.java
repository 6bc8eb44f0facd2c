package io.sifter.agent.ociarchive;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.sifter.spi.AgentContext;
import io.sifter.spi.OpenOptions;
import io.sifter.spi.error.CorruptDataException;
import io.sifter.spi.error.SifterException;
import io.sifter.spi.error.UserException;
import io.sifter.spi.reference.Digest;
import io.sifter.spi.reference.Platform;
import io.sifter.spi.reference.Reference;
import io.sifter.spi.source.Document;
import io.sifter.spi.source.Layer;
import io.sifter.spi.source.LayeredImage;
import io.sifter.testkit.Peers;
import io.sifter.testkit.TarLayer;
import io.sifter.testkit.contract.ArchiveAgentContract;
import io.sifter.testkit.registry.TestArchive;
import io.sifter.testkit.registry.TestArchive.Form;
import io.sifter.testkit.registry.TestImage;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class OciArchiveAgentTest {
    private static final TestImage AMD = TestImage.with().layer(TarLayer.with().file("etc/motd", "hello").tar()).layer(TarLayer.with().file("a", "b").tar()).build();
    private static final TestImage ARM = TestImage.with().platform("linux/arm64").layer(TarLayer.with().file("etc/motd", "arm").tar()).build();

    @TempDir
    Path directory;

    private Path write(byte[] archive) throws Exception {
        return Files.write(directory.resolve("it.tar"), archive);
    }

    private static TestArchive archive(String prefix) {
        return TestArchive.layout(prefix, Map.of("it", AMD.manifest()), List.of(AMD));
    }

    private LayeredImage open(String text) throws Exception {
        return open(text, "amd64");
    }

    private LayeredImage open(String text, String architecture) throws Exception {
        AgentContext context = ArchiveAgentContract.filesAlone(_ -> { }, directory);
        return (LayeredImage) new OciArchiveAgent(context).open(Reference.parse("oci-archive:" + text), new OpenOptions(Platform.linux(architecture), false));
    }

    private static void verify(LayeredImage image, TestImage expected) throws Exception {
        assertThat(image.manifest().content()).isEqualTo(expected.manifest().content());
        assertThat(image.config().content()).isEqualTo(expected.config().content());
        for (Layer layer : image.layers()) {
            assertThat(layer.local()).isTrue();
            try (InputStream in = layer.bytes().open(0)) {
                assertThat(Digest.sha256(in.readAllBytes())).isEqualTo(layer.digest().orElseThrow());
            }
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"", "./", "/"})
    void readsAnArchiveWhereverItsNamesBegin(String prefix) throws Exception {
        Path file = write(archive(prefix).tar().tar());

        for (String text : List.of(file.toString(), "//" + file, file + ":it", file + "@" + AMD.manifest().digest(), file + ":it@" + AMD.manifest().digest())) {
            verify(open(text), AMD);
        }
        assertThat(open(file.toString()).sequence()).isEmpty();
    }

    @ParameterizedTest
    @CsvSource({"gzip", "xz", "zstd", "bzip2"})
    void readsCompressedArchives(String program) throws Exception {
        Path file = write(archive("").tar().tar());
        Peers.run("sh", "-c", "%s <%s >%s.z".formatted(Peers.program(program), file, file)).ok();

        verify(open(file + ".z"), AMD);
        assertThat(open(file + ".z").sequence()).isPresent();
    }

    @Test
    void readsWhatTarMakesOfALayoutWithHoles() throws Exception {
        Path layout = TestImage.layout(directory.resolve("layout"), Map.of("it", AMD.manifest()), List.of(AMD));
        // A blob with a hole is stored without it by tar -S.
        byte[] holes = TarLayer.with().file("zeros", new byte[3_000_000]).tar();
        TestImage sparse = TestImage.with().blob("application/vnd.oci.image.layer.v1.tar", holes, Digest.sha256(holes)).build();
        TestImage.layout(layout, Map.of("it", sparse.manifest()), List.of(sparse));
        String tar = Peers.program("tar");
        Peers.run("sh", "-c", "cd %s && cp --sparse=always blobs/sha256/%s x && mv x blobs/sha256/%s && %s -S -cf ../sparse.tar *"
                .formatted(layout, Digest.sha256(holes).hex(), Digest.sha256(holes).hex(), tar)).ok();

        verify(open(directory + "/sparse.tar"), sparse);
    }

    @Test
    void anIndexInsideIsAskedForThePlatform() throws Exception {
        Document index = TestImage.index(List.of(ARM, AMD));
        Path file = write(TestArchive.layout("", Map.of("many", index), List.of(ARM, AMD)).tar().tar());

        verify(open(file.toString()), AMD);
        verify(open(file + ":many", "arm64"), ARM);
        assertThatThrownBy(() -> open(file.toString(), "s390x")).hasMessage("no image satisfies requested platform: linux/s390x");
    }

    @Test
    void ofSeveralImagesOneIsChosen() throws Exception {
        Map<String, Document> named = new LinkedHashMap<>();
        named.put("one", AMD.manifest());
        named.put("sub/two:3", ARM.manifest());
        Path file = write(TestArchive.layout("", named, List.of(AMD, ARM)).tar().tar());

        assertThatThrownBy(() -> open(file.toString())).isInstanceOfSatisfying(UserException.class, e -> {
            assertThat(e).hasMessage("more than one image in oci, choose an image");
            assertThat(e.nextStep().orElseThrow()).contains(":one", ":sub/two:3");
        });
        verify(open(file + ":sub/two:3", "arm64"), ARM);
        assertThatThrownBy(() -> open(file + ":x")).hasMessage("no descriptor found for reference \"x\"");
    }

    @Test
    void otherFilesAreToldApartWithWhatFits() throws Exception {
        Path file = write(TestArchive.saved(Form.DIRECTORIES).image(AMD, "it:1").tar().tar());
        assertThatThrownBy(() -> open(file.toString())).isInstanceOfSatisfying(UserException.class, e -> {
            assertThat(e).hasMessageContaining("docker save");
            assertThat(e.nextStep()).contains("Write docker-archive:%s.".formatted(file));
        });
        // What Docker 25 writes is both.
        for (Form form : List.of(Form.LAYOUT, Form.STORED)) {
            write(TestArchive.saved(form).image(AMD, "it:1").tar().tar());
            assertThat(open(file.toString()).config().digest()).isEqualTo(AMD.config().digest());
            assertThat(open(file + ":1").config().digest()).isEqualTo(AMD.config().digest());
        }
        Path layout = TestImage.layout(directory.resolve("layout"), Map.of("it", AMD.manifest()), List.of(AMD));
        assertThatThrownBy(() -> open(layout.toString())).isInstanceOfSatisfying(UserException.class, e ->
                assertThat(e.nextStep().orElseThrow()).contains("oci:" + layout));
        write(TarLayer.with().file("words", "x").tar());
        assertThatThrownBy(() -> open(file.toString())).isInstanceOf(UserException.class).hasMessageContaining("it has no oci-layout");
    }

    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void whatIsMissingOrDamagedIsNamed(boolean compressed) throws Exception {
        for (Digest digest : List.of(AMD.manifest().digest(), AMD.config().digest(), AMD.blobs().keySet().iterator().next())) {
            String name = "blobs/sha256/" + digest.hex();
            TestArchive lacking = archive("").remove(name);
            TestArchive shorter = archive("").put(name, Arrays.copyOf(archive("").bytes(name), 20));
            byte[] changed = archive("").bytes(name).clone();
            changed[changed.length / 2] ^= 1;
            for (TestArchive archive : List.of(lacking, shorter, archive("").put(name, changed), archive("").link(name, "../../../../etc/passwd"), archive("").link(name, digest.hex()))) {
                Path file = write(compressed ? archive.tar().gzip() : archive.tar().tar());
                assertThatThrownBy(() -> {
                    LayeredImage image = open(file.toString());
                    for (Layer layer : image.layers()) {
                        try (InputStream in = layer.bytes().open(0)) {
                            if (!Digest.sha256(in.readAllBytes()).equals(layer.digest().orElseThrow())) {
                                // The host verifies what it reads.
                                throw new CorruptDataException(layer.digest() + " in it.tar", "");
                            }
                        }
                    }
                }).isInstanceOfSatisfying(CorruptDataException.class, e -> {
                    assertThat(e).hasMessageContaining(digest.hex()).hasMessageContaining("it.tar");
                });
            }
        }
    }

    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void anArchiveCutOffAnywhereNeverPassesForAWholeOne(boolean compressed) throws Exception {
        TarLayer tar = archive("").tar();
        byte[] whole = compressed ? tar.gzip() : tar.tar();
        int essential = compressed ? whole.length : whole.length - 3 * 512;
        for (int length = 0; length < essential; length += Math.max(101, essential / 60)) {
            Path file = write(Arrays.copyOf(whole, length));
            assertThatThrownBy(() -> verify(open(file.toString()), AMD)).as("cut at %d", length).isInstanceOf(SifterException.class)
                    .hasMessageContaining("it.tar").satisfies(e -> assertThat(((SifterException) e).nextStep()).isPresent());
        }
    }

    @Test
    void whatSkopeoWritesIsRead() throws Exception {
        String skopeo = Peers.program("skopeo");
        Path layout = TestImage.layout(directory.resolve("layout"), Map.of("it", AMD.manifest()), List.of(AMD));
        Peers.run(skopeo, "copy", "-q", "oci:" + layout + ":it", "oci-archive:" + directory + "/made.tar:name").ok();

        assertThat(open(directory + "/made.tar:name").config().digest()).isEqualTo(AMD.config().digest());
    }
}
