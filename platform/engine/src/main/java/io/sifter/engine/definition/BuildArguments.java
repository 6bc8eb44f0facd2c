package io.sifter.engine.definition;

import io.sifter.spi.error.UserException;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** Variables of definitions as people give them: {@code key=value}, on the command line or a line each in a file. */
public final class BuildArguments {
    private BuildArguments() {}

    /**
     * From the command line; later ones win.
     *
     * @throws UserException for what is no {@code key=value}
     */
    public static Map<String, String> parse(List<String> arguments) throws UserException {
        Map<String, String> variables = new LinkedHashMap<>();
        for (String argument : arguments) {
            add(argument, variables);
        }
        return variables;
    }

    /**
     * From a file. Lines that are no {@code key=value} are passed over.
     *
     * @param name of the file, for warnings
     * @param warnings takes one for each such line
     */
    public static Map<String, String> parseFile(String name, String text, List<String> warnings) {
        Map<String, String> variables = new LinkedHashMap<>();
        int number = 0;
        for (String line : text.split("\r?\n")) {
            number++;
            if (line.isBlank() || line.stripLeading().startsWith("#")) {
                continue;
            }
            try {
                add(line, variables);
            } catch (UserException e) {
                warnings.add("%s:%d: %s; it is passed over".formatted(name, number, e.getMessage()));
            }
        }
        return variables;
    }

    private static void add(String argument, Map<String, String> variables) throws UserException {
        int equals = argument.indexOf('=');
        String key = equals < 0 ? "" : argument.substring(0, equals).strip();
        String value = argument.substring(equals + 1).strip();
        if (equals < 0) {
            throw wrong("\"%s\" is not a key=value pair".formatted(argument));
        }
        if (key.isEmpty()) {
            throw wrong("missing key portion in \"%s\"".formatted(argument));
        }
        if (value.isEmpty()) {
            throw wrong("missing value portion in \"%s\"".formatted(argument));
        }
        variables.put(key, value);
    }

    private static UserException wrong(String what) {
        return new UserException(what, "Expected KEY=VALUE.");
    }
}
