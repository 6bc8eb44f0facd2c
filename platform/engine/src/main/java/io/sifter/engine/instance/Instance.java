package io.sifter.engine.instance;

import io.sifter.spi.error.UserException;
import io.sifter.spi.tree.RawName;
import java.util.Objects;

/**
 * A container that runs in the background. Texts are raw bytes, one byte a character.
 *
 * @param image that it was started from
 * @param home of the account in the container
 * @param out file that takes its standard output
 * @param err file that takes its standard error
 * @param pid of its keeper, as the host counts: a process in the container that lives as long as the container
 * @param init process 1 of the container, as the host counts: when it ends, the kernel ends everything in the container
 */
public record Instance(String name, String image, String home, String out, String err, long pid, long init) {
    private static final int MOST_LETTERS = 200;

    public Instance {
        Objects.requireNonNull(name);
        Objects.requireNonNull(image);
        Objects.requireNonNull(home);
        Objects.requireNonNull(out);
        Objects.requireNonNull(err);
    }

    /**
     * Checks how an instance is to be called.
     *
     * @throws UserException if none can be called so
     */
    public static String requireName(String name) throws UserException {
        if (!isName(name)) {
            throw new UserException("%s is not a valid instance name".formatted(RawName.display(name)),
                    "Use up to %d letters, digits, '.', '_' and '-'.".formatted(MOST_LETTERS));
        }
        return name;
    }

    static boolean isName(String name) {
        boolean fits = !name.isEmpty() && name.length() <= MOST_LETTERS;
        for (int i = 0; fits && i < name.length(); i++) {
            char c = name.charAt(i);
            fits = c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' || c == '.' || c == '_' || c == '-';
        }
        return fits;
    }
}
