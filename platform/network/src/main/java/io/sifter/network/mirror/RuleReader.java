package io.sifter.network.mirror;

import io.sifter.network.mirror.RegistryRule.Mirror;
import io.sifter.network.mirror.RegistryRule.Pull;
import io.sifter.spi.error.UserException;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;

/** Turns tables, whatever language they were written in, into rules. */
final class RuleReader {
    static final String HUB = "docker.io";
    private static final Set<String> KEYS = Set.of("prefix", "location", "insecure", "blocked", "mirror-by-digest-only", "mirror");
    private static final Set<String> MIRROR_KEYS = Set.of("location", "insecure", "pull-from-mirror");

    private final String origin;
    private final boolean strict;

    /** @param strict whether a key that nobody knows is an error; other programs' files may hold keys of the future */
    RuleReader(String origin, boolean strict) {
        this.origin = origin;
        this.strict = strict;
    }

    List<RegistryRule> rules(Object tables) throws UserException {
        List<RegistryRule> rules = new ArrayList<>();
        for (Map<?, ?> table : tables(tables, "registry")) {
            rules.add(rule(table));
        }
        return rules;
    }

    private RegistryRule rule(Map<?, ?> table) throws UserException {
        check(table, KEYS);
        String location = place(text(table, "location"));
        String prefix = place(text(table, "prefix"));
        if (prefix.isEmpty() && location.isEmpty()) {
            throw wrong("a registry has neither 'prefix' nor 'location'");
        }
        String covered = prefix.isEmpty() ? location : prefix;
        boolean digestOnly = flag(table, "mirror-by-digest-only");
        List<Mirror> mirrors = new ArrayList<>();
        for (Map<?, ?> mirror : tables(table.get("mirror"), "mirror")) {
            check(mirror, MIRROR_KEYS);
            String at = place(text(mirror, "location"));
            if (at.isEmpty()) {
                throw wrong("a mirror of '%s' has no 'location'".formatted(covered));
            }
            String pull = text(mirror, "pull-from-mirror");
            if (digestOnly && !pull.isEmpty()) {
                throw wrong("'%s' has both 'mirror-by-digest-only' and 'pull-from-mirror'".formatted(covered));
            }
            mirrors.add(new Mirror(at, flag(mirror, "insecure"), switch (pull) {
                case "", "all" -> digestOnly ? Pull.DIGEST_ONLY : Pull.ALL;
                case "digest-only" -> Pull.DIGEST_ONLY;
                case "tag-only" -> Pull.TAG_ONLY;
                default -> throw wrong("'pull-from-mirror' of %s is '%s', it must be all, digest-only or tag-only".formatted(at, pull));
            }));
        }
        boolean wildcard = covered.startsWith("*.");
        return new RegistryRule(covered, location.isEmpty() && !wildcard ? covered : location, flag(table, "insecure"),
                flag(table, "blocked"), mirrors, origin);
    }

    /** The lists of the first version of {@code registries.conf}: {@code [registries.insecure]} and {@code [registries.block]}. */
    List<RegistryRule> oldRules(Object registries) throws UserException {
        List<RegistryRule> rules = new ArrayList<>();
        for (String kind : List.of("insecure", "block")) {
            if (registries instanceof Map<?, ?> kinds && kinds.get(kind) instanceof Map<?, ?> table && table.get("registries") instanceof List<?> names) {
                for (Object name : names) {
                    String host = place(String.valueOf(name));
                    rules.add(new RegistryRule(host, host, kind.equals("insecure"), kind.equals("block"), List.of(), origin));
                }
            }
        }
        return rules;
    }

    /** A name without what is no part of it; all names of Docker Hub are one. */
    private String place(String text) throws UserException {
        String name = text.strip().replaceAll("/+$", "");
        if (name.contains("://") || name.chars().anyMatch(Character::isWhitespace)) {
            throw wrong("'%s' is written without a scheme: host[:port][/path]".formatted(name));
        }
        for (String hub : List.of("index.docker.io", "registry-1.docker.io", "registry.hub.docker.com")) {
            if (name.equals(hub) || name.startsWith(hub + "/")) {
                return HUB + name.substring(hub.length());
            }
        }
        return name;
    }

    private List<Map<?, ?>> tables(Object value, String name) throws UserException {
        List<Map<?, ?>> tables = new ArrayList<>();
        if (value != null) {
            if (!(value instanceof List<?> list)) {
                throw wrong("'%s' must be a list of tables".formatted(name));
            }
            for (Object item : list) {
                if (!(item instanceof Map<?, ?> table)) {
                    throw wrong("'%s' must be a list of tables".formatted(name));
                }
                tables.add(table);
            }
        }
        return tables;
    }

    private String text(Map<?, ?> table, String key) throws UserException {
        Object value = table.get(key);
        if (value != null && !(value instanceof String)) {
            throw wrong("'%s' must be a text".formatted(key));
        }
        return value == null ? "" : (String) value;
    }

    private boolean flag(Map<?, ?> table, String key) throws UserException {
        Object value = table.get(key);
        if (value != null && !(value instanceof Boolean)) {
            throw wrong("'%s' must be true or false".formatted(key));
        }
        return value != null && (Boolean) value;
    }

    private void check(Map<?, ?> table, Set<String> known) throws UserException {
        for (Object key : table.keySet()) {
            if (strict && !known.contains(key.toString())) {
                throw wrong("unknown key '%s' beside %s".formatted(key, String.join(", ", new java.util.TreeSet<>(known))));
            }
        }
    }

    private UserException wrong(String reason) {
        return new UserException("%s: %s".formatted(origin, reason), "Correct it; without it nobody knows which registries may be used.");
    }
}
