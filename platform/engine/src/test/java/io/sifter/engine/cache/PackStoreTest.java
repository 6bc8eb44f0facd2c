package io.sifter.engine.cache;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.sifter.image.layer.LayerLimits;
import io.sifter.image.layer.LayerPack;
import io.sifter.spi.error.CorruptDataException;
import io.sifter.spi.event.Event;
import io.sifter.spi.event.Task;
import io.sifter.spi.reference.Digest;
import io.sifter.spi.source.ByteSource;
import io.sifter.spi.source.Layer;
import io.sifter.spi.tree.Compression;
import io.sifter.squashfs.BlockBuffers;
import io.sifter.testkit.TarLayer;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.SequenceInputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.Random;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

@Timeout(60)
class PackStoreTest {
    private static final Compression COMPRESSION = new Compression(Compression.Codec.GZIP, 5, 128 << 10);

    @TempDir
    Path directory;
    private final ExecutorService workers = Executors.newFixedThreadPool(2);
    private final List<Event> events = Collections.synchronizedList(new ArrayList<>());
    private final TarLayer tar = TarLayer.with().directory("d").file("d/random", random(300_000)).file("d/text", "moo");
    private final byte[] blob = tar.gzip();
    private Cache cache;
    private PackStore store;

    @BeforeEach
    void open() throws IOException {
        cache = Cache.at(directory);
        store = newStore();
    }

    private PackStore newStore() {
        return new PackStore(cache, new Locks(cache), new SideFiles(cache), workers, new BlockBuffers(8 << 20), LayerLimits.STANDARD, true,
                new Uses(cache), events::add);
    }

    @AfterEach
    void stop() {
        workers.shutdownNow();
    }

    @Test
    void convertsALayerOnceAndKeepsItsBlob() throws Exception {
        AtomicInteger opened = new AtomicInteger();
        Layer layer = layer(offset -> {
            opened.incrementAndGet();
            return new ByteArrayInputStream(blob, (int) offset, blob.length);
        });

        for (int round = 0; round < 2; round++) {
            try (LayerPack pack = store.obtain(layer, 0, COMPRESSION)) {
                assertThat(pack.info().diffId()).isEqualTo(tar.diffId());
                assertThat(pack.info().entries()).isEqualTo(3);
            }
        }

        assertThat(opened).hasValue(1);
        assertThat(cache.oci().has(Digest.sha256(blob), blob.length)).isTrue();
        assertThat(started()).containsExactly(Task.Kind.LAYER, Task.Kind.REPEATED_LAYER);
        assertThat(leftovers()).isEmpty();
    }

    @Test
    void everyTaskEndsAndItsBytesAddUp() throws Exception {
        store.obtain(layer(_ -> new ByteArrayInputStream(blob)), 0, COMPRESSION).close();

        assertThat(events.stream().filter(Event.Advanced.class::isInstance).mapToLong(e -> ((Event.Advanced) e).bytes()).sum())
                .isEqualTo(blob.length);
        assertThat(events.getFirst()).isInstanceOf(Event.Started.class);
        assertThat(events.getLast()).isInstanceOf(Event.Finished.class);
    }

    @Test
    void manyThreadsFetchALayerOnce() throws Exception {
        AtomicInteger opened = new AtomicInteger();
        Layer layer = layer(_ -> {
            opened.incrementAndGet();
            return new ByteArrayInputStream(blob);
        });
        // Every other thread has a store of its own, as another engine in this process would.
        List<Callable<Void>> tasks = new ArrayList<>();
        for (int i = 0; i < 8; i++) {
            PackStore mine = i % 2 == 0 ? store : newStore();
            tasks.add(() -> {
                mine.obtain(layer, 0, COMPRESSION).close();
                return null;
            });
        }
        try (ExecutorService threads = Executors.newFixedThreadPool(8)) {
            for (var done : threads.invokeAll(tasks)) {
                done.get();
            }
        }

        assertThat(opened).hasValue(1);
    }

    @Test
    void goesOnWhereADownloadWasCut() throws Exception {
        int cut = blob.length / 2;
        Layer failing = layer(_ -> new SequenceInputStream(new ByteArrayInputStream(blob, 0, cut), new InputStream() {
            @Override
            public int read() throws IOException {
                throw new IOException("connection lost");
            }
        }));
        assertThatThrownBy(() -> store.obtain(failing, 0, COMPRESSION)).hasMessage("connection lost");

        AtomicLong from = new AtomicLong(-1);
        try (LayerPack pack = newStore().obtain(layer(offset -> {
            from.set(offset);
            return new ByteArrayInputStream(blob, (int) offset, blob.length);
        }), 0, COMPRESSION)) {
            assertThat(pack.info().diffId()).isEqualTo(tar.diffId());
        }

        assertThat(from).hasValue(cut);
        assertThat(leftovers()).isEmpty();
    }

    @Test
    void aBeginningThatLostBytesToAPowerFailureIsFetchedAgain() throws Exception {
        Files.write(cache.part().resolve(Digest.sha256(blob).hex() + ".blob"), new byte[blob.length / 2]);
        List<Long> from = new ArrayList<>();

        try (LayerPack pack = store.obtain(layer(offset -> {
            from.add(offset);
            return new ByteArrayInputStream(blob, (int) offset, blob.length);
        }), 0, COMPRESSION)) {
            assertThat(pack.info().diffId()).isEqualTo(tar.diffId());
        }

        assertThat(from).containsExactly((long) blob.length / 2, 0L);
        assertThat(leftovers()).isEmpty();
    }

    @Test
    void aFetchedBlobIsNotKeptIfNobodyWantsIt() throws Exception {
        PackStore lean = new PackStore(cache, new Locks(cache), new SideFiles(cache), workers, new BlockBuffers(8 << 20),
                LayerLimits.STANDARD, false, new Uses(cache), events::add);

        lean.obtain(layer(_ -> new ByteArrayInputStream(blob)), 0, COMPRESSION).close();

        assertThat(cache.oci().has(Digest.sha256(blob), blob.length)).isFalse();
        assertThat(find()).exists();
        assertThat(leftovers()).isEmpty();
    }

    @Test
    void whoNeedsTheFilesOnceLeavesNoPackAndUsesWhatIsThere() throws Exception {
        Layer layer = layer(_ -> new ByteArrayInputStream(blob));

        try (LayerPack pack = store.passing().obtain(layer, 0, COMPRESSION)) {
            assertThat(pack.info().diffId()).isEqualTo(tar.diffId());
            assertThat(pack.info().compression().level()).isZero();
            assertThat(pack.info().size()).isGreaterThan(pack.info().contentBytes());
            assertThat(find()).doesNotExist();
            assertThat(leftovers()).isEmpty();
        }

        store.obtain(layer, 0, COMPRESSION).close();
        assertThat(find()).exists();
        try (LayerPack pack = store.passing().obtain(layer, 0, COMPRESSION)) {
            assertThat(pack.info().compression()).isEqualTo(COMPRESSION);
        }
    }

    @Test
    void needsRoomForBlobAndPackUntilTheyAreThere() throws Exception {
        Layer layer = layer(_ -> new ByteArrayInputStream(blob));
        assertThat(store.need(List.of(layer, layer), COMPRESSION)).isBetween(4L * blob.length, 5L * blob.length);

        store.obtain(layer, 0, COMPRESSION).close();
        assertThat(store.need(List.of(layer), COMPRESSION)).isZero();

        Files.delete(find());
        assertThat(store.need(List.of(layer), COMPRESSION)).isBetween((long) blob.length, 2L * blob.length - 1);
    }

    private Path find() throws IOException {
        return cache.pack(PackStore.key(tar.diffId(), COMPRESSION));
    }

    @Test
    void aDamagedBlobIsRefusedAndForgotten() throws Exception {
        byte[] damaged = blob.clone();
        damaged[blob.length / 2] ^= 1;

        assertThatThrownBy(() -> store.obtain(layer(_ -> new ByteArrayInputStream(damaged)), 0, COMPRESSION))
                .isInstanceOf(CorruptDataException.class)
                .hasMessageContaining(Digest.sha256(blob).toString())
                .hasMessageContaining(Digest.sha256(damaged).toString());

        assertThat(leftovers()).isEmpty();
        assertThat(cache.oci().has(Digest.sha256(blob), blob.length)).isFalse();
        store.obtain(layer(offset -> new ByteArrayInputStream(blob, (int) offset, blob.length)), 0, COMPRESSION).close();
    }

    @Test
    void aBlobOfAnotherSizeIsRefused() throws Exception {
        byte[] longer = Arrays.copyOf(blob, blob.length + 1);

        assertThatThrownBy(() -> store.obtain(layer(_ -> new ByteArrayInputStream(longer)), 0, COMPRESSION))
                .isInstanceOf(CorruptDataException.class).hasMessageContaining("more than the " + blob.length + " bytes");
        assertThatThrownBy(() -> store.obtain(layer(_ -> new ByteArrayInputStream(blob, 0, blob.length - 1)), 0, COMPRESSION))
                .isInstanceOf(CorruptDataException.class).hasMessageContaining("%d bytes arrived".formatted(blob.length - 1));
        assertThat(leftovers()).isEmpty();
    }

    @Test
    void aWrongDiffIdIsRefusedAndNoPackStays() throws Exception {
        Digest wrong = Digest.sha256(new byte[] {1});
        Layer layer = new Layer("application/vnd.oci.image.layer.v1.tar+gzip", Optional.of(Digest.sha256(blob)),
                OptionalLong.of(blob.length), Optional.of(wrong), _ -> new ByteArrayInputStream(blob), false);

        assertThatThrownBy(() -> store.obtain(layer, 0, COMPRESSION))
                .isInstanceOf(CorruptDataException.class).hasMessageContaining(wrong.toString());
        assertThat(leftovers()).isEmpty();
        try (Stream<Path> packs = Files.list(directory.resolve("pack"))) {
            assertThat(packs).isEmpty();
        }
    }

    @Test
    void aDamagedPackIsMadeAgain() throws Exception {
        Layer layer = layer(_ -> new ByteArrayInputStream(blob));
        store.obtain(layer, 0, COMPRESSION).close();
        Path pack = cache.pack(PackStore.key(tar.diffId(), COMPRESSION));
        byte[] bytes = Files.readAllBytes(pack);
        Files.write(pack, Arrays.copyOf(bytes, bytes.length - 10));

        store.obtain(layer, 0, COMPRESSION).close();

        try (LayerPack made = LayerPack.open(pack)) {
            assertThat(made.info().diffId()).isEqualTo(tar.diffId());
        }
    }

    @Test
    void aPackThatLostBytesToAPowerFailureIsMadeAgain() throws Exception {
        Layer layer = layer(_ -> new ByteArrayInputStream(blob));
        store.obtain(layer, 0, COMPRESSION).close();
        Path pack = cache.pack(PackStore.key(tar.diffId(), COMPRESSION));
        byte[] damaged = Files.readAllBytes(pack);
        Arrays.fill(damaged, 0, 4096, (byte) 0);
        Files.write(pack, damaged);

        store.obtain(layer, 0, COMPRESSION).close();

        try (LayerPack made = LayerPack.open(pack)) {
            made.verify();
        }
    }

    @Test
    void aCacheThatIsDeletedMeanwhileIsMadeAgain() throws Exception {
        Layer layer = layer(_ -> new ByteArrayInputStream(blob));
        store.obtain(layer, 0, COMPRESSION).close();
        SideFiles.deleteTree(directory);

        store.obtain(layer, 0, COMPRESSION).close();

        assertThat(cache.oci().has(Digest.sha256(blob), blob.length)).isTrue();
    }

    @Test
    void localBlobsAreNotCopied() throws Exception {
        Layer layer = new Layer("application/vnd.oci.image.layer.v1.tar+gzip", Optional.of(Digest.sha256(blob)),
                OptionalLong.of(blob.length), Optional.of(tar.diffId()), _ -> new ByteArrayInputStream(blob), true);

        store.obtain(layer, 0, COMPRESSION).close();

        assertThat(cache.oci().has(Digest.sha256(blob), blob.length)).isFalse();
        assertThat(started()).containsExactly(Task.Kind.LAYER);
    }

    @Test
    void aBlobThatLostBytesToAPowerFailureIsFetchedAgain() throws Exception {
        Layer layer = layer(offset -> new ByteArrayInputStream(blob, (int) offset, blob.length));
        store.obtain(layer, 0, COMPRESSION).close();
        Path kept = cache.oci().path(Digest.sha256(blob));
        for (int at : new int[] {0, blob.length / 2}) {
            Files.delete(cache.pack(PackStore.key(tar.diffId(), COMPRESSION)));
            byte[] damaged = blob.clone();
            Arrays.fill(damaged, at, at + 100, (byte) 0);
            Files.write(kept, damaged);

            try (LayerPack pack = store.obtain(layer, 0, COMPRESSION)) {
                pack.verify();
            }

            assertThat(kept).hasBinaryContent(blob);
        }
        assertThat(leftovers()).isEmpty();
    }

    @Test
    void whereFilesCannotBeLockedTheWorkIsDoneWithoutLocks() throws Exception {
        // Opening a directory for writing fails as locking does where a file system has no locks.
        Files.createDirectory(cache.lock(Digest.sha256(blob).hex()));
        Layer layer = layer(offset -> new ByteArrayInputStream(blob, (int) offset, blob.length));
        List<Callable<Void>> tasks = new ArrayList<>();
        for (int i = 0; i < 8; i++) {
            PackStore own = newStore();
            tasks.add(() -> {
                try (LayerPack pack = own.obtain(layer, 0, COMPRESSION)) {
                    pack.verify();
                }
                return null;
            });
        }
        try (ExecutorService threads = Executors.newFixedThreadPool(8)) {
            for (var done : threads.invokeAll(tasks)) {
                done.get();
            }
        }

        assertThat(leftovers()).isEmpty();
        assertThat(cache.oci().has(Digest.sha256(blob), blob.length)).isTrue();
    }

    private Layer layer(ByteSource bytes) {
        return new Layer("application/vnd.oci.image.layer.v1.tar+gzip", Optional.of(Digest.sha256(blob)),
                OptionalLong.of(blob.length), Optional.of(tar.diffId()), bytes, false);
    }

    private List<Task.Kind> started() {
        return events.stream().filter(Event.Started.class::isInstance).map(event -> ((Event.Started) event).task().kind()).toList();
    }

    /** What is in the directory of unfinished things, the layout's lock file and what is said of uses aside. */
    private List<String> leftovers() throws IOException {
        try (Stream<Path> files = Files.list(directory.resolve("part"))) {
            return files.map(file -> file.getFileName().toString()).filter(name -> !name.endsWith(".lock") && !name.startsWith("use.")).toList();
        }
    }

    private static byte[] random(int length) {
        byte[] bytes = new byte[length];
        new Random(7).nextBytes(bytes);
        return bytes;
    }
}
