package io.sifter.engine.build;

import io.sifter.spi.error.UserException;
import java.util.List;
import java.util.Set;

/** Which sections of a definition count, as {@code --section} says. {@code %post} always does. */
public final class Selection {
    public static final Selection ALL = new Selection(Set.of("all"));

    private final Set<String> names;

    private Selection(Set<String> names) {
        this.names = names;
    }

    /** @throws UserException if {@code all} or {@code none} stands beside others */
    public static Selection of(List<String> names) throws UserException {
        for (String alone : List.of("all", "none")) {
            if (names.contains(alone) && names.size() > 1) {
                throw new UserException("cannot have %s and any other option".formatted(alone), "Name the sections, or '%s' alone.".formatted(alone));
            }
        }
        return names.isEmpty() ? ALL : new Selection(Set.copyOf(names));
    }

    boolean has(Object section) {
        return names.contains("all") || names.contains(section.toString());
    }
}
