package io.sifter.squashfs;

import java.lang.foreign.MemorySegment;

/** Compresses single blocks at one level; keeps working memory, so each instance belongs to one thread at a time. */
interface BlockCompressor {
    /** What {@link #compress} may return instead of a length. */
    int INCOMPRESSIBLE = -1;

    /** How large the output must be for a block of this length. */
    int capacity(int length);

    /**
     * Compresses a whole block. Native and heap segments will do; what lies on the heap is copied.
     *
     * @return bytes written to the start of {@code out}, fewer than {@code in} has; or {@link #INCOMPRESSIBLE}
     */
    int compress(MemorySegment in, MemorySegment out);
}
