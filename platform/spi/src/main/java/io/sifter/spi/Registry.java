package io.sifter.spi;

import io.sifter.spi.reference.Digest;
import io.sifter.spi.source.ByteSource;
import io.sifter.spi.source.Document;
import java.io.IOException;
import java.util.Optional;

/**
 * One registry that speaks the OCI distribution specification. Authentication, redirects, retries and resumption
 * happen inside. Safe for any thread.
 *
 * <p>All methods throw {@code ExternalException} where the registry cannot be reached or refuses, with what it said.
 */
public interface Registry {
    /**
     * The digest that a tag names now, asked with {@code HEAD} so that it does not count as a pull.
     *
     * @return empty if the registry does not say; then {@link #manifest} tells
     */
    Optional<Digest> resolve(String repository, String tagOrDigest) throws IOException, InterruptedException;

    /**
     * A manifest or an index as served, its media type as the registry states it.
     *
     * @throws io.sifter.spi.error.CorruptDataException if fetched by digest and the bytes have another
     */
    Document manifest(String repository, String tagOrDigest) throws IOException, InterruptedException;

    /** A blob's bytes; they are requested when opened, resumed after faults, and not verified. */
    ByteSource blob(String repository, Digest digest);
}
