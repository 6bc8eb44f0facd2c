package io.sifter.squashfs;

import java.io.IOException;

/** Entries that are found by their number (doc/squashfs.md, <i>Look-up tables</i>). */
final class LookupTable {
    private final MetadataBlocks blocks;
    private final String name;
    private final MetadataCursor cursor;
    private final long[] locations;
    private final long end;
    private final int entrySize;

    /**
     * @param locations of the metadata blocks, from the start of the image
     * @param end of the last block
     */
    LookupTable(MetadataBlocks blocks, String name, long[] locations, long end, int entrySize) {
        this.cursor = new MetadataCursor(blocks, name, locations[0], end);
        this.blocks = blocks;
        this.name = name;
        this.locations = locations;
        this.end = end;
        this.entrySize = entrySize;
    }

    /** Where the first block is. */
    long start() {
        return locations[0];
    }

    /** The fields of an entry, which the caller knows to exist; good until the next call. */
    FieldInput entry(long number) throws IOException {
        long position = number * entrySize;
        cursor.seek(
                locations[(int) (position / MetadataBlock.CAPACITY)] - locations[0],
                (int) (position % MetadataBlock.CAPACITY));
        return cursor;
    }

    /** Makes sure that the blocks stand one after the other and hold the entries, all of them and nothing else. */
    void check(long entries) throws IOException {
        long left = entries * entrySize;
        for (int i = 0; i < locations.length; i++) {
            MetadataBlocks.Expanded block = blocks.at(locations[i], end, name);
            long next = i + 1 < locations.length ? locations[i + 1] : end;
            long expected = Math.min(left, MetadataBlock.CAPACITY);
            if (block.next() != next || block.bytes().length != expected) {
                throw Image.corrupt("block %d of the %s has %d bytes and ends at byte %d, not %d bytes and %d".formatted(
                        i, name, block.bytes().length, block.next(), expected, next));
            }
            left -= expected;
        }
    }
}
