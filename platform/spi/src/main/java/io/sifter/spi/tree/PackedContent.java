package io.sifter.spi.tree;

import java.nio.channels.FileChannel;
import java.util.Objects;
import java.util.Optional;

/**
 * A file's bytes as SquashFS keeps them (reference: SquashFS 4.0, data blocks and fragments): a run of blocks without
 * gaps, and perhaps a slice of a fragment block for what is left.
 *
 * @param store where the blocks lie
 * @param position of the first block in the store's channel; meaningless when no word has a length
 * @param sizeWords one for each block: bits 0 to 23 length on disk, bit 24 stored raw, 0 a block of zeros. Not copied.
 * @param tail the rest of the file, or the whole of a small one
 */
public record PackedContent(Store store, long position, int[] sizeWords, Optional<Slice> tail) {
    public PackedContent {
        Objects.requireNonNull(store);
        Objects.requireNonNull(sizeWords);
        Objects.requireNonNull(tail);
    }

    /**
     * A file full of blocks. Equality is identity.
     *
     * @param channel open for reading as long as the tree is; shared, so read at positions only
     * @param compression how every block is compressed
     */
    public static final class Store {
        private final FileChannel channel;
        private final Compression compression;

        public Store(FileChannel channel, Compression compression) {
            this.channel = Objects.requireNonNull(channel);
            this.compression = Objects.requireNonNull(compression);
        }

        public FileChannel channel() {
            return channel;
        }

        public Compression compression() {
            return compression;
        }
    }

    /**
     * A part of a fragment block.
     *
     * @param position of the fragment block in the store's channel
     * @param sizeWord as for data blocks
     * @param blockLength of the whole fragment block uncompressed, bytes; 0 where only decompressing would tell
     * @param offset of the slice in the uncompressed fragment block
     * @param length of the slice, bytes
     */
    public record Slice(long position, int sizeWord, int blockLength, int offset, int length) {}
}
