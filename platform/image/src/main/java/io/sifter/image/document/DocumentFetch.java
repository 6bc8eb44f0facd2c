package io.sifter.image.document;

import io.sifter.spi.source.Document;
import java.io.IOException;

/** Gets the document that a descriptor of an index points to, verified. */
@FunctionalInterface
public interface DocumentFetch {
    Document fetch(Descriptor descriptor) throws IOException, InterruptedException;
}
