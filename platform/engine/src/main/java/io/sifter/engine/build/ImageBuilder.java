package io.sifter.engine.build;

import io.sifter.engine.cache.BuildResults;
import io.sifter.engine.cache.Cache;
import io.sifter.engine.cache.PackStore;
import io.sifter.engine.cache.SideFiles;
import io.sifter.engine.concurrent.Concurrent;
import io.sifter.image.document.Descriptor;
import io.sifter.image.document.Documents;
import io.sifter.image.document.ImageConfig;
import io.sifter.image.layer.LayerMerge;
import io.sifter.image.layer.LayerPack;
import io.sifter.image.layer.MergePolicy;
import io.sifter.image.layout.OciStore;
import io.sifter.spi.error.CorruptDataException;
import io.sifter.spi.event.Event;
import io.sifter.spi.event.Event.Milestone;
import io.sifter.spi.event.Task;
import io.sifter.spi.reference.Digest;
import io.sifter.spi.reference.Platform;
import io.sifter.spi.source.Document;
import io.sifter.spi.source.Layer;
import io.sifter.spi.source.LayeredImage;
import io.sifter.spi.tree.Compression;
import io.sifter.spi.tree.FileTree;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.concurrent.Callable;
import java.util.function.Consumer;

/** Makes a container of a layered image: layers to packs, packs to one tree, the tree completed. */
public final class ImageBuilder {
    private final Cache cache;
    private final BuildResults results;
    private final SideFiles sideFiles;
    private final int parallelLayers;
    private final long maxUnpacked;
    private final Consumer<Event> events;

    /** @param maxUnpacked how many bytes the files of all layers of an image may have together */
    public ImageBuilder(Cache cache, BuildResults results, SideFiles sideFiles, int parallelLayers, long maxUnpacked, Consumer<Event> events) {
        this.cache = cache;
        this.results = results;
        this.sideFiles = sideFiles;
        this.parallelLayers = parallelLayers;
        this.maxUnpacked = maxUnpacked;
        this.events = events;
    }

    /**
     * Makes a SIF that was made before, if all is still there that it takes. It is told as if it were built now.
     *
     * @param key of all that determines the SIF's bytes
     * @return whether it is made; if not, the target is as it was
     */
    public boolean again(String key, LayeredImage image, ImageConfig config, PackStore packs, Compression compression, Path target)
            throws IOException, InterruptedException {
        Optional<Path> kept = kept(key, image);
        Optional<Reassembly> begun = kept.isEmpty() ? Optional.empty() : begin(kept.get(), packs, compression, target);
        if (begun.isEmpty()) {
            return false;
        }
        try (Reassembly reassembly = begun.get()) {
            return again(reassembly, image, config, packs);
        }
    }

    /**
     * Begins to make what a recipe tells of, while it is not known yet whether that is the image.
     *
     * @return empty where that cannot be; the caller closes it
     */
    public Optional<Reassembly> begin(Path recipe, PackStore packs, Compression compression, Path target) throws IOException {
        return Reassembly.begin(recipe, packs, sideFiles, compression, target, events);
    }

    /**
     * As {@link #again}, with what was begun when the image was not known yet.
     *
     * @return whether it is this image, and made
     */
    public boolean take(Reassembly begun, String key, LayeredImage image, ImageConfig config, PackStore packs) throws IOException, InterruptedException {
        return kept(key, image).equals(Optional.of(begun.file())) && again(begun, image, config, packs);
    }

    private Optional<Path> kept(String key, LayeredImage image) throws IOException {
        return image.sequence().isPresent() ? Optional.empty() : results.find(key);
    }

    private boolean again(Reassembly reassembly, LayeredImage image, ImageConfig config, PackStore packs) throws IOException, InterruptedException {
        List<Optional<Digest>> layers = image.layers().stream().map(Layer::diffId).toList();
        if (!layers.equals(reassembly.recipe().diffIds().stream().map(Optional::of).toList())
                || reassembly.contentBytes() > maxUnpacked || !reassembly.ready()) {
            return false;
        }
        reached(Milestone.SOURCE_OPENED);
        for (int i = 0; i < layers.size(); i++) {
            packs.announceRepeated(image.layers().get(i), i);
        }
        tellConfig(image);
        reassembly.recipe().notes().forEach(note -> events.accept(Event.warning(note)));
        arrived(image, config);
        reached(Milestone.CREATING_SIF);
        reassembly.finish();
        return true;
    }

    /** A draft that is kept, if it pays, when its SIF is written. */
    public Recipe.Draft draft(String key) {
        return new Recipe.Draft((draft, sif) -> {
            try {
                if (draft.pays(sif)) {
                    results.keep(key, false, file -> draft.write(sif, file));
                }
            } catch (IOException e) {
                // The image is there; only the next one like it takes longer.
                events.accept(new Event.Logged(Event.Level.VERBOSE, "How the image was put together is not kept: " + e.getMessage()));
            }
        });
    }

    /**
     * Makes the container; the caller closes its tree.
     *
     * @param config the image's configuration, parsed
     * @param packs where packs are had from
     * @param draft notes what the image is put together of
     */
    public Container build(LayeredImage image, ImageConfig config, Platform wanted, PackStore packs, Compression compression, MergePolicy policy,
                           Container.Origin origin, Recipe.Draft draft) throws IOException, InterruptedException {
        FileTree tree = merge(image, config, packs, compression, policy, draft);
        try {
            return Container.fromImage(tree, config, wanted, origin);
        } catch (IOException | RuntimeException e) {
            tree.close();
            throw e;
        }
    }

    /** The image's tree as its layers have it; the caller closes it. */
    public FileTree merge(LayeredImage image, ImageConfig config, PackStore packs, Compression compression, MergePolicy policy)
            throws IOException, InterruptedException {
        return merge(image, config, packs, compression, policy, Recipe.Draft.idle());
    }

    private FileTree merge(LayeredImage image, ImageConfig config, PackStore packs, Compression compression, MergePolicy policy, Recipe.Draft draft)
            throws IOException, InterruptedException {
        FileTree tree = obtain(image, packs, compression, policy, draft);
        try {
            arrived(image, config);
            return tree;
        } catch (IOException | InterruptedException | RuntimeException e) {
            tree.close();
            throw e;
        }
    }

    private void arrived(LayeredImage image, ImageConfig config) throws IOException, InterruptedException {
        remember(image, config);
        reached(Milestone.MANIFEST_WRITTEN);
        reached(Milestone.SIGNATURES_STORED);
    }

    /** Packs of all layers, merged. */
    private FileTree obtain(LayeredImage image, PackStore packs, Compression compression, MergePolicy policy, Recipe.Draft draft)
            throws IOException, InterruptedException {
        reached(Milestone.SOURCE_OPENED);
        // What is odd about layers is told after what is told of their coming.
        List<Event> held = new ArrayList<>();
        FileTree tree = image.sequence().isPresent()
                ? LayerMerge.merge(new SequencePacks(packs, compression).obtain(image.layers(), image.sequence().get()), policy, held::add)
                : sideBySide(image, packs, compression, new LayerMerge(policy, held::add), draft);
        tellConfig(image);
        held.forEach(draft::note);
        held.forEach(events);
        return tree;
    }

    private void tellConfig(LayeredImage image) {
        Document config = image.config();
        Task task = new Task(Task.Kind.CONFIG, config.digest().toString(), OptionalLong.of(config.content().length), 0);
        events.accept(new Event.Started(task));
        events.accept(new Event.Advanced(task, config.content().length));
        events.accept(new Event.Finished(task));
    }

    /** Layers are merged while those above them are still on their way. */
    private FileTree sideBySide(LayeredImage image, PackStore packs, Compression compression, LayerMerge merge, Recipe.Draft draft)
            throws IOException, InterruptedException {
        Arrival arrival = new Arrival(image.layers().size(), merge);
        List<Callable<Void>> tasks = new ArrayList<>();
        for (int i = 0; i < image.layers().size(); i++) {
            Layer layer = image.layers().get(i);
            int position = i;
            tasks.add(() -> {
                LayerPack pack = packs.obtain(layer, position, compression);
                draft.layer(position, pack);
                arrival.add(pack, position);
                return null;
            });
        }
        try {
            if (!tasks.isEmpty()) {
                Concurrent.all(Math.min(parallelLayers, tasks.size()), "layer", tasks);
            }
            return merge.finish();
        } catch (IOException | InterruptedException | RuntimeException | Error e) {
            arrival.close();
            throw e;
        }
    }

    /** Packs as they come, in any order, merged in the order of their layers. */
    private final class Arrival {
        private final LayerPack[] arrived;
        private final LayerMerge merge;
        private int merged;
        private long unpacked;

        Arrival(int layers, LayerMerge merge) {
            this.arrived = new LayerPack[layers];
            this.merge = merge;
        }

        /** Merges the pack and what waited for it, if it is the next one. Merging is quick, compared with packing. */
        synchronized void add(LayerPack pack, int position) throws IOException {
            arrived[position] = pack;
            unpacked += pack.info().contentBytes();
            if (unpacked < 0 || unpacked > maxUnpacked) {
                throw new CorruptDataException("The layers of the image unpack to more than the %d bytes that are allowed".formatted(maxUnpacked),
                        "If the image is trusted, raise convert.max-unpacked in the configuration.");
            }
            while (merged < arrived.length && arrived[merged] != null) {
                merge.apply(arrived[merged++]);
            }
        }

        synchronized void close() throws IOException {
            for (LayerPack pack : arrived) {
                if (pack != null) {
                    pack.close();
                }
            }
        }
    }

    /** Enters the image into the layout of the cache, if all its blobs are there. */
    private void remember(LayeredImage image, ImageConfig config) throws IOException, InterruptedException {
        OciStore oci = cache.oci();
        for (Layer layer : image.layers()) {
            if (layer.digest().isEmpty() || !oci.has(layer.digest().get(), layer.size().orElse(-1))) {
                return;
            }
        }
        Document manifest = Documents.toOci(image.manifest());
        oci.put(image.config());
        oci.put(manifest);
        oci.add(Descriptor.of(manifest).named(image.manifest().digest().hex(), config.platform()));
    }

    private void reached(Milestone milestone) {
        events.accept(new Event.Reached(milestone, ""));
    }
}
