package io.sifter.image.layer;

import io.sifter.image.tar.TarEntry;
import io.sifter.image.tar.TarReader;
import io.sifter.spi.error.CorruptDataException;
import io.sifter.spi.event.Event;
import io.sifter.spi.reference.Digest;
import io.sifter.spi.tree.Compression;
import io.sifter.squashfs.BlockBuffers;
import io.sifter.squashfs.BlockPackWriter;
import io.sifter.squashfs.PackedFile;
import java.io.IOException;
import java.io.InputStream;
import java.io.InterruptedIOException;
import java.nio.ByteBuffer;
import java.nio.channels.ClosedByInterruptException;
import java.nio.channels.FileChannel;
import java.security.MessageDigest;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import java.util.concurrent.ExecutorService;
import java.util.function.Consumer;
import java.util.zip.Deflater;

/**
 * Converts layers to packs while their blobs arrive. One thread decompresses, one hashes, the caller's cuts the archive
 * up, the workers compress. Memory is bounded by {@code memory}, by some MiB a layer, and by what the names take. Safe
 * for any thread: several layers may be packed at the same time.
 */
public final class LayerPacker {
    private final Compression compression;
    private final ExecutorService workers;
    private final BlockBuffers memory;
    private final LayerLimits limits;
    private final Consumer<Event> events;

    /** @param workers compress blocks; shared, never shut down here, and not what calls {@link #pack} */
    public LayerPacker(Compression compression, ExecutorService workers, BlockBuffers memory, LayerLimits limits, Consumer<Event> events) {
        this.compression = Objects.requireNonNull(compression);
        this.workers = Objects.requireNonNull(workers);
        this.memory = Objects.requireNonNull(memory);
        this.limits = Objects.requireNonNull(limits);
        this.events = Objects.requireNonNull(events);
    }

    /**
     * Reads a blob to its end and writes its pack.
     *
     * @param blob stays the caller's to close; what it throws passes unchanged
     * @param mediaType what the manifest calls the layer; its first bytes decide
     * @param blobDigest what the blob shall hash to; without one it is not hashed
     * @param diffId what the uncompressed layer shall hash to; without one whatever it hashes to is right
     * @param out empty, open for reading and writing; it holds a whole pack when this returns, for the caller to publish
     * @throws CorruptDataException if the blob is damaged, hostile, beyond the limits, or has another digest
     */
    public PackInfo pack(InputStream blob, String mediaType, Optional<Digest> blobDigest, Optional<Digest> diffId, FileChannel out)
            throws IOException, InterruptedException {
        Digest.Algorithm diffAlgorithm = diffId.map(Digest::algorithm).orElse(Digest.Algorithm.SHA256);
        try (LayerStream stream = new LayerStream(blob, mediaType, diffAlgorithm, diffId.isPresent(), blobDigest.map(Digest::algorithm), limits, events);
                BlockPackWriter blocks = new BlockPackWriter(out, compression, workers, memory)) {
            ByteWriter journal = new ByteWriter(limits.journalBytes());
            Contents contents = new Contents(blocks, new Journal.Writer(journal));
            contents.read(stream);
            LayerStream.Digests digests = stream.finish();
            check("blob", blobDigest, digests.blob());
            check("uncompressed layer", diffId, Optional.of(digests.diffId()));
            // While the workers are at the last blocks.
            byte[] storedJournal = deflate(journal);
            long dataLength = blocks.finish();
            ByteWriter places = new ByteWriter(Integer.MAX_VALUE - 8);
            PackContents.write(places, blocks.fragments(), contents.files);
            return writeEnd(out, dataLength, blocks.checksum(), storedJournal, journal.length(), places, contents, digests);
        } catch (InterruptedIOException | ClosedByInterruptException e) {
            if (Thread.interrupted()) {
                throw new InterruptedException(e.getMessage());
            }
            throw e;
        }
    }

    private static void check(String what, Optional<Digest> expected, Optional<Digest> actual) throws CorruptDataException {
        if (expected.isPresent() && !expected.equals(actual)) {
            throw new CorruptDataException("The %s has the digest %s, expected %s".formatted(what, actual.get(), expected.get()),
                    "Pull again; if it happens again, the image is damaged where it is kept");
        }
    }

    private PackInfo writeEnd(FileChannel out, long dataLength, int dataChecksum, byte[] storedJournal, int journalLength, ByteWriter places, Contents contents,
                              LayerStream.Digests digests) throws IOException {
        byte[] storedPlaces = deflate(places);
        MessageDigest hash = Digest.Algorithm.SHA256.start();
        hash.update(storedJournal);
        hash.update(storedPlaces);
        PackFooter footer = new PackFooter(compression, dataLength, dataChecksum, contents.bytes, contents.entries, contents.whiteouts,
                new PackFooter.Section(storedJournal.length, journalLength), new PackFooter.Section(storedPlaces.length, places.length()),
                digests.diffId(), digests.blob(), hash.digest());
        long position = dataLength;
        for (ByteBuffer bytes : List.of(ByteBuffer.wrap(storedJournal), ByteBuffer.wrap(storedPlaces), footer.write())) {
            while (bytes.hasRemaining()) {
                position += out.write(bytes, position);
            }
        }
        return LayerPack.info(footer, position);
    }

    private static byte[] deflate(ByteWriter plain) {
        Deflater deflater = new Deflater(Deflater.BEST_SPEED);
        try {
            deflater.setInput(plain.bytes(), 0, plain.length());
            deflater.finish();
            byte[] stored = new byte[Math.max(64, plain.length() / 3)];
            int length = 0;
            while (!deflater.finished()) {
                if (length == stored.length) {
                    stored = Arrays.copyOf(stored, length * 2);
                }
                length += deflater.deflate(stored, length, stored.length - length);
            }
            return Arrays.copyOf(stored, length);
        } finally {
            deflater.end();
        }
    }

    /** What one archive comes to. */
    private final class Contents {
        private final BlockPackWriter blocks;
        private final Journal.Writer journal;
        private final List<PackedFile> files = new ArrayList<>();
        private long bytes;
        private int entries;
        private boolean whiteouts;

        Contents(BlockPackWriter blocks, Journal.Writer journal) {
            this.blocks = blocks;
            this.journal = journal;
        }

        void read(InputStream stream) throws IOException, InterruptedException {
            List<String> notices = new ArrayList<>();
            TarReader tar = new TarReader(stream, notices::add);
            for (Optional<TarEntry> next = tar.next(); next.isPresent(); next = tar.next()) {
                writeNotices(notices);
                add(next.get(), tar.body());
            }
            if (tar.drain()) {
                notices.add("The archive is followed by bytes that are not zero; they are passed over");
            }
            writeNotices(notices);
        }

        private void add(TarEntry entry, InputStream body) throws IOException, InterruptedException {
            if (++entries > limits.entries()) {
                throw new CorruptDataException("The layer has more than the %d entries that are allowed".formatted(limits.entries()),
                        "Raise the limit if the image is trusted");
            }
            if (entry.size() > limits.bytes() - bytes) {
                throw new CorruptDataException("The layer's files have more than the %d bytes that are allowed".formatted(limits.bytes()),
                        LayerLimits.RAISE_BYTES);
            }
            bytes += entry.size();
            whiteouts |= entry.name().contains(Whiteout.PREFIX);
            journal.entry(entry);
            if (entry.size() > 0) {
                files.add(blocks.add(body, entry.size()));
            }
        }

        private void writeNotices(List<String> notices) throws CorruptDataException {
            for (String notice : notices) {
                journal.notice(notice);
            }
            notices.clear();
        }
    }
}
