package io.sifter.squashfs;

import io.sifter.spi.tree.Compression;
import io.sifter.spi.tree.Compression.Codec;
import java.io.IOException;

/**
 * The block after the superblock that tells how a compressor was set (doc/squashfs.md, <i>Compressor options</i>). Of
 * all that it can tell, the level is what we keep.
 */
record CompressorOptions(Codec codec, int level) {
    private static final int LEVEL_ONLY = 4;
    private static final int FULL = 8;

    /** Bytes on disk at most. */
    static final int MAX_SIZE = MetadataBlock.HEADER_SIZE + FULL;

    /** What readers assume where there is no such block. */
    static CompressorOptions standard(Codec codec) {
        return new CompressorOptions(codec, switch (codec) {
            case GZIP -> 9;
            case LZO -> 8;
            case ZSTD -> 15;
            case LZMA, XZ, LZ4 -> 0;
        });
    }

    /**
     * What an image must say. gzip says nothing: its readers need neither level nor window, and a level of ours may
     * have no meaning to them.
     */
    static boolean areNeeded(Compression compression) {
        return switch (compression.codec()) {
            case GZIP -> false;
            case ZSTD -> compression.level() != standard(Codec.ZSTD).level;
            case LZMA, LZO, XZ, LZ4 -> throw new IllegalArgumentException("Not written: " + compression.codec());
        };
    }

    static CompressorOptions read(FieldInput in, Codec codec) throws IOException {
        int header = in.u16();
        int expected = codec == Codec.ZSTD ? LEVEL_ONLY : FULL;
        if (!MetadataBlock.raw(header) || MetadataBlock.length(header) != expected) {
            throw in.corrupt("the compressor options start with 0x%04X, not 0x%04X"
                    .formatted(header, MetadataBlock.header(expected, true)));
        }
        int first = in.s32();
        return switch (codec) {
            case GZIP -> {
                in.u32();
                yield new CompressorOptions(codec, first);
            }
            case LZO -> new CompressorOptions(codec, in.s32());
            case ZSTD -> new CompressorOptions(codec, first);
            case LZMA, XZ, LZ4 -> {
                in.u32();
                yield new CompressorOptions(codec, 0);
            }
        };
    }

    /** For zstd, the only codec whose options we write. */
    void write(FieldOutput out) throws IOException {
        out.u16(MetadataBlock.header(LEVEL_ONLY, true));
        out.u32(level);
    }
}
