package io.sifter.network.mirror;

import java.util.List;
import java.util.Objects;

/**
 * What becomes of names that begin with a prefix: one {@code [[registry]]} of {@code registries.conf}.
 *
 * @param prefix {@code host[:port][/path]} or {@code *.domain}
 * @param location what stands in the place of the prefix; empty (with {@code *.domain} only) if the name stays
 * @param insecure whether plain HTTP and certificates that nobody vouches for are acceptable at the location
 * @param blocked whether nothing may be fetched
 * @param mirrors asked before the location, in this order
 * @param origin the file that says so
 */
public record RegistryRule(String prefix, String location, boolean insecure, boolean blocked, List<Mirror> mirrors, String origin) {
    /** What a mirror is asked for. */
    public enum Pull { ALL, DIGEST_ONLY, TAG_ONLY }

    /** @param location {@code host[:port][/path]}, in the place of the rule's prefix */
    public record Mirror(String location, boolean insecure, Pull pull) {
        public Mirror {
            Objects.requireNonNull(location);
            Objects.requireNonNull(pull);
        }

        boolean serves(boolean digest) {
            return switch (pull) {
                case ALL -> true;
                case DIGEST_ONLY -> digest;
                case TAG_ONLY -> !digest;
            };
        }
    }

    public RegistryRule {
        Objects.requireNonNull(prefix);
        Objects.requireNonNull(location);
        mirrors = List.copyOf(mirrors);
        Objects.requireNonNull(origin);
    }

    /**
     * How much of a name the rule's prefix covers, -1 if it is not for that name.
     *
     * @param name {@code host[:port]/repository}
     * @param tagOrDigest what is asked for there; a prefix may end with it
     */
    int covers(String name, String tagOrDigest) {
        if (prefix.equals(name + (tagOrDigest.contains(":") ? "@" : ":") + tagOrDigest)) {
            return name.length();
        }
        if (!prefix.startsWith("*.")) {
            boolean begins = name.startsWith(prefix) && (name.length() == prefix.length() || name.charAt(prefix.length()) == '/');
            return begins ? prefix.length() : -1;
        }
        String domain = prefix.substring(1);
        int at = name.indexOf(domain);
        int end = at + domain.length();
        boolean inHost = at > 0 && name.indexOf('/') > at;
        return inHost && (end == name.length() || name.charAt(end) == '/' || name.charAt(end) == ':') ? end : -1;
    }

    /** Whether some repository of a host may be covered. */
    boolean concerns(String host) {
        return prefix.equals(host) || prefix.startsWith(host + "/") || prefix.startsWith("*.") && host.contains(prefix.substring(1).split("/", 2)[0]);
    }
}
