package io.sifter.agent.dockerdaemon;

import io.sifter.spi.error.UserException;
import io.sifter.spi.reference.Digest;
import java.util.Locale;
import java.util.regex.Pattern;

/** What {@code docker-daemon:} names, in the daemon's own words: a name with its tag or digest, or an image's id. */
record DaemonImageName(String text) {
    private static final Pattern ID = Pattern.compile("(?:sha256:)?[0-9a-f]{64}|[0-9a-f]{12,63}");
    private static final Pattern NAME = Pattern.compile(
            "(?:[A-Za-z0-9](?:[A-Za-z0-9.-]*[A-Za-z0-9])?(?::\\d{1,5})?/)?[a-z0-9]+(?:[._/-]+[a-z0-9]+)*");
    private static final Pattern TAG = Pattern.compile("[A-Za-z0-9_][A-Za-z0-9._-]{0,127}");
    private static final int LENGTH_LIMIT = 512;

    /** @throws UserException if it cannot be a name, or has neither a tag nor a digest, as the user guide asks for */
    static DaemonImageName parse(String text) throws UserException {
        if (ID.matcher(text).matches()) {
            return new DaemonImageName(text);
        }
        if (text.length() > LENGTH_LIMIT) {
            throw invalid(text.substring(0, 40) + "…", "invalid reference format", "A name has fewer than %d characters.".formatted(LENGTH_LIMIT));
        }
        int at = text.indexOf('@');
        String name = at < 0 ? text : text.substring(0, at);
        int colon = name.lastIndexOf(':');
        boolean tagged = colon > name.lastIndexOf('/');
        String repository = tagged ? name.substring(0, colon) : name;
        if (!NAME.matcher(repository).matches()) {
            boolean upper = NAME.matcher(repository.toLowerCase(Locale.ROOT)).matches();
            throw invalid(text, "invalid reference format" + (upper ? ": repository name must be lowercase" : ""),
                    upper ? "Write the name in lower case." : "Images are named docker-daemon:name:tag, or by their id.");
        }
        if (tagged && !TAG.matcher(name.substring(colon + 1)).matches()) {
            throw invalid(text, "invalid reference format", "A tag has up to 128 letters, digits, '_', '.' and '-'.");
        }
        if (at >= 0) {
            try {
                Digest.parse(text.substring(at + 1));
            } catch (IllegalArgumentException e) {
                throw invalid(text, "invalid reference format", "A digest is written as @sha256: and 64 lower-case hexadecimal digits.");
            }
        } else if (!tagged) {
            throw new UserException("docker-daemon: reference %s has neither a tag nor a digest".formatted(text),
                    "Append the tag, such as docker-daemon://%s:latest; 'docker images' shows which there are.".formatted(text));
        }
        return new DaemonImageName(text);
    }

    private static UserException invalid(String text, String what, String nextStep) {
        return new UserException("unable to parse image name docker-daemon:%s: %s".formatted(text, what), nextStep);
    }

    @Override
    public String toString() {
        return text;
    }
}
