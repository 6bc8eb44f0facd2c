package io.sifter.cli;

import io.sifter.engine.Sifter;
import io.sifter.engine.plugin.Extension;
import io.sifter.spi.error.UserException;
import io.sifter.spi.reference.Reference;
import java.util.Set;

/** What users type to name an image. */
final class ImageSpecs {
    /** Transports that the reference knows; a word before a colon is one of these, or the text is a path. */
    private static final Set<String> TRANSPORTS = Set.of("library", "shub", "docker", "docker-archive", "docker-daemon", "oci",
            "oci-archive", "http", "https", "oras", "instance");

    private ImageSpecs() {}

    /** Whether the text names an image by its transport, rather than a file. */
    static boolean isUri(String text) {
        int colon = text.indexOf(':');
        return colon > 0 && (TRANSPORTS.contains(text.substring(0, colon)) || text.startsWith("//", colon + 1));
    }

    /** @throws UserException if no plugin serves the reference's transport; says which are served */
    static void requireTransport(Sifter sifter, Reference reference) throws UserException {
        Set<String> served = sifter.plugins(Extension.Kind.AGENT).keySet();
        if (!served.contains(reference.transport())) {
            String nextStep = TRANSPORTS.contains(reference.transport()) ? "It is known, but not supported yet. Supported are: "
                    : "Supported are: ";
            throw new UserException("Unsupported transport type: " + reference.transport(), nextStep + String.join(", ", served) + ".");
        }
    }

    /** @throws UserException if there is no transport, or nothing after it */
    static Reference uri(String text) throws UserException {
        if (!isUri(text)) {
            throw new UserException("No transport type URI supplied", "Say where %s is: docker://%s for a registry, oci:%s for an image layout."
                    .formatted(text, text, text));
        }
        try {
            return Reference.parse(text);
        } catch (IllegalArgumentException e) {
            throw new UserException("Bad URI " + text, "Name an image after the transport.");
        }
    }
}
