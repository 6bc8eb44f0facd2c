package io.sifter.engine.build;

import io.sifter.engine.cache.PackStore;
import io.sifter.image.layer.LayerPack;
import io.sifter.spi.reference.Digest;
import io.sifter.spi.source.Layer;
import io.sifter.spi.source.LayerSequence;
import io.sifter.spi.tree.Compression;
import java.io.IOException;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;

/**
 * Converts layers in the order in which they come. What is converted already is neither asked for nor read; a source that has
 * nothing new is not read at all.
 */
final class SequencePacks {
    private final PackStore packs;
    private final Compression compression;

    SequencePacks(PackStore packs, Compression compression) {
        this.packs = packs;
        this.compression = compression;
    }

    /** Packs of all layers, lowest first. */
    List<LayerPack> obtain(List<Layer> layers, LayerSequence.Opener opener) throws IOException, InterruptedException {
        LayerPack[] found = new LayerPack[layers.size()];
        try {
            for (int i = 0; i < found.length; i++) {
                found[i] = packs.existing(layers.get(i), i, compression).orElse(null);
            }
            if (missing(found) >= 0) {
                try (LayerSequence sequence = opener.open()) {
                    take(layers, sequence, found);
                }
            }
            // The source knows best what to say of what did not come.
            for (int i = missing(found); i >= 0; i = missing(found)) {
                found[i] = packs.obtain(layers.get(i), i, compression);
            }
            return List.of(found);
        } catch (IOException | InterruptedException | RuntimeException e) {
            for (LayerPack pack : found) {
                if (pack != null) {
                    pack.close();
                }
            }
            throw e;
        }
    }

    private void take(List<Layer> layers, LayerSequence sequence, LayerPack[] found) throws IOException, InterruptedException {
        for (int missing = missing(found); missing >= 0; missing = missing(found)) {
            Optional<Layer> next = sequence.next();
            if (next.isEmpty()) {
                return;
            }
            Layer layer = next.get();
            boolean known = layer.diffId().isPresent();
            int position = known ? position(layers, found, layer.diffId().get()) : missing;
            if (position < 0) {
                continue;
            }
            put(layers, packs.obtain(layer, position, compression), found);
        }
    }

    /** Puts a pack where it belongs; where the image has the layer more than once, the cache has it by now. */
    private void put(List<Layer> layers, LayerPack pack, LayerPack[] found) throws IOException {
        Digest diffId = pack.info().diffId();
        int first = position(layers, found, diffId);
        if (first < 0) {
            pack.close();
            return;
        }
        found[first] = pack;
        for (int i = first + 1; i < found.length; i++) {
            if (found[i] == null && layers.get(i).diffId().equals(Optional.of(diffId))) {
                found[i] = packs.existing(layers.get(i), i, compression).orElse(null);
            }
        }
    }

    private static int missing(LayerPack[] found) {
        return Arrays.asList(found).indexOf(null);
    }

    /** Where the image has a layer that is still missing; -1 where it has none such. */
    private static int position(List<Layer> layers, LayerPack[] found, Digest diffId) {
        for (int i = 0; i < found.length; i++) {
            if (found[i] == null && layers.get(i).diffId().equals(Optional.of(diffId))) {
                return i;
            }
        }
        return -1;
    }
}
