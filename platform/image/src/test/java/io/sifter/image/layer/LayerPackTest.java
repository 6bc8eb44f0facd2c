package io.sifter.image.layer;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.sifter.spi.error.CorruptDataException;
import io.sifter.spi.reference.Digest;
import io.sifter.spi.tree.Attributes;
import io.sifter.spi.tree.Compression;
import io.sifter.spi.tree.Directory;
import io.sifter.spi.tree.FileTree;
import io.sifter.spi.tree.Node;
import io.sifter.spi.tree.PackedContent;
import io.sifter.spi.tree.RegularFile;
import io.sifter.testkit.TarLayer;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.nio.channels.ClosedChannelException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.OptionalLong;
import java.util.Random;
import java.util.TreeMap;
import java.util.zip.Deflater;
import java.util.zip.Inflater;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

class LayerPackTest {
    private static final int BLOCK = Packs.SMALL_BLOCKS.blockSize();

    @TempDir
    private Path directory;

    private Packs packs;

    /** A field, because the collector takes variables of a running method for reachable as it pleases. */
    private FileTree measured;

    @BeforeEach
    void open() {
        packs = new Packs(directory);
    }

    @AfterEach
    void close() throws IOException {
        packs.close();
    }

    @ParameterizedTest
    @EnumSource(value = Compression.Codec.class, names = {"GZIP", "ZSTD"})
    void keepsContentsOfEverySize(Compression.Codec codec) throws Exception {
        Random random = new Random(5);
        TarLayer layer = TarLayer.with();
        List<byte[]> contents = new ArrayList<>();
        for (int size : new int[] {0, 1, BLOCK - 1, BLOCK, BLOCK + 1, 2 * BLOCK, 2 * BLOCK + 5, 100_000}) {
            byte[] noise = new byte[size];
            random.nextBytes(noise);
            byte[] text = new byte[size];
            Arrays.fill(text, (byte) 'x');
            byte[] holes = new byte[size];
            if (size > BLOCK) {
                holes[size - 1] = 1;
            }
            contents.addAll(List.of(noise, text, new byte[size], holes));
        }
        for (int i = 0; i < contents.size(); i++) {
            layer.file("f%02d".formatted(i), contents.get(i));
        }
        try (Packs others = new Packs(directory, new Compression(codec, 3, BLOCK)); FileTree tree = others.merge(List.of(layer))) {
            assertThat(tree.root().children()).hasSize(contents.size());
            for (int i = 0; i < contents.size(); i++) {
                assertThat(bytes(tree, "f%02d".formatted(i))).as("file %d", i).isEqualTo(contents.get(i));
            }
        }
    }

    @Test
    void zerosTakeNoRoom() throws Exception {
        byte[] map = Arrays.copyOf("0\n".getBytes(UTF_8), 512);
        Path file = packs.pack(TarLayer.with().file("hole", map).pax("GNU.sparse.major", "1").pax("GNU.sparse.realsize", "1073741824"));
        assertThat(Files.size(file)).isLessThan(64 << 10);
        try (FileTree tree = packs.mergePacks(List.of(file), MergePolicy.STANDARD)) {
            RegularFile hole = (RegularFile) tree.root().children().get("hole");
            assertThat(hole.content().size()).isEqualTo(1L << 30);
            PackedContent packed = hole.content().packed().orElseThrow();
            assertThat(packed.sizeWords()).hasSize((1 << 30) / BLOCK).containsOnly(0);
            assertThat(packed.tail()).isEmpty();
        }
    }

    @Test
    void equalContentsLieInOnePlace() throws Exception {
        byte[] content = new byte[3 * BLOCK + 100];
        new Random(1).nextBytes(content);
        try (FileTree tree = packs.merge(List.of(TarLayer.with().file("a", content).file("b", content).file("c", "small").file("d", "small")))) {
            assertThat(packed(tree, "a").position()).isEqualTo(packed(tree, "b").position());
            assertThat(packed(tree, "a").sizeWords()).isEqualTo(packed(tree, "b").sizeWords());
            assertThat(packed(tree, "c").tail()).isEqualTo(packed(tree, "d").tail()).isPresent();
            assertThat(tree.root().children().get("a")).isNotSameAs(tree.root().children().get("b"));
        }
    }

    @Test
    void filesKnowTheLayerThatTheyCameWith() throws Exception {
        try (FileTree tree = packs.merge(List.of(TarLayer.with().file("a", "one").file("b", "one"), TarLayer.with().file("b", "two").hardLink("c", "a").file("empty", "")))) {
            Map<String, Integer> layers = new TreeMap<>();
            tree.root().children().forEach((name, node) -> layers.put(name, LayerMerge.layerOf((RegularFile) node).orElse(0)));

            assertThat(layers).isEqualTo(Map.of("a", 1, "b", 2, "c", 1, "empty", 0));
        }
    }

    @Test
    void aPackMayBeDeletedWhileItsTreeIsOpen() throws Exception {
        Path file = packs.pack(TarLayer.with().file("a", "x".repeat(BLOCK * 2)).file("b", "y"));
        try (FileTree tree = packs.mergePacks(List.of(file), MergePolicy.STANDARD)) {
            Files.delete(file);
            assertThat(bytes(tree, "a")).hasSize(BLOCK * 2);
            assertThat(bytes(tree, "b")).isEqualTo("y".getBytes(UTF_8));
        }
    }

    @Test
    void contentIsUnreadableWhenTheTreeIsClosed() throws Exception {
        FileTree tree = packs.merge(List.of(TarLayer.with().file("b", "y")));
        tree.close();
        assertThatThrownBy(() -> bytes(tree, "b")).isInstanceOf(ClosedChannelException.class);
    }

    @Test
    void aFailedMergeClosesItsPacks() throws Exception {
        LayerPack sound = LayerPack.open(packs.pack(CorpusTest.layer("a=1")));
        LayerPack hostile = LayerPack.open(packs.pack(CorpusTest.layer("../a=1")));
        assertThatThrownBy(() -> LayerMerge.merge(List.of(sound, hostile), MergePolicy.STANDARD, event -> {})).isInstanceOf(CorruptDataException.class);
        assertThatThrownBy(sound::journal).hasCauseInstanceOf(ClosedChannelException.class);
    }

    @Test
    void namesWhatIsNotThereOrNoPack() throws Exception {
        assertThatThrownBy(() -> LayerPack.open(directory.resolve("none"))).isInstanceOf(NoSuchFileException.class);
        Path brief = Files.write(directory.resolve("short"), new byte[10]);
        assertThatThrownBy(() -> LayerPack.open(brief)).isInstanceOf(CorruptDataException.class).hasMessageContaining("is not a layer pack: it has 10 bytes only");
        Path other = Files.write(directory.resolve("other"), new byte[1000]);
        assertThatThrownBy(() -> LayerPack.open(other)).isInstanceOf(CorruptDataException.class).hasMessageContaining("is not a layer pack");
        byte[] pack = Files.readAllBytes(packs.pack(TarLayer.with().file("a", "1")));
        pack[pack.length - PackFooter.SIZE + 8] = 9;
        Path newer = Files.write(directory.resolve("newer"), pack);
        assertThatThrownBy(() -> LayerPack.open(newer)).isInstanceOf(CorruptDataException.class).hasMessageContaining("of version 9, expected 3");
    }

    @Test
    void aPackCutOffAnywhereIsRefused() throws Exception {
        byte[] pack = Files.readAllBytes(packs.pack(sample()));
        int dataLength = (int) footer(pack).dataLength();
        for (int length = 0; length < pack.length; length += length < dataLength ? 997 : 3) {
            Path cut = Files.write(directory.resolve("cut"), Arrays.copyOf(pack, length));
            assertThatThrownBy(() -> LayerPack.open(cut)).as("cut at %d", length).isInstanceOf(CorruptDataException.class);
        }
    }

    @Test
    void nothingButCorruptDataComesOutOfDamagedPacks() throws Exception {
        byte[] pack = Files.readAllBytes(packs.pack(sample()));
        int dataLength = (int) footer(pack).dataLength();
        Random random = new Random(9);
        for (int i = 0; i < 800; i++) {
            byte[] damaged = pack.clone();
            int at = i % 2 == 0 ? random.nextInt(dataLength) : random.nextInt(dataLength, pack.length);
            damaged[at] ^= (byte) (1 << random.nextInt(8));
            assertThat(refuses(damaged) || at < dataLength).as("byte %d", at).isTrue();
            assertThat(verified(damaged)).as("byte %d", at).isFalse();
        }
        assertThat(verified(pack)).isTrue();
    }

    /** What a power failure may leave: the length is right, bytes are missing. */
    @Test
    void noticesThatBlocksAreMissing() throws Exception {
        byte[] noise = new byte[700_000];
        new Random(6).nextBytes(noise);
        byte[] pack = Files.readAllBytes(packs.pack(TarLayer.with().file("noise", noise)));
        for (int page = 0; page < footer(pack).dataLength(); page += 4096) {
            byte[] damaged = pack.clone();
            Arrays.fill(damaged, page, (int) Math.min(page + 4096, footer(pack).dataLength()), (byte) 0);
            assertThat(verified(damaged)).as("page %d", page).isFalse();
        }
        assertThat(verified(pack)).isTrue();
    }

    private boolean verified(byte[] bytes) throws IOException {
        try (LayerPack pack = LayerPack.open(Files.write(directory.resolve("verified"), bytes))) {
            pack.verify();
            return true;
        } catch (CorruptDataException damaged) {
            return false;
        }
    }

    /** Checksums do not help against whoever makes the pack, so journals and places are damaged behind them, too. */
    @Test
    void hostilePacksAreRefusedWhateverTheirChecksumsSay() throws Exception {
        Path file = packs.pack(sample());
        byte[] pack = Files.readAllBytes(file);
        PackFooter footer = footer(pack);
        byte[] journal = inflate(pack, footer.dataLength(), footer.journal());
        byte[] places = inflate(pack, footer.dataLength() + footer.journal().stored(), footer.contents());
        Random random = new Random(11);
        int refused = 0;
        for (int i = 0; i < 1500; i++) {
            byte[] hostileJournal = journal.clone();
            byte[] hostilePlaces = places.clone();
            byte[] target = random.nextBoolean() ? hostileJournal : hostilePlaces;
            for (int flips = random.nextInt(2); flips >= 0; flips--) {
                target[random.nextInt(target.length)] = (byte) random.nextInt(256);
            }
            refused += refuses(assemble(pack, footer, hostileJournal, hostilePlaces)) ? 1 : 0;
        }
        assertThat(refused).isBetween(200, 1499);
    }

    @Test
    void clampsTimesToTheCeiling() throws Exception {
        Path file = packs.pack(TarLayer.with().file("implied/new", "").mtime(2000).file("old", "").mtime(10).directory("./").mtime(3000));
        try (FileTree tree = packs.mergePacks(List.of(file), MergePolicy.STANDARD.withMtimeCeiling(OptionalLong.of(1000)))) {
            assertThat(Packs.show(tree)).isEqualTo("/ @1000, implied/ @1000, implied/new= @1000, old= @10");
        }
    }

    @Test
    void boundsTheNodesOfATree() throws Exception {
        Path file = packs.pack(TarLayer.with().file("a/b/c/d/e", ""));
        MergePolicy four = new MergePolicy(OptionalLong.empty(), 4, List.of(), false);
        assertThatThrownBy(() -> packs.mergePacks(List.of(file), four).close())
                .isInstanceOf(CorruptDataException.class).hasMessageContaining("is one of more than the 4 entries");
    }

    @Test
    void sumsUpWarningsOfOneKind() throws Exception {
        TarLayer layer = TarLayer.with();
        for (int i = 0; i < 100; i++) {
            layer.file("a", String.valueOf(i));
        }
        packs.merge(List.of(layer)).close();
        assertThat(packs.warnings()).hasSize(4);
        assertThat(packs.warnings().getFirst()).matches("Layer 1 \\(sha256:[0-9a-f]{12}\\): 'a' is in one layer more than once; the last entry counts");
        assertThat(packs.warnings().getLast()).startsWith("The same goes for 96 more");
    }

    @Test
    void directoriesMayHoldManyNames() throws Exception {
        TarLayer layer = TarLayer.with();
        for (int count : new int[] {256, 257, 300}) {
            for (int i = 0; i < count; i++) {
                layer.file("d%d/%s".formatted(count, "n".repeat(i % 100) + i), "");
            }
        }
        for (int i = 0; i < 1200; i++) {
            layer.file("long/%04d%s".formatted(i, "x".repeat(100)), "");
        }
        try (FileTree tree = packs.merge(List.of(layer))) {
            assertThat(tree.root().children()).allSatisfy((name, node) -> assertThat(((Directory) node).children())
                    .hasSize(name.equals("long") ? 1200 : Integer.parseInt(name.substring(1))));
        }
    }

    @Test
    void treesMayBe4096Deep() throws Exception {
        String deepest = "d/".repeat(4095) + "f";
        try (FileTree tree = packs.merge(List.of(TarLayer.with().file(deepest, "x")))) {
            assertThat(Packs.flatten(tree.root())).hasSize(4096).containsKey(deepest);
        }
        assertThatThrownBy(() -> packs.merge(List.of(TarLayer.with().file("d/" + deepest, ""))).close())
                .isInstanceOf(CorruptDataException.class).hasMessageContaining("is nested 4097 deep");
        assertThatThrownBy(() -> packs.merge(List.of(TarLayer.with().file("d/".repeat(50_000) + "f", ""))).close())
                .isInstanceOf(CorruptDataException.class).hasMessageContaining("has a path of 100001 bytes");
        assertThatThrownBy(() -> packs.merge(List.of(TarLayer.with().directory("d/".repeat(3000)).symlink("s", "d/".repeat(1500)).directory("s/" + "e/".repeat(3000)))).close())
                .isInstanceOf(CorruptDataException.class).hasMessageContaining("is nested more than 4096 deep");
    }

    @Test
    void aHiddenFileStaysReadableThroughItsLinks() throws Exception {
        byte[] large = new byte[8 << 20];
        new Random(2).nextBytes(large);
        try (FileTree tree = packs.merge(List.of(TarLayer.with().file("target", large).hardLink("link", "target"), TarLayer.with().whiteout("target")))) {
            assertThat(bytes(tree, "link")).isEqualTo(large);
            assertThat(tree.root().children()).containsOnlyKeys("link");
        }
    }

    @Test
    void anEntryTakesLittleMemory() throws Exception {
        TarLayer layer = TarLayer.with();
        int files = 40_000;
        for (int i = 0; i < files; i++) {
            layer.file("usr/lib/python3/dist-packages/package%d/module%05d.py".formatted(i / 100, i), "content " + i).mtime(1_700_000_000 + i / 7);
        }
        Path file = packs.pack(layer);
        // What the collector leaves depends on more than this tree: the least of some measurements that see the tree at all counts.
        List<Long> each = new ArrayList<>();
        for (int attempt = 0; attempt < 5; attempt++) {
            measured = packs.mergePacks(List.of(file), MergePolicy.STANDARD);
            measured.close();
            long with = used();
            measured = null;
            each.add((with - used()) / files);
        }
        assertThat(each.stream().filter(bytes -> bytes > 0).min(Long::compare)).as("bytes for each entry, of %s", each)
                .hasValueSatisfying(bytes -> assertThat(bytes).isBetween(50L, 400L));
    }

    private static long used() throws InterruptedException {
        for (int i = 0; i < 3; i++) {
            System.gc();
            Thread.sleep(20);
        }
        return Runtime.getRuntime().totalMemory() - Runtime.getRuntime().freeMemory();
    }

    private static TarLayer sample() {
        byte[] noise = new byte[3 * BLOCK + 77];
        new Random(4).nextBytes(noise);
        return TarLayer.with().directory("d").file("d/noise", noise).file("d/small", "small").file("zeros", new byte[BLOCK * 3])
                .symlink("s", "d").hardLink("h", "d/small").file("x", "x").xattr("user.k", "v").owner(70_000, 3).characterDevice("dev/c", 1, 3).whiteout("gone");
    }

    /** Reads everything that can be read; whether it was refused. */
    private boolean refuses(byte[] pack) throws IOException {
        Path file = Files.write(directory.resolve("damaged"), pack);
        try (FileTree tree = packs.mergePacks(List.of(file), MergePolicy.STANDARD)) {
            for (Map.Entry<String, Node> entry : Packs.flatten(tree.root()).entrySet()) {
                assertThat(entry.getValue().attributes()).isInstanceOf(Attributes.class);
                if (entry.getValue() instanceof RegularFile regular && regular.content().size() < 1 << 20) {
                    regular.content().packed();
                    Packs.content(regular);
                }
            }
            return false;
        } catch (CorruptDataException expected) {
            return true;
        }
    }

    private static PackFooter footer(byte[] pack) throws CorruptDataException {
        return PackFooter.read(ByteBuffer.wrap(Arrays.copyOfRange(pack, pack.length - PackFooter.SIZE, pack.length)), pack.length, "it");
    }

    private static byte[] inflate(byte[] pack, long position, PackFooter.Section section) throws Exception {
        Inflater inflater = new Inflater();
        inflater.setInput(pack, (int) position, section.stored());
        byte[] plain = new byte[section.plain()];
        assertThat(inflater.inflate(plain)).isEqualTo(plain.length);
        inflater.end();
        return plain;
    }

    private static byte[] assemble(byte[] pack, PackFooter footer, byte[] journal, byte[] places) {
        byte[] storedJournal = deflate(journal);
        byte[] storedPlaces = deflate(places);
        MessageDigest hash = Digest.Algorithm.SHA256.start();
        hash.update(storedJournal);
        hash.update(storedPlaces);
        PackFooter forged = new PackFooter(footer.compression(), footer.dataLength(), footer.dataChecksum(), footer.contentBytes(), footer.entries(), footer.whiteouts(),
                new PackFooter.Section(storedJournal.length, journal.length), new PackFooter.Section(storedPlaces.length, places.length),
                footer.diffId(), footer.blobDigest(), hash.digest());
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        out.write(pack, 0, (int) footer.dataLength());
        out.writeBytes(storedJournal);
        out.writeBytes(storedPlaces);
        out.writeBytes(forged.write().array());
        return out.toByteArray();
    }

    private static byte[] deflate(byte[] plain) {
        Deflater deflater = new Deflater();
        deflater.setInput(plain);
        deflater.finish();
        byte[] stored = new byte[plain.length + 100];
        int length = deflater.deflate(stored);
        deflater.end();
        return Arrays.copyOf(stored, length);
    }

    private static byte[] bytes(FileTree tree, String name) throws IOException {
        try (InputStream in = ((RegularFile) tree.root().children().get(name)).content().open()) {
            return in.readAllBytes();
        }
    }

    private static PackedContent packed(FileTree tree, String name) {
        return ((RegularFile) tree.root().children().get(name)).content().packed().orElseThrow();
    }
}
