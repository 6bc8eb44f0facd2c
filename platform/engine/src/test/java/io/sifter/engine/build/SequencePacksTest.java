package io.sifter.engine.build;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.sifter.engine.cache.Cache;
import io.sifter.engine.cache.Locks;
import io.sifter.engine.cache.PackStore;
import io.sifter.engine.cache.SideFiles;
import io.sifter.engine.cache.Uses;
import io.sifter.image.layer.LayerLimits;
import io.sifter.image.layer.LayerPack;
import io.sifter.spi.error.CorruptDataException;
import io.sifter.spi.event.Event;
import io.sifter.spi.event.Task;
import io.sifter.spi.reference.Digest;
import io.sifter.spi.source.Layer;
import io.sifter.spi.source.LayerSequence;
import io.sifter.spi.tree.Compression;
import io.sifter.squashfs.BlockBuffers;
import io.sifter.testkit.TarLayer;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Collections;
import java.util.Deque;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

@Timeout(60)
class SequencePacksTest {
    private static final Compression COMPRESSION = new Compression(Compression.Codec.GZIP, 5, 128 << 10);

    @TempDir
    Path directory;
    private final ExecutorService workers = Executors.newFixedThreadPool(1);
    private final List<Event> events = Collections.synchronizedList(new ArrayList<>());
    private final List<String> said = new ArrayList<>();
    private PackStore store;

    @BeforeEach
    void open() throws IOException {
        Cache cache = Cache.at(directory);
        store = new PackStore(cache, new Locks(cache), new SideFiles(cache), workers, new BlockBuffers(8 << 20), LayerLimits.STANDARD, true,
                new Uses(cache), events::add);
    }

    @AfterEach
    void stop() {
        workers.shutdownNow();
    }

    /** A layer whose content is its name, known by DiffID. */
    private Layer layer(String name) {
        return layer(name, Optional.of(tar(name).diffId()), Optional.empty());
    }

    private Layer layer(String name, Optional<Digest> diffId, Optional<Digest> digest) {
        byte[] tar = tar(name).tar();
        return new Layer("", digest, OptionalLong.of(tar.length), diffId, offset -> {
            said.add("read " + name);
            return new ByteArrayInputStream(tar, (int) offset, tar.length);
        }, true);
    }

    private static TarLayer tar(String name) {
        return TarLayer.with().file("name", name);
    }

    private LayerSequence.Opener sequence(Layer... layers) {
        return () -> {
            said.add("opened");
            Deque<Layer> left = new ArrayDeque<>(List.of(layers));
            return new LayerSequence() {
                @Override
                public Optional<Layer> next() {
                    return Optional.ofNullable(left.poll());
                }

                @Override
                public void close() {
                    said.add("closed with %d left".formatted(left.size()));
                }
            };
        };
    }

    private List<Digest> obtain(List<Layer> layers, LayerSequence.Opener opener) throws IOException, InterruptedException {
        List<Digest> digests = new ArrayList<>();
        for (LayerPack pack : new SequencePacks(store, COMPRESSION).obtain(layers, opener)) {
            digests.add(pack.info().diffId());
            pack.close();
        }
        return digests;
    }

    private static List<Digest> diffIds(List<Layer> layers) {
        return layers.stream().map(layer -> layer.diffId().orElseThrow()).toList();
    }

    @Test
    void layersAreTakenAsTheyComeAndReturnedInTheImagesOrder() throws Exception {
        List<Layer> image = List.of(layer("a"), layer("b"), layer("c"));

        assertThat(obtain(image, sequence(layer("c"), layer("foreign"), layer("a"), layer("b"), layer("beyond")))).isEqualTo(diffIds(image));
        assertThat(said).containsExactly("opened", "read c", "read a", "read b", "closed with 1 left");
    }

    @Test
    void whatIsConvertedAlreadyIsPassedOver() throws Exception {
        obtain(List.of(layer("b")), sequence(layer("b")));
        said.clear();
        List<Layer> image = List.of(layer("a"), layer("b"));

        assertThat(obtain(image, sequence(layer("b"), layer("a")))).isEqualTo(diffIds(image));
        assertThat(said).containsExactly("opened", "read a", "closed with 0 left");
    }

    @Test
    void aSourceThatHasNothingNewIsNotRead() throws Exception {
        List<Layer> image = List.of(layer("a"), layer("b"));
        obtain(image, sequence(layer("a"), layer("b")));
        said.clear();

        assertThat(obtain(image, sequence())).isEqualTo(diffIds(image));
        assertThat(said).isEmpty();
        assertThat(events.stream().filter(event -> event instanceof Event.Started(Task task) && task.kind() == Task.Kind.REPEATED_LAYER)).hasSize(2);
    }

    @Test
    void aLayerThatTheImageHasTwiceNeedsToComeOnce() throws Exception {
        List<Layer> image = List.of(layer("a"), layer("b"), layer("a"), layer("a"));

        assertThat(obtain(image, sequence(layer("a"), layer("b")))).isEqualTo(diffIds(image));
        assertThat(said).containsExactly("opened", "read a", "read b", "closed with 0 left");
    }

    @Test
    void layersThatComeTwiceAreReadOnce() throws Exception {
        List<Layer> image = List.of(layer("a"), layer("b"));

        assertThat(obtain(image, sequence(layer("a"), layer("a"), layer("b")))).isEqualTo(diffIds(image));
        assertThat(said).containsExactly("opened", "read a", "read b", "closed with 0 left");
    }

    @Test
    void aLayerKnownByItsDigestOnlyShowsWhatItIsWhenItWasRead() throws Exception {
        List<Layer> image = List.of(layer("a"), layer("b"));
        Layer one = layer("b", Optional.empty(), Optional.of(tar("b").diffId()));
        Layer foreign = layer("foreign", Optional.empty(), Optional.of(tar("foreign").diffId()));
        Layer two = layer("a", Optional.empty(), Optional.of(tar("a").diffId()));

        assertThat(obtain(image, sequence(one, foreign, two))).isEqualTo(diffIds(image));
    }

    @Test
    void whatDoesNotComeIsAskedForByItself() throws Exception {
        Layer absent = new Layer("", Optional.empty(), OptionalLong.empty(), Optional.of(tar("b").diffId()), _ -> {
            throw new CorruptDataException("the source lacks it");
        }, true);

        assertThatThrownBy(() -> obtain(List.of(layer("a"), absent), sequence(layer("a")))).isInstanceOf(CorruptDataException.class)
                .hasMessage("the source lacks it");
        assertThat(said).containsExactly("opened", "read a", "closed with 0 left");
    }

    @Test
    void aLayerThatIsNotWhatItIsCalledFailsAndTheSequenceIsClosed() {
        Layer lie = layer("other", Optional.of(tar("a").diffId()), Optional.empty());

        assertThatThrownBy(() -> obtain(List.of(layer("a"), layer("b")), sequence(lie, layer("b")))).isInstanceOf(CorruptDataException.class)
                .hasMessageContaining(tar("a").diffId().toString());
        assertThat(said).containsExactly("opened", "read other", "closed with 1 left");
    }
}
