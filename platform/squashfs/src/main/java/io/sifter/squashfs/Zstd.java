package io.sifter.squashfs;

import io.sifter.squashfs.foreign.NativeFunction;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.SymbolLookup;
import java.util.Optional;
import java.util.zip.DataFormatException;

/**
 * The zstd that aircompressor brings, called directly: at level 3 it works with smaller tables than by itself, and only the few functions
 * that are used here are linked, which takes a tenth of a second less at each start.
 *
 * <p>Sources: the zstd manual, "Advanced compression API" and "Simple core API".
 */
final class Zstd {
    /** Empty where the library cannot be loaded. */
    static final Optional<Zstd> INSTANCE = NativeCodec.load("zstd", Zstd::new);

    // ZSTD_cParameter
    private static final int COMPRESSION_LEVEL = 100;
    private static final int HASH_LOG = 102;
    private static final int CHAIN_LOG = 103;
    /**
     * Level 3 has two tables of four-byte entries. For blocks above 256 KiB it would take 2^17 and 2^16, more than a core's second-level
     * cache often is; these fit beside the data. A third faster, files larger by less than a hundredth.
     */
    private static final int TABLES_LEVEL = 3;
    private static final int TABLE_LOG = 15;

    private final NativeFunction createCompressor;
    private final NativeFunction freeCompressor;
    private final NativeFunction setParameter;
    private final NativeFunction compress;
    private final NativeFunction createDecompressor;
    private final NativeFunction freeDecompressor;
    private final NativeFunction decompress;

    private Zstd(SymbolLookup library) {
        createCompressor = NativeFunction.of(library, "ZSTD_createCCtx");
        freeCompressor = NativeFunction.of(library, "ZSTD_freeCCtx");
        setParameter = NativeFunction.of(library, "ZSTD_CCtx_setParameter");
        compress = NativeFunction.of(library, "ZSTD_compress2");
        createDecompressor = NativeFunction.of(library, "ZSTD_createDCtx");
        freeDecompressor = NativeFunction.of(library, "ZSTD_freeDCtx");
        decompress = NativeFunction.of(library, "ZSTD_decompressDCtx");
    }

    BlockCompressor compressor(int level) {
        return new Compressor(level);
    }

    BlockDecompressor decompressor() {
        return new Decompressor();
    }

    /** Sizes above all that there are, as zstd sees them, are errors. */
    private static boolean isError(long size) {
        return size < 0;
    }

    private final class Compressor extends NativeCodec implements BlockCompressor {
        Compressor(int level) {
            super(createCompressor.call(), freeCompressor);
            set(COMPRESSION_LEVEL, level);
            if (level == TABLES_LEVEL) {
                set(HASH_LOG, TABLE_LOG);
                set(CHAIN_LOG, TABLE_LOG);
            }
        }

        private void set(int parameter, int value) {
            if (isError(call(state -> setParameter.call(state, parameter, value)))) {
                throw new IllegalArgumentException("zstd does not take %d for its parameter %d".formatted(value, parameter));
            }
        }

        /** {@code ZSTD_COMPRESSBOUND} */
        @Override
        public int capacity(int length) {
            return Math.addExact(length, (length >> 8) + (length < 128 << 10 ? (128 << 10) - length >> 11 : 0));
        }

        @Override
        public int compress(MemorySegment in, MemorySegment out) {
            long length = call(in, out, (state, from, into) -> compress.call(state, into, out.byteSize(), from, in.byteSize()));
            return !isError(length) && length < in.byteSize() ? (int) length : INCOMPRESSIBLE;
        }
    }

    private final class Decompressor extends NativeCodec implements BlockDecompressor {
        Decompressor() {
            super(createDecompressor.call(), freeDecompressor);
        }

        @Override
        public int decompress(MemorySegment in, MemorySegment out) throws DataFormatException {
            long length = call(in, out, (state, from, into) -> decompress.call(state, into, out.byteSize(), from, in.byteSize()));
            if (isError(length)) {
                throw new DataFormatException("zstd finds no frame of at most %d bytes (error %d)".formatted(out.byteSize(), -length));
            }
            return (int) length;
        }
    }
}
