package io.sifter.image.layer;

import static java.lang.foreign.ValueLayout.ADDRESS;
import static java.lang.foreign.ValueLayout.JAVA_BYTE;
import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_LONG;

import io.sifter.squashfs.foreign.NativeFunction;
import java.lang.foreign.Arena;
import java.lang.foreign.MemoryLayout;
import java.lang.foreign.MemoryLayout.PathElement;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.StructLayout;
import java.lang.foreign.SymbolLookup;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.Optional;
import java.util.zip.DataFormatException;
import java.util.zip.Deflater;

/**
 * Intel's ISA-L, where it is installed: twice as fast as zlib, on processors of every make. It knows streams, which other
 * fast libraries do not.
 */
@SuppressWarnings("restricted")
final class IsalInflater implements RawInflater {
    private static final String LIBRARY = "libisal.so.2";

    /** The beginning of {@code struct inflate_state} of igzip_lib.h; the same in all libraries of this name. */
    private static final StructLayout STATE = MemoryLayout.structLayout(
            ADDRESS.withName("next_out"),
            JAVA_INT.withName("avail_out"),
            JAVA_INT.withName("total_out"),
            ADDRESS.withName("next_in"),
            JAVA_LONG.withName("read_in"),
            JAVA_INT.withName("avail_in"),
            JAVA_INT.withName("read_in_length"),
            MemoryLayout.paddingLayout(18_912).withName("lit_huff_code"),
            MemoryLayout.paddingLayout(2_208).withName("dist_huff_code"),
            JAVA_INT.withName("block_state"));

    private static final long NEXT_OUT = offset("next_out");
    private static final long AVAIL_OUT = offset("avail_out");
    private static final long NEXT_IN = offset("next_in");
    private static final long AVAIL_IN = offset("avail_in");
    private static final long BITS_READ = offset("read_in_length");
    private static final long BLOCK_STATE = offset("block_state");

    /** Of the whole structure, 87,368 bytes, with room to grow. */
    private static final long STATE_SIZE = 128 << 10;

    /** {@code ISAL_BLOCK_FINISH}: everything is decompressed and handed out. */
    private static final int FINISH = 5;

    private static final int IN_SIZE = 128 << 10;
    private static final int OUT_SIZE = 256 << 10;

    /** Not confined: a stream inside an archive is opened by one thread and read by another, one after the other. */
    private final Arena arena = Arena.ofShared();
    private final MemorySegment state = arena.allocate(STATE_SIZE, 64);
    private final MemorySegment in = arena.allocate(IN_SIZE, 64);
    private final MemorySegment out = arena.allocate(OUT_SIZE, 64);
    private int given;
    /** Whether the output was filled up, so that more may come without input. */
    private boolean full;

    private IsalInflater() {
        reset();
    }

    /** Empty where the library is not installed, or is not what it is known to be. */
    static Optional<IsalInflater> open() {
        return Native.USABLE ? Optional.of(new IsalInflater()) : Optional.empty();
    }

    private static long offset(String field) {
        return STATE.byteOffset(PathElement.groupElement(field));
    }

    @Override
    public void reset() {
        Native.INIT.call(state.address());
        state.set(JAVA_INT, AVAIL_IN, 0);
        given = 0;
        full = false;
    }

    @Override
    public boolean needsInput() {
        return !full && !finished() && remaining() == 0;
    }

    @Override
    public int input(byte[] bytes, int offset, int length) {
        given = Math.min(length, IN_SIZE);
        MemorySegment.copy(bytes, offset, in, JAVA_BYTE, 0, given);
        state.set(JAVA_LONG, NEXT_IN, in.address());
        state.set(JAVA_INT, AVAIL_IN, given);
        return given;
    }

    @Override
    public int inflate(byte[] target, int offset, int length) throws DataFormatException {
        int wanted = Math.min(length, OUT_SIZE);
        if (wanted == 0 || finished()) {
            return 0;
        }
        state.set(JAVA_LONG, NEXT_OUT, out.address());
        state.set(JAVA_INT, AVAIL_OUT, wanted);
        int result = (int) Native.INFLATE.call(state.address());
        if (result < 0) {
            throw new DataFormatException(switch (result) {
                case -1 -> "invalid block type or header";
                case -2 -> "invalid code in a block";
                case -3 -> "invalid distance too far back";
                default -> "ISA-L answers " + result;
            });
        }
        int n = wanted - state.get(JAVA_INT, AVAIL_OUT);
        full = n == wanted;
        MemorySegment.copy(out, JAVA_BYTE, 0, target, offset, n);
        if (finished() && remaining() > given) {
            throw new IllegalStateException("ISA-L gives back %d bytes of %d".formatted(remaining(), given));
        }
        return n;
    }

    @Override
    public boolean finished() {
        return state.get(JAVA_INT, BLOCK_STATE) == FINISH;
    }

    @Override
    public int remaining() {
        // Whole bytes behind the end that were read already. They are never of an input before the last.
        int readTooFar = finished() ? state.get(JAVA_INT, BITS_READ) / Byte.SIZE : 0;
        return state.get(JAVA_INT, AVAIL_IN) + readTooFar;
    }

    @Override
    public void close() {
        arena.close();
    }

    /** The library, loaded when it is first asked for. */
    private static final class Native {
        private static final NativeFunction INIT;
        private static final NativeFunction INFLATE;
        private static final boolean USABLE;

        static {
            NativeFunction init = null;
            NativeFunction inflate = null;
            try {
                SymbolLookup library = SymbolLookup.libraryLookup(LIBRARY, Arena.global());
                init = NativeFunction.of(library, "isal_inflate_init");
                inflate = NativeFunction.of(library, "isal_inflate");
            } catch (RuntimeException | LinkageError notHere) {
                init = null;
            }
            INIT = init;
            INFLATE = inflate;
            USABLE = init != null && asKnown();
        }

        /** Whether the structure is laid out as above: a stream must come out, and its end must be found. */
        private static boolean asKnown() {
            byte[] text = "A library of the same name can still be another one. ".repeat(8).getBytes(StandardCharsets.US_ASCII);
            byte[] compressed = new byte[text.length];
            Deflater deflater = new Deflater(Deflater.BEST_SPEED, true);
            deflater.setInput(text);
            deflater.finish();
            int length = deflater.deflate(compressed);
            deflater.end();
            byte[] result = new byte[text.length];
            try (IsalInflater inflater = new IsalInflater()) {
                int half = length / 2;
                inflater.input(compressed, 0, half);
                int n = inflater.inflate(result, 0, result.length);
                boolean early = inflater.finished() || !inflater.needsInput();
                inflater.input(compressed, half, compressed.length - half);
                n += inflater.inflate(result, n, result.length - n);
                return !early && inflater.finished() && inflater.remaining() == compressed.length - length && n == text.length
                        && Arrays.equals(text, result);
            } catch (DataFormatException | IllegalStateException | IndexOutOfBoundsException another) {
                return false;
            }
        }
    }
}
