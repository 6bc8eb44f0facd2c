package io.sifter.squashfs;

import java.lang.foreign.MemorySegment;
import java.util.zip.DataFormatException;
import java.util.zip.Deflater;
import java.util.zip.Inflater;

/**
 * The zlib format (RFC 1950), which SquashFS calls gzip: two bytes of header, deflate data, Adler-32. libdeflate does
 * the work where it can be loaded, the JDK's zlib elsewhere.
 */
final class Zlib {
    private static final int JDK_MAX_LEVEL = 9;

    private Zlib() {}

    static boolean isNative() {
        return Libdeflate.INSTANCE.isPresent();
    }

    /** @param level 1 to 12; the JDK's scale ends at 9 */
    static BlockCompressor compressor(int level) {
        return Libdeflate.INSTANCE
                .map(libdeflate -> libdeflate.compressor(level))
                .orElseGet(() -> new Jdk(Math.min(level, JDK_MAX_LEVEL)));
    }

    static BlockDecompressor decompressor() {
        return Libdeflate.INSTANCE.map(Libdeflate::decompressor).orElseGet(JdkInverse::new);
    }

    private static final class Jdk implements BlockCompressor {
        private final Deflater deflater;

        Jdk(int level) {
            deflater = new Deflater(level);
        }

        @Override
        public int capacity(int length) {
            return length;
        }

        @Override
        public int compress(MemorySegment in, MemorySegment out) {
            deflater.reset();
            deflater.setInput(in.asByteBuffer());
            deflater.finish();
            int length = deflater.deflate(out.asSlice(0, Math.min(out.byteSize(), in.byteSize())).asByteBuffer());
            return deflater.finished() && length < in.byteSize() ? length : INCOMPRESSIBLE;
        }
    }

    private static final class JdkInverse implements BlockDecompressor {
        private final Inflater inflater = new Inflater();

        @Override
        public int decompress(MemorySegment in, MemorySegment out) throws DataFormatException {
            inflater.reset();
            inflater.setInput(in.asByteBuffer());
            int length = inflater.inflate(out.asByteBuffer());
            if (!inflater.finished() && inflater.inflate(new byte[1]) != 0) {
                throw new DataFormatException("more than %d bytes come out".formatted(out.byteSize()));
            }
            if (!inflater.finished()) {
                throw new DataFormatException("the zlib stream has no end");
            }
            return length;
        }
    }
}
