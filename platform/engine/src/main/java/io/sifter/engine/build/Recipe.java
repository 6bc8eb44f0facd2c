package io.sifter.engine.build;

import io.sifter.engine.concurrent.Concurrent;
import io.sifter.image.layer.LayerPack;
import io.sifter.spi.SinkOptions.Copies;
import io.sifter.spi.error.CorruptDataException;
import io.sifter.spi.event.Event;
import io.sifter.spi.reference.Digest;
import io.sifter.spi.reference.Platform;
import io.sifter.spi.tree.PackedContent.Store;
import java.io.BufferedInputStream;
import java.io.BufferedOutputStream;
import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.EOFException;
import java.io.IOException;
import java.io.OutputStream;
import java.io.UTFDataFormatException;
import java.nio.ByteBuffer;
import java.nio.channels.Channels;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.zip.CRC32C;
import java.util.zip.CheckedInputStream;
import java.util.zip.CheckedOutputStream;

/**
 * How a SIF file was put together out of packs: which bytes lie in which, and what all others are. The same file is made again by
 * copying, without a merge, without a compressor, and in a hundredth of the processor's time. A file of big-endian fields:
 *
 * <pre>
 * magic u64, size of the SIF u64
 * layers u32, each:  DiffID (length u16, text), length of its pack's blocks u64, their CRC-32C u32
 * runs u32, each:    layer u32, position in its pack u64, length u64, position in the SIF u64; in the order of the SIF
 * notes u32, each:   length u32, what was told of the layers, UTF-8
 * length u64 and bytes of all that is in no run, in order
 * CRC-32C of everything before u32
 * </pre>
 *
 * Nothing in it is believed. The file may be deleted while it is open. One thread; whoever opens it closes it.
 */
public final class Recipe implements AutoCloseable {
    /** Ends in the version of the format. */
    private static final long MAGIC = 0x5349_4654_5243_5002L;
    private static final int BUFFER = 1 << 16;
    private static final int RUN_BYTES = 4 + 3 * 8;
    private static final int TRAILER = 4;

    /** A layer, and what blocks its pack has. */
    private record Part(Digest diffId, LayerPack.Blocks blocks) {
        static Part of(LayerPack pack) {
            return new Part(pack.info().diffId(), pack.blocks());
        }
    }

    /** Blocks that lie in a pack. */
    private record Run(int layer, long position, long length, long target) {
        long end() {
            return target + length;
        }
    }

    private final Path file;
    private final FileChannel channel;
    private final long size;
    private final List<Part> layers;
    private final List<Run> runs;
    private final List<String> notes;
    private final long rest;

    private Recipe(Path file, FileChannel channel, long size, List<Part> layers, List<Run> runs, List<String> notes, long rest) {
        this.file = file;
        this.channel = channel;
        this.size = size;
        this.layers = layers;
        this.runs = runs;
        this.notes = notes;
        this.rest = rest;
    }

    /** What is noted while an image is put together for the first time. Safe for any thread. */
    public static final class Draft implements Copies {
        private final Keeper keeper;
        private final List<LayerPack> packs = new ArrayList<>();
        private final List<Run> runs = new ArrayList<>();
        private final List<String> notes = new ArrayList<>();
        private boolean complete = true;

        /** Keeps what a draft came to. */
        @FunctionalInterface
        interface Keeper {
            void keep(Draft draft, FileChannel sif) throws IOException, InterruptedException;
        }

        Draft(Keeper keeper) {
            this.keeper = keeper;
        }

        /** One that nobody keeps. */
        public static Draft idle() {
            return new Draft((_, _) -> { });
        }

        synchronized void layer(int position, LayerPack pack) {
            while (packs.size() <= position) {
                packs.add(null);
            }
            packs.set(position, pack);
        }

        /** Something that was told, and has to be told again if it is a warning. */
        public synchronized void note(Event event) {
            if (event instanceof Event.Logged(Event.Level level, String message) && level == Event.Level.WARNING) {
                notes.add(message);
            }
        }

        @Override
        public synchronized void copied(Store store, long position, long length, long target) {
            for (int layer = 0; layer < packs.size(); layer++) {
                if (packs.get(layer) != null && packs.get(layer).isIn(store)) {
                    runs.add(new Run(layer, position, length, target));
                    return;
                }
            }
            complete = false;
        }

        @Override
        public void written(FileChannel sif) throws IOException, InterruptedException {
            keeper.keep(this, sif);
        }

        /** Whether the same file can be made of packs, and most of it of nothing else. */
        synchronized boolean pays(FileChannel sif) throws IOException {
            long copied = runs.stream().mapToLong(Run::length).sum();
            return complete && !packs.contains(null) && copied > sif.size() / 2;
        }

        /** @param in what was made of it */
        synchronized void write(FileChannel in, Path recipe) throws IOException {
            CRC32C checksum = new CRC32C();
            try (OutputStream file = Files.newOutputStream(recipe, StandardOpenOption.CREATE_NEW);
                    DataOutputStream out = new DataOutputStream(new BufferedOutputStream(new CheckedOutputStream(file, checksum), BUFFER))) {
                out.writeLong(MAGIC);
                out.writeLong(in.size());
                out.writeInt(packs.size());
                for (LayerPack pack : packs) {
                    out.writeUTF(pack.info().diffId().toString());
                    out.writeLong(pack.blocks().length());
                    out.writeInt(pack.blocks().checksum());
                }
                out.writeInt(runs.size());
                long copied = 0;
                for (Run run : runs) {
                    out.writeInt(run.layer);
                    out.writeLong(run.position);
                    out.writeLong(run.length);
                    out.writeLong(run.target);
                    copied += run.length;
                }
                out.writeInt(notes.size());
                for (String note : notes) {
                    byte[] text = note.getBytes(StandardCharsets.UTF_8);
                    out.writeInt(text.length);
                    out.write(text);
                }
                out.writeLong(in.size() - copied);
                long at = 0;
                for (Run run : runs) {
                    copy(in, at, run.target - at, out);
                    at = run.end();
                }
                copy(in, at, in.size() - at, out);
                out.flush();
                out.writeInt((int) checksum.getValue());
            }
        }

        private static void copy(FileChannel in, long from, long length, OutputStream out) throws IOException {
            byte[] buffer = new byte[BUFFER];
            for (long done = 0; done < length; ) {
                int read = in.read(ByteBuffer.wrap(buffer, 0, (int) Math.min(buffer.length, length - done)), from + done);
                if (read < 0) {
                    throw new EOFException("The image became shorter while it was read");
                }
                out.write(buffer, 0, read);
                done += read;
            }
        }
    }

    /** Names a recipe by all that determines the image. */
    public static String key(Container.Origin origin, Platform wanted) {
        return Digest.sha256("recipe %x|%s|%s".formatted(MAGIC, wanted, origin.identity()).getBytes(StandardCharsets.UTF_8)).hex();
    }

    /**
     * @throws NoSuchFileException if there is none
     * @throws CorruptDataException if it is something else, or damaged
     */
    static Recipe open(Path file) throws IOException {
        FileChannel channel = FileChannel.open(file, StandardOpenOption.READ);
        try {
            return read(file, channel);
        } catch (IOException | RuntimeException | Error e) {
            channel.close();
            throw e;
        }
    }

    private static Recipe read(Path file, FileChannel channel) throws IOException {
        long length = channel.size();
        CRC32C checksum = new CRC32C();
        DataInputStream in = new DataInputStream(new CheckedInputStream(new BufferedInputStream(Channels.newInputStream(channel), BUFFER), checksum));
        try {
            if (in.readLong() != MAGIC) {
                throw damaged(file, "it does not begin like one");
            }
            long size = in.readLong();
            List<Part> layers = new ArrayList<>();
            for (int left = count(in, length, file); left > 0; left--) {
                layers.add(new Part(Digest.parse(in.readUTF()), new LayerPack.Blocks(in.readLong(), in.readInt())));
            }
            List<Run> runs = new ArrayList<>();
            long at = 0;
            long copied = 0;
            for (int left = count(in, length / RUN_BYTES, file); left > 0; left--) {
                Run run = new Run(in.readInt(), in.readLong(), in.readLong(), in.readLong());
                if (run.layer < 0 || run.layer >= layers.size() || run.position < 0 || run.length <= 0 || run.target < at || run.length > size - run.target) {
                    throw damaged(file, "%s cannot be".formatted(run));
                }
                runs.add(run);
                at = run.end();
                copied += run.length;
            }
            List<String> notes = new ArrayList<>();
            for (int left = count(in, length, file); left > 0; left--) {
                notes.add(new String(in.readNBytes(count(in, length, file)), StandardCharsets.UTF_8));
            }
            long rest = in.readLong();
            in.skipNBytes(Math.max(0, rest));
            int expected = (int) checksum.getValue();
            if (in.readInt() != expected || in.read() >= 0 || rest < 0 || rest != size - copied) {
                throw damaged(file, "its bytes do not match their checksum");
            }
            return new Recipe(file, channel, size, layers, runs, notes, rest);
        } catch (EOFException e) {
            throw damaged(file, "it ends early");
        } catch (UTFDataFormatException | IllegalArgumentException e) {
            throw damaged(file, "a layer has no DiffID");
        }
    }

    private static int count(DataInputStream in, long most, Path file) throws IOException {
        int count = in.readInt();
        if (count < 0 || count > most) {
            throw damaged(file, "it cannot have %d of anything".formatted(count));
        }
        return count;
    }

    private static CorruptDataException damaged(Path file, String why) {
        return new CorruptDataException("%s is no recipe of an image: %s".formatted(file, why), "Delete it: it is made anew when it is needed");
    }

    /** Whether these are the packs that it speaks of, lowest layer first. */
    boolean fits(List<LayerPack> packs) {
        return packs.stream().map(Part::of).toList().equals(layers);
    }

    /** Of the layers that it speaks of, lowest first. */
    List<Digest> diffIds() {
        return layers.stream().map(Part::diffId).toList();
    }

    /** Of the SIF, bytes. */
    long size() {
        return size;
    }

    List<String> notes() {
        return notes;
    }

    /**
     * Makes the file, and verifies meanwhile what it is made of.
     *
     * @param packs that it {@linkplain #fits}
     * @param out empty
     * @throws CorruptDataException if it or a pack is damaged; what was written is worth nothing then
     */
    void write(List<LayerPack> packs, FileChannel out) throws IOException, InterruptedException {
        List<Callable<Void>> tasks = new ArrayList<>();
        tasks.add(() -> {
            copy(packs, out);
            return null;
        });
        packs.forEach(pack -> tasks.add(() -> {
            pack.verify();
            return null;
        }));
        Concurrent.all(2, "copy", tasks);
    }

    private void copy(List<LayerPack> packs, FileChannel out) throws IOException {
        long from = channel.size() - TRAILER - rest;
        long at = 0;
        for (Run run : runs) {
            from = copyRest(from, at, run.target - at, out);
            packs.get(run.layer).copyBlocks(run.position, run.length, out, run.target);
            at = run.end();
        }
        copyRest(from, at, size - at, out);
    }

    private long copyRest(long from, long at, long length, FileChannel out) throws IOException {
        channel.position(from);
        for (long done = 0; done < length; ) {
            long count = out.transferFrom(channel, at + done, length - done);
            if (count <= 0) {
                throw damaged(file, "it became shorter while it was read");
            }
            done += count;
        }
        return from + length;
    }

    @Override
    public void close() throws IOException {
        channel.close();
    }
}
