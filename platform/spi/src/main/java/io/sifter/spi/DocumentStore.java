package io.sifter.spi;

import io.sifter.spi.reference.Digest;
import java.io.IOException;
import java.util.Optional;

/** Documents (manifests, indexes, configurations) that an earlier command fetched. Safe for any thread. */
public interface DocumentStore {
    /** The verified bytes named {@code digest}, if they are kept; damaged entries count as absent. */
    Optional<byte[]> find(Digest digest) throws IOException;

    /** A store that remembers nothing. */
    static DocumentStore empty() {
        return digest -> Optional.empty();
    }
}
