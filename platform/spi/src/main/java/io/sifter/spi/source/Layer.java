package io.sifter.spi.source;

import io.sifter.spi.reference.Digest;
import java.util.Objects;
import java.util.Optional;
import java.util.OptionalLong;

/**
 * One layer of an image: a tar stream, compressed or not.
 *
 * @param mediaType as the manifest states it; the stream's magic bytes decide how it is read
 * @param digest of the bytes that {@code bytes} yields, where the source names one
 * @param size of the bytes that {@code bytes} yields, where known
 * @param diffId digest of the uncompressed tar stream, where the configuration names one
 * @param local whether the bytes are on this machine already, so that keeping a copy of them gains nothing
 */
public record Layer(String mediaType, Optional<Digest> digest, OptionalLong size, Optional<Digest> diffId,
                    ByteSource bytes, boolean local) {
    public Layer {
        Objects.requireNonNull(mediaType);
        Objects.requireNonNull(digest);
        Objects.requireNonNull(size);
        Objects.requireNonNull(diffId);
        Objects.requireNonNull(bytes);
        if (digest.isEmpty() && diffId.isEmpty()) {
            throw new IllegalArgumentException("A layer needs a digest or a DiffID");
        }
    }

    /** What the user is shown: the blob's digest, else the DiffID. */
    public Digest displayDigest() {
        return digest.orElseGet(diffId::get);
    }
}
