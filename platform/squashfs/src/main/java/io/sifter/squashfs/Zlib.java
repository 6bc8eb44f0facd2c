package io.sifter.squashfs;

import io.airlift.compress.v3.MalformedInputException;
import io.airlift.compress.v3.deflate.DeflateCompressor;
import io.airlift.compress.v3.deflate.DeflateNativeCompressor;
import io.airlift.compress.v3.deflate.DeflateNativeDecompressor;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;
import java.util.zip.Adler32;
import java.util.zip.DataFormatException;
import java.util.zip.Deflater;
import java.util.zip.Inflater;

/**
 * The zlib format (RFC 1950), which SquashFS calls gzip: two bytes of header, deflate data, Adler-32. libdeflate does
 * the work where it can be loaded, the JDK's zlib elsewhere.
 */
final class Zlib {
    private static final int HEADER_SIZE = 2;
    private static final int CHECKSUM_SIZE = Integer.BYTES;
    private static final byte DEFLATE_32K = 0x78;
    private static final byte SLOWEST = (byte) 0xDA;
    private static final ValueLayout.OfInt CHECKSUM =
            ValueLayout.JAVA_INT_UNALIGNED.withOrder(ByteOrder.BIG_ENDIAN);

    private static final int JDK_MAX_LEVEL = 9;

    private Zlib() {}

    static boolean isNative() {
        return DeflateNativeCompressor.isEnabled() && DeflateNativeDecompressor.isEnabled();
    }

    /** @param level 1 to 12; the JDK's scale ends at 9 */
    static BlockCompressor compressor(int level) {
        return isNative() ? new Native(level) : new Jdk(Math.min(level, JDK_MAX_LEVEL));
    }

    static BlockDecompressor decompressor() {
        return isNative() ? new NativeInverse() : new JdkInverse();
    }

    private static int checksum(MemorySegment bytes) {
        var adler = new Adler32();
        adler.update(bytes.asByteBuffer());
        return (int) adler.getValue();
    }

    private static final class Native implements BlockCompressor {
        private final DeflateCompressor deflate;

        Native(int level) {
            deflate = new DeflateNativeCompressor(level);
        }

        @Override
        public int capacity(int length) {
            return HEADER_SIZE + deflate.maxCompressedLength(length) + CHECKSUM_SIZE;
        }

        @Override
        public int compress(MemorySegment in, MemorySegment out) {
            int body = deflate.compress(in, out.asSlice(HEADER_SIZE, out.byteSize() - HEADER_SIZE - CHECKSUM_SIZE));
            int length = HEADER_SIZE + body + CHECKSUM_SIZE;
            if (length >= in.byteSize()) {
                return INCOMPRESSIBLE;
            }
            out.set(ValueLayout.JAVA_BYTE, 0, DEFLATE_32K);
            out.set(ValueLayout.JAVA_BYTE, 1, SLOWEST);
            out.set(CHECKSUM, HEADER_SIZE + body, checksum(in));
            return length;
        }
    }

    private static final class NativeInverse implements BlockDecompressor {
        private final DeflateNativeDecompressor inflate = new DeflateNativeDecompressor();

        @Override
        public int decompress(MemorySegment in, MemorySegment out) throws DataFormatException {
            long body = in.byteSize() - HEADER_SIZE - CHECKSUM_SIZE;
            if (body < 1) {
                throw new DataFormatException("%d bytes cannot be a zlib stream".formatted(in.byteSize()));
            }
            int header = in.get(ValueLayout.JAVA_SHORT_UNALIGNED.withOrder(ByteOrder.BIG_ENDIAN), 0) & 0xFFFF;
            boolean deflate = (header >> 8 & 0x0F) == 8 && header >> 12 <= 7 && (header & 0x20) == 0;
            if (!deflate || header % 31 != 0) {
                throw new DataFormatException("0x%04X is no zlib header".formatted(header));
            }
            int length;
            try {
                length = inflate.decompress(in.asSlice(HEADER_SIZE, body), out);
            } catch (MalformedInputException e) {
                throw malformed(e);
            }
            if (in.get(CHECKSUM, HEADER_SIZE + body) != checksum(out.asSlice(0, length))) {
                throw new DataFormatException("the Adler-32 checksum does not match");
            }
            return length;
        }
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

    static DataFormatException malformed(RuntimeException e) {
        var malformed = new DataFormatException(e.getMessage());
        malformed.initCause(e);
        return malformed;
    }
}
