package io.sifter.spi.reference;

import java.util.Objects;

/**
 * A URI as users type it: a transport and what that transport makes of the rest, which has lost its leading
 * {@code //}. {@code docker://alpine:3.19}, {@code docker:alpine:3.19}, {@code oci:/path:name} are all references.
 *
 * @param text the text as typed, for messages and file names
 */
public record Reference(String transport, String path, String text) {
    public Reference {
        Objects.requireNonNull(text);
        if (transport.isEmpty() || path.isEmpty()) {
            throw new IllegalArgumentException("Bad URI " + text);
        }
    }

    /** @throws IllegalArgumentException if there is no transport or nothing after it */
    public static Reference parse(String text) {
        int colon = text.indexOf(':');
        if (colon <= 0) {
            throw new IllegalArgumentException("No transport in '%s'".formatted(text));
        }
        String rest = text.substring(colon + 1);
        return new Reference(text.substring(0, colon), rest.startsWith("//") ? rest.substring(2) : rest, text);
    }

    @Override
    public String toString() {
        return text;
    }
}
