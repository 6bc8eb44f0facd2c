package io.sifter.squashfs;

import static java.nio.charset.StandardCharsets.US_ASCII;
import static java.nio.file.StandardOpenOption.CREATE;
import static java.nio.file.StandardOpenOption.READ;
import static java.nio.file.StandardOpenOption.WRITE;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.sifter.spi.error.ExternalException;
import io.sifter.spi.error.UserException;
import io.sifter.spi.tree.Attributes;
import io.sifter.spi.tree.Compression;
import io.sifter.spi.tree.Compression.Codec;
import io.sifter.spi.tree.Content;
import io.sifter.spi.tree.Device;
import io.sifter.spi.tree.Directory;
import io.sifter.spi.tree.FileTree;
import io.sifter.spi.tree.Node;
import io.sifter.spi.tree.RawName;
import io.sifter.spi.tree.RegularFile;
import io.sifter.spi.tree.Special;
import io.sifter.spi.tree.Symlink;
import io.sifter.testkit.Peers;
import java.io.IOException;
import java.io.InputStream;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.OptionalLong;
import java.util.Random;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

@Timeout(120)
class SquashFsWriterTest {
    private static final int BLOCK = 4096;
    private static final Compression GZIP = new Compression(Codec.GZIP, 6, BLOCK);

    @TempDir
    private Path directory;

    private final ExecutorService workers = Executors.newFixedThreadPool(2);

    @AfterEach
    void stop() {
        workers.shutdownNow();
    }

    @ParameterizedTest
    @EnumSource(value = Codec.class, names = {"GZIP", "ZSTD"})
    void everyKindOfInodeIsReadByAll(Codec codec) throws Exception {
        assertReadByAll(everyKind().build(), new Compression(codec, 3, 131072));
    }

    @ParameterizedTest
    @CsvSource({"GZIP, 1, 4096", "GZIP, 12, 131072", "ZSTD, 1, 4096", "ZSTD, 3, 1048576", "ZSTD, 15, 65536",
            "ZSTD, 19, 1048576"})
    void filesOfEverySizeAroundABlockComeBack(Codec codec, int level, int block) throws Exception {
        var tree = new Tree();
        for (int size : new int[] {0, 1, block - 1, block, block + 1, 2 * block, 2 * block + 5, 5 * block}) {
            tree.file("text" + size, BlockPackWriterTest.text(size, size));
            tree.file("noise" + size, BlockPackWriterTest.noise(size, size));
            tree.file("zero" + size, new byte[size]);
            byte[] holes = BlockPackWriterTest.noise(size, size + 1);
            Arrays.fill(holes, 0, Math.min(size, block), (byte) 0);
            tree.file("holes" + size, holes);
        }
        assertReadByAll(tree.build(), new Compression(codec, level, block));
    }

    @ParameterizedTest
    @CsvSource({"255, 20", "256, 20", "257, 20", "300, 1", "1200, 104", "5000, 255"})
    void everyEntryOfALargeDirectoryIsListedAndFound(int count, int length) throws Exception {
        var tree = new Tree();
        for (int i = 0; i < count; i++) {
            String name = Integer.toString(i, 36);
            tree.file("d/" + name + "x".repeat(Math.max(0, length - name.length())), new byte[0]);
        }
        FileTree built = tree.build();
        Path image = assertReadByAll(built, GZIP);
        Mounts.with(image, 0, directory.resolve("look-up"), mount -> {
            for (String name : ((Directory) built.root().children().get("d")).children().keySet()) {
                assertThat(mount.resolve("d").resolve(name)).exists();
            }
            assertThat(mount.resolve("d").resolve("nothing")).doesNotExist();
        });
    }

    @Test
    void aTreeDeeperThanAnyPathIsWritten() throws Exception {
        Mounts.need();
        int depth = 4200;
        var root = new Directory(Attributes.of(0755, 1));
        Directory deepest = root;
        for (int i = 0; i < depth; i++) {
            var next = new Directory(Attributes.of(0755, 1));
            deepest.children().put("d", next);
            deepest = next;
        }
        deepest.children().put("end", new RegularFile(Tree.PLAIN, Content.of("bottom".getBytes(US_ASCII))));
        Path image = write(FileTree.of(root), options(GZIP), 2);
        Mounts.with(image, 0, directory.resolve("deep"), mount -> {
            String found = Peers.run("find", mount.toString(), "-printf", "%d %f %s\\n").ok();
            assertThat(found.lines().filter(line -> line.endsWith(" d 24") || line.contains(" d "))).hasSize(depth);
            assertThat(found).contains("%d end 6".formatted(depth + 1));
        });
    }

    @Test
    void aRandomTreeComesBack() throws Exception {
        assertReadByAll(random(7, 3000).build(), new Compression(Codec.GZIP, 4, 16384));
    }

    @Test
    void squashfsToolsNgReadsTheSame() throws Exception {
        Mounts.need();
        Peers.programs("sqfs2tar", "tar");
        FileTree tree = random(8, 1000).build();
        Path image = write(tree, options(GZIP), 2);
        Path unpacked = Files.createDirectory(directory.resolve("tar"));
        Peers.run("sh", "-c", "sqfs2tar -r . \"$0\" | tar -x -p --numeric-owner -C \"$1\"", image.toString(),
                unpacked.toString()).ok();
        Manifest.assertEqual(Manifest.of(unpacked), Manifest.of(tree));
    }

    @Test
    void anEmptyTreeComesBack() throws Exception {
        assertReadByAll(new Tree().build(), GZIP);
    }

    @ParameterizedTest
    @ValueSource(ints = {1, 2, 8})
    void theBytesDoNotDependOnTheNumberOfWorkers(int count) throws Exception {
        Path reference = write(random(11, 500).build(), options(GZIP), 3);
        Path image = write(random(11, 500).build(), options(GZIP), count);
        assertThat(image).hasSameBinaryContentAs(reference);
    }

    @Test
    void anImageBehindSomethingElseLeavesThatAlone() throws Exception {
        Mounts.need();
        Path image = directory.resolve("behind");
        byte[] before = BlockPackWriterTest.noise(36864, 1);
        Files.write(image, before);
        FileTree tree = everyKind().build();
        long length;
        try (FileChannel out = FileChannel.open(image, READ, WRITE)) {
            length = SquashFsWriter.write(tree, out, before.length, options(GZIP), workers);
            assertThat(out.size()).isEqualTo(before.length + length);
        }
        assertThat(length % 4096).isZero();
        try (InputStream in = Files.newInputStream(image)) {
            assertThat(in.readNBytes(before.length)).isEqualTo(before);
        }
        Mounts.with(image, before.length, directory.resolve("mount"), mount ->
                Manifest.assertEqual(Manifest.of(mount), Manifest.of(tree)));
    }

    @Test
    void theSuperblockSaysWhatIsThere() throws Exception {
        Path image = write(new Tree().file("a", new byte[] {1}).build(),
                new SquashFsOptions(GZIP, false, 1234567, OptionalLong.empty(), directory), 1);
        Superblock superblock = superblock(image);

        assertThat(superblock.inodes()).isEqualTo(2);
        assertThat(superblock.creationTime()).isEqualTo(1234567);
        assertThat(superblock.blockSize()).isEqualTo(BLOCK);
        assertThat(superblock.fragments()).isEqualTo(1);
        assertThat(superblock.flags()).isEqualTo(0x02C0);
        assertThat(superblock.ids()).isEqualTo(1);
        assertThat(superblock.xattrTable()).isEqualTo(Superblock.NONE);
        assertThat(superblock.exportTable()).isNotEqualTo(Superblock.NONE);
        assertThat(superblock.size()).isLessThanOrEqualTo(Files.size(image));
        assertThat(Files.size(image)).isEqualTo(4096);
        assertThat(superblock(write(everyKind().build(), options(GZIP), 1)).flags()).isEqualTo(0x00C0);
    }

    @Test
    void zstdTellsItsLevelUnlessEveryoneAssumesIt() throws Exception {
        Peers.programs("unsquashfs");
        var three = new Compression(Codec.ZSTD, 3, BLOCK);
        Path image = write(new Tree().build(), options(three), 1);
        assertThat(superblock(image).flags()).isEqualTo(0x06C0);
        assertThat(Peers.run("unsquashfs", "-s", image.toString()).ok()).contains("compression-level 3");

        var fifteen = new Compression(Codec.ZSTD, 15, BLOCK);
        assertThat(superblock(write(new Tree().build(), options(fifteen), 1)).flags()).isEqualTo(0x02C0);
    }

    @Test
    void timesAreCutAndOwnersReplacedOnRequest() throws Exception {
        Mounts.need();
        FileTree tree = new Tree()
                .add("old", new RegularFile(Tree.with(0600, 5, 6, 50, Map.of()), Content.of(new byte[1])))
                .add("new", new RegularFile(Tree.with(0600, 7, 8, 5000, Map.of()), Content.of(new byte[1])))
                .build();
        Path image = write(tree, new SquashFsOptions(GZIP, true, 0, OptionalLong.of(100), directory), 1);
        Mounts.with(image, 0, directory.resolve("mount"), mount -> assertThat(
                        Peers.run("find", mount.toString(), "-type", "f", "-printf", "%P %U:%G %T@\\n").ok().lines().sorted())
                .containsExactly("new 0:0 100.0000000000", "old 0:0 50.0000000000"));
        assertThat(superblock(image).ids()).isEqualTo(1);
    }

    @Test
    void asManyOwnersAsFitAreWrittenAndOneMoreIsRefused() throws Exception {
        Path image = write(owners(65535).build(), options(GZIP), 1);
        assertThat(superblock(image).ids()).isEqualTo(65535);
        FileTree tooMany = owners(70000).build();
        assertThatThrownBy(() -> write(tooMany, options(GZIP), 1))
                .isInstanceOf(UserException.class)
                .hasMessageContaining("65535");
        write(tooMany, new SquashFsOptions(GZIP, true, 0, OptionalLong.empty(), directory), 1);
    }

    @Test
    void inodesWithTheSameExtendedAttributesShareThem() throws Exception {
        Map<String, byte[]> many = Map.of(
                "user.long", BlockPackWriterTest.noise(2000, 1), "security.capability", capability());
        var tree = new Tree();
        for (int i = 0; i < 100; i++) {
            tree.add("f" + i, new RegularFile(Tree.with(0644, 0, 0, 1, Map.copyOf(many)), Content.of(new byte[1])));
        }
        Path image = assertReadByAll(tree.build(), GZIP);
        assertThat(Files.size(image)).isLessThan(20_000);
    }

    @Test
    void theLargestExtendedAttributeComesBack() throws Exception {
        Mounts.need();
        byte[] value = BlockPackWriterTest.noise(65536, 1);
        Path image = write(new Tree().add("a", xattr("user.large", value)).build(), options(GZIP), 1);
        Mounts.with(image, 0, directory.resolve("mount"), mount ->
                assertThat(Files.getAttribute(mount.resolve("a"), "user:large")).isEqualTo(value));
    }

    @Test
    void whatSquashFsCannotHoldIsRefusedByPath() {
        assertRefused("d/a", xattr("system.posix_acl_access", new byte[4]), "system.posix_acl_access");
        assertRefused("d/a", xattr("user." + "n".repeat(251), new byte[4]), "255");
        assertRefused("d/a", xattr("user.n", new byte[65537]), "65537");
        assertRefused("d/a", new Symlink(Tree.PLAIN, "t".repeat(4096)), "4096");
        assertRefused("d/a", new Symlink(Tree.PLAIN, ""), "0 bytes");
        assertRefused("d/" + "n".repeat(256), xattr("user.n", new byte[1]), "256");
        assertRefused("d/..", xattr("user.n", new byte[1]), "reserved");
    }

    @Test
    void aDirectoryInTwoPlacesIsADefectOfTheTree() {
        var twice = new Directory(Attributes.of(0755, 1));
        FileTree tree = new Tree().add("a", twice).add("b/c", twice).build();
        assertThatThrownBy(() -> write(tree, options(GZIP), 1))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("/b/c");
    }

    @Test
    void equalLargeFilesAreCompressedOnce() throws Exception {
        byte[] large = BlockPackWriterTest.noise(50 * BLOCK + 100, 1);
        byte[] other = large.clone();
        other[0] ^= 1;
        FileTree tree = new Tree().file("a", large).file("b", large.clone()).file("c", other).build();
        Path image = assertReadByAll(tree, GZIP);
        assertThat(Files.size(image)).isBetween(100L * BLOCK, 104L * BLOCK);
    }

    @Test
    void aFullDiskIsNamed() {
        Path full = Path.of("/dev/full");
        var options = SquashFsOptions.of(GZIP, 0, full);
        assertThatThrownBy(() -> {
                    try (FileChannel out = FileChannel.open(full, READ, WRITE)) {
                        SquashFsWriter.write(everyKind().build(), out, 0, options, workers);
                    }
                })
                .isInstanceOf(ExternalException.class)
                .hasMessageContaining("/dev")
                .hasMessageContaining("No space left on device");
    }

    @Test
    void contentThatCannotBeReadIsNamed() {
        Content broken = new Content() {
            @Override
            public long size() {
                return 10;
            }

            @Override
            public InputStream open() throws IOException {
                throw new IOException("it is gone");
            }
        };
        FileTree tree = new Tree().file("d/lost", broken).build();
        assertThatThrownBy(() -> write(tree, options(GZIP), 1))
                .isInstanceOf(ExternalException.class)
                .hasMessageContaining("/d/lost")
                .hasMessageContaining("it is gone");
    }

    private void assertRefused(String path, Node node, String reason) {
        FileTree tree = new Tree().add(path, node).build();
        assertThatThrownBy(() -> write(tree, options(GZIP), 1))
                .isInstanceOf(UserException.class)
                .hasMessageContaining("/" + path)
                .hasMessageContaining(reason);
    }

    /** Writes the tree and holds what three readers see against it. */
    private Path assertReadByAll(FileTree tree, Compression compression) throws Exception {
        Mounts.need();
        Peers.programs("unsquashfs");
        Path image = write(tree, options(compression), 2);
        List<String> expected = Manifest.of(tree);
        Mounts.with(image, 0, directory.resolve("kernel"), mount ->
                Manifest.assertEqual(Manifest.of(mount), expected));
        Path unpacked = directory.resolve("unpacked-" + image.getFileName());
        Peers.run("unsquashfs", "-n", "-d", unpacked.toString(), image.toString()).ok();
        Manifest.assertEqual(Manifest.of(unpacked), expected);
        return image;
    }

    private Path write(FileTree tree, SquashFsOptions options, int count) throws Exception {
        Path image = Files.createTempFile(directory, "image", ".sqfs");
        try (FileChannel out = FileChannel.open(image, CREATE, READ, WRITE);
                ExecutorService pool = Executors.newFixedThreadPool(count)) {
            long length = SquashFsWriter.write(tree, out, 0, options, pool);
            assertThat(length).isEqualTo(out.size());
        }
        return image;
    }

    private SquashFsOptions options(Compression compression) {
        return SquashFsOptions.of(compression, 1_700_000_000, directory.resolve("image.sqfs"));
    }

    private static Superblock superblock(Path image) throws IOException {
        return Superblock.read(new FieldInput.OfArray(Files.readAllBytes(image), image.toString()));
    }

    private static RegularFile xattr(String name, byte[] value) {
        return new RegularFile(Tree.with(0644, 0, 0, 0, Map.of(name, value)), Content.of(new byte[1]));
    }

    private static Tree owners(int count) {
        var tree = new Tree();
        for (int i = 0; i < count; i++) {
            tree.add(i % 300 + "/" + i, new Special(Tree.with(0644, i, i, 0, Map.of()), Special.Kind.FIFO));
        }
        return tree;
    }

    static Tree everyKind() {
        var linked = new RegularFile(Tree.with(04755, 1000, 100, 1_234_567, Map.of()), Content.of(new byte[] {1, 2, 3}));
        var linkedLink = new Symlink(Tree.with(0777, 0, 0, 77, Map.of()), "../nowhere/at all");
        Map<String, byte[]> xattrs = Map.of(
                "trusted.overlay.opaque", "y".getBytes(US_ASCII), "security.capability", capability());
        Map<String, byte[]> more = Map.of("user.name", "value".getBytes(US_ASCII), "user.empty", new byte[0],
                "trusted.zero", new byte[] {0});
        Map<String, byte[]> special = Map.of("trusted.kind", "special".getBytes(US_ASCII));
        return new Tree()
                .file("empty", new byte[0])
                .file("usr/bin/tool", BlockPackWriterTest.text(300_000, 1))
                .add("usr/bin/capable", new RegularFile(Tree.with(0755, 0, 0, 7, xattrs), Content.of(new byte[9])))
                .add("usr/bin/more", new RegularFile(Tree.with(0, 4294967294L, 3000000000L, 0, more),
                        Content.of(BlockPackWriterTest.text(140_000, 3))))
                .add("usr/bin/also", new RegularFile(Tree.with(01777, 0, 0, 4294967295L, Map.copyOf(xattrs)),
                        Content.of(new byte[2])))
                .add("a/hard", linked)
                .add("hard", linked)
                .add("z/hard", linked)
                .add("z/link", linkedLink)
                .add("z/link2", linkedLink)
                .add("z/target", new Symlink(Tree.with(0777, 5, 5, 5, special), "t".repeat(4000)))
                .add("dev/null", new Device(Tree.with(0666, 0, 0, 1, Map.of()), false, 1, 3))
                .add("dev/big", new Device(Tree.with(0660, 0, 6, 1, special), false, 4095, 1048575))
                .add("dev/disk", new Device(Tree.with(0660, 0, 6, 1, Map.of()), true, 300, 70000))
                .add("dev/disk2", new Device(Tree.with(0660, 0, 6, 1, special), true, 8, 1))
                .add("run/fifo", new Special(Tree.with(0600, 1, 1, 1, Map.of()), Special.Kind.FIFO))
                .add("run/fifo2", new Special(Tree.with(0600, 1, 1, 1, special), Special.Kind.FIFO))
                .add("run/socket", new Special(Tree.with(0600, 1, 1, 1, Map.of()), Special.Kind.SOCKET))
                .add("run/socket2", new Special(Tree.with(0600, 1, 1, 1, special), Special.Kind.SOCKET))
                .add("var/empty", new Directory(Tree.with(01777, 3, 4, 99, more)))
                .file(RawName.of("name with spaces, ünïcode and a\nnewline"), new byte[] {5})
                .file("not \u00FF\u00FE utf-8", new byte[] {6});
    }

    private static byte[] capability() {
        return new byte[] {1, 0, 0, 2, 0, 0x20, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0};
    }

    static Tree random(int seed, int count) {
        var random = new Random(seed);
        var tree = new Tree();
        List<String> directories = new ArrayList<>(List.of(""));
        List<Node> files = new ArrayList<>();
        for (int i = 0; i < count; i++) {
            String path = directories.get(random.nextInt(directories.size())) + "n" + random.nextInt(1_000_000);
            var attributes = Tree.with(random.nextInt(010000), random.nextInt(50), random.nextInt(50),
                    random.nextInt(Integer.MAX_VALUE), Map.of());
            switch (random.nextInt(8)) {
                case 0 -> {
                    tree.add(path, new Directory(attributes));
                    directories.add(path + "/");
                }
                case 1 -> tree.add(path, new Symlink(
                        Tree.with(0777, 1, 2, 3, Map.of()), "x".repeat(1 + random.nextInt(200))));
                case 2 -> {
                    if (!files.isEmpty()) {
                        tree.add(path, files.get(random.nextInt(files.size())));
                    }
                }
                default -> {
                    int size = random.nextInt(10) == 0 ? random.nextInt(200_000) : random.nextInt(3000);
                    var file = new RegularFile(attributes, Content.of(BlockPackWriterTest.text(size, random.nextInt(500))));
                    tree.add(path, file);
                    files.add(file);
                }
            }
        }
        return tree;
    }
}
