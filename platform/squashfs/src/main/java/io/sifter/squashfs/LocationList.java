package io.sifter.squashfs;

import java.io.IOException;

/**
 * Where the metadata blocks of a look-up table are (doc/squashfs.md, <i>Look-up tables</i>): one u64 for each block,
 * from the start of the image. The superblock points here.
 */
final class LocationList {
    private static final int MAX_GAP = MetadataBlock.HEADER_SIZE + MetadataBlock.CAPACITY;

    private LocationList() {}

    /** How many metadata blocks, thus locations, a table of so many entries has. */
    static int length(long entries, int entrySize) {
        return Math.toIntExact(Math.ceilDiv(Math.multiplyExact(entries, (long) entrySize), MetadataBlock.CAPACITY));
    }

    /**
     * @param length as {@link #length(long, int)} tells
     * @param end what follows the last block: where the list itself starts, or the xattr header
     */
    static long[] read(FieldInput in, int length, long end) throws IOException {
        long[] locations = new long[in.counted(length, Long.BYTES, "table blocks")];
        for (int i = 0; i < locations.length; i++) {
            locations[i] = in.u64();
        }
        for (int i = 0; i < locations.length; i++) {
            long next = i + 1 < locations.length ? locations[i + 1] : end;
            if (locations[i] < Superblock.SIZE || next <= locations[i] || next - locations[i] > MAX_GAP) {
                throw in.corrupt("block %d of a table lies at %s and is followed by something at %s".formatted(
                        i, Long.toUnsignedString(locations[i]), Long.toUnsignedString(next)));
            }
        }
        return locations;
    }

    static void write(FieldOutput out, long[] locations) throws IOException {
        for (long location : locations) {
            out.u64(location);
        }
    }
}
