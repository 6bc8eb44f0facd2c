package io.sifter.engine.cache;

import io.sifter.engine.concurrent.Concurrent;
import io.sifter.image.directory.LinuxFiles;
import io.sifter.image.layer.LayerLimits;
import io.sifter.image.layer.LayerPack;
import io.sifter.image.layer.LayerPacker;
import io.sifter.image.layout.OciLayout;
import io.sifter.image.layout.OciStore;
import io.sifter.spi.error.CorruptDataException;
import io.sifter.spi.error.ExternalException;
import io.sifter.spi.error.SifterException;
import io.sifter.spi.event.Event;
import io.sifter.spi.event.Task;
import io.sifter.spi.reference.Digest;
import io.sifter.spi.source.Layer;
import io.sifter.spi.tree.Compression;
import io.sifter.squashfs.BlockBuffers;
import io.sifter.squashfs.Codecs;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.security.DigestInputStream;
import java.security.MessageDigest;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.FutureTask;
import java.util.function.Consumer;

/**
 * Turns layers into packs, each once: what is in the cache is used, what is not is fetched and converted while it arrives.
 * Safe for any thread and any number of processes.
 */
public final class PackStore {
    private final Cache cache;
    private final Locks locks;
    private final SideFiles sideFiles;
    private final ExecutorService workers;
    private final BlockBuffers memory;
    private final LayerLimits limits;
    private final boolean keepBlobs;
    private final Uses uses;
    private final Consumer<Event> events;
    private final boolean passing;

    /** @param keepBlobs whether a fetched blob stays in the cache's layout once its pack is there */
    public PackStore(Cache cache, Locks locks, SideFiles sideFiles, ExecutorService workers, BlockBuffers memory, LayerLimits limits,
                     boolean keepBlobs, Uses uses, Consumer<Event> events) {
        this(cache, locks, sideFiles, workers, memory, limits, keepBlobs, uses, events, false);
    }

    private PackStore(Cache cache, Locks locks, SideFiles sideFiles, ExecutorService workers, BlockBuffers memory, LayerLimits limits,
                      boolean keepBlobs, Uses uses, Consumer<Event> events, boolean passing) {
        this.cache = cache;
        this.locks = locks;
        this.sideFiles = sideFiles;
        this.workers = workers;
        this.memory = memory;
        this.limits = limits;
        this.keepBlobs = keepBlobs;
        this.uses = uses;
        this.events = events;
        this.passing = passing;
    }

    /**
     * The same store for who needs the files once, and not as blocks: packs that are there are used, new ones are neither compressed,
     * which would take longer than all else, nor kept.
     */
    public PackStore passing() {
        return new PackStore(cache, locks, sideFiles, workers, memory, limits, keepBlobs, uses, events, true);
    }

    /**
     * The pack of a layer, opened; the caller closes it.
     *
     * @param position of the layer in its image, lowest is 0
     */
    public LayerPack obtain(Layer layer, int position, Compression compression) throws IOException, InterruptedException {
        Optional<LayerPack> there = existing(layer, position, compression);
        if (there.isPresent()) {
            return there.get();
        }
        // One lock for one layer: whoever waited finds the pack.
        try (Locks.Held held = locks.take(layer.displayDigest().hex(), () -> waiting(layer, position))) {
            there = find(layer, compression);
            if (there.isPresent()) {
                return repeated(layer, position, there.get());
            }
            return make(layer, position, passing ? stored(compression) : compression, held.exclusive());
        }
    }

    /** About how many bytes {@link #obtain} would write into the cache for these layers, rather more than less. */
    public long need(List<Layer> layers, Compression compression) throws IOException {
        long need = 0;
        OciStore oci = cache.oci();
        for (Layer layer : layers) {
            long size = layer.size().orElse(0);
            if (layer.diffId().isPresent() && Files.exists(cache.pack(key(layer.diffId().get(), compression)))) {
                continue;
            }
            boolean fetched = !layer.local() && !(layer.digest().isPresent() && oci.has(layer.digest().get(), size));
            // Not compressed, a layer is rarely more than three times as large.
            need += (passing ? 3 * size : FreeSpace.packed(size)) + (fetched ? size : 0);
        }
        return need;
    }

    /** As {@link #obtain}, but empty where the layer has yet to be converted. */
    public Optional<LayerPack> existing(Layer layer, int position, Compression compression) throws IOException {
        return find(layer, compression).map(pack -> repeated(layer, position, pack));
    }

    /**
     * The packs of these layers, opened for their blocks only and not verified; the caller closes them. Empty where one has yet to be
     * made. Nothing is told.
     */
    public Optional<List<LayerPack>> blocks(List<Digest> diffIds, Compression compression) throws IOException {
        List<LayerPack> packs = new ArrayList<>();
        boolean complete = false;
        try {
            for (Digest diffId : diffIds) {
                Path path = cache.pack(key(diffId, compression));
                if (!cache.trusted(path)) {
                    return Optional.empty();
                }
                packs.add(LayerPack.openBlocks(path));
                uses.add(path);
                Cache.used(path);
            }
            complete = true;
            return Optional.of(packs);
        } catch (NoSuchFileException | CorruptDataException absent) {
            return Optional.empty();
        } finally {
            if (!complete) {
                for (LayerPack pack : packs) {
                    pack.close();
                }
            }
        }
    }

    /** Tells of a layer that it was there already. */
    public void announceRepeated(Layer layer, int position) {
        Task task = new Task(Task.Kind.REPEATED_LAYER, layer.displayDigest().toString(), layer.size(), position);
        events.accept(new Event.Started(task));
        events.accept(new Event.Finished(task));
    }

    private void waiting(Layer layer, int position) {
        Task task = new Task(Task.Kind.WAIT, "another process that converts " + layer.displayDigest(), OptionalLong.empty(), position);
        events.accept(new Event.Started(task));
        events.accept(new Event.Finished(task));
    }

    private LayerPack repeated(Layer layer, int position, LayerPack pack) {
        announceRepeated(layer, position);
        return pack;
    }

    private Optional<LayerPack> find(Layer layer, Compression compression) throws IOException {
        if (layer.diffId().isEmpty()) {
            return Optional.empty();
        }
        Path path = cache.pack(key(layer.diffId().get(), compression));
        if (!cache.trusted(path)) {
            return Optional.empty();
        }
        try {
            LayerPack pack = LayerPack.open(path);
            try {
                uses.add(path);
                pack.verify();
                if (pack.info().diffId().equals(layer.diffId().get())) {
                    Cache.used(path);
                    return Optional.of(pack);
                }
            } catch (IOException | RuntimeException e) {
                pack.close();
                throw e;
            }
            pack.close();
        } catch (NoSuchFileException absent) {
            return Optional.empty();
        } catch (CorruptDataException damaged) {
            events.accept(new Event.Logged(Event.Level.VERBOSE, "Converting %s again: %s".formatted(layer.displayDigest(), damaged.getMessage())));
        }
        return Optional.empty();
    }

    /** The same without compressing: what was compressed already can stand beside it. */
    public static Compression stored(Compression compression) {
        return new Compression(compression.codec(), 0, compression.blockSize());
    }

    /** Names a pack by all that determines its bytes. */
    static String key(Digest diffId, Compression compression) {
        String identity = String.join("|", diffId.toString(), "pack " + LayerPack.FORMAT_VERSION, compression.toString(), Codecs.build(compression));
        return Digest.sha256(identity.getBytes(StandardCharsets.UTF_8)).hex();
    }

    private LayerPack make(Layer layer, int position, Compression compression, boolean exclusive) throws IOException, InterruptedException {
        try (SideFiles.SideFile part = sideFiles.inCache("pack")) {
            Digest diffId;
            try (FileChannel out = FileChannel.open(part.path(), StandardOpenOption.CREATE_NEW, StandardOpenOption.READ, StandardOpenOption.WRITE)) {
                Optional<Digest> converted = layer.local()
                        ? Optional.of(convertLocal(layer, position, layer.bytes().open(0), Task.Kind.LAYER, out, compression))
                        : convertKept(layer, position, out, compression);
                diffId = converted.isPresent() ? converted.get() : fetch(layer, position, out, compression, exclusive);
            }
            // Opened first: whoever empties the cache at this moment takes nothing away from this command.
            LayerPack pack = LayerPack.open(part.path());
            if (passing) {
                return pack;
            }
            Path path = cache.pack(key(diffId, compression));
            uses.add(path);
            try {
                Files.move(part.path(), path, StandardCopyOption.ATOMIC_MOVE);
                return pack;
            } catch (IOException | RuntimeException e) {
                pack.close();
                throw e;
            }
        } catch (IOException e) {
            throw fullDisk(e, cache.root());
        }
    }

    /** Says where there is no room, if that is what a failure means. */
    static IOException fullDisk(IOException e, Path directory) {
        for (Throwable cause = e; cause != null; cause = cause.getCause()) {
            if (cause instanceof IOException io && !(io instanceof SifterException) && LinuxFiles.full(io)) {
                return new ExternalException("The disk is full: cannot write in %s (%s)".formatted(directory, io.getMessage()),
                        "Free some space (`singularity cache clean` helps), or name another directory with SINGULARITY_CACHEDIR.", e);
            }
        }
        return e;
    }

    /** Converts the blob that an earlier command kept, if there is one and it is sound; a damaged one is removed. */
    private Optional<Digest> convertKept(Layer layer, int position, FileChannel out, Compression compression)
            throws IOException, InterruptedException {
        OciLayout layout = cache.oci().layout();
        Digest digest = layer.digest().orElseThrow();
        if (layer.size().isEmpty() || !cache.oci().has(digest, layer.size().getAsLong())) {
            return Optional.empty();
        }
        Path blob = cache.oci().path(digest);
        try {
            Digest diffId = convertLocal(layer, position, layout.blob(digest).open(0), Task.Kind.REPEATED_LAYER, out, compression);
            Cache.used(blob);
            return Optional.of(diffId);
        } catch (CorruptDataException e) {
            if (hash(blob, digest.algorithm()).equals(Optional.of(digest))) {
                throw e;
            }
            events.accept(new Event.Logged(Event.Level.VERBOSE, "Fetching %s again: it was damaged in the cache".formatted(digest)));
            Files.deleteIfExists(blob);
            out.truncate(0).position(0);
            return Optional.empty();
        } catch (NoSuchFileException gone) {
            return Optional.empty();
        }
    }

    private static Optional<Digest> hash(Path file, Digest.Algorithm algorithm) throws IOException {
        MessageDigest hash = algorithm.start();
        try (InputStream in = new DigestInputStream(Files.newInputStream(file), hash)) {
            in.transferTo(OutputStream.nullOutputStream());
            return Optional.of(Digest.finish(algorithm, hash.digest()));
        } catch (NoSuchFileException gone) {
            return Optional.empty();
        }
    }

    private Digest convertLocal(Layer layer, int position, InputStream in, Task.Kind kind, FileChannel out, Compression compression)
            throws IOException, InterruptedException {
        Task task = new Task(kind, layer.displayDigest().toString(), layer.size(), position);
        events.accept(new Event.Started(task));
        try (CountingStream counting = new CountingStream(in, count -> events.accept(new Event.Advanced(task, count)))) {
            Digest diffId = packer(compression).pack(counting, layer.mediaType(), layer.digest(), layer.diffId(), out).diffId();
            events.accept(new Event.Finished(task));
            return diffId;
        } catch (IOException | InterruptedException | RuntimeException e) {
            events.accept(new Event.Failed(task, String.valueOf(e.getMessage())));
            throw e;
        }
    }

    private Digest fetch(Layer layer, int position, FileChannel out, Compression compression, boolean exclusive)
            throws IOException, InterruptedException {
        // With the lock, the file's name is the same for whoever comes next, who can go on where this process was stopped.
        Path continued = cache.part().resolve(layer.digest().orElseThrow().hex() + ".blob");
        if (!exclusive || !Files.exists(continued)) {
            return fetchAndConvert(layer, position, out, compression, exclusive);
        }
        try {
            return fetchAndConvert(layer, position, out, compression, true);
        } catch (CorruptDataException e) {
            // Perhaps the beginning that another command left lost bytes to a power failure. Then the whole is sound.
            events.accept(new Event.Logged(Event.Level.VERBOSE, "Fetching %s from its beginning: %s".formatted(layer.displayDigest(), e.getMessage())));
            out.truncate(0).position(0);
            return fetchAndConvert(layer, position, out, compression, true);
        }
    }

    private Digest fetchAndConvert(Layer layer, int position, FileChannel out, Compression compression, boolean exclusive)
            throws IOException, InterruptedException {
        Digest digest = layer.digest().orElseThrow();
        Task task = new Task(Task.Kind.LAYER, digest.toString(), layer.size(), position);
        SideFiles.SideFile ownPart = exclusive ? null : sideFiles.inCache("blob");
        Path part = exclusive ? cache.part().resolve(digest.hex() + ".blob") : ownPart.path();
        try (Download download = new Download(layer, part)) {
            events.accept(new Event.Started(task));
            FutureTask<Void> fetch = new FutureTask<>(() -> {
                download.run(count -> events.accept(new Event.Advanced(task, count)));
                return null;
            });
            Thread.ofPlatform().name("fetch " + digest.hex()).daemon().start(fetch);
            try {
                Digest diffId;
                try {
                    // The download hashes the blob itself.
                    diffId = packer(compression).pack(download.follow(), layer.mediaType(), Optional.empty(), layer.diffId(), out).diffId();
                } catch (CorruptDataException e) {
                    // A wrong digest explains damage better than the place where it showed.
                    Concurrent.result(fetch);
                    // The blob is what its digest says, and no layer: nobody can go on with it.
                    Files.deleteIfExists(part);
                    throw e;
                } catch (Download.FetchFailed e) {
                    Concurrent.result(fetch);
                    throw e;
                }
                Concurrent.result(fetch);
                if (keepBlobs) {
                    cache.oci().put(part, digest);
                } else {
                    Files.deleteIfExists(part);
                }
                events.accept(new Event.Finished(task));
                return diffId;
            } finally {
                fetch.cancel(true);
            }
        } catch (IOException | InterruptedException | RuntimeException e) {
            events.accept(new Event.Failed(task, String.valueOf(e.getMessage())));
            throw e;
        } finally {
            if (ownPart != null) {
                ownPart.close();
            }
        }
    }

    private LayerPacker packer(Compression compression) {
        return new LayerPacker(compression, workers, memory, limits, events);
    }
}
