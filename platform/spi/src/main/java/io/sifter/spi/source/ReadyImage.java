package io.sifter.spi.source;

import io.sifter.spi.reference.Digest;
import java.util.Objects;
import java.util.Optional;
import java.util.OptionalLong;

/**
 * An image that is a finished file already, such as a SIF: it is copied verbatim, so that signatures survive.
 *
 * @param name the file's name
 * @param digest of the whole file, where the source states one; the copy is verified against it
 * @param size in bytes, where the source states it; the copy is verified against it
 * @param version a text that is the same as long as the file is, for keeping a copy of it; without it none is kept
 */
public record ReadyImage(String name, ByteSource bytes, Optional<Digest> digest, OptionalLong size, Optional<String> version) implements Source {
    public ReadyImage {
        Objects.requireNonNull(name);
        Objects.requireNonNull(bytes);
        Objects.requireNonNull(digest);
        Objects.requireNonNull(size);
        Objects.requireNonNull(version);
    }

    /** A file of unknown size, whose digest, where there is one, is its version. */
    public ReadyImage(String name, ByteSource bytes, Optional<Digest> digest) {
        this(name, bytes, digest, OptionalLong.empty(), digest.map(Digest::toString));
    }
}
