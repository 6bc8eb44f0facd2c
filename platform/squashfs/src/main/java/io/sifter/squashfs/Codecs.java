package io.sifter.squashfs;

import io.airlift.compress.v3.Compressor;
import io.airlift.compress.v3.Decompressor;
import io.airlift.compress.v3.lz4.Lz4Decompressor;
import io.airlift.compress.v3.lz4.Lz4NativeDecompressor;
import io.airlift.compress.v3.lzo.LzoDecompressor;
import io.airlift.compress.v3.zstd.ZstdJavaCompressor;
import io.airlift.compress.v3.zstd.ZstdJavaDecompressor;
import io.sifter.spi.error.UserException;
import io.sifter.spi.tree.Compression;
import io.sifter.spi.tree.Compression.Codec;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.zip.DataFormatException;
import org.tukaani.xz.SingleXZInputStream;

/**
 * What compresses blocks in this process. Blocks of one codec can be read everywhere, but another implementation or
 * version of it makes other bytes of the same input; {@link #build} tells them apart. Safe for any thread.
 */
public final class Codecs {
    private static final int MAX_GZIP_LEVEL = 12;
    private static final int MAX_ZSTD_LEVEL = 22;

    /** KiB. The largest block has a dictionary of 1 MiB; its decoder needs little more. */
    private static final int XZ_MEMORY_LIMIT = 16 << 10;

    private Codecs() {}

    /**
     * Implementation and version, such as {@code libdeflate/aircompressor-3.14} or {@code jdk-zlib/25.0.3}: with
     * equal builds, equal input gives equal bytes.
     */
    public static String build(Compression compression) {
        String library = "/aircompressor-" + Compressor.class.getPackage().getImplementationVersion();
        return switch (compression.codec()) {
            case GZIP -> isNative(Codec.GZIP) ? "libdeflate" + library : "jdk-zlib/" + jdkVersion();
            // Behind the name stands the size of the tables at level 3.
            case ZSTD -> (isNative(Codec.ZSTD) ? "zstd-256k" : "zstd-java") + library;
            case LZMA, LZO, XZ, LZ4 -> throw new IllegalArgumentException("Never written: " + compression.codec());
        };
    }

    /** Whether native code does it here, about three times as fast as Java would. */
    public static boolean isNative(Codec codec) {
        return switch (codec) {
            case GZIP -> Zlib.isNative();
            case ZSTD -> Zstd.INSTANCE.isPresent();
            case LZ4 -> Lz4NativeDecompressor.isEnabled();
            case LZMA, LZO, XZ -> false;
        };
    }

    /**
     * The Java implementation of zstd knows one level, about 3, and uses it for all. With level 0 every block is stored as it is.
     *
     * @throws UserException when blocks cannot be written like this
     */
    static BlockCompressor compressor(Compression compression) throws UserException {
        int level = compression.level();
        if (level == 0) {
            return new Stored();
        }
        return switch (compression.codec()) {
            case GZIP -> {
                checkLevel(compression, MAX_GZIP_LEVEL);
                yield Zlib.compressor(level);
            }
            case ZSTD -> {
                checkLevel(compression, MAX_ZSTD_LEVEL);
                yield Zstd.INSTANCE.map(zstd -> zstd.compressor(level)).orElseGet(() -> new OfLibrary(new ZstdJavaCompressor()));
            }
            case LZMA, LZO, XZ, LZ4 -> throw new UserException(
                    "Could not write SquashFS with %s: only gzip and zstd are written".formatted(compression.codec()),
                    "Choose gzip, which every reader takes, or zstd.");
        };
    }

    static BlockDecompressor decompressor(Codec codec) {
        return switch (codec) {
            case GZIP -> Zlib.decompressor();
            case ZSTD -> Zstd.INSTANCE.map(Zstd::decompressor).orElseGet(() -> new InverseOfLibrary(new ZstdJavaDecompressor()));
            case LZ4 -> new InverseOfLibrary(Lz4Decompressor.create());
            case LZO -> new InverseOfLibrary(new LzoDecompressor());
            case XZ -> Codecs::unxz;
            case LZMA -> throw new IllegalArgumentException("Never read: " + codec);
        };
    }

    /** Compresses nothing. */
    private record Stored() implements BlockCompressor {
        @Override
        public int capacity(int length) {
            return length;
        }

        @Override
        public int compress(MemorySegment in, MemorySegment out) {
            return INCOMPRESSIBLE;
        }
    }

    private static void checkLevel(Compression compression, int max) throws UserException {
        if (compression.level() < 1 || compression.level() > max) {
            throw new UserException(
                    "Could not compress with %s at level %d: levels go from 1 to %d"
                            .formatted(compression.codec(), compression.level(), max),
                    "Choose a level in this range.");
        }
    }

    private static String jdkVersion() {
        Runtime.Version version = Runtime.version();
        return "%d.%d.%d".formatted(version.feature(), version.interim(), version.update());
    }

    private record OfLibrary(Compressor compressor) implements BlockCompressor {
        @Override
        public int capacity(int length) {
            return compressor.maxCompressedLength(length);
        }

        @Override
        public int compress(MemorySegment in, MemorySegment out) {
            int length = compressor.compress(in, out);
            return length < in.byteSize() ? length : INCOMPRESSIBLE;
        }
    }

    private record InverseOfLibrary(Decompressor decompressor) implements BlockDecompressor {
        @Override
        public int decompress(MemorySegment in, MemorySegment out) throws DataFormatException {
            try {
                return decompressor.decompress(in, out);
            } catch (RuntimeException e) { // the library has several for hostile input
                throw malformed(e);
            }
        }
    }

    private static int unxz(MemorySegment in, MemorySegment out) throws DataFormatException {
        byte[] compressed = in.toArray(ValueLayout.JAVA_BYTE);
        try (InputStream bytes = new SingleXZInputStream(new ByteArrayInputStream(compressed), XZ_MEMORY_LIMIT)) {
            byte[] block = bytes.readNBytes((int) out.byteSize());
            if (bytes.read() >= 0) {
                throw new DataFormatException("more than %d bytes come out".formatted(out.byteSize()));
            }
            MemorySegment.copy(block, 0, out, ValueLayout.JAVA_BYTE, 0, block.length);
            return block.length;
        } catch (IOException e) {
            throw malformed(e);
        }
    }

    private static DataFormatException malformed(Exception e) {
        var malformed = new DataFormatException(e.getMessage());
        malformed.initCause(e);
        return malformed;
    }
}
