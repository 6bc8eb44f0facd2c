package io.sifter.squashfs;

import io.sifter.spi.error.UserException;
import io.sifter.spi.tree.Compression;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;

/**
 * A compressor and the buffer it writes to, which it swaps for the block's own: nothing is copied or allocated. One
 * thread at a time.
 */
final class BlockPress {
    private final BlockCompressor compressor;
    private final int bufferSize;
    private MemorySegment spare;

    BlockPress(Compression compression) throws UserException {
        compressor = Codecs.compressor(compression);
        bufferSize = Math.max(compression.blockSize(), compressor.capacity(compression.blockSize()));
        spare = Arena.ofAuto().allocate(bufferSize, 64);
    }

    /** Bytes that a block's buffer must have, more than the block. */
    int bufferSize() {
        return bufferSize;
    }

    /** What a press makes of a block. */
    record Pressed(MemorySegment buffer, int word) {}

    /**
     * Compresses the start of a buffer.
     *
     * @return the size word, and the buffer that holds so many bytes and takes the place of the given one
     */
    Pressed press(MemorySegment buffer, int length) {
        int compressed = compressor.compress(buffer.asSlice(0, length), spare);
        if (compressed == BlockCompressor.INCOMPRESSIBLE) {
            return new Pressed(buffer, SizeWord.of(length, true));
        }
        MemorySegment full = spare;
        spare = buffer;
        return new Pressed(full, SizeWord.of(compressed, false));
    }
}
