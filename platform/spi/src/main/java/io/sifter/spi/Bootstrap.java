package io.sifter.spi;

import java.io.IOException;
import java.nio.file.Path;
import org.pf4j.ExtensionPoint;

/**
 * A bootstrap agent that makes a root file system itself, as the header of a definition says, such as with a distribution's own
 * installer; an {@link Agent} finds images that others made. It has one public constructor, which takes a {@link BootstrapContext}. The
 * host makes one for each stage that names it, as root, if only of a user namespace.
 */
public interface Bootstrap extends ExtensionPoint {
    /**
     * Fills a root. What Singularity needs in it is added by the host.
     *
     * @param header of the stage that names this agent
     * @param root an empty directory; if this fails the host removes it with what is in it
     * @throws io.sifter.spi.error.UserException if the header lacks something or says what cannot be
     * @throws io.sifter.spi.error.ExternalException if a program is missing or fails, or a source cannot be reached
     */
    void make(Header header, Path root) throws IOException, InterruptedException;
}
