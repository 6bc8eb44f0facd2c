package io.sifter.cli;

import io.sifter.engine.Sifter;
import io.sifter.engine.plugin.Extension;
import io.sifter.spi.error.UserException;
import io.sifter.spi.reference.Reference;
import java.io.IOException;
import java.util.Set;

/** Which transports there are. */
final class Transports {
    private Transports() {}

    /** @throws UserException if no plugin serves the reference's transport; says which are served */
    static void require(Sifter sifter, Reference reference) throws IOException {
        Set<String> served = sifter.plugins(Extension.Kind.AGENT).keySet();
        if (!served.contains(reference.transport())) {
            String known = ImageSpecs.isKnownTransport(reference.transport()) ? "It is known, but not supported yet. " : "";
            throw new UserException("Unsupported transport type: " + reference.transport(),
                    known + "Supported are: " + String.join(", ", served) + ".");
        }
    }
}
