package io.sifter.squashfs;

import java.io.IOException;

/** Entries that are found by their number (doc/squashfs.md, <i>Look-up tables</i>). */
final class LookupTable {
    private final MetadataCursor cursor;
    private final long[] locations;
    private final int entrySize;

    /**
     * @param locations of the metadata blocks, from the start of the image
     * @param end of the last block
     */
    LookupTable(MetadataBlocks blocks, String name, long[] locations, long end, int entrySize) {
        this.cursor = new MetadataCursor(blocks, name, locations[0], end);
        this.locations = locations;
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
}
