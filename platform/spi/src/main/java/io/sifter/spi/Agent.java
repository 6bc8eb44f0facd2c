package io.sifter.spi;

import io.sifter.spi.reference.Reference;
import io.sifter.spi.source.Source;
import java.io.IOException;
import org.pf4j.ExtensionPoint;

/**
 * A bootstrap agent: resolves references of its transports to images. It has one public constructor, which takes an
 * {@link AgentContext}. The host makes one for each command, uses it from any thread, and never keeps it.
 */
public interface Agent extends ExtensionPoint {
    /**
     * Finds the image. Documents are fetched and verified here; layers are only described, and stream later.
     *
     * @throws io.sifter.spi.error.UserException if the reference is malformed, ambiguous or names nothing
     * @throws io.sifter.spi.error.ExternalException if the source cannot be reached or refuses
     * @throws io.sifter.spi.error.CorruptDataException if what the source says contradicts itself
     */
    Source open(Reference reference, OpenOptions options) throws IOException, InterruptedException;
}
