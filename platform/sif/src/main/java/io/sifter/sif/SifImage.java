package io.sifter.sif;

import io.sifter.spi.error.CorruptDataException;
import io.sifter.spi.error.UserException;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.UUID;

/**
 * A SIF file, open for reading. What it hands out is safe: every object lies inside the file. On the start-up path of
 * {@code exec}, so it does nothing but read the header and the table. Safe for any thread; the opener closes it.
 */
public final class SifImage implements AutoCloseable {
    /** A table may have room for more objects than any image has; this is what memory is risked for. */
    private static final int MAX_DESCRIPTORS = 1 << 16;
    /** Where the data of nearly every SIF begins: one read gets all that precedes it. */
    private static final int USUAL_DATA_OFFSET = 4096 + 48 * SifDescriptor.SIZE;
    /** How far into a file its type is looked for. */
    private static final int SNIFFED = 2048;

    private final Path path;
    private final FileChannel channel;
    private final SifHeader header;
    private final List<SifDescriptor> descriptors;

    private SifImage(Path path, FileChannel channel, SifHeader header, List<SifDescriptor> descriptors) {
        this.path = path;
        this.channel = channel;
        this.header = header;
        this.descriptors = descriptors;
    }

    /** Whether a file says that it is a SIF. A file that is too short to say is none. */
    public static boolean isSif(Path file) throws IOException {
        try (FileChannel channel = FileChannel.open(file, StandardOpenOption.READ)) {
            ByteBuffer start = ByteBuffer.allocate(SNIFFED);
            read(channel, start, 0);
            return indexOf(start.flip(), SifHeader.MAGIC) >= 0;
        }
    }

    /**
     * Looks whether a file that a user named is a SIF.
     *
     * @throws UserException if it is something else, or not there
     */
    public static void require(Path file) throws IOException {
        if (!Files.exists(file)) {
            throw new UserException("%s: no such file".formatted(file), "Check the spelling of its name.");
        }
        if (!Files.isRegularFile(file) || !isSif(file)) {
            throw new UserException("%s is not a SIF file".formatted(file), "Make one of it first: build NAME.sif " + file);
        }
    }

    /** The id of a SIF; nothing if the file is none, or damaged. */
    public static Optional<UUID> idOf(Path file) throws IOException {
        try (SifImage image = open(file)) {
            return Optional.of(image.header().id());
        } catch (CorruptDataException none) {
            return Optional.empty();
        }
    }

    /**
     * @throws CorruptDataException if the file is no SIF, of another version, or cut off; the message says which
     * @throws IOException if it cannot be read
     */
    public static SifImage open(Path file) throws IOException {
        FileChannel channel = FileChannel.open(file, StandardOpenOption.READ);
        try {
            long length = channel.size();
            ByteBuffer start = ByteBuffer.allocate((int) Math.min(length, USUAL_DATA_OFFSET));
            read(channel, start, 0);
            SifHeader header = SifHeader.read(start.flip(), file.toString());
            List<SifDescriptor> descriptors = descriptors(file, channel, length, header, start);
            return new SifImage(file, channel, header, descriptors);
        } catch (IOException | RuntimeException e) {
            channel.close();
            throw e;
        }
    }

    private static List<SifDescriptor> descriptors(Path file, FileChannel channel, long length, SifHeader header, ByteBuffer start)
            throws IOException {
        long total = header.descriptorsTotal();
        long offset = header.descriptorsOffset();
        if (total < 0 || total > MAX_DESCRIPTORS || offset < SifHeader.SIZE || offset > length
                || total * SifDescriptor.SIZE > length - offset) {
            throw new CorruptDataException("%s is damaged or cut off: its table of %d descriptors at offset %d does not lie in its %d bytes"
                    .formatted(file, total, offset, length), "Get the file again.");
        }
        int tableSize = (int) total * SifDescriptor.SIZE;
        ByteBuffer table;
        if (offset + tableSize <= start.limit()) {
            table = start.slice((int) offset, tableSize);
        } else {
            table = ByteBuffer.allocate(tableSize);
            if (read(channel, table, offset) < tableSize) {
                throw new CorruptDataException("%s ended while it was read".formatted(file));
            }
            table.flip();
        }
        List<SifDescriptor> descriptors = new ArrayList<>();
        for (int slot = 0; slot < total; slot++) {
            table.position(slot * SifDescriptor.SIZE);
            Optional<SifDescriptor> descriptor = SifDescriptor.read(table);
            if (descriptor.isPresent()) {
                SifDescriptor d = descriptor.get();
                if (d.offset() < 0 || d.size() < 0 || d.offset() > length || d.size() > length - d.offset()) {
                    throw new CorruptDataException("%s is damaged or cut off: object %d (%s) at offset %d, %d bytes, does not lie in its %d bytes"
                            .formatted(file, d.id(), d.type(), d.offset(), d.size(), length), "Get the file again.");
                }
                descriptors.add(d);
            }
        }
        return List.copyOf(descriptors);
    }

    public Path path() {
        return path;
    }

    public SifHeader header() {
        return header;
    }

    /** Objects in the order of their slots. */
    public List<SifDescriptor> descriptors() {
        return descriptors;
    }

    /** Shared; read at positions only. */
    public FileChannel channel() {
        return channel;
    }

    /** The partition that is run, if there is one. */
    public Optional<SifDescriptor> primaryPartition() {
        for (SifDescriptor descriptor : descriptors) {
            if (descriptor.primarySystem()) {
                return Optional.of(descriptor);
            }
        }
        return Optional.empty();
    }

    /** The first object of a type, with a name if one is given. */
    public Optional<SifDescriptor> find(DataType type, String name) {
        for (SifDescriptor descriptor : descriptors) {
            if (descriptor.type() == type && (name.isEmpty() || descriptor.name().equals(name))) {
                return Optional.of(descriptor);
            }
        }
        return Optional.empty();
    }

    /**
     * The bytes of a small object.
     *
     * @throws CorruptDataException if it is larger than {@code most} bytes
     */
    public byte[] read(SifDescriptor descriptor, int most) throws IOException {
        if (descriptor.size() > most) {
            throw new CorruptDataException("%s: object %d (%s) has %d bytes, more than the %d that such an object may have"
                    .formatted(path, descriptor.id(), descriptor.type(), descriptor.size(), most));
        }
        ByteBuffer bytes = ByteBuffer.allocate((int) descriptor.size());
        if (read(channel, bytes, descriptor.offset()) < bytes.capacity()) {
            throw new CorruptDataException("%s ended while object %d was read".formatted(path, descriptor.id()));
        }
        return bytes.array();
    }

    private static int read(FileChannel channel, ByteBuffer into, long offset) throws IOException {
        while (into.hasRemaining()) {
            int read = channel.read(into, offset + into.position());
            if (read < 0) {
                break;
            }
        }
        return into.position();
    }

    private static int indexOf(ByteBuffer bytes, byte[] wanted) {
        byte[] array = bytes.array();
        for (int at = 0; at + wanted.length <= bytes.limit(); at++) {
            int same = 0;
            while (same < wanted.length && array[at + same] == wanted[same]) {
                same++;
            }
            if (same == wanted.length) {
                return at;
            }
        }
        return -1;
    }

    @Override
    public void close() throws IOException {
        channel.close();
    }
}
