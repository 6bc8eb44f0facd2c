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
            String known = switch (reference.transport()) {
                case "shub" -> "Singularity Hub closed in 2021: ask who made the image for another place. ";
                case "instance" -> "Services in the background are not supported yet. ";
                case String other -> ImageSpecs.isKnownTransport(other) ? "It is known, but not supported yet. " : "";
            };
            throw new UserException("Unsupported transport type: " + reference.transport(),
                    known + "Supported are: " + String.join(", ", served) + ".");
        }
    }
}
