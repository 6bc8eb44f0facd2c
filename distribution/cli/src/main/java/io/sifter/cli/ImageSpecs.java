package io.sifter.cli;

import io.sifter.spi.error.UserException;
import io.sifter.spi.reference.Reference;
import java.util.Set;

/** What users type to name an image. On the start-up path of containers. */
final class ImageSpecs {
    /** Transports that the reference knows; a word before a colon is one of these, or the text is a path. */
    static final Set<String> TRANSPORTS = Set.of("library", "shub", "docker", "docker-archive", "docker-daemon", "oci",
            "oci-archive", "http", "https", "oras", "instance");

    private ImageSpecs() {}

    /** Whether the text names an image by its transport, rather than a file. */
    static boolean isUri(String text) {
        int colon = text.indexOf(':');
        return colon > 0 && (TRANSPORTS.contains(text.substring(0, colon)) || text.startsWith("//", colon + 1));
    }

    static boolean isKnownTransport(String word) {
        return TRANSPORTS.contains(word);
    }

    /** @throws UserException if there is no transport, or nothing after it */
    static Reference uri(String text) throws UserException {
        if (!isUri(text)) {
            throw new UserException("No transport type URI supplied",
                    "Say where " + text + " is: docker://" + text + " for a registry, oci:" + text + " for an image layout.");
        }
        try {
            return Reference.parse(text);
        } catch (IllegalArgumentException e) {
            throw new UserException("Bad URI " + text, "Name an image after the transport.");
        }
    }
}
