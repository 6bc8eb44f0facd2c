package io.sifter.engine.build;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.sifter.engine.cache.BuildResults;
import io.sifter.engine.cache.Cache;
import io.sifter.engine.cache.Locks;
import io.sifter.engine.cache.PackStore;
import io.sifter.engine.cache.SideFiles;
import io.sifter.engine.cache.Uses;
import io.sifter.image.document.Documents;
import io.sifter.image.document.ImageConfig;
import io.sifter.image.layer.LayerLimits;
import io.sifter.image.layer.LayerPack;
import io.sifter.image.layer.MergePolicy;
import io.sifter.spi.error.CorruptDataException;
import io.sifter.spi.event.Event;
import io.sifter.spi.event.Task;
import io.sifter.spi.reference.Digest;
import io.sifter.spi.reference.Platform;
import io.sifter.spi.source.Layer;
import io.sifter.spi.source.LayeredImage;
import io.sifter.spi.tree.Compression;
import io.sifter.squashfs.BlockBuffers;
import io.sifter.squashfs.SquashFsOptions;
import io.sifter.squashfs.SquashFsWriter;
import io.sifter.testkit.TarLayer;
import io.sifter.testkit.registry.TestImage;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.Random;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.stream.Stream;
import java.util.zip.CRC32C;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

@Timeout(60)
class RecipeTest {
    private static final Compression COMPRESSION = new Compression(Compression.Codec.GZIP, 1, 4096);
    private static final Platform PLATFORM = Platform.parse("linux/amd64");
    private static final Container.Origin ORIGIN = new Container.Origin(Map.of(), Instant.EPOCH, "image", "1", "codec");
    private static final String KEY = Recipe.key(ORIGIN, PLATFORM);

    @TempDir
    Path directory;
    private final ExecutorService workers = Executors.newFixedThreadPool(2);
    private final List<Event> events = Collections.synchronizedList(new ArrayList<>());
    private final Random random = new Random(11);
    private Cache cache;
    private BuildResults results;
    private SideFiles sideFiles;
    private PackStore store;
    private ImageBuilder builder;
    private LayeredImage image;
    private Path first;
    private Path second;

    @BeforeEach
    void buildOnce() throws Exception {
        first = directory.resolve("first");
        second = directory.resolve("second");
        cache = Cache.at(directory.resolve("cache"));
        sideFiles = new SideFiles(cache);
        Uses uses = new Uses(cache);
        store = new PackStore(cache, new Locks(cache), sideFiles, workers, new BlockBuffers(8 << 20), LayerLimits.STANDARD, true, uses, events::add);
        results = new BuildResults(cache, sideFiles, uses);
        builder = new ImageBuilder(cache, results, sideFiles, 3, Long.MAX_VALUE, events::add);
        byte[] twice = random(20_000);
        // Hidden by the second layer; equal in both; small ones that share a block of which only a part is left; named twice, which is odd.
        TarLayer below = TarLayer.with().directory("d").file("d/hidden", random(300_000)).file("d/large", random(500_001)).file("d/same", twice)
                .file("d/one", random(700)).file("d/two", random(700)).file("d/two", random(800)).file("d/zeros", new byte[50_000]);
        TarLayer above = TarLayer.with().file("d/.wh.hidden", "").file("d/again", twice).file("d/one", random(900)).file("e", random(123_456));
        TestImage made = TestImage.with().layer(below.tar()).layer(above.tar()).build();
        image = new LayeredImage(made.manifest(), made.config(), List.of(layer(below), layer(above)));

        Recipe.Draft draft = builder.draft(KEY);
        Container container = builder.build(image, config(), PLATFORM, store, COMPRESSION, MergePolicy.STANDARD, ORIGIN, draft);
        try (FileChannel out = FileChannel.open(first, StandardOpenOption.CREATE, StandardOpenOption.READ, StandardOpenOption.WRITE)) {
            SquashFsWriter.write(container.tree(), out, 0, new SquashFsOptions(COMPRESSION, false, 0, OptionalLong.empty(), first, draft), workers);
            Event odd = Event.warning("What a sink has to say");
            events.add(odd);
            draft.note(odd);
            draft.written(out);
        } finally {
            container.tree().close();
        }
    }

    @AfterEach
    void stop() {
        workers.shutdownNow();
    }

    private static Layer layer(TarLayer tar) {
        byte[] bytes = tar.tar();
        return new Layer("application/vnd.oci.image.layer.v1.tar", Optional.of(Digest.sha256(bytes)), OptionalLong.of(bytes.length),
                Optional.of(tar.diffId()), offset -> new ByteArrayInputStream(bytes, (int) offset, bytes.length), true);
    }

    private byte[] random(int length) {
        byte[] bytes = new byte[length];
        random.nextBytes(bytes);
        return bytes;
    }

    private ImageConfig config() throws IOException {
        return Documents.parseConfig(image.config());
    }

    private boolean again() throws Exception {
        return builder.again(KEY, image, config(), store, COMPRESSION, second);
    }

    private Path kept() {
        return directory.resolve("cache/pack/" + KEY + ".pack");
    }

    @Test
    void theSameFileIsMadeOfThePacksAlone() throws Exception {
        assertThat(Files.size(kept())).isLessThan(Files.size(first) / 20);

        assertThat(again()).isTrue();

        assertThat(second).hasSameBinaryContentAs(first).isExecutable();
    }

    @Test
    void whatWasToldIsToldAgain() throws Exception {
        List<String> before = logged();
        assertThat(before).anyMatch(line -> line.contains("'d/two' is in one layer more than once")).endsWith("What a sink has to say");
        events.clear();

        again();

        assertThat(logged()).isEqualTo(before);
        assertThat(events.stream().filter(Event.Started.class::isInstance).map(event -> ((Event.Started) event).task().kind()))
                .containsExactly(Task.Kind.REPEATED_LAYER, Task.Kind.REPEATED_LAYER, Task.Kind.CONFIG);
        assertThat(events.stream().filter(Event.Reached.class::isInstance).map(event -> ((Event.Reached) event).milestone())).containsExactly(
                Event.Milestone.SOURCE_OPENED, Event.Milestone.MANIFEST_WRITTEN, Event.Milestone.SIGNATURES_STORED, Event.Milestone.CREATING_SIF);
    }

    private List<String> logged() {
        return events.stream().filter(Event.Logged.class::isInstance).map(event -> ((Event.Logged) event).message()).toList();
    }

    @Test
    void withoutItsPacksOrWithDamagedOnesNothingIsMade() throws Exception {
        for (Path pack : packs()) {
            byte[] sound = Files.readAllBytes(pack);
            for (int at : new int[] {0, 1000, sound.length / 4, sound.length - 20}) {
                byte[] damaged = sound.clone();
                damaged[at] ^= 1;
                Files.write(pack, damaged);
                assertThat(again()).as("%s, byte %d of %d", pack, at, sound.length).isFalse();
            }
            Files.delete(pack);
            assertThat(again()).isFalse();
            Files.write(pack, sound);
        }
        assertThat(second).doesNotExist();
        assertThat(again()).isTrue();
    }

    /** The packs of both layers. */
    private List<Path> packs() throws IOException {
        try (Stream<Path> files = Files.list(kept().getParent())) {
            return files.filter(file -> !file.equals(kept())).toList();
        }
    }

    @Test
    void aDamagedRecipeIsNotUsed() throws Exception {
        byte[] sound = Files.readAllBytes(kept());
        for (int trial = 0; trial < 300; trial++) {
            byte[] damaged = sound.clone();
            damaged[trial < 120 ? trial : random.nextInt(sound.length)] ^= (byte) (1 << random.nextInt(8));
            Files.write(kept(), damaged);
            assertThat(again()).isFalse();
        }
        for (int length : new int[] {0, 7, 8, 60, sound.length - 1}) {
            Files.write(kept(), Arrays.copyOf(sound, length));
            assertThat(again()).isFalse();
        }
        assertThat(second).doesNotExist();
    }

    /** With a checksum that is right. */
    @Test
    void aHostileRecipeIsRefused() throws Exception {
        long[][] hostile = {
            // layer, position, length, target, of a file of 1000 bytes
            {1, 0, 10, 0}, {-1, 0, 10, 0}, {0, -1, 10, 0}, {0, 0, 0, 0}, {0, 0, -5, 0}, {0, 0, 1001, 0}, {0, 0, 10, 995}, {0, 0, 10, -1},
            {0, 0, Long.MAX_VALUE, 1}, {0, 0, 10, Long.MAX_VALUE}};
        for (long[] run : hostile) {
            assertThatThrownBy(() -> Recipe.open(hostile(1, 1000, run))).as(Arrays.toString(run))
                    .isInstanceOf(CorruptDataException.class).hasMessageContaining("cannot be");
        }
        for (int count : new int[] {-1, Integer.MAX_VALUE}) {
            assertThatThrownBy(() -> Recipe.open(hostile(count, 1000, new long[] {0, 0, 10, 0})))
                    .isInstanceOf(CorruptDataException.class).hasMessageContaining("of anything");
        }
        assertThatThrownBy(() -> Recipe.open(hostile(0, -1, new long[] {0, 0, 0, 0}))).isInstanceOf(CorruptDataException.class);
        try (Recipe harmless = Recipe.open(hostile(1, 1000, new long[] {0, 0, 10, 0}))) {
            assertThat(harmless.notes()).isEmpty();
        }
    }

    @Test
    void aRunBeyondItsPackIsRefused() throws Exception {
        try (LayerPack pack = LayerPack.openBlocks(packs().getFirst());
                FileChannel out = FileChannel.open(second, StandardOpenOption.CREATE, StandardOpenOption.READ, StandardOpenOption.WRITE)) {
            long end = pack.blocks().length();
            for (long[] run : new long[][] {{0, end + 1}, {end, 1}, {-1, 1}, {1, Long.MAX_VALUE}, {0, -1}}) {
                assertThatThrownBy(() -> pack.copyBlocks(run[0], run[1], out, 0)).as(Arrays.toString(run)).isInstanceOf(CorruptDataException.class);
            }
            pack.copyBlocks(0, end, out, 0);
            assertThat(out.size()).isEqualTo(end);
        }
    }

    @Test
    void moreThanMayBeUnpackedIsNotMadeAgain() throws Exception {
        ImageBuilder strict = new ImageBuilder(cache, results, sideFiles, 3, 100_000, events::add);

        assertThat(strict.again(KEY, image, config(), store, COMPRESSION, second)).isFalse();
        assertThat(second).doesNotExist();
    }

    /** Of one layer with 5000 bytes of blocks. */
    private Path hostile(int runs, long size, long[] run) throws IOException {
        long rest = runs == 1 ? size - run[2] : size;
        ByteBuffer out = ByteBuffer.allocate(2000);
        out.putLong(0x5349_4654_5243_5002L).putLong(size).putInt(1);
        byte[] diffId = image.layers().getFirst().diffId().orElseThrow().toString().getBytes(StandardCharsets.UTF_8);
        out.putShort((short) diffId.length).put(diffId).putLong(5000).putInt(7);
        out.putInt(runs);
        if (runs != 0) {
            out.putInt((int) run[0]).putLong(run[1]).putLong(run[2]).putLong(run[3]);
        }
        out.putInt(0).putLong(rest).put(new byte[Math.clamp(rest, 0, 1000)]);
        CRC32C checksum = new CRC32C();
        checksum.update(out.array(), 0, out.position());
        out.putInt((int) checksum.getValue());
        return Files.write(directory.resolve("hostile"), Arrays.copyOf(out.array(), out.position()));
    }

    @Test
    void whatWasBegunAndIsNotWantedLeavesNothing() throws Exception {
        Files.writeString(second, "before");
        try (Reassembly guess = builder.begin(kept(), store, COMPRESSION, second).orElseThrow()) {
            assertThat(guess.file()).isEqualTo(kept());
        }
        assertThat(second).hasContent("before");
        try (Stream<Path> left = Files.list(directory)) {
            assertThat(left.map(file -> file.getFileName().toString())).containsExactlyInAnyOrder("cache", "first", "second");
        }
    }

    @Test
    void whatWasBegunIsTakenIfItIsTheImage() throws Exception {
        Path other = Files.copy(kept(), directory.resolve("other"));
        for (Path recipe : List.of(kept(), other)) {
            Files.deleteIfExists(second);
            try (Reassembly guess = builder.begin(recipe, store, COMPRESSION, second).orElseThrow()) {
                assertThat(builder.take(guess, KEY, image, config(), store)).isEqualTo(recipe.equals(kept()));
            }
            if (recipe.equals(kept())) {
                assertThat(second).hasSameBinaryContentAs(first);
            } else {
                assertThat(second).doesNotExist();
            }
        }
    }

    @Test
    void whatWasBegunWithDamagedPacksIsNotTaken() throws Exception {
        Path pack = packs().getFirst();
        byte[] damaged = Files.readAllBytes(pack);
        damaged[1000] ^= 1;
        Files.write(pack, damaged);

        try (Reassembly guess = builder.begin(kept(), store, COMPRESSION, second).orElseThrow()) {
            assertThat(builder.take(guess, KEY, image, config(), store)).isFalse();
        }
        assertThat(second).doesNotExist();
    }

    @Test
    void whatIsHardlyCopiedIsNotKept() throws Exception {
        Files.delete(kept());
        try (FileChannel sif = FileChannel.open(first, StandardOpenOption.READ)) {
            builder.draft(KEY).written(sif);
        }

        assertThat(kept()).doesNotExist();
    }
}
