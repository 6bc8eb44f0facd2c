package io.sifter.squashfs;

import io.airlift.compress.v3.internal.NativeLoader;
import io.sifter.squashfs.foreign.NativeFunction;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.SymbolLookup;
import java.lang.ref.Cleaner;
import java.lang.ref.Reference;
import java.util.Optional;
import java.util.function.Function;

/**
 * What a compressor or decompressor of a C library has outside the heap: its state, which goes when the object goes, and room for
 * what lies on the heap, where C cannot look. Of one thread at a time.
 */
abstract class NativeCodec {
    private static final Cleaner CLEANER = Cleaner.create();

    private final long state;
    private MemorySegment in = MemorySegment.NULL;
    private MemorySegment out = MemorySegment.NULL;

    /** @param state what the library made, 0 where it had no memory */
    NativeCodec(long state, NativeFunction free) {
        if (state == 0) {
            throw new OutOfMemoryError("No memory outside the heap for the state of a codec");
        }
        this.state = state;
        CLEANER.register(this, () -> free.call(state));
    }

    /** A library that aircompressor brings; empty where it cannot be loaded. */
    static <T> Optional<T> load(String name, Function<SymbolLookup, T> use) {
        try {
            return Optional.of(use.apply(NativeLoader.loadLibrary(name)));
        } catch (LinkageError | RuntimeException notHere) {
            return Optional.empty();
        }
    }

    /** Calls something that needs nothing but the state and numbers. */
    interface Step {
        long run(long state);
    }

    /** Calls something that reads one stretch of memory and writes to another, and returns how much it wrote; if negative, nothing. */
    interface Work {
        long run(long state, long in, long out);
    }

    final long call(Step step) {
        try {
            return step.run(state);
        } finally {
            Reference.reachabilityFence(this);
        }
    }

    final long call(MemorySegment from, MemorySegment into, Work work) {
        MemorySegment source = from;
        if (!from.isNative()) {
            in = room(in, from.byteSize());
            source = in;
            MemorySegment.copy(from, 0, source, 0, from.byteSize());
        }
        MemorySegment target = into;
        if (!into.isNative()) {
            out = room(out, into.byteSize());
            target = out;
        }
        try {
            long length = work.run(state, source.address(), target.address());
            if (target != into && length > 0) {
                MemorySegment.copy(target, 0, into, 0, length);
            }
            return length;
        } finally {
            // Numbers keep nothing alive.
            Reference.reachabilityFence(source);
            Reference.reachabilityFence(target);
            Reference.reachabilityFence(this);
        }
    }

    private static MemorySegment room(MemorySegment room, long size) {
        return room.byteSize() >= size ? room : Arena.ofAuto().allocate(size, Long.BYTES);
    }
}
