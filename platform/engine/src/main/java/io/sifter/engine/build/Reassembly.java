package io.sifter.engine.build;

import io.sifter.engine.cache.FreeSpace;
import io.sifter.engine.cache.PackStore;
import io.sifter.engine.cache.SideFiles;
import io.sifter.engine.concurrent.Concurrent;
import io.sifter.image.directory.Workplace;
import io.sifter.image.layer.LayerPack;
import io.sifter.spi.error.CorruptDataException;
import io.sifter.spi.error.ExternalException;
import io.sifter.spi.event.Event;
import io.sifter.spi.event.Event.Level;
import io.sifter.spi.tree.Compression;
import java.io.IOException;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.FutureTask;
import java.util.function.Consumer;

/**
 * A SIF that was made before, on its way to its place once more. It is written from the beginning on by a thread of its own, beside its
 * target, and takes the target's place when {@link #finish} says that it is wanted; {@link #close} removes what nobody wanted. So it can be
 * begun while a registry is still asked whether it is the right one. What a killed process leaves is on record. One thread; whoever begins
 * it closes it.
 */
public final class Reassembly implements AutoCloseable {
    private final Path file;
    private final Recipe recipe;
    private final List<LayerPack> packs;
    private final SideFiles.SideFile record;
    private final Consumer<Event> events;
    /** The file is whole, or has failed. */
    private final CountDownLatch written = new CountDownLatch(1);
    /** Looked at when that is so. */
    private boolean whole;
    private final CountDownLatch wanted = new CountDownLatch(1);
    private final FutureTask<Void> making;
    private final Thread thread;

    private Reassembly(Path file, Recipe recipe, List<LayerPack> packs, SideFiles.SideFile record, Path target, Consumer<Event> events) {
        this.file = file;
        this.recipe = recipe;
        this.packs = packs;
        this.record = record;
        this.events = events;
        this.making = new FutureTask<>(() -> {
            make(target);
            return null;
        });
        this.thread = Thread.ofPlatform().name("reassembly").daemon().start(making);
    }

    /**
     * @param file the recipe
     * @return empty where the recipe or a pack that it speaks of is not there, or damaged, or where there is no room for the target
     */
    static Optional<Reassembly> begin(Path file, PackStore packs, SideFiles sideFiles, Compression compression, Path target, Consumer<Event> events)
            throws IOException {
        Recipe recipe = null;
        SideFiles.SideFile record = null;
        List<LayerPack> opened = List.of();
        boolean begun = false;
        try {
            recipe = Recipe.open(file);
            opened = packs.blocks(recipe.diffIds(), compression).orElse(List.of());
            if (recipe.fits(opened) && hasRoom(target, recipe.size())) {
                record = sideFiles.beside(target);
                Optional<Reassembly> reassembly = Optional.of(new Reassembly(file, recipe, opened, record, target, events));
                begun = true;
                return reassembly;
            }
        } catch (NoSuchFileException gone) {
            // Somebody empties the cache.
        } catch (CorruptDataException damaged) {
            tellDamage(damaged, events);
        } finally {
            if (!begun) {
                close(recipe, opened, record);
            }
        }
        return Optional.empty();
    }

    private static boolean hasRoom(Path target, long bytes) throws IOException {
        try {
            new FreeSpace().need(target.toAbsolutePath().getParent(), bytes).require();
            return true;
        } catch (ExternalException full) {
            // Told when it is looked for the room that making the image anew takes.
            return false;
        }
    }

    private void make(Path target) throws IOException, InterruptedException {
        try {
            Workplace.writeImage(target, events, out -> {
                recipe.write(packs, out);
                whole = true;
                written.countDown();
                wanted.await();
            });
        } finally {
            written.countDown();
        }
    }

    /** Where the recipe lies. */
    Path file() {
        return file;
    }

    Recipe recipe() {
        return recipe;
    }

    /** Of all files of all layers; the largest number where there is none for it. */
    long contentBytes() {
        return packs.stream().mapToLong(pack -> pack.info().contentBytes())
                .reduce(0, (sum, more) -> more < 0 || sum > Long.MAX_VALUE - more ? Long.MAX_VALUE : sum + more);
    }

    /**
     * Waits until the file is written.
     *
     * @return false if something that it is made of was damaged; the target stays as it is then
     */
    boolean ready() throws IOException, InterruptedException {
        written.await();
        if (whole) {
            return true;
        }
        try {
            Concurrent.result(making);
            throw new IllegalStateException("Neither written nor failed");
        } catch (CorruptDataException damaged) {
            tellDamage(damaged, events);
            return false;
        }
    }

    /** Lets the file, which is {@link #ready}, take its target's place. */
    void finish() throws IOException, InterruptedException {
        wanted.countDown();
        Concurrent.result(making);
    }

    private static void tellDamage(CorruptDataException damaged, Consumer<Event> events) {
        events.accept(new Event.Logged(Level.VERBOSE, "Putting the image together anew: " + damaged.getMessage()));
    }

    @Override
    public void close() throws IOException {
        making.cancel(true);
        boolean interrupted = false;
        while (thread.isAlive()) {
            try {
                thread.join();
            } catch (InterruptedException e) {
                interrupted = true;
            }
        }
        if (interrupted) {
            Thread.currentThread().interrupt();
        }
        close(recipe, packs, record);
    }

    private static void close(Recipe recipe, List<LayerPack> packs, SideFiles.SideFile record) throws IOException {
        if (record != null) {
            record.close();
        }
        for (LayerPack pack : packs) {
            pack.close();
        }
        if (recipe != null) {
            recipe.close();
        }
    }
}
