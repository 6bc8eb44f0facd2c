package io.sifter.agent.oci;

import io.sifter.spi.error.UserException;
import io.sifter.spi.reference.Digest;
import java.nio.file.Files;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.util.Optional;

/**
 * What {@code oci:} names: a directory and an image in it. Directories and image names may both hold colons: the longest
 * directory that exists is meant.
 */
record LayoutName(Path directory, Optional<String> name, Optional<Digest> digest) {
    /** Parses {@code directory}, {@code directory:name}, {@code directory@digest}. */
    static LayoutName parse(String text) throws UserException {
        if (isDirectory(text)) {
            return new LayoutName(Path.of(text), Optional.empty(), Optional.empty());
        }
        int at = text.lastIndexOf('@');
        if (at > text.lastIndexOf('/')) {
            Optional<Digest> digest = digest(text.substring(at + 1));
            if (digest.isPresent()) {
                LayoutName rest = parseNamed(text.substring(0, at), text);
                return new LayoutName(rest.directory, rest.name, digest);
            }
        }
        return parseNamed(text, text);
    }

    private static LayoutName parseNamed(String text, String whole) throws UserException {
        if (isDirectory(text)) {
            return new LayoutName(Path.of(text), Optional.empty(), Optional.empty());
        }
        for (int colon = text.lastIndexOf(':'); colon > 0; colon = text.lastIndexOf(':', colon - 1)) {
            if (isDirectory(text.substring(0, colon))) {
                return new LayoutName(Path.of(text.substring(0, colon)), Optional.of(text.substring(colon + 1)), Optional.empty());
            }
        }
        throw new UserException("no OCI image layout at %s: there is no such directory".formatted(whole),
                "Images in layouts are named oci:DIRECTORY[:NAME]; a relative directory starts where the command does.");
    }

    private static boolean isDirectory(String text) {
        try {
            return Files.isDirectory(Path.of(text));
        } catch (InvalidPathException e) {
            return false;
        }
    }

    private static Optional<Digest> digest(String text) {
        try {
            return Optional.of(Digest.parse(text));
        } catch (IllegalArgumentException e) {
            return Optional.empty();
        }
    }
}
