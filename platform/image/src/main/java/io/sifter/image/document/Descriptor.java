package io.sifter.image.document;

import io.sifter.spi.error.CorruptDataException;
import io.sifter.spi.reference.Digest;
import io.sifter.spi.reference.Platform;
import io.sifter.spi.source.Document;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;

/**
 * Points to content by its digest (OCI image specification, descriptor).
 *
 * @param size of the content, bytes, not negative
 * @param platform what an index says the content was built for, normalised
 * @param urls further places where the content can be had
 * @param annotations in the order of the document
 * @param data the content itself, where the descriptor carries it; verified, and nobody changes it
 */
public record Descriptor(String mediaType, Digest digest, long size, Optional<Platform> platform, List<String> urls,
                         Map<String, String> annotations, Optional<byte[]> data) {
    /** Annotation under which a layout's index keeps an image's name. */
    public static final String REF_NAME = "org.opencontainers.image.ref.name";

    public Descriptor {
        Objects.requireNonNull(mediaType);
        Objects.requireNonNull(digest);
        Objects.requireNonNull(platform);
        urls = List.copyOf(urls);
        annotations = Collections.unmodifiableMap(new LinkedHashMap<>(annotations));
        Objects.requireNonNull(data);
        if (size < 0) {
            throw new IllegalArgumentException("Negative size: " + size);
        }
    }

    public static Descriptor of(String mediaType, Digest digest, long size) {
        return new Descriptor(mediaType, digest, size, Optional.empty(), List.of(), Map.of(), Optional.empty());
    }

    /** The descriptor of {@code document}. */
    public static Descriptor of(Document document) {
        return of(document.mediaType(), document.digest(), document.content().length);
    }

    /** Names the content in an index: for {@code platform}, under {@code name}. */
    public Descriptor named(String name, Optional<Platform> platform) {
        Map<String, String> named = new LinkedHashMap<>(annotations);
        named.put(REF_NAME, name);
        return new Descriptor(mediaType, digest, size, platform, urls, named, data);
    }

    /** The name that a layout's index gives the content. */
    public Optional<String> refName() {
        return Optional.ofNullable(annotations.get(REF_NAME));
    }

    /**
     * Makes a document of bytes that claim to be what this points to.
     *
     * @param where they came from, for the message
     * @throws CorruptDataException if size or digest differ
     */
    public Document verify(byte[] content, String where) throws CorruptDataException {
        if (content.length != size) {
            throw new CorruptDataException("%s in %s has %d bytes, expected %d".formatted(digest, where, content.length, size));
        }
        Digest actual = Digest.finish(digest.algorithm(), digest.algorithm().start().digest(content));
        if (!actual.equals(digest)) {
            throw new CorruptDataException("%s in %s has the digest %s".formatted(digest, where, actual));
        }
        return new Document(mediaType, digest, content);
    }
}
