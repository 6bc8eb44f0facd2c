package io.sifter.squashfs;

import io.sifter.spi.error.CorruptDataException;
import java.io.IOException;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.zip.DataFormatException;

/** Reads metadata blocks and keeps those that were used last (doc/squashfs.md, <i>Metadata blocks</i>). */
final class MetadataBlocks {
    /** 8 MiB: all metadata of 50,000 files. */
    private static final int KEPT = 1024;

    private static final int WINDOW = 1 << 16;

    private final ImageBytes image;
    private final byte[] stored = new byte[MetadataBlock.HEADER_SIZE + MetadataBlock.CAPACITY];
    private final byte[] expanded = new byte[MetadataBlock.CAPACITY];
    private final Kept kept = new Kept();

    MetadataBlocks(ImageBytes image) {
        this.image = image;
    }

    /**
     * What a block holds.
     *
     * @param bytes nobody changes them
     * @param next where the block ends in the image
     */
    record Expanded(byte[] bytes, long next) {}

    /**
     * @param position of the block's header in the image
     * @param end of the table, whose last block alone may be short
     */
    Expanded at(long position, long end, String table) throws IOException {
        Expanded known = kept.get(position);
        if (known == null) {
            known = load(position, end, table);
            kept.put(position, known);
        }
        return known;
    }

    /**
     * Follows the headers of a table from block to block, which must lead to its very end.
     *
     * @return how many bytes can be in these blocks
     */
    long capacity(long start, long end, String table) throws IOException {
        byte[] window = new byte[(int) Math.min(WINDOW, end - start)];
        long windowStart = start;
        int filled = 0;
        long count = 0;
        long position = start;
        while (position < end) {
            if (end - position <= MetadataBlock.HEADER_SIZE) {
                throw corrupt(table, position, "the table ends at %d".formatted(end));
            }
            if (position + MetadataBlock.HEADER_SIZE > windowStart + filled) {
                windowStart = position;
                filled = (int) Math.min(window.length, end - position);
                image.read(position, window, filled);
            }
            int at = (int) (position - windowStart);
            int length = MetadataBlock.length((window[at] & 0xFF) | (window[at + 1] & 0xFF) << 8);
            if (length == 0 || length > MetadataBlock.CAPACITY) {
                throw corrupt(table, position, "its length is %d, 1 to %d are possible"
                        .formatted(length, MetadataBlock.CAPACITY));
            }
            position += MetadataBlock.HEADER_SIZE + length;
            count++;
        }
        if (position > end) {
            throw corrupt(table, position, "the table ends before it, at %d".formatted(end));
        }
        return count * MetadataBlock.CAPACITY;
    }

    private Expanded load(long position, long end, String table) throws IOException {
        int available = (int) Math.min(stored.length, end - position);
        if (available <= MetadataBlock.HEADER_SIZE) {
            throw corrupt(table, position, "the table ends at %d".formatted(end));
        }
        image.read(position, stored, available);
        int header = (stored[0] & 0xFF) | (stored[1] & 0xFF) << 8;
        int length = MetadataBlock.length(header);
        if (length == 0 || length > available - MetadataBlock.HEADER_SIZE) {
            throw corrupt(table, position, "its length is %d, 1 to %d are possible"
                    .formatted(length, available - MetadataBlock.HEADER_SIZE));
        }
        long next = position + MetadataBlock.HEADER_SIZE + length;
        int result = length;
        byte[] from = stored;
        int start = MetadataBlock.HEADER_SIZE;
        if (!MetadataBlock.raw(header)) {
            try {
                result = image.expand(stored, start, length, expanded, expanded.length);
            } catch (DataFormatException e) {
                throw new CorruptDataException(
                        "SquashFS %s, block at byte %d: %s".formatted(table, position, e.getMessage()), e);
            }
            from = expanded;
            start = 0;
        }
        if (result == 0 || (result < MetadataBlock.CAPACITY && next != end)) {
            throw corrupt(table, position, "it has %d bytes, %d are expected".formatted(result, MetadataBlock.CAPACITY));
        }
        byte[] exact = new byte[result];
        System.arraycopy(from, start, exact, 0, result);
        return new Expanded(exact, next);
    }

    private static CorruptDataException corrupt(String table, long position, String message) {
        return new CorruptDataException("SquashFS %s, block at byte %d: %s".formatted(table, position, message));
    }

    private static final class Kept extends LinkedHashMap<Long, Expanded> {
        private static final long serialVersionUID = 1;

        Kept() {
            super(16, 0.75f, true);
        }

        @Override
        protected boolean removeEldestEntry(Map.Entry<Long, Expanded> eldest) {
            return size() > KEPT;
        }
    }
}
