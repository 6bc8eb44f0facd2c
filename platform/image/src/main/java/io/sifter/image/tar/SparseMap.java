package io.sifter.image.tar;

import io.sifter.spi.error.CorruptDataException;
import java.util.Arrays;

/** Where the stored parts of a sparse file lie. They ascend, do not overlap, and lie within the file. */
final class SparseMap {
    /** 16 MiB of memory; no real file comes near. */
    private static final int MAX_PARTS = 1 << 20;

    private final long position;
    private long[] offsets = new long[8];
    private long[] lengths = new long[8];
    private int parts;
    private long stored;

    /** @param position of the entry in the archive, for messages */
    SparseMap(long position) {
        this.position = position;
    }

    void add(long offset, long length) throws CorruptDataException {
        long end = parts == 0 ? 0 : offsets[parts - 1] + lengths[parts - 1];
        if (offset < end || length < 0 || offset > Long.MAX_VALUE - length) {
            throw new CorruptDataException("tar at byte %d: part %d of the sparse file lies at %d with %d bytes, the one before ends at %d"
                    .formatted(position, parts, offset, length, end));
        }
        if (parts == MAX_PARTS) {
            throw new CorruptDataException("tar at byte %d: the sparse file has more than %d parts".formatted(position, MAX_PARTS));
        }
        if (parts == offsets.length) {
            offsets = Arrays.copyOf(offsets, parts * 2);
            lengths = Arrays.copyOf(lengths, parts * 2);
        }
        offsets[parts] = offset;
        lengths[parts++] = length;
        stored += length;
    }

    void verify(long realSize, long storedSize) throws CorruptDataException {
        long end = parts == 0 ? 0 : offsets[parts - 1] + lengths[parts - 1];
        if (realSize < 0 || end > realSize || stored != storedSize) {
            throw new CorruptDataException("tar at byte %d: the sparse file of %d bytes has parts up to %d; %d bytes are stored, its parts have %d"
                    .formatted(position, realSize, end, storedSize, stored));
        }
    }

    int parts() {
        return parts;
    }

    long offset(int part) {
        return offsets[part];
    }

    long length(int part) {
        return lengths[part];
    }
}
