package io.sifter.squashfs.foreign;

import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_LONG;

import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemoryLayout.PathElement;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.StructLayout;
import java.lang.foreign.SymbolLookup;
import java.lang.invoke.MethodHandle;

/**
 * A function of a C library with up to six parameters, each a pointer or a whole number. All are called as if they took six {@code long}
 * and returned one: on 64-bit Linux each such parameter has a register of its own, and who needs fewer leaves the others alone. So one
 * method handle does for all of them, where one for each shape costs a millisecond or more at every start.
 *
 * <p>What a function returns is a register's content: cast it to {@code int} if that is its type. A pointer is a plain number here; whoever
 * passes one keeps what it points to alive until the call is over. Safe for any thread.
 */
public final class NativeFunction {
    private static final StructLayout STATE = Linker.Option.captureStateLayout();
    private static final long ERRNO = STATE.byteOffset(PathElement.groupElement("errno"));

    @SuppressWarnings("restricted")
    private static final MethodHandle CALL = Linker.nativeLinker().downcallHandle(
            FunctionDescriptor.of(JAVA_LONG, JAVA_LONG, JAVA_LONG, JAVA_LONG, JAVA_LONG, JAVA_LONG, JAVA_LONG),
            Linker.Option.captureCallState("errno"));

    /** Written by any thread and read by none. */
    private static final Errno UNREAD = new Errno(Arena.global());

    private final MemorySegment address;

    private NativeFunction(MemorySegment address) {
        this.address = address;
    }

    /** @throws java.util.NoSuchElementException if the library has no such function */
    public static NativeFunction of(SymbolLookup library, String name) {
        return new NativeFunction(library.findOrThrow(name));
    }

    /** Of the C library. @throws java.util.NoSuchElementException if it has no such function */
    public static NativeFunction ofSystem(String name) {
        return of(Linker.nativeLinker().defaultLookup(), name);
    }

    /** Where a call leaves the error number; of one thread at a time. */
    public static final class Errno {
        private final MemorySegment state;

        /** Lives as long as the arena. */
        public Errno(Arena arena) {
            state = arena.allocate(STATE);
        }

        /** What the last call set that was given this, meaningful only if that call failed. */
        public int value() {
            return state.get(JAVA_INT, ERRNO);
        }
    }

    public long call(long... parameters) {
        return call(UNREAD, parameters);
    }

    /** @param errno takes the error number */
    public long call(Errno errno, long... parameters) {
        int n = parameters.length;
        if (n > 6) {
            throw new IllegalArgumentException("At most six parameters, not " + n);
        }
        try {
            return (long) CALL.invokeExact(address, errno.state, n > 0 ? parameters[0] : 0L, n > 1 ? parameters[1] : 0L,
                    n > 2 ? parameters[2] : 0L, n > 3 ? parameters[3] : 0L, n > 4 ? parameters[4] : 0L, n > 5 ? parameters[5] : 0L);
        } catch (RuntimeException | Error known) {
            throw known;
        } catch (Throwable impossible) {
            throw new AssertionError(impossible);
        }
    }
}
