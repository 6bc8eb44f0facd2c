package io.sifter.engine;

import io.sifter.spi.tree.Compression;
import io.sifter.spi.tree.Compression.Codec;
import java.util.Locale;

/** What users choose by {@code --compression}. */
public enum Profile {
    /** gzip: read by every kernel and every peer. Level and block size are the measured choice of the README. */
    COMPAT(new Compression(Codec.GZIP, 5, 256 << 10)),
    /** zstd 3: for sites whose kernels and tools read it; SingularityCE refuses it. */
    FAST(new Compression(Codec.ZSTD, 3, 512 << 10)),
    /** zstd 15: small, at the price of time. */
    SMALL(new Compression(Codec.ZSTD, 15, 256 << 10));

    private final Compression compression;

    Profile(Compression compression) {
        this.compression = compression;
    }

    /** @throws IllegalArgumentException if there is no such profile; names those that exist */
    public static Profile parse(String name) {
        for (Profile profile : values()) {
            if (profile.toString().equals(name)) {
                return profile;
            }
        }
        throw new IllegalArgumentException("No compression profile '%s': it is compat, fast or small".formatted(name));
    }

    /** @param blockSize bytes, 0 for the profile's own */
    public Compression compression(int blockSize) {
        return blockSize == 0 ? compression : new Compression(compression.codec(), compression.level(), blockSize);
    }

    @Override
    public String toString() {
        return name().toLowerCase(Locale.ROOT);
    }
}
