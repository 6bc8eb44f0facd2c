package io.sifter.image.document;

import io.sifter.spi.error.UserException;
import io.sifter.spi.reference.Digest;
import io.sifter.spi.reference.Reference;
import java.util.Locale;
import java.util.Optional;
import java.util.Set;
import java.util.regex.Pattern;

/**
 * What {@code docker://} and {@code oras://} name: a repository in a registry, and an image there by tag or by digest.
 *
 * @param host {@code host[:port]}; {@code docker.io} for Docker Hub, whatever it was called
 * @param tag is given even where a digest decides; {@code latest} if none was
 */
public record ImageName(String host, String repository, String tag, Optional<Digest> digest) {
    private static final String HUB = "docker.io";
    private static final Set<String> HUB_NAMES = Set.of(HUB, "index.docker.io", "registry-1.docker.io", "registry.hub.docker.com");
    /** Distribution specification, "Pulling manifests". */
    private static final Pattern REPOSITORY = Pattern.compile(
            "[a-z0-9]+(?:(?:\\.|_|__|-+)[a-z0-9]+)*(?:/[a-z0-9]+(?:(?:\\.|_|__|-+)[a-z0-9]+)*)*");
    private static final Pattern TAG = Pattern.compile("[A-Za-z0-9_][A-Za-z0-9._-]{0,127}");
    private static final Pattern HOST = Pattern.compile("(?:[A-Za-z0-9](?:[A-Za-z0-9._-]*[A-Za-z0-9])?|\\[[0-9A-Fa-f:.]+])(?::\\d{1,5})?");
    /** Of registry and repository together, as most clients have it. */
    private static final int LENGTH_LIMIT = 255;
    /** With a tag of 128 and a digest of 7 + 128 characters, and their separators. */
    private static final int TEXT_LIMIT = LENGTH_LIMIT + 129 + 136;

    /**
     * Parses {@code [host[:port]/]repository[:tag][@digest]} after its transport.
     *
     * @throws UserException with the words that Docker and its relatives use
     */
    public static ImageName parse(Reference reference) throws UserException {
        String text = reference.path();
        if (text.length() > TEXT_LIMIT) {
            throw invalid(new Reference(reference.transport(), text.substring(0, 40) + "…", ""), "invalid reference format", "A name has up to %d characters.".formatted(LENGTH_LIMIT));
        }
        Optional<Digest> digest = Optional.empty();
        String name = text;
        int at = text.indexOf('@');
        if (at >= 0) {
            try {
                digest = Optional.of(Digest.parse(text.substring(at + 1)));
            } catch (IllegalArgumentException e) {
                throw invalid(reference, "invalid reference format", "A digest is written as @sha256: and 64 lower-case hexadecimal digits.");
            }
            name = text.substring(0, at);
        }
        int slash = name.indexOf('/');
        boolean hosted = slash > 0 && isHost(name.substring(0, slash));
        String host = hosted ? name.substring(0, slash) : HUB;
        String path = hosted ? name.substring(slash + 1) : name;
        Optional<String> tag = Optional.empty();
        int colon = path.lastIndexOf(':');
        if (colon > path.lastIndexOf('/')) {
            tag = Optional.of(path.substring(colon + 1));
            path = path.substring(0, colon);
        }
        if (!REPOSITORY.matcher(path).matches()) {
            if (REPOSITORY.matcher(path.toLowerCase(Locale.ROOT)).matches()) {
                throw invalid(reference, "invalid reference format: repository name must be lowercase",
                        "Write the name in lower case: " + path.toLowerCase(Locale.ROOT));
            }
            throw invalid(reference, "invalid reference format", "Images are named %s://[host[:port]/]repository[:tag][@digest].".formatted(reference.transport()));
        }
        if (tag.isPresent() && !TAG.matcher(tag.get()).matches()) {
            throw invalid(reference, "invalid reference format", "A tag has up to 128 letters, digits, '_', '.' and '-'.");
        }
        if (!HOST.matcher(host).matches() || host.length() + path.length() + 1 > LENGTH_LIMIT) {
            throw invalid(reference, "invalid reference format", "A registry is named by its host, and a port where it needs one.");
        }
        boolean hub = HUB_NAMES.contains(host);
        return new ImageName(hub ? HUB : host, hub && !path.contains("/") ? "library/" + path : path, tag.orElse("latest"), digest);
    }

    private static boolean isHost(String first) {
        return first.contains(".") || first.contains(":") || first.equals("localhost");
    }

    private static UserException invalid(Reference reference, String what, String nextStep) {
        return new UserException("unable to parse image name %s://%s: %s".formatted(reference.transport(), reference.path(), what), nextStep);
    }

    /** What is asked for in the repository. */
    public String tagOrDigest() {
        return digest.map(Digest::toString).orElse(tag);
    }

    @Override
    public String toString() {
        return host + "/" + repository + digest.map(value -> "@" + value).orElse(":" + tag);
    }
}
