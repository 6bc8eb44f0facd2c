package io.sifter.squashfs.foreign;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.SymbolLookup;
import java.util.NoSuchElementException;
import org.junit.jupiter.api.Test;

class NativeFunctionTest {
    private static final int ENOENT = 2;

    @Test
    void callsWithAnyNumberOfParameters() {
        assertThat((int) NativeFunction.ofSystem("getpid").call()).isEqualTo((int) ProcessHandle.current().pid());
        assertThat((int) NativeFunction.ofSystem("toupper").call('q')).isEqualTo('Q');
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment from = arena.allocateFrom("abcdef");
            MemorySegment into = arena.allocate(8);
            assertThat(NativeFunction.ofSystem("memcpy").call(into.address(), from.address() + 2, 3)).isEqualTo(into.address());
            assertThat(into.getString(0)).isEqualTo("cde");
        }
    }

    @Test
    void negativeNumbersKeepTheirSign() {
        assertThat((int) NativeFunction.ofSystem("abs").call(-7)).isEqualTo(7);
        assertThat(NativeFunction.ofSystem("labs").call(-7_000_000_000L)).isEqualTo(7_000_000_000L);
    }

    @Test
    void whoeverAsksLearnsTheErrorNumber() {
        try (Arena arena = Arena.ofConfined()) {
            NativeFunction.Errno errno = new NativeFunction.Errno(arena);
            assertThat((int) NativeFunction.ofSystem("rmdir").call(errno, arena.allocateFrom("/nowhere/at/all").address())).isEqualTo(-1);
            assertThat(errno.value()).isEqualTo(ENOENT);
        }
    }

    @Test
    void sixParametersArriveInTheirOrder() {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment text = arena.allocate(64);
            MemorySegment format = arena.allocateFrom("%ld %ld %ld");
            NativeFunction.ofSystem("snprintf").call(text.address(), text.byteSize(), format.address(), 4, -5, Long.MAX_VALUE);
            assertThat(text.getString(0)).isEqualTo("4 -5 " + Long.MAX_VALUE);
        }
    }

    @Test
    void refusesWhatItCannotCall() {
        NativeFunction getpid = NativeFunction.ofSystem("getpid");
        assertThatThrownBy(() -> getpid.call(1, 2, 3, 4, 5, 6, 7)).isInstanceOf(IllegalArgumentException.class).hasMessage("At most six parameters, not 7");
        assertThatThrownBy(() -> NativeFunction.of(SymbolLookup.loaderLookup(), "no_such_function")).isInstanceOf(NoSuchElementException.class);
    }
}
