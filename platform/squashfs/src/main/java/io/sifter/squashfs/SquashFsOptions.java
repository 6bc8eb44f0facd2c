package io.sifter.squashfs;

import io.sifter.spi.SinkOptions.Copies;
import io.sifter.spi.tree.Compression;
import java.nio.file.Path;
import java.util.Objects;
import java.util.OptionalLong;

/**
 * How an image is written.
 *
 * @param compression of everything; blocks that are so compressed already are copied
 * @param allRoot whether everything shall belong to root
 * @param mkfsTime when the image was made, seconds since 1970, 0 to 2^32-1
 * @param mtimeCeiling later modification times become this one
 * @param target the file that is written, for messages
 * @param copies is told which blocks are copied
 */
public record SquashFsOptions(
        Compression compression, boolean allRoot, long mkfsTime, OptionalLong mtimeCeiling, Path target,
        Copies copies) {
    private static final long MAX_TIME = 0xFFFF_FFFFL;

    public SquashFsOptions {
        Objects.requireNonNull(compression);
        Objects.requireNonNull(target);
        Objects.requireNonNull(copies);
        long ceiling = mtimeCeiling.orElse(MAX_TIME);
        if (mkfsTime < 0 || mkfsTime > MAX_TIME || ceiling < 0 || ceiling > MAX_TIME) {
            throw new IllegalArgumentException("Time out of range: %d, %d".formatted(mkfsTime, ceiling));
        }
    }

    public SquashFsOptions(
            Compression compression, boolean allRoot, long mkfsTime, OptionalLong mtimeCeiling, Path target) {
        this(compression, allRoot, mkfsTime, mtimeCeiling, target, Copies.UNTOLD);
    }

    /** Owners as they are, times as they are. */
    public static SquashFsOptions of(Compression compression, long mkfsTime, Path target) {
        return new SquashFsOptions(compression, false, mkfsTime, OptionalLong.empty(), target);
    }
}
