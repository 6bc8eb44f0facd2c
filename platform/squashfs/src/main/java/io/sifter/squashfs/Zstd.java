package io.sifter.squashfs;

import io.airlift.compress.v3.internal.NativeLoader;
import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.SymbolLookup;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.MethodHandle;
import java.lang.ref.Cleaner;
import java.util.Optional;
import java.util.zip.DataFormatException;

/**
 * The zstd that aircompressor brings, called directly: at level 3 it works with smaller tables than by itself, and only the few functions
 * that are used here are linked, which takes a tenth of a second less at each start.
 *
 * <p>Sources: the zstd manual, "Advanced compression API" and "Simple core API".
 */
@SuppressWarnings("restricted")
final class Zstd {
    /** Empty where the library cannot be loaded. */
    static final Optional<Zstd> INSTANCE = load();

    private static final Cleaner CLEANER = Cleaner.create();
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

    private final MethodHandle createCompressor;
    private final MethodHandle freeCompressor;
    private final MethodHandle setParameter;
    private final MethodHandle compress;
    private final MethodHandle createDecompressor;
    private final MethodHandle freeDecompressor;
    private final MethodHandle decompress;

    private Zstd(SymbolLookup library) {
        var pointer = ValueLayout.ADDRESS;
        var size = ValueLayout.JAVA_LONG;
        var number = ValueLayout.JAVA_INT;
        var create = FunctionDescriptor.of(pointer);
        // They return a size that is always 0.
        var free = FunctionDescriptor.ofVoid(pointer);
        var work = FunctionDescriptor.of(size, pointer, pointer, size, pointer, size);
        createCompressor = link(library, "ZSTD_createCCtx", create);
        freeCompressor = link(library, "ZSTD_freeCCtx", free);
        setParameter = link(library, "ZSTD_CCtx_setParameter", FunctionDescriptor.of(size, pointer, number, number));
        compress = link(library, "ZSTD_compress2", work);
        createDecompressor = link(library, "ZSTD_createDCtx", create);
        freeDecompressor = link(library, "ZSTD_freeDCtx", free);
        decompress = link(library, "ZSTD_decompressDCtx", work);
    }

    private static Optional<Zstd> load() {
        try {
            return Optional.of(new Zstd(NativeLoader.loadLibrary("zstd")));
        } catch (LinkageError | RuntimeException notHere) {
            return Optional.empty();
        }
    }

    private static MethodHandle link(SymbolLookup library, String name, FunctionDescriptor descriptor) {
        return Linker.nativeLinker().downcallHandle(library.findOrThrow(name), descriptor);
    }

    BlockCompressor compressor(int level) {
        return new Compressor(level);
    }

    BlockDecompressor decompressor() {
        return new Decompressor();
    }

    private static MemorySegment create(Object owner, MethodHandle create, MethodHandle free) {
        MemorySegment state;
        try {
            state = (MemorySegment) create.invokeExact();
        } catch (Throwable impossible) {
            throw failed(impossible);
        }
        if (state.address() == 0) {
            throw new OutOfMemoryError("zstd has no memory");
        }
        CLEANER.register(owner, () -> {
            try {
                free.invokeExact(state);
            } catch (Throwable impossible) {
                throw failed(impossible);
            }
        });
        return state;
    }

    private static Error failed(Throwable thrown) {
        switch (thrown) {
            case Error known -> throw known;
            case RuntimeException known -> throw known;
            default -> throw new AssertionError(thrown);
        }
    }

    /** Sizes above all that there are, as zstd sees them, are errors. */
    private static boolean isError(long size) {
        return size < 0;
    }

    /** What native code can be given: the segment, or a copy of what lies on the heap. */
    private static MemorySegment outside(MemorySegment segment, Arena arena, boolean filled) {
        if (segment.isNative()) {
            return segment;
        }
        MemorySegment outside = arena.allocate(segment.byteSize());
        return filled ? outside.copyFrom(segment) : outside;
    }

    private long work(MethodHandle function, MemorySegment state, MemorySegment in, MemorySegment out) {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment result = outside(out, arena, false);
            long length = (long) function.invokeExact(state, result, result.byteSize(), outside(in, arena, true), in.byteSize());
            if (!out.isNative() && !isError(length)) {
                MemorySegment.copy(result, 0, out, 0, length);
            }
            return length;
        } catch (Throwable impossible) {
            throw failed(impossible);
        }
    }

    private final class Compressor implements BlockCompressor {
        private final MemorySegment state;

        Compressor(int level) {
            state = create(this, createCompressor, freeCompressor);
            set(COMPRESSION_LEVEL, level);
            if (level == TABLES_LEVEL) {
                set(HASH_LOG, TABLE_LOG);
                set(CHAIN_LOG, TABLE_LOG);
            }
        }

        private void set(int parameter, int value) {
            long result;
            try {
                result = (long) setParameter.invokeExact(state, parameter, value);
            } catch (Throwable impossible) {
                throw failed(impossible);
            }
            if (isError(result)) {
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
            long length = work(compress, state, in, out);
            return !isError(length) && length < in.byteSize() ? (int) length : INCOMPRESSIBLE;
        }
    }

    private final class Decompressor implements BlockDecompressor {
        private final MemorySegment state = create(this, createDecompressor, freeDecompressor);

        @Override
        public int decompress(MemorySegment in, MemorySegment out) throws DataFormatException {
            long length = work(decompress, state, in, out);
            if (isError(length)) {
                throw new DataFormatException("zstd finds no frame of at most %d bytes (error %d)".formatted(out.byteSize(), -length));
            }
            return (int) length;
        }
    }
}
