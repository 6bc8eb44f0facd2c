package io.sifter.network.mirror;

import io.sifter.spi.error.UserException;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/** All rules, of which the one with the longest prefix is for a name. Immutable. */
public final class RegistryRules {
    /**
     * One place to ask for an image.
     *
     * @param host {@code host[:port]}
     * @param insecure whether plain HTTP is acceptable there, whatever the user says
     * @param mirror whether it stands in for another place
     */
    public record Place(String host, String repository, boolean insecure, boolean mirror) {}

    private final List<RegistryRule> rules;

    private RegistryRules(List<RegistryRule> rules) {
        this.rules = rules;
    }

    /** Of rules with the same prefix the last counts. */
    public static RegistryRules of(List<RegistryRule> rules) {
        Map<String, RegistryRule> byPrefix = new LinkedHashMap<>();
        rules.forEach(rule -> byPrefix.put(rule.prefix(), rule));
        return new RegistryRules(List.copyOf(byPrefix.values()));
    }

    /** Whether images of a host may have to be asked for elsewhere, or not at all. */
    public boolean concern(String host) {
        return rules.stream().anyMatch(rule -> rule.concerns(host));
    }

    /**
     * Where an image is asked for, the first place first; never empty.
     *
     * @throws UserException if nothing may be fetched under its name
     */
    public List<Place> places(String host, String repository, String tagOrDigest) throws UserException {
        String name = host + "/" + repository;
        Optional<RegistryRule> found = rules.stream().filter(rule -> rule.covers(name, tagOrDigest) >= 0)
                .max((one, other) -> Integer.compare(one.prefix().length(), other.prefix().length()));
        if (found.isEmpty()) {
            return List.of(new Place(host, repository, false, false));
        }
        RegistryRule rule = found.get();
        if (rule.blocked()) {
            throw new UserException("%s is not fetched: %s blocks %s".formatted(name, rule.origin(), rule.prefix()),
                    "Use an image of another registry, or ask who looks after that file.");
        }
        String rest = name.substring(rule.covers(name, tagOrDigest));
        List<Place> places = new ArrayList<>();
        for (RegistryRule.Mirror mirror : rule.mirrors()) {
            if (mirror.serves(tagOrDigest.contains(":"))) {
                places.add(place(rule, mirror.location() + rest, mirror.insecure(), true));
            }
        }
        places.add(rule.location().isEmpty() ? new Place(host, repository, rule.insecure(), false)
                : place(rule, rule.location() + rest, rule.insecure(), false));
        return places;
    }

    private static Place place(RegistryRule rule, String name, boolean insecure, boolean mirror) throws UserException {
        int slash = name.indexOf('/');
        if (slash < 0) {
            throw new UserException("%s: %s names no repository, and nothing is left of %s".formatted(rule.origin(), name, rule.prefix()),
                    "Write the repository behind the location.");
        }
        String repository = name.substring(slash + 1);
        String host = name.substring(0, slash);
        boolean bare = host.equals(RuleReader.HUB) && !repository.contains("/");
        return new Place(host, bare ? "library/" + repository : repository, insecure, mirror);
    }
}
