package io.sifter.spi.source;

import io.sifter.spi.reference.Digest;
import java.util.Objects;

/**
 * A JSON document of an image as it was received. The digest is that of {@code content}; whoever makes the record has
 * verified it. The array is not copied: nobody changes it.
 */
public record Document(String mediaType, Digest digest, byte[] content) {
    public Document {
        Objects.requireNonNull(mediaType);
        Objects.requireNonNull(digest);
        Objects.requireNonNull(content);
    }

    public static Document of(String mediaType, byte[] content) {
        return new Document(mediaType, Digest.sha256(content), content);
    }
}
