package io.sifter.squashfs;

import io.sifter.squashfs.foreign.NativeFunction;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.SymbolLookup;
import java.lang.foreign.ValueLayout;
import java.util.Optional;
import java.util.zip.DataFormatException;

/**
 * The libdeflate that aircompressor brings, with its zlib functions: they compute the checksum on the way with vector
 * instructions, which aircompressor's own interface would leave to the much slower JDK. Calls on native memory do not
 * hold up the collector either.
 */
final class Libdeflate {
    /** Empty where the library cannot be loaded. */
    static final Optional<Libdeflate> INSTANCE = NativeCodec.load("deflate", Libdeflate::new);

    private static final int SUCCESS = 0;

    private final NativeFunction allocateCompressor;
    private final NativeFunction freeCompressor;
    private final NativeFunction compressBound;
    private final NativeFunction compress;
    private final NativeFunction allocateDecompressor;
    private final NativeFunction freeDecompressor;
    private final NativeFunction decompress;

    private Libdeflate(SymbolLookup library) {
        allocateCompressor = NativeFunction.of(library, "libdeflate_alloc_compressor");
        freeCompressor = NativeFunction.of(library, "libdeflate_free_compressor");
        compressBound = NativeFunction.of(library, "libdeflate_zlib_compress_bound");
        compress = NativeFunction.of(library, "libdeflate_zlib_compress");
        allocateDecompressor = NativeFunction.of(library, "libdeflate_alloc_decompressor");
        freeDecompressor = NativeFunction.of(library, "libdeflate_free_decompressor");
        decompress = NativeFunction.of(library, "libdeflate_zlib_decompress");
    }

    BlockCompressor compressor(int level) {
        return new Compressor(level);
    }

    BlockDecompressor decompressor() {
        return new Decompressor();
    }

    private final class Compressor extends NativeCodec implements BlockCompressor {
        Compressor(int level) {
            super(allocateCompressor.call(level), freeCompressor);
        }

        @Override
        public int capacity(int length) {
            return Math.toIntExact(call(state -> compressBound.call(state, length)));
        }

        @Override
        public int compress(MemorySegment in, MemorySegment out) {
            long length = call(in, out, (state, from, into) -> compress.call(state, from, in.byteSize(), into, out.byteSize()));
            return length > 0 && length < in.byteSize() ? (int) length : INCOMPRESSIBLE;
        }
    }

    private final class Decompressor extends NativeCodec implements BlockDecompressor {
        private final MemorySegment length = Arena.ofAuto().allocate(ValueLayout.JAVA_LONG);

        Decompressor() {
            super(allocateDecompressor.call(), freeDecompressor);
        }

        @Override
        public int decompress(MemorySegment in, MemorySegment out) throws DataFormatException {
            // A number that is not positive is what libdeflate does not take for success.
            long result = call(in, out, (state, from, into) -> {
                int answer = (int) decompress.call(state, from, in.byteSize(), into, out.byteSize(), length.address());
                return answer == SUCCESS ? length.get(ValueLayout.JAVA_LONG, 0) : -answer;
            });
            if (result < 0) {
                throw new DataFormatException(
                        "libdeflate finds no zlib stream of at most %d bytes (result %d)".formatted(out.byteSize(), -result));
            }
            return (int) result;
        }
    }
}
