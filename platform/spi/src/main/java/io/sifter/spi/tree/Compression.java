package io.sifter.spi.tree;

import java.util.Locale;
import java.util.Objects;

/**
 * How blocks are compressed.
 *
 * @param level in the codec's own scale; 0 where blocks are stored as they are
 * @param blockSize bytes, a power of two from 4 KiB to 1 MiB
 */
public record Compression(Codec codec, int level, int blockSize) {
    /** SquashFS compressors, by their number in the superblock. Only the first and the last are ever written. */
    public enum Codec {
        GZIP(1), LZMA(2), LZO(3), XZ(4), LZ4(5), ZSTD(6);

        private final int id;

        Codec(int id) {
            this.id = id;
        }

        public int id() {
            return id;
        }

        @Override
        public String toString() {
            return name().toLowerCase(Locale.ROOT);
        }
    }

    public Compression {
        Objects.requireNonNull(codec);
        if (Integer.bitCount(blockSize) != 1 || blockSize < 4096 || blockSize > 1 << 20) {
            throw new IllegalArgumentException("Not a block size (4096 to 1048576, a power of two): " + blockSize);
        }
    }

    // Written out, since what a record would do by itself is made anew at every start.

    @Override
    public boolean equals(Object other) {
        return other instanceof Compression compression && codec == compression.codec && level == compression.level && blockSize == compression.blockSize;
    }

    @Override
    public int hashCode() {
        return (codec.id() * 31 + level) * 31 + blockSize;
    }

    /** Whether blocks of {@code other} may stand in a file system of this compression. The level leaves no trace. */
    public boolean reads(Compression other) {
        return codec == other.codec && blockSize == other.blockSize;
    }

    @Override
    public String toString() {
        return "%s-%d, %d KiB blocks".formatted(codec, level, blockSize >> 10);
    }
}
