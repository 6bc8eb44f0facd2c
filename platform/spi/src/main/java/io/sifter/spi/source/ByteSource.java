package io.sifter.spi.source;

import java.io.IOException;
import java.io.InputStream;

/** Bytes that can be opened, from the start or from the middle. Implementations may be used by one thread at a time. */
public interface ByteSource {
    /**
     * Opens the bytes from {@code offset} on. The stream need not verify anything: the reader does. A stream over a
     * network resumes by itself after faults that pass.
     *
     * @throws IOException where there is nothing to read; an {@code ExternalException} says what to try next
     */
    InputStream open(long offset) throws IOException, InterruptedException;
}
