package io.sifter.squashfs;

import io.sifter.spi.error.UserException;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.nio.channels.FileChannel;
import java.util.Arrays;

/**
 * A table in the making: what is written is cut into metadata blocks, compressed and kept in memory (doc/squashfs.md,
 * <i>Metadata blocks</i>).
 */
final class MetadataWriter extends FieldOutput {
    /** References keep the distance of a block in 32 bits. */
    private static final long MAX_TABLE = 0xFFFF_FFFFL;

    private final String name;
    private final BlockCompressor compressor;
    private final Spool spool = new Spool();
    private final byte[] block = new byte[MetadataBlock.CAPACITY];
    private final byte[] compressed;
    private int fill;
    private long[] starts = new long[16];
    private int blocks;

    /** @param name of the table, for messages */
    MetadataWriter(String name, BlockCompressor compressor) {
        this.name = name;
        this.compressor = compressor;
        this.compressed = new byte[compressor.capacity(block.length)];
    }

    @Override
    void write(byte[] from, int offset, int length) throws IOException {
        while (length > 0) {
            int some = Math.min(length, block.length - fill);
            System.arraycopy(from, offset, block, fill, some);
            fill += some;
            offset += some;
            length -= some;
            if (fill == block.length) {
                flush();
            }
        }
    }

    /** The reference of what is written next. */
    long position() {
        return MetadataBlock.reference(spool.size(), fill);
    }

    /** Ends the table and writes its blocks; returns where they end. */
    long writeTo(FileChannel out, long position) throws IOException {
        if (fill > 0) {
            flush();
        }
        return spool.writeTo(out, position);
    }

    /** Where the blocks are once the first one is at {@code first}. */
    long[] locations(long first) {
        return Arrays.stream(starts, 0, blocks).map(start -> first + start).toArray();
    }

    private void flush() throws UserException {
        if (spool.size() > MAX_TABLE) {
            throw new UserException(
                    "Could not write the image: its %s needs more than 4 GiB".formatted(name),
                    "Split the image: a SquashFS file system cannot have so many files.");
        }
        if (blocks == starts.length) {
            starts = Arrays.copyOf(starts, blocks * 2);
        }
        starts[blocks++] = spool.size();
        int length = compressor.compress(
                MemorySegment.ofArray(block).asSlice(0, fill), MemorySegment.ofArray(compressed));
        boolean raw = length == BlockCompressor.INCOMPRESSIBLE;
        int stored = raw ? fill : length;
        int header = MetadataBlock.header(stored, raw);
        spool.append(new byte[] {(byte) header, (byte) (header >> 8)}, 0, MetadataBlock.HEADER_SIZE);
        spool.append(raw ? block : compressed, 0, stored);
        fill = 0;
    }
}
