package io.sifter.squashfs;

import io.airlift.compress.v3.internal.NativeLoader;
import io.sifter.squashfs.foreign.NativeFunction;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.SymbolLookup;
import java.lang.ref.Cleaner;
import java.lang.ref.Reference;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;
import java.util.function.Function;

/**
 * What a compressor or decompressor of a C library has outside the heap: its state, which goes when the object goes, and room for
 * what lies on the heap, where C cannot look. Of one thread at a time.
 */
abstract class NativeCodec {
    private static final Cleaner CLEANER = Cleaner.create();
    /** aircompressor's property; its loader says the rest. */
    private static final String DISABLED = "io.airlift.compress.v3.disable-native";
    private static final int MFD_CLOEXEC = 1;

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

    /** What is made of a library that aircompressor brings; empty where it cannot be loaded. */
    static <T> Optional<T> load(String name, Function<SymbolLookup, T> use) {
        try {
            Optional<SymbolLookup> library = Boolean.getBoolean(DISABLED) ? Optional.empty() : fromMemory(name);
            return Optional.of(use.apply(library.orElseGet(() -> NativeLoader.loadLibrary(name))));
        } catch (LinkageError | RuntimeException notHere) {
            return Optional.empty();
        }
    }

    /**
     * Loads the library from a file without a name. aircompressor's own loader needs one in {@code /tmp}, which stays there if the process
     * is killed, and which cannot be loaded where programs must not be started from there.
     */
    @SuppressWarnings("restricted")
    private static Optional<SymbolLookup> fromMemory(String name) {
        String resource = "/aircompressor/linux-%s/lib%s.so".formatted(System.getProperty("os.arch"), name);
        try (InputStream library = NativeLoader.class.getResourceAsStream(resource); Arena arena = Arena.ofConfined()) {
            int file = library == null ? -1 : (int) NativeFunction.ofSystem("memfd_create").call(arena.allocateFrom(name).address(), MFD_CLOEXEC);
            if (file < 0) {
                return Optional.empty();
            }
            try {
                Path path = Path.of("/proc/self/fd/" + file);
                try (OutputStream out = Files.newOutputStream(path)) {
                    library.transferTo(out);
                }
                // As text: of a path, the JDK would look for the real one, and there is none.
                return Optional.of(SymbolLookup.libraryLookup(path.toString(), Arena.global()));
            } finally {
                NativeFunction.ofSystem("close").call(file);
            }
        } catch (IOException | RuntimeException notThisWay) {
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
