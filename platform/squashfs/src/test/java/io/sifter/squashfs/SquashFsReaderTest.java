package io.sifter.squashfs;

import static java.nio.charset.StandardCharsets.US_ASCII;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.sifter.spi.error.UserException;
import io.sifter.spi.tree.Compression;
import io.sifter.spi.tree.Compression.Codec;
import io.sifter.spi.tree.Directory;
import io.sifter.spi.tree.FileTree;
import io.sifter.spi.tree.Node;
import io.sifter.spi.tree.PackedContent;
import io.sifter.spi.tree.RegularFile;
import io.sifter.spi.tree.Symlink;
import io.sifter.testkit.Peers;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

@Timeout(300)
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class SquashFsReaderTest {
    private Path directory;
    private Path source;
    private List<String> expected;

    @BeforeAll
    void makeSource(@TempDir Path temporary) throws Exception {
        directory = temporary;
        source = SourceDirectory.make(directory.resolve("source"));
        expected = SourceDirectory.withoutDirectoryLinks(Manifest.of(source));
    }

    @ParameterizedTest
    @ValueSource(strings = {
            "", "-tailends", "-no-fragments", "-b 4096", "-b 1M", "-comp gzip -Xcompression-level 1",
            "-comp xz -Xbcj x86", "-comp xz -b 1M -Xdict-size 100%", "-comp lz4", "-comp lz4 -Xhc", "-comp lzo",
            "-comp lzo -Xalgorithm lzo1x_1", "-comp zstd", "-comp zstd -Xcompression-level 1 -b 1M",
            "-no-exports", "-noI -noD -noF -noX -noId -b 4096", "-no-duplicates -b 8192"})
    void readsWhatMksquashfsWrites(String options) throws Exception {
        assertHoldsSource(mksquashfs(options), expected);
    }

    @Test
    void readsAnImageWithoutExtendedAttributes() throws Exception {
        List<String> without = expected.stream().map(line -> line.replaceFirst("\\{.*}$", "{}")).toList();
        assertHoldsSource(mksquashfs("-no-xattrs"), without);
    }

    @ParameterizedTest
    @ValueSource(strings = {
            "-c gzip", "-c gzip -T", "-c gzip -e -b 4096", "-c gzip -b 1M", "-c xz", "-c lz4", "-c zstd", "-c lzo"})
    void readsWhatTar2sqfsWrites(String options) throws Exception {
        Peers.programs("tar", "tar2sqfs");
        Path image = directory.resolve("tar2sqfs" + Math.abs(options.hashCode()));
        Peers.run("bash", "-ec", """
                set -o pipefail
                tar --format=posix --xattrs --xattrs-include='*' --sort=name --exclude=./socket -C "$0" -cf - . |
                tar2sqfs -q -f $2 "$1"
                """, source.toString(), image.toString(), options).ok();
        assertHoldsSource(image, expected.stream().filter(line -> !line.startsWith("socket s ")).toList());
    }

    @ParameterizedTest
    @ValueSource(strings = {"GZIP 6 4096", "GZIP 9 131072", "ZSTD 3 131072", "ZSTD 3 1048576"})
    void readsWhatOurWriterWrites(String options) throws Exception {
        String[] words = options.split(" ");
        var compression = new Compression(
                Codec.valueOf(words[0]), Integer.parseInt(words[1]), Integer.parseInt(words[2]));
        Path from = mksquashfs("");
        Path image = directory.resolve("ours" + options.replace(' ', '-'));
        int offset = 36864;
        ExecutorService workers = Executors.newFixedThreadPool(2);
        try (FileChannel in = FileChannel.open(from);
                var reader = SquashFsReader.open(in, 0, in.size());
                FileChannel out = FileChannel.open(
                        image, StandardOpenOption.CREATE, StandardOpenOption.READ, StandardOpenOption.WRITE)) {
            long length = SquashFsWriter.write(
                    reader.tree(), out, offset, SquashFsOptions.of(compression, 0, image), workers);
            try (var ours = SquashFsReader.open(out, offset, length)) {
                ours.checkContent();
                Manifest.assertEqual(SourceDirectory.withoutDirectoryLinks(Manifest.of(ours.tree())), expected);
                assertFindsEverything(ours);
            }
        } finally {
            workers.shutdownNow();
        }
    }

    @Test
    void readsAnEmptyImage() throws Exception {
        reading(written(new Tree().build()), reader -> {
            reader.checkContent();
            assertThat(reader.tree().root().children()).isEmpty();
            assertThat(reader.list(reader.lookup("/").orElseThrow())).isEmpty();
            assertThat(reader.lookup("none")).isEmpty();
        });
    }

    @Test
    void readsAnImageThatWasAppendedTo() throws Exception {
        Path image = Files.copy(mksquashfs(""), directory.resolve("appended"));
        Path more = Files.createDirectories(directory.resolve("more/added"));
        Files.writeString(more.resolve("file"), "more");
        Peers.run("mksquashfs", more.toString(), image.toString(), "-quiet", "-no-progress", "-keep-as-directory").ok();
        reading(image, reader -> {
            reader.checkContent();
            assertThat(reader.read(reader.lookup("added/file").orElseThrow(), 10)).isEqualTo("more".getBytes(US_ASCII));
            assertThat(reader.lookup("usr/bin/tool")).isPresent();
        });
    }

    @Test
    void aHardLinkIsTheSameNode() throws Exception {
        reading(mksquashfs(""), reader -> {
            Map<String, Node> root = reader.tree().root().children();
            var usr = (Directory) root.get("usr");
            assertThat(root.get("hard1")).isSameAs(usr.children().get("hard2"));
            assertThat(root.get("same")).isNotSameAs(usr.children().get("same-again"));
            assertThat(reader.lookup("hard1").orElseThrow().number())
                    .isEqualTo(reader.lookup("usr/bin/tool").orElseThrow().number());
        });
    }

    @Test
    void contentTellsWhereItsBlocksAre() throws Exception {
        reading(mksquashfs("-noF"), reader -> {
            var large = (RegularFile) reader.tree().root().children().get("noise" + (SourceDirectory.BLOCK * 2 + 5));
            PackedContent packed = large.content().packed().orElseThrow();
            assertThat(packed.sizeWords()).hasSize(3);
            assertThat(packed.tail()).isEmpty();
            var small = (RegularFile) reader.tree().root().children().get("text4095");
            PackedContent.Slice slice = small.content().packed().orElseThrow().tail().orElseThrow();
            assertThat(slice.length()).isEqualTo(4095);
            assertThat(slice.blockLength()).as("a raw fragment block shows its length").isPositive();
            assertThat(packed.store()).isSameAs(small.content().packed().orElseThrow().store());
            assertThat(packed.store().compression()).isEqualTo(new Compression(Codec.GZIP, 9, SourceDirectory.BLOCK));
        });
    }

    @Test
    void lookupFollowsNoLink() throws Exception {
        reading(mksquashfs(""), reader -> {
            assertThat(reader.lookup("/").orElseThrow().kind()).isEqualTo(InodeKind.DIRECTORY);
            assertThat(reader.lookup("").orElseThrow().kind()).isEqualTo(InodeKind.DIRECTORY);
            Stat link = reader.lookup("/bin").orElseThrow();
            assertThat(link.kind()).isEqualTo(InodeKind.SYMLINK);
            assertThat(link.target()).isEqualTo("usr/bin");
            assertThat(link.size()).isEqualTo(7);
            assertThat(reader.lookup("/bin/tool")).isEmpty();
            assertThat(reader.lookup("/bin/")).as("a slash asks for a directory").isEmpty();
            Stat tool = reader.lookup("usr//bin/./tool").orElseThrow();
            assertThat(tool.kind()).isEqualTo(InodeKind.FILE);
            assertThat(tool.attributes().mode()).isEqualTo(04755);
            assertThat(tool.attributes().xattrs()).containsOnlyKeys("user.one", "security.capability");
            assertThat(reader.lookup("usr/bin/tool/")).isEmpty();
            assertThat(reader.lookup("usr/bin/tool/..")).isEmpty();
            assertThat(reader.lookup("usr/none")).isEmpty();
            assertThat(reader.lookup("../../usr/../usr/bin/tool").orElseThrow().number()).isEqualTo(tool.number());
        });
    }

    @Test
    void resolveFollowsLinksInsideTheRoot() throws Exception {
        reading(mksquashfs(""), reader -> {
            long tool = reader.lookup("usr/bin/tool").orElseThrow().number();
            for (String path : List.of("/bin/tool", "absolute", "/usr/up", "bin/../up", "bin/../../../../absolute")) {
                assertThat(reader.resolve(path).map(Stat::number)).as(path).contains(tool);
            }
            assertThat(reader.resolve("loop1")).isEmpty();
            assertThat(reader.resolve("dangling")).isEmpty();
            assertThat(reader.resolve("bin/").map(Stat::kind)).contains(InodeKind.DIRECTORY);
        });
    }

    @Test
    void fortyLinksAreFollowedAndNotOneMore() throws Exception {
        var tree = new Tree().file("end", new byte[0]);
        for (int i = 1; i <= 41; i++) {
            tree.add("link" + i, new Symlink(Tree.PLAIN, i == 1 ? "end" : "link" + (i - 1)));
        }
        reading(written(tree.build()), reader -> {
            assertThat(reader.resolve("link40").map(Stat::kind)).contains(InodeKind.FILE);
            assertThat(reader.resolve("link41")).isEmpty();
        });
    }

    @Test
    void smallFilesAreReadWhole() throws Exception {
        for (String options : List.of("", "-b 4096", "-no-fragments -comp xz", "-noD -noF")) {
            reading(mksquashfs(options), reader -> {
                for (String name : List.of("text0", "text1", "noise4096", "zero8197", "holes262149", "text131073")) {
                    Stat stat = reader.lookup(name).orElseThrow();
                    assertThat(reader.read(stat, 1 << 20)).isEqualTo(Files.readAllBytes(source.resolve(name)));
                }
                Stat tool = reader.resolve("/bin/tool").orElseThrow();
                assertThat(reader.read(tool, 10)).isEqualTo("#!/bin/sh\n".getBytes(US_ASCII));
                assertThatThrownBy(() -> reader.read(tool, 9))
                        .isInstanceOf(UserException.class)
                        .hasMessageContaining("10 bytes");
            });
        }
    }

    @Test
    void startingUpLinksNoNativeCodecs() throws Exception {
        String[] command = {
            Path.of(System.getProperty("java.home"), "bin", "java").toString(),
            "-Xlog:class+load",
            "-cp", System.getProperty("java.class.path"),
            StartUp.class.getName(),
            mksquashfs("").toString()
        };
        String log = Peers.run(command).ok();
        assertThat(log).contains("#!/bin/sh");
        assertThat(log.lines().filter(line -> line.matches(
                        ".*(airlift|tukaani|MemorySegment|regex|FileTree|util.stream|LambdaForm.MH|SwitchBoot).*")))
                .isEmpty();
    }

    /** What starting a container does with an image. */
    static final class StartUp {
        public static void main(String[] arguments) throws IOException {
            try (FileChannel channel = FileChannel.open(Path.of(arguments[0]));
                    var reader = SquashFsReader.open(channel, 0, channel.size())) {
                Optional<Stat> tool = reader.resolve("/bin/tool");
                System.out.write(reader.read(tool.get(), 100));
                System.out.println(reader.list(reader.lookup("/usr").get()).size());
                System.out.flush();
            }
        }
    }

    @Test
    void lzmaIsRefusedByName() throws Exception {
        Path image = patched(mksquashfs(""), 20, 2);
        assertThatThrownBy(() -> reading(image, _ -> {}))
                .isInstanceOf(UserException.class)
                .hasMessageContaining("lzma");
    }

    @Test
    void everyNameInAListingIsFound() throws Exception {
        reading(mksquashfs(""), this::assertFindsEverything);
    }

    @Test
    void closingTheReaderLeavesTheChannelAndTheTreeAlone() throws Exception {
        try (FileChannel channel = FileChannel.open(mksquashfs(""))) {
            FileTree tree;
            try (var reader = SquashFsReader.open(channel, 0, channel.size())) {
                tree = reader.tree();
            }
            Manifest.assertEqual(SourceDirectory.withoutDirectoryLinks(Manifest.of(tree)), expected);
        }
    }

    private void assertHoldsSource(Path image, List<String> manifest) throws Exception {
        reading(image, reader -> {
            reader.check();
            reader.checkContent();
            Manifest.assertEqual(SourceDirectory.withoutDirectoryLinks(Manifest.of(reader.tree())), manifest);
            assertFindsEverything(reader);
        });
    }

    /** Looks every name up, and some that are not there, so that every index is used. */
    private void assertFindsEverything(SquashFsReader reader) throws IOException {
        List<String> paths = new ArrayList<>(List.of(""));
        int found = 0;
        while (!paths.isEmpty()) {
            String path = paths.removeLast();
            Stat stat = reader.lookup(path).orElseThrow();
            if (stat.kind() == InodeKind.DIRECTORY) {
                for (SquashFsReader.Entry entry : reader.list(stat)) {
                    String child = path + "/" + entry.name();
                    assertThat(reader.lookup(child).map(Stat::kind)).contains(entry.kind());
                    assertThat(reader.lookup(child + "\1")).isEmpty();
                    paths.add(child);
                    found++;
                }
            }
        }
        assertThat(found).isGreaterThan(1500);
    }

    private interface Use {
        void with(SquashFsReader reader) throws Exception;
    }

    private static void reading(Path image, Use use) throws Exception {
        try (FileChannel channel = FileChannel.open(image);
                var reader = SquashFsReader.open(channel, 0, channel.size())) {
            use.with(reader);
        }
    }

    private Path mksquashfs(String options) throws Exception {
        Peers.programs("mksquashfs");
        Path image = directory.resolve("mksquashfs" + options.replace(' ', '_') + ".sqfs");
        if (!Files.exists(image)) {
            List<String> command = new ArrayList<>(
                    List.of("mksquashfs", source.toString(), image.toString(), "-noappend", "-quiet", "-no-progress"));
            Arrays.stream(options.split(" ")).filter(option -> !option.isEmpty()).forEach(command::add);
            Peers.run(command.toArray(String[]::new)).ok();
        }
        return image;
    }

    private Path written(FileTree tree) throws Exception {
        Path image = Files.createTempFile(directory, "written", ".sqfs");
        ExecutorService workers = Executors.newFixedThreadPool(2);
        try (FileChannel out = FileChannel.open(image, StandardOpenOption.READ, StandardOpenOption.WRITE)) {
            SquashFsWriter.write(
                    tree, out, 0, SquashFsOptions.of(new Compression(Codec.GZIP, 6, 4096), 0, image), workers);
        } finally {
            workers.shutdownNow();
        }
        return image;
    }

    private Path patched(Path image, long position, int value) throws IOException {
        Path copy = Files.createTempFile(directory, "patched", ".sqfs");
        Files.write(copy, Files.readAllBytes(image));
        try (FileChannel out = FileChannel.open(copy, StandardOpenOption.WRITE)) {
            out.write(ByteBuffer.wrap(new byte[] {(byte) value}), position);
        }
        return copy;
    }
}
