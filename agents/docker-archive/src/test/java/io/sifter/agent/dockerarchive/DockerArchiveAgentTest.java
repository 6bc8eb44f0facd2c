package io.sifter.agent.dockerarchive;

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
import io.sifter.spi.source.Layer;
import io.sifter.spi.source.LayerSequence;
import io.sifter.spi.source.LayeredImage;
import io.sifter.testkit.Peers;
import io.sifter.testkit.TarLayer;
import io.sifter.testkit.contract.ArchiveAgentContract;
import io.sifter.testkit.registry.TestArchive;
import io.sifter.testkit.registry.TestArchive.Form;
import io.sifter.testkit.registry.TestImage;
import java.io.ByteArrayInputStream;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import java.util.zip.GZIPInputStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

class DockerArchiveAgentTest {
    private static final byte[] BASE = TarLayer.with().file("etc/motd", "hello").file("big", noise(200_000)).tar();
    private static final byte[] TOP = TarLayer.with().file("etc/issue", "more").tar();
    /** The same layer in two places. */
    private static final TestImage IMAGE = TestImage.with().layer(BASE).layer(TOP).layer(BASE).env("A=b").build();
    private static final TestImage OTHER = TestImage.with().layer(BASE).layer(TarLayer.with().file("x", "y").tar()).build();

    @TempDir
    Path directory;

    private static byte[] noise(int length) {
        byte[] bytes = new byte[length];
        new Random(1).nextBytes(bytes);
        return bytes;
    }

    private Path write(byte[] archive) throws Exception {
        return Files.write(directory.resolve("it.tar"), archive);
    }

    private LayeredImage open(String text) throws Exception {
        return open(text, "amd64");
    }

    private LayeredImage open(String text, String architecture) throws Exception {
        AgentContext context = ArchiveAgentContract.filesAlone(_ -> { }, directory);
        return (LayeredImage) new DockerArchiveAgent(context).open(Reference.parse("docker-archive:" + text), new OpenOptions(Platform.linux(architecture), false));
    }

    /** Every layer is what the configuration says, read by itself and, where that is offered, in one reading. */
    private static void verify(LayeredImage image, TestImage expected) throws Exception {
        assertThat(image.config().content()).isEqualTo(expected.config().content());
        List<Digest> diffIds = TestArchive.layers(expected).stream().map(Digest::sha256).toList();
        assertThat(image.layers().stream().map(layer -> layer.diffId().orElseThrow()).toList()).isEqualTo(diffIds);
        for (Layer layer : image.layers()) {
            assertThat(layer.local()).isTrue();
            try (InputStream in = layer.bytes().open(0)) {
                assertThat(Digest.sha256(inflated(in.readAllBytes()))).isEqualTo(layer.diffId().orElseThrow());
            }
        }
        if (image.sequence().isPresent()) {
            List<Digest> come = new ArrayList<>();
            try (LayerSequence sequence = image.sequence().get().open()) {
                for (Optional<Layer> next = sequence.next(); next.isPresent(); next = sequence.next()) {
                    try (InputStream in = next.get().bytes().open(0)) {
                        come.add(Digest.sha256(inflated(in.readAllBytes())));
                    }
                }
            }
            assertThat(come).containsExactlyInAnyOrderElementsOf(diffIds.stream().distinct().toList());
        }
    }

    /** Docker's newer store saves layers compressed, as the registry gave them. */
    private static byte[] inflated(byte[] layer) throws Exception {
        return layer[0] == 0x1F ? new GZIPInputStream(new ByteArrayInputStream(layer)).readAllBytes() : layer;
    }

    private void fails(Class<? extends SifterException> kind, String text, String... words) {
        assertThatThrownBy(() -> verify(open(text), IMAGE)).as(text).isInstanceOf(kind).message().contains(words);
        assertThatThrownBy(() -> verify(open(text), IMAGE)).satisfies(e -> assertThat(((SifterException) e).nextStep()).as("%s", e).isPresent());
    }

    @ParameterizedTest
    @EnumSource(Form.class)
    void readsWhatEveryEraWrites(Form form) throws Exception {
        Path file = write(TestArchive.saved(form).image(IMAGE, "it:1").tar().tar());

        verify(open(file.toString()), IMAGE);
        verify(open("//" + file + ":it:1"), IMAGE);
        assertThat(open(file.toString()).sequence()).as("random access needs no order").isEmpty();
    }

    @ParameterizedTest
    @EnumSource(Form.class)
    void readsCompressedArchivesInOneReading(Form form) throws Exception {
        Path file = write(TestArchive.saved(form).image(IMAGE, "it:1").tar().gzip());

        assertThat(open(file.toString()).sequence()).isPresent();
        verify(open(file.toString()), IMAGE);
    }

    @ParameterizedTest
    @CsvSource({"gzip,gz", "xz,xz", "zstd,zst", "bzip2,bz2"})
    void readsEveryCompressionWhateverTheFileIsCalled(String program, String suffix) throws Exception {
        Path file = write(TestArchive.saved(Form.DIRECTORIES).image(IMAGE).tar().tar());
        Peers.run("sh", "-c", "%s <%s >%s.%s".formatted(Peers.program(program), file, file, suffix)).ok();
        Files.move(directory.resolve("it.tar." + suffix), directory.resolve("misnamed.tar"));

        verify(open(directory + "/misnamed.tar"), IMAGE);
    }

    @Test
    void readsASavedImageWithoutTagsAndByNumber() throws Exception {
        Path file = write(TestArchive.saved(Form.DIRECTORIES).image(OTHER).image(IMAGE).tar().tar());

        verify(open(file + ":@1"), IMAGE);
        fails(UserException.class, file.toString(), "more than one image in " + file);
        fails(UserException.class, file + ":@2", "has 2 images, none is @2");
        Files.writeString(directory.resolve("list"), TestArchive.saved(Form.DIRECTORIES).image(IMAGE).text("manifest.json"));
        write(TestArchive.saved(Form.DIRECTORIES).image(IMAGE).put("manifest.json", Files.readString(directory.resolve("list"))
                .replace("[]", "null")).tar().tar());
        verify(open(file.toString()), IMAGE);
    }

    @Test
    void ofSeveralImagesOneIsChosenByAnyFormOfItsName() throws Exception {
        Path file = write(TestArchive.saved(Form.DIRECTORIES).image(OTHER, "other:latest", "localhost/o:2").image(IMAGE, "ubuntu:22.04", "example.com:5000/a/b:latest").tar().tar());

        assertThatThrownBy(() -> open(file.toString())).isInstanceOfSatisfying(UserException.class, e -> {
            assertThat(e).hasMessage("more than one image in %s, choose an image", file);
            assertThat(e.nextStep().orElseThrow()).contains(":other:latest", ":localhost/o:2", ":ubuntu:22.04", ":example.com:5000/a/b:latest");
        });
        for (String name : List.of("ubuntu:22.04", "library/ubuntu:22.04", "docker.io/library/ubuntu:22.04", "example.com:5000/a/b:latest", "example.com:5000/a/b")) {
            verify(open(file + ":" + name), IMAGE);
        }
        verify(open(file + ":other"), OTHER);
        verify(open(file + ":localhost/o:2"), OTHER);
        fails(UserException.class, file + ":ubuntu", "has no image called \"ubuntu\"");
        fails(UserException.class, file + ":example.org/ubuntu:22.04", "has no image called");
    }

    @Test
    void oneImageUnderSeveralNamesIsOne() throws Exception {
        Path file = write(TestArchive.saved(Form.FILES).image(IMAGE, "a:1").image(IMAGE, "b:2").tar().tar());

        verify(open(file.toString()), IMAGE);
        verify(open(file + ":b:2"), IMAGE);
    }

    @Test
    void namesMayBeginWithADot() throws Exception {
        TestArchive saved = TestArchive.saved(Form.DIRECTORIES).image(IMAGE, "it:1");
        TarLayer dotted = TarLayer.with().directory("./");
        for (String name : saved.names()) {
            if (name.endsWith("layer.tar") && saved.isLink(name)) {
                dotted.symlink("./" + name, saved.target(name));
            } else {
                dotted.file("./" + name, saved.bytes(name));
            }
        }

        verify(open(write(dotted.tar()).toString()), IMAGE);
    }

    @Test
    void hardLinksLeadToTheirFile() throws Exception {
        TestArchive saved = TestArchive.saved(Form.FILES).image(OTHER, "o:1");
        String first = Digest.sha256(BASE).hex() + ".tar";
        TarLayer tar = TarLayer.with().file("the-layer", BASE).hardLink(first, "./the-layer");
        saved.names().stream().filter(name -> !name.equals(first)).forEach(name -> tar.file(name, saved.bytes(name)));

        verify(open(write(tar.tar()).toString()), OTHER);
    }

    @Test
    void layersMayBeCompressedInTheArchive() throws Exception {
        TestArchive saved = TestArchive.saved(Form.FILES).image(OTHER, "o:1");
        byte[] gzip = TarLayer.with().file("etc/motd", "hello").file("big", noise(200_000)).gzip();
        Path file = write(saved.put(Digest.sha256(BASE).hex() + ".tar", gzip).tar().tar());

        assertThat(open(file.toString()).layers().getFirst().size()).hasValue(gzip.length);
    }

    @Test
    void anArchiveThatComesThroughAPipeIsKeptWithoutAName() throws Exception {
        Path whole = write(TestArchive.saved(Form.DIRECTORIES).image(IMAGE, "it:1").tar().gzip());
        Path pipe = directory.resolve("pipe");
        Peers.run("mkfifo", pipe.toString()).ok();
        Process writer = new ProcessBuilder("sh", "-c", "cat \"$0\" >\"$1\"", whole.toString(), pipe.toString()).start();

        verify(open(pipe + ":it:1"), IMAGE);
        assertThat(writer.waitFor()).isZero();
        assertThat(directory.toFile().list()).containsExactlyInAnyOrder("it.tar", "pipe");
    }

    @Test
    void whatIsNoArchiveIsNamedForWhatItIs() throws Exception {
        Map<String, byte[]> files = Map.of("empty", new byte[0], "web page", "<!DOCTYPE html><html>not found</html>".getBytes(StandardCharsets.UTF_8),
                "JSON", "{\"message\":\"no\"}".getBytes(StandardCharsets.UTF_8), "does not begin as a tar", noise(2000),
                "finished image", Arrays.copyOf(("#!/usr/bin/env run-singularity\n" + "\0SIF_MAGIC").getBytes(StandardCharsets.UTF_8), 4096),
                "damaged", Arrays.copyOf(TestArchive.saved(Form.FILES).image(IMAGE).tar().gzip(), 5000));
        for (Map.Entry<String, byte[]> file : files.entrySet()) {
            fails(SifterException.class, write(file.getValue()).toString(), "it.tar", file.getKey());
        }
        fails(UserException.class, directory.toString(), "is a directory, no archive");
        fails(UserException.class, directory + "/none.tar", "none.tar", "no such file or directory");
        fails(UserException.class, write(TestArchive.saved(Form.FILES).image(IMAGE).tar().tar()) + "@" + IMAGE.config().digest(), "by its digest");
    }

    @Test
    void otherArchivesAreToldApartWithWhatFits() throws Exception {
        Path layout = write(TestArchive.layout("", Map.of("it", IMAGE.manifest()), List.of(IMAGE)).tar().tar());
        assertThatThrownBy(() -> open(layout.toString())).isInstanceOfSatisfying(UserException.class, e ->
                assertThat(e.nextStep()).contains("Write oci-archive:%s.".formatted(layout)));
        write(TestArchive.saved(Form.DIRECTORIES).image(IMAGE).put("repositories", "{}").remove("manifest.json").tar().tar());
        fails(UserException.class, layout.toString(), "older than 1.10");
        write(TarLayer.with().file("etc/passwd", "root").tar());
        fails(UserException.class, layout.toString(), "of a file system");
        write(TarLayer.with().file("words", "root").tar());
        fails(UserException.class, layout.toString(), "has no manifest.json");
        write(TestArchive.saved(Form.DIRECTORIES).put("manifest.json", "[]").tar().tar());
        fails(UserException.class, layout.toString(), "holds no images");
    }

    @Test
    void anImageForAnotherMachineIsRefused() throws Exception {
        Path file = write(TestArchive.saved(Form.FILES).image(IMAGE).tar().tar());

        assertThatThrownBy(() -> open(file.toString(), "arm64")).isInstanceOf(UserException.class)
                .hasMessage("image (linux/amd64) does not satisfy required platform (linux/arm64)");
    }

    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void anArchiveCutOffAnywhereNeverPassesForAWholeOne(boolean compressed) throws Exception {
        TarLayer tar = TestArchive.saved(Form.DIRECTORIES).image(IMAGE, "it:1").tar();
        byte[] whole = compressed ? tar.gzip() : tar.tar();
        // Without the blocks of zeros at its end, and what fills up its last file, a tar is whole.
        int essential = compressed ? whole.length : whole.length - 3 * 512;
        for (int length = 0; length < essential; length += Math.max(511, essential / 60)) {
            Path file = write(Arrays.copyOf(whole, length));
            assertThatThrownBy(() -> verify(open(file.toString()), IMAGE)).as("cut at %d", length).isInstanceOfAny(UserException.class, CorruptDataException.class)
                    .hasMessageContaining("it.tar");
        }
    }

    @Test
    void whatTheListOfImagesSaysIsNotBelieved() throws Exception {
        TestArchive saved = TestArchive.saved(Form.FILES).image(IMAGE, "it:1");
        String list = saved.text("manifest.json");
        String config = IMAGE.config().digest().hex() + ".json";
        String layer = Digest.sha256(TOP).hex() + ".tar";
        Path file = write(saved.tar().tar());

        lies(list.replace("\"" + layer + "\",", ""), "names 2 layers", "has 3");
        lies(list.replace(layer, "absent.tar"), "lacks the layer absent.tar");
        lies(list.replace(layer, "../../../etc/passwd"), "lacks the layer");
        lies(list.replace(layer, "/etc/passwd"), "lacks the layer");
        lies(list.replace(config, "absent.json"), "lacks the configuration absent.json");
        lies(list.replace(config, layer), "JSON", "etc/issue");
        lies(list.replace("[{", "{").replace("}]", "}"), "manifest.json", "list");
        lies("not JSON", "manifest.json");
        lies("null", "holds no images");
        lies(list.replace("\"Config\"", "\"Konfig\""), "Config is missing");
        write(TestArchive.saved(Form.FILES).image(IMAGE).put(config, OTHER.config().content()).tar().tar());
        fails(CorruptDataException.class, file.toString(), config, "has the digest", OTHER.config().digest().toString());
    }

    private void lies(String list, String... words) throws Exception {
        Path file = write(TestArchive.saved(Form.FILES).image(IMAGE, "it:1").put("manifest.json", list).tar().tar());
        assertThatThrownBy(() -> verify(open(file.toString()), IMAGE)).isInstanceOf(SifterException.class)
                .satisfies(e -> assertThat(Arrays.stream(words).anyMatch(e.getMessage()::contains)).as("%s: %s", list, e.getMessage()).isTrue());
    }

    @Test
    void hostileNamesAndLinksLeadNowhere() throws Exception {
        Path secret = Files.writeString(directory.resolve("secret"), "secret");
        String layer = Digest.sha256(TOP).hex() + ".tar";
        Path file = directory.resolve("it.tar");
        for (String target : List.of("../../secret", secret.toString(), "/etc/passwd", layer, "..")) {
            write(TestArchive.saved(Form.FILES).image(IMAGE).link(layer, target).tar().tar());
            fails(CorruptDataException.class, file.toString(), layer);
        }
        write(TestArchive.saved(Form.FILES).image(IMAGE).tar().file("../outside", "x").file("/absolute", "y").file("..", "z").tar());
        verify(open(file.toString()), IMAGE);
        assertThat(directory.toFile().list()).containsExactlyInAnyOrder("secret", "it.tar");
    }
}
