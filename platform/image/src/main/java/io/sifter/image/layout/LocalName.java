package io.sifter.image.layout;

import io.sifter.spi.reference.Digest;
import java.nio.file.Files;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.util.Optional;
import java.util.function.Predicate;

/**
 * What names an image on this machine: a directory or a file, and an image in it by name or digest. Paths and names may both hold
 * colons: the longest path that exists is meant.
 */
public record LocalName(Path path, Optional<String> name, Optional<Digest> digest) {
    /**
     * Parses {@code path}, {@code path:name}, {@code path@digest}, {@code path:name@digest}. However many slashes stood before it,
     * a path that begins with one is absolute, any other begins where the command does.
     *
     * @param exists whether a path is there, and of the right kind
     * @return empty if nothing that the text could mean is there
     */
    public static Optional<LocalName> parse(String text, Predicate<Path> exists) {
        if (isThere(text, exists)) {
            return Optional.of(new LocalName(Path.of(text), Optional.empty(), Optional.empty()));
        }
        int at = text.lastIndexOf('@');
        if (at > text.lastIndexOf('/')) {
            Optional<Digest> digest = digest(text.substring(at + 1));
            if (digest.isPresent()) {
                return parseNamed(text.substring(0, at), exists).map(rest -> new LocalName(rest.path, rest.name, digest));
            }
        }
        return parseNamed(text, exists);
    }

    /** The directory on the way to what the text names that may not be looked into; nothing can be found there. */
    public static Optional<Path> closed(String text) {
        try {
            for (Path at = Path.of(text).toAbsolutePath().getParent(); at != null; at = at.getParent()) {
                if (Files.isDirectory(at)) {
                    return Files.isExecutable(at) ? Optional.empty() : Optional.of(at);
                }
            }
            return Optional.empty();
        } catch (InvalidPathException e) {
            return Optional.empty();
        }
    }

    private static Optional<LocalName> parseNamed(String text, Predicate<Path> exists) {
        if (isThere(text, exists)) {
            return Optional.of(new LocalName(Path.of(text), Optional.empty(), Optional.empty()));
        }
        for (int colon = text.lastIndexOf(':'); colon > 0; colon = text.lastIndexOf(':', colon - 1)) {
            if (isThere(text.substring(0, colon), exists)) {
                return Optional.of(new LocalName(Path.of(text.substring(0, colon)), Optional.of(text.substring(colon + 1)), Optional.empty()));
            }
        }
        return Optional.empty();
    }

    private static boolean isThere(String text, Predicate<Path> exists) {
        try {
            return exists.test(Path.of(text));
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
