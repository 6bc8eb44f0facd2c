package io.sifter.squashfs;

import io.airlift.compress.v3.internal.NativeLoader;
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
 * The libdeflate that aircompressor brings, with its zlib functions: they compute the checksum on the way with vector
 * instructions, which aircompressor's own interface would leave to the much slower JDK. Calls on native memory do not
 * hold up the collector either.
 */
@SuppressWarnings("restricted")
final class Libdeflate {
    /** Empty where the library cannot be loaded. */
    static final Optional<Libdeflate> INSTANCE = load();

    private static final Cleaner CLEANER = Cleaner.create();
    private static final int SUCCESS = 0;

    private final MethodHandle allocateCompressor;
    private final MethodHandle freeCompressor;
    private final MethodHandle compressBound;
    private final MethodHandle compress;
    private final MethodHandle compressOnHeap;
    private final MethodHandle allocateDecompressor;
    private final MethodHandle freeDecompressor;
    private final MethodHandle decompress;

    private Libdeflate(SymbolLookup library) {
        var pointer = ValueLayout.ADDRESS;
        var size = ValueLayout.JAVA_LONG;
        var number = ValueLayout.JAVA_INT;
        var compressing = FunctionDescriptor.of(size, pointer, pointer, size, pointer, size);
        allocateCompressor = link(library, "libdeflate_alloc_compressor", FunctionDescriptor.of(pointer, number));
        freeCompressor = link(library, "libdeflate_free_compressor", FunctionDescriptor.ofVoid(pointer));
        compressBound = link(library, "libdeflate_zlib_compress_bound", FunctionDescriptor.of(size, pointer, size));
        compress = link(library, "libdeflate_zlib_compress", compressing);
        compressOnHeap = link(library, "libdeflate_zlib_compress", compressing, Linker.Option.critical(true));
        allocateDecompressor = link(library, "libdeflate_alloc_decompressor", FunctionDescriptor.of(pointer));
        freeDecompressor = link(library, "libdeflate_free_decompressor", FunctionDescriptor.ofVoid(pointer));
        decompress = link(
                library,
                "libdeflate_zlib_decompress",
                FunctionDescriptor.of(number, pointer, pointer, size, pointer, size, pointer),
                Linker.Option.critical(true));
    }

    private static Optional<Libdeflate> load() {
        try {
            return Optional.of(new Libdeflate(NativeLoader.loadLibrary("deflate")));
        } catch (LinkageError | RuntimeException notHere) {
            return Optional.empty();
        }
    }

    private static MethodHandle link(
            SymbolLookup library, String name, FunctionDescriptor descriptor, Linker.Option... options) {
        return Linker.nativeLinker().downcallHandle(library.findOrThrow(name), descriptor, options);
    }

    BlockCompressor compressor(int level) {
        return new Compressor(level);
    }

    BlockDecompressor decompressor() {
        return new Decompressor();
    }

    private MemorySegment allocate(Object owner, MethodHandle free, MemorySegment allocated) {
        if (allocated.address() == 0) {
            throw new OutOfMemoryError("libdeflate has no memory");
        }
        CLEANER.register(owner, () -> {
            try {
                free.invokeExact(allocated);
            } catch (Throwable impossible) {
                throw new AssertionError(impossible);
            }
        });
        return allocated;
    }

    private final class Compressor implements BlockCompressor {
        private final MemorySegment state;

        Compressor(int level) {
            try {
                state = allocate(this, freeCompressor, (MemorySegment) allocateCompressor.invokeExact(level));
            } catch (RuntimeException | Error known) {
                throw known;
            } catch (Throwable impossible) {
                throw new AssertionError(impossible);
            }
        }

        @Override
        public int capacity(int length) {
            try {
                return Math.toIntExact((long) compressBound.invokeExact(state, (long) length));
            } catch (RuntimeException | Error known) {
                throw known;
            } catch (Throwable impossible) {
                throw new AssertionError(impossible);
            }
        }

        @Override
        public int compress(MemorySegment in, MemorySegment out) {
            long length;
            try {
                length = in.isNative() && out.isNative()
                        ? (long) compress.invokeExact(state, in, in.byteSize(), out, out.byteSize())
                        : (long) compressOnHeap.invokeExact(state, in, in.byteSize(), out, out.byteSize());
            } catch (RuntimeException | Error known) {
                throw known;
            } catch (Throwable impossible) {
                throw new AssertionError(impossible);
            }
            return length > 0 && length < in.byteSize() ? (int) length : INCOMPRESSIBLE;
        }
    }

    private final class Decompressor implements BlockDecompressor {
        private final MemorySegment state;
        private final long[] length = new long[1];

        Decompressor() {
            try {
                state = allocate(this, freeDecompressor, (MemorySegment) allocateDecompressor.invokeExact());
            } catch (RuntimeException | Error known) {
                throw known;
            } catch (Throwable impossible) {
                throw new AssertionError(impossible);
            }
        }

        @Override
        public int decompress(MemorySegment in, MemorySegment out) throws DataFormatException {
            int result;
            try {
                result = (int) decompress.invokeExact(
                        state, in, in.byteSize(), out, out.byteSize(), MemorySegment.ofArray(length));
            } catch (RuntimeException | Error known) {
                throw known;
            } catch (Throwable impossible) {
                throw new AssertionError(impossible);
            }
            if (result != SUCCESS) {
                throw new DataFormatException(
                        "libdeflate finds no zlib stream of at most %d bytes (result %d)".formatted(out.byteSize(), result));
            }
            return (int) length[0];
        }
    }
}
