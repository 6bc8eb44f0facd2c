package io.sifter.engine.lint;

import io.sifter.spi.error.UserException;
import java.util.EnumSet;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/** The best practices of the user guide's chapter on Docker and OCI, in its order. */
public enum Check {
    USER("Who runs a container stays who they are on the host: USER of an image changes nothing, and nothing in it gains rights."),
    SOURCE("A container of value is built from a specification that says what is in it, of sources that stay the same."),
    ENVIRONMENT("Programs of a container are not started by an interactive shell: what shells read when they start reaches none of them."),
    ROOT_HOME("/root belongs to root: others may not look into it, and root's own home is mounted over it when root runs the container."),
    READ_ONLY("The root file system of a container cannot be written to while the container runs."),
    HOME_TMP("The home directory and /tmp of who runs a container are mounted over the image's, whose files are then hidden."),
    LDCONFIG("The dynamic linker finds libraries outside its own directories by /etc/ld.so.cache, which is final when the image is built."),
    SECRETS("Whoever has the image, its history or its definition can read what stands there as plain text."),
    EXECUTION("Without a %runscript, what runs follows from ENTRYPOINT, CMD and arguments together, by rules that few remember.");

    private final String reason;

    Check(String reason) {
        this.reason = reason;
    }

    /** Why it is a best practice, in a sentence. */
    public String reason() {
        return reason;
    }

    /** As users write it, such as {@code root-home}. */
    @Override
    public String toString() {
        return name().toLowerCase(Locale.ROOT).replace('_', '-');
    }

    /**
     * Chooses checks by their names.
     *
     * @param wanted nothing means all
     * @param ignored taken away from those
     * @throws UserException if there is no check of such a name, or none is left
     */
    public static Set<Check> choose(List<String> wanted, List<String> ignored) throws UserException {
        Set<Check> chosen = wanted.isEmpty() ? EnumSet.allOf(Check.class) : named(wanted);
        chosen.removeAll(named(ignored));
        if (chosen.isEmpty()) {
            throw new UserException("All checks are ignored, so there is nothing to do", "Leave one.");
        }
        return chosen;
    }

    private static Set<Check> named(List<String> names) throws UserException {
        Set<Check> checks = EnumSet.noneOf(Check.class);
        for (String name : names) {
            Optional<Check> check = Stream.of(values()).filter(one -> one.toString().equals(name)).findFirst();
            checks.add(check.orElseThrow(() -> new UserException("There is no check '%s'".formatted(name),
                    "Checks are: %s.".formatted(Stream.of(values()).map(Check::toString).collect(Collectors.joining(", "))))));
        }
        return checks;
    }
}
