package io.sifter.squashfs;

import java.lang.foreign.MemorySegment;
import java.util.zip.DataFormatException;

/** Decompresses single blocks; keeps working memory, so each instance belongs to one thread at a time. */
interface BlockDecompressor {
    /**
     * Decompresses a whole block and never writes beyond {@code out}, whatever the input claims.
     *
     * @return bytes written to the start of {@code out}
     * @throws DataFormatException when the input is damaged or has more to say than {@code out} can hold
     */
    int decompress(MemorySegment in, MemorySegment out) throws DataFormatException;
}
