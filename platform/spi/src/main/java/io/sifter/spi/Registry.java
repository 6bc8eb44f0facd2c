package io.sifter.spi;

import io.sifter.spi.reference.Digest;
import io.sifter.spi.source.ByteSource;
import io.sifter.spi.source.Document;
import java.io.IOException;
import java.util.List;
import java.util.Optional;
import java.util.function.LongConsumer;

/**
 * One registry that speaks the OCI distribution specification; only the host implements it. Authentication, redirects, retries and resumption
 * happen inside. Safe for any thread.
 *
 * <p>All methods throw {@code ExternalException} where the registry refuses, with what it said, and its subtype
 * {@code UnreachableException} where nobody answers. Only so many blobs of one registry are open at a time: opening one
 * more waits until another is closed.
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

    /**
     * A blob that may also be had elsewhere, as a descriptor's {@code urls} say: the registry is asked first, then each
     * URL in turn, without credentials.
     */
    default ByteSource blob(String repository, Digest digest, List<String> urls) {
        return blob(repository, digest);
    }

    /** Whether a blob is there, so that it need not be uploaded. */
    boolean has(String repository, Digest digest) throws IOException, InterruptedException;

    /**
     * Uploads a blob. A broken transfer is begun anew, with the bytes opened again.
     *
     * @param size of the blob; bytes that yield another number fail
     * @param sent told how many more bytes went out; none is counted twice
     */
    void upload(String repository, Digest digest, long size, ByteSource bytes, LongConsumer sent) throws IOException, InterruptedException;

    /**
     * Stores a manifest or an index under a tag or its digest, with its media type. Everything it refers to is there
     * already.
     */
    void put(String repository, String tagOrDigest, Document manifest) throws IOException, InterruptedException;
}
