package io.sifter.spi.source;

import io.sifter.spi.reference.Digest;
import java.util.Objects;
import java.util.Optional;

/**
 * An image that is a finished file already, such as a SIF: it is copied verbatim, so that signatures survive.
 *
 * @param name the file's name
 * @param digest of the whole file, where the source states one; the copy is verified against it
 */
public record ReadyImage(String name, ByteSource bytes, Optional<Digest> digest) implements Source {
    public ReadyImage {
        Objects.requireNonNull(name);
        Objects.requireNonNull(bytes);
        Objects.requireNonNull(digest);
    }
}
