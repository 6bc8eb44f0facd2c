package io.sifter.squashfs;

import io.sifter.spi.error.CorruptDataException;
import java.io.IOException;

/** Reads fields of one table across its metadata blocks, from any reference on. */
final class MetadataCursor extends FieldInput {
    /** Header and one byte: nothing shorter is a block. */
    private static final int SMALLEST_BLOCK = MetadataBlock.HEADER_SIZE + 1;

    private final MetadataBlocks blocks;
    private final String table;
    private final long start;
    private final long end;
    private MetadataBlocks.Expanded block;
    private long blockStart;
    private int position;
    private long left = Long.MAX_VALUE;

    /**
     * @param table for messages
     * @param start of the table, from the start of the image
     * @param end of its blocks
     */
    MetadataCursor(MetadataBlocks blocks, String table, long start, long end) {
        this.blocks = blocks;
        this.table = table;
        this.start = start;
        this.end = end;
    }

    /** Goes to {@code offset} in the block whose header is at {@code distance} from the start of the table. */
    void seek(long distance, int offset) throws IOException {
        if (distance < 0 || distance > end - start - SMALLEST_BLOCK) {
            throw new CorruptDataException("SquashFS %s: a block is expected %d bytes after its start, it has %d bytes"
                    .formatted(table, distance, end - start));
        }
        load(start + distance);
        if (offset >= block.bytes().length) {
            throw new CorruptDataException("SquashFS %s: byte %d of the block at %d is wanted, it has %d bytes"
                    .formatted(table, offset, blockStart, block.bytes().length));
        }
        position = offset;
    }

    void seek(long reference) throws IOException {
        seek(MetadataBlock.block(reference), MetadataBlock.offset(reference));
    }

    /** The reference of the next byte. At the end of a block it is the start of the next one. */
    long reference() {
        return position < block.bytes().length
                ? MetadataBlock.reference(blockStart - start, position)
                : MetadataBlock.reference(block.next() - start, 0);
    }

    void skip(long length) throws IOException {
        while (length > block.bytes().length - position) {
            length -= block.bytes().length - position;
            position = block.bytes().length;
            loadNext();
        }
        position += (int) length;
    }

    @Override
    void read(byte[] into, int offset, int length) throws IOException {
        left -= length;
        if (left < 0) {
            throw corrupt("what was read is longer than the table, so parts of it overlap");
        }
        int rest = block.bytes().length - position;
        while (length > rest) {
            System.arraycopy(block.bytes(), position, into, offset, rest);
            offset += rest;
            length -= rest;
            position += rest;
            loadNext();
            rest = block.bytes().length;
        }
        System.arraycopy(block.bytes(), position, into, offset, length);
        position += length;
    }

    /** From now on, lets only so many bytes be read, wherever they are. */
    void limit(long bytes) {
        left = bytes;
    }

    @Override
    long remaining() {
        return block.bytes().length - position + capacity(end - block.next());
    }

    /** How much can be in so many bytes of metadata blocks, at most. */
    static long capacity(long stored) {
        return Math.ceilDiv(stored, SMALLEST_BLOCK) * MetadataBlock.CAPACITY;
    }

    @Override
    String where() {
        return "SquashFS %s, block at byte %d, offset %d".formatted(table, blockStart, position);
    }

    private void loadNext() throws IOException {
        if (block.next() >= end) {
            throw corrupt("the table ends here, at byte %d".formatted(end));
        }
        load(block.next());
        position = 0;
    }

    private void load(long at) throws IOException {
        if (block == null || at != blockStart) {
            block = blocks.at(at, end, table);
            blockStart = at;
        }
    }
}
