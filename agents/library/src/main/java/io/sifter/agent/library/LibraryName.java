package io.sifter.agent.library;

import io.sifter.spi.error.UserException;
import io.sifter.spi.reference.Reference;
import java.util.List;
import java.util.Optional;
import java.util.regex.Pattern;

/**
 * What {@code library://} names: a container of a library, and images there by tag or by hash.
 *
 * @param host {@code host[:port]} of a library other than the endpoint's
 * @param path container, collection/container or entity/collection/container; libraries complete short ones
 * @param tags at least one; {@code sha256.} and 64 digits where a hash is meant
 */
record LibraryName(Optional<String> host, String path, List<String> tags) {
    private static final String WORD = "[A-Za-z0-9]+(?:[._-]+[A-Za-z0-9]+)*";
    private static final Pattern PATH = Pattern.compile("(?:" + WORD + "/){0,2}" + WORD);
    private static final Pattern TAG = Pattern.compile(WORD);
    private static final Pattern HOST = Pattern.compile("[A-Za-z0-9](?:[A-Za-z0-9._-]*[A-Za-z0-9])?(?::\\d{1,5})?|\\[[0-9A-Fa-f:.]+](?::\\d{1,5})?");

    /**
     * Parses {@code [host/]path[:tag[,tag]…]}: what has more than two slashes begins with a host, as the reference has it.
     *
     * @throws UserException if that is impossible
     */
    static LibraryName parse(Reference reference) throws UserException {
        String text = reference.path().replaceFirst("^/+", "");
        Optional<String> host = Optional.empty();
        if (text.chars().filter(c -> c == '/').count() > 2) {
            host = Optional.of(text.substring(0, text.indexOf('/')));
            text = text.substring(text.indexOf('/') + 1);
        }
        // A digest as registries write it is a hash as libraries write it.
        text = text.replaceFirst("@(sha256):", ":$1.");
        int colon = text.indexOf(':', text.lastIndexOf('/') + 1);
        String path = colon < 0 ? text : text.substring(0, colon);
        List<String> tags = colon < 0 ? List.of("latest") : List.of(text.substring(colon + 1).split(",", -1));
        if (!PATH.matcher(path).matches() || !tags.stream().allMatch(tag -> TAG.matcher(tag).matches())
                || host.isPresent() && !HOST.matcher(host.get()).matches()) {
            throw new UserException("Malformed library reference: " + reference,
                    "It is written library://[host/][entity/][collection/]container[:tag], or container:sha256.HASH.");
        }
        return new LibraryName(host, path, tags);
    }

    /** The container's own name. */
    String container() {
        return path.substring(path.lastIndexOf('/') + 1);
    }

    @Override
    public String toString() {
        return path + ":" + tags.getFirst();
    }
}
