package io.sifter.cli.options;

import io.sifter.cli.options.Support.Moot;
import io.sifter.cli.options.Support.Refused;
import io.sifter.cli.options.Support.Supported;
import java.util.List;
import java.util.Optional;

/**
 * One option of a command, as data.
 *
 * @param name what follows {@code --}
 * @param letter what may follow {@code -}, or 0
 * @param variables ends of the environment variables that set it when the command line does not, after
 *     {@code SINGULARITY_} or {@code APPTAINER_}
 * @param bare whether the variables also count without a prefix
 * @param appended whether a variable adds to the command line's values
 * @param initial the value that help shows for an option that is not given, or empty
 * @param hidden whether help leaves it out; it works all the same
 * @param deprecation what to use instead, for a spelling that is going away
 */
public record Option(String name, char letter, Kind kind, List<String> variables, boolean bare, boolean appended,
                     String description, String initial, boolean hidden, Optional<String> deprecation, Support support) {
    /** How an option takes values. */
    public enum Kind {
        /** On or off; {@code --x}, {@code --x=false}. */
        FLAG(""),
        /** One text, the last counts. */
        TEXT("string"),
        /** One whole number, the last counts. */
        NUMBER("int"),
        /** Repeatable, and each value is a comma-separated list with CSV quotes. */
        LIST("strings"),
        /** Repeatable, each value counts as a whole. */
        LINES("stringArray"),
        /** Repeatable, each value is a comma-separated list of {@code key=value}. */
        PAIRS("key=value");

        private final String placeholder;

        Kind(String placeholder) {
            this.placeholder = placeholder;
        }

        /** What help shows in the place of a value. */
        public String placeholder() {
            return placeholder;
        }
    }

    private static final Support SUPPORTED = new Supported();

    static Option flag(String name, String description) {
        return of(name, Kind.FLAG, description);
    }

    static Option text(String name, String description) {
        return of(name, Kind.TEXT, description);
    }

    static Option number(String name, String description) {
        return of(name, Kind.NUMBER, description);
    }

    static Option list(String name, String description) {
        return of(name, Kind.LIST, description);
    }

    static Option lines(String name, String description) {
        return of(name, Kind.LINES, description);
    }

    static Option pairs(String name, String description) {
        return of(name, Kind.PAIRS, description);
    }

    private static Option of(String name, Kind kind, String description) {
        return new Option(name, '\0', kind, List.of(), false, false, description, "", false, Optional.empty(), SUPPORTED);
    }

    Option letter(char letter) {
        return new Option(name, letter, kind, variables, bare, appended, description, initial, hidden, deprecation, support);
    }

    Option from(String... variables) {
        return new Option(name, letter, kind, List.of(variables), bare, appended, description, initial, hidden, deprecation, support);
    }

    Option orBare() {
        return new Option(name, letter, kind, variables, true, appended, description, initial, hidden, deprecation, support);
    }

    Option appending() {
        return new Option(name, letter, kind, variables, bare, true, description, initial, hidden, deprecation, support);
    }

    Option initially(String initial) {
        return new Option(name, letter, kind, variables, bare, appended, description, initial, hidden, deprecation, support);
    }

    Option hide() {
        return new Option(name, letter, kind, variables, bare, appended, description, initial, true, deprecation, support);
    }

    Option deprecate(String instead) {
        return new Option(name, letter, kind, variables, bare, appended, description, initial, true, Optional.of(instead), support);
    }

    Option moot(String reason) {
        return with(new Moot(reason));
    }

    Option refuse(String reason) {
        return with(new Refused(reason, Optional.empty()));
    }

    Option refuse(String reason, String nextStep) {
        return with(new Refused(reason, Optional.of(nextStep)));
    }

    private Option with(Support support) {
        return new Option(name, letter, kind, variables, bare, appended, description, initial, hidden, deprecation, support);
    }

    /** How messages name it: {@code -F, --force}. */
    String label() {
        return letter == '\0' ? "--" + name : "-" + letter + ", --" + name;
    }
}
