package io.sifter.image.layer;

import io.sifter.spi.reference.Digest;
import io.sifter.spi.tree.Compression;
import java.util.Objects;
import java.util.Optional;

/**
 * What a pack says of itself.
 *
 * @param diffId of the uncompressed layer, as computed
 * @param blobDigest of the blob it was made from, where that was computed
 * @param entries in the layer's archive
 * @param contentBytes of the files, uncompressed and with their holes
 * @param size of the pack, bytes
 */
public record PackInfo(Digest diffId, Optional<Digest> blobDigest, Compression compression, int entries, long contentBytes, long size) {
    public PackInfo {
        Objects.requireNonNull(diffId);
        Objects.requireNonNull(blobDigest);
        Objects.requireNonNull(compression);
    }
}
