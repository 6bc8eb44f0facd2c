package io.sifter.image.layer;

import io.sifter.spi.error.CorruptDataException;
import io.sifter.spi.error.ExternalException;
import io.sifter.spi.reference.Digest;
import io.sifter.spi.tree.PackedContent;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.security.MessageDigest;
import java.util.Arrays;
import java.util.Objects;
import java.util.zip.CRC32C;
import java.util.zip.DataFormatException;
import java.util.zip.Inflater;

/**
 * A layer that was converted: its files' contents as compressed blocks, then a journal of its entries, then a footer.
 * The file may be deleted while it is open. Nothing in it is believed: a pack may come from a cache that others write.
 * Safe for any thread; whoever opens it closes it, or hands it to a merge, which does.
 */
public final class LayerPack implements AutoCloseable {
    /** Of the format: packs of another version are not read. Belongs into the key under which a pack is kept. */
    public static final int FORMAT_VERSION = 3;

    static final String REMEDY = "Delete it: it is made anew when it is needed";

    private static final int CHECK_CHUNK = 1 << 16;
    private static final int VERIFY_CHUNK = 1 << 18;
    /** Copied without a look at whether that is still wanted. */
    private static final long COPY_PIECE = 16 << 20;

    private final FileChannel channel;
    private final String name;
    private final PackFooter footer;
    private final PackInfo info;

    private LayerPack(FileChannel channel, String name, PackFooter footer, PackInfo info) {
        this.channel = channel;
        this.name = name;
        this.footer = footer;
        this.info = info;
    }

    /**
     * Opens a pack and verifies footer and journal. That blocks are what was written {@link #verify} tells; that they are
     * blocks at all is seen when they are read.
     *
     * @throws NoSuchFileException if there is none
     * @throws CorruptDataException if it is not a pack, of another version, or damaged
     */
    public static LayerPack open(Path file) throws IOException {
        LayerPack pack = openBlocks(file);
        try {
            verifySections(pack.channel, pack.footer, pack.name);
            return pack;
        } catch (IOException | RuntimeException | Error e) {
            pack.close();
            throw e;
        }
    }

    /**
     * As {@link #open}, for who needs its blocks only: the journal is not verified.
     *
     * @throws NoSuchFileException if there is none
     * @throws CorruptDataException if it is not a pack, of another version, or damaged
     */
    public static LayerPack openBlocks(Path file) throws IOException {
        FileChannel channel = FileChannel.open(file, StandardOpenOption.READ);
        try {
            String name = file.toString();
            long size = channel.size();
            if (size < PackFooter.SIZE) {
                throw new CorruptDataException("%s is not a layer pack: it has %d bytes only".formatted(name, size), REMEDY);
            }
            PackFooter footer = PackFooter.read(read(channel, size - PackFooter.SIZE, PackFooter.SIZE, name), size, name);
            return new LayerPack(channel, name, footer, info(footer, size));
        } catch (IOException | RuntimeException | Error e) {
            channel.close();
            throw e;
        }
    }

    static PackInfo info(PackFooter footer, long size) {
        return new PackInfo(footer.diffId(), footer.blobDigest(), footer.compression(), footer.entries(), footer.contentBytes(), size);
    }

    public PackInfo info() {
        return info;
    }

    /**
     * Reads all blocks and holds them against their checksum. A pack that was not just made needs it: blocks are copied
     * into images unseen, and a machine that lost its power may have kept a file's length without all of its bytes.
     *
     * @throws CorruptDataException if they are not what was written
     */
    public void verify() throws IOException {
        CRC32C checksum = new CRC32C();
        ByteBuffer bytes = ByteBuffer.allocateDirect(VERIFY_CHUNK);
        for (long at = 0; at < footer.dataLength(); ) {
            bytes.clear().limit((int) Math.min(VERIFY_CHUNK, footer.dataLength() - at));
            fill(channel, at, bytes, name);
            at += bytes.remaining();
            checksum.update(bytes);
        }
        if ((int) checksum.getValue() != footer.dataChecksum()) {
            throw new CorruptDataException("%s is a damaged layer pack: its blocks do not match their checksum".formatted(name), REMEDY);
        }
    }

    /**
     * What its blocks are; all of that is determined by layer, compression and codec.
     *
     * @param length of all, bytes
     * @param checksum CRC-32C of all
     */
    public record Blocks(long length, int checksum) {}

    public Blocks blocks() {
        return new Blocks(footer.dataLength(), footer.dataChecksum());
    }

    /** Whether the store's blocks are this pack's. */
    public boolean isIn(PackedContent.Store store) {
        return store.channel() == channel;
    }

    /**
     * Copies blocks as they are. One thread at a time copies out of a pack.
     *
     * @param position of the first
     * @param length of all, bytes
     * @param target where they come to lie
     * @throws CorruptDataException if the pack has none there
     */
    public void copyBlocks(long position, long length, FileChannel out, long target) throws IOException {
        if (position < 0 || length < 0 || position > footer.dataLength() - length) {
            throw new CorruptDataException("%s has no %d bytes of blocks at byte %d".formatted(name, length, position), REMEDY);
        }
        // Everybody else reads at positions.
        channel.position(position);
        for (long done = 0; done < length; ) {
            long count = out.transferFrom(channel, target + done, Math.min(COPY_PIECE, length - done));
            if (count <= 0) {
                throw new CorruptDataException("%s became shorter while it was read".formatted(name), REMEDY);
            }
            done += count;
        }
    }

    /** Whether a name in the journal may be a whiteout. */
    boolean hasWhiteouts() {
        return footer.whiteouts();
    }

    /** The journal in memory, for one replay. */
    byte[] journal() throws IOException {
        return section(footer.dataLength(), footer.journal());
    }

    String journalName() {
        return "The journal of " + name;
    }

    /** Where the contents of the files of this layer are; to be kept as long as the files. */
    PackContents contents(int layer) throws IOException {
        byte[] section = section(footer.dataLength() + footer.journal().stored(), footer.contents());
        return new PackContents(section, new PackedContent.Store(channel, footer.compression()), footer.dataLength(), name, layer);
    }

    @Override
    public void close() throws IOException {
        channel.close();
    }

    private byte[] section(long position, PackFooter.Section section) throws IOException {
        ByteBuffer stored = read(channel, position, section.stored(), name);
        Inflater inflater = new Inflater();
        try {
            inflater.setInput(stored);
            // Grown as bytes come out: what the footer claims is only a bound.
            byte[] plain = new byte[(int) Math.min(section.plain(), Math.max(CHECK_CHUNK, 8L * section.stored()))];
            int length = 0;
            while (length < section.plain()) {
                if (length == plain.length) {
                    plain = Arrays.copyOf(plain, (int) Math.min(section.plain(), 2L * length));
                }
                int n = inflater.inflate(plain, length, plain.length - length);
                if (n == 0 && (inflater.finished() || inflater.needsInput() || inflater.needsDictionary())) {
                    break;
                }
                length += n;
            }
            if (length != section.plain() || inflater.inflate(new byte[1]) != 0 || !inflater.finished()) {
                throw new CorruptDataException("%s is damaged: a section at byte %d does not have %d bytes".formatted(name, position, section.plain()), REMEDY);
            }
            return plain;
        } catch (DataFormatException e) {
            throw new CorruptDataException("%s is damaged: the section at byte %d: %s".formatted(name, position, e.getMessage()), REMEDY, e);
        } finally {
            inflater.end();
        }
    }

    private static void verifySections(FileChannel channel, PackFooter footer, String name) throws IOException {
        MessageDigest hash = Digest.Algorithm.SHA256.start();
        long at = footer.dataLength();
        long left = (long) footer.journal().stored() + footer.contents().stored();
        while (left > 0) {
            int n = (int) Math.min(left, CHECK_CHUNK);
            hash.update(read(channel, at, n, name));
            at += n;
            left -= n;
        }
        if (!Arrays.equals(hash.digest(), footer.sectionsHash())) {
            throw new CorruptDataException("%s is a damaged layer pack: its journal does not match its checksum".formatted(name), REMEDY);
        }
    }

    private static ByteBuffer read(FileChannel channel, long position, int length, String name) throws IOException {
        ByteBuffer bytes = ByteBuffer.allocate(length);
        fill(channel, position, bytes, name);
        return bytes;
    }

    /** Fills the buffer from a place of the file, and turns it to be read. */
    private static void fill(FileChannel channel, long position, ByteBuffer bytes, String name) throws IOException {
        while (bytes.hasRemaining()) {
            int n;
            try {
                n = channel.read(bytes, position + bytes.position());
            } catch (IOException e) {
                throw new ExternalException("Could not read %s: %s".formatted(name, Objects.requireNonNullElse(e.getMessage(), e.toString())), e);
            }
            if (n < 0) {
                throw new CorruptDataException("%s became shorter while it was read".formatted(name), REMEDY);
            }
        }
        bytes.flip();
    }
}
