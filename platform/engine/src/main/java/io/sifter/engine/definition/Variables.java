package io.sifter.engine.definition;

import io.sifter.spi.error.UserException;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.MatchResult;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * Replaces {@code {{ name }}}: by what the caller gave, else by the default of the stage's {@code %arguments}. A default may hold such
 * names itself, once. Lines that are comments stay as they are.
 */
final class Variables {
    private static final Pattern NAME = Pattern.compile("\\{\\{\\s*(\\w+)\\s*}}");

    private final Place place;
    private final Map<String, String> given;
    private final Set<String> used = new HashSet<>();
    private final List<String> warnings;

    Variables(Place place, Map<String, String> given, List<String> warnings) {
        this.place = place;
        this.given = given;
        this.warnings = warnings;
    }

    /** A stage's lines. A value of several lines makes several, which all have the number of the one. */
    List<Line> replace(List<Line> stage) throws UserException {
        Map<String, String> defaults = new HashMap<>();
        for (Line line : arguments(stage)) {
            int equals = line.text().indexOf('=');
            String name = equals < 0 ? "" : line.text().substring(0, equals).strip();
            String value = line.text().substring(equals + 1).strip();
            if (name.isEmpty() || value.isEmpty()) {
                warnings.add("%s:%d: '%s' is no key=value pair, and is passed over".formatted(place.file(), line.number(), line.text().strip()));
            } else {
                defaults.put(name, value);
            }
        }
        Map<String, String> values = new HashMap<>();
        for (Map.Entry<String, String> entry : defaults.entrySet()) {
            values.put(entry.getKey(), NAME.matcher(entry.getValue()).replaceAll(found -> {
                String inner = given.getOrDefault(found.group(1), defaults.get(found.group(1)));
                used.add(found.group(1));
                return Matcher.quoteReplacement(inner == null ? found.group() : inner);
            }));
        }
        values.putAll(given);
        List<Line> replaced = new ArrayList<>();
        for (Line line : stage) {
            if (line.comment() || !line.text().contains("{{")) {
                replaced.add(line);
                continue;
            }
            for (String part : replace(line, values).split("\n", -1)) {
                replaced.add(new Line(line.number(), part));
            }
        }
        return replaced;
    }

    private String replace(Line line, Map<String, String> values) throws UserException {
        StringBuilder text = new StringBuilder();
        int from = 0;
        for (MatchResult found : NAME.matcher(line.text()).results().toList()) {
            String name = found.group(1);
            String value = values.get(name);
            if (value == null) {
                throw place.wrong(line.number(), found.start() + 1,
                        "build var %s is not defined through either --build-arg (--build-arg-file) or 'arguments' section".formatted(name),
                        "Give it: --build-arg %s=VALUE, or a default in %%arguments.".formatted(name));
            }
            used.add(name);
            text.append(line.text(), from, found.start()).append(value);
            from = found.end();
        }
        return text.append(line.text().substring(from)).toString();
    }

    /** The lines of {@code %arguments} that say something. */
    private static List<Line> arguments(List<Line> stage) {
        List<Line> lines = new ArrayList<>();
        boolean inside = false;
        for (Line line : stage) {
            if (line.text().startsWith("%")) {
                inside = Sections.name(line).equals("arguments");
            } else if (inside && !line.blank() && !line.comment()) {
                lines.add(line);
            }
        }
        return lines;
    }

    /** Variables that were given and stand nowhere. */
    Set<String> unused() {
        Set<String> unused = new TreeSet<>(given.keySet());
        unused.removeAll(used);
        return unused;
    }
}
