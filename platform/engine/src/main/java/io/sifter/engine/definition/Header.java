package io.sifter.engine.definition;

import io.sifter.spi.error.UserException;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.Pattern;

/**
 * A stage's header: {@code key: value}, comments and continued lines.
 *
 * @param values by key in lower case, in order
 * @param places where each key stands
 */
record Header(Map<String, String> values, Map<String, String> places) {
    private static final Set<String> KEYS = Set.of("bootstrap", "from", "includecmd", "mirrorurl", "updateurl", "osversion", "include",
            "library", "registry", "namespace", "stage", "product", "user", "regcode", "productpgp", "registerurl", "modules", "fingerprints",
            "setopt", "confurl");
    private static final Pattern OTHER_URL = Pattern.compile("otherurl\\d+");

    static Header read(Place place, List<Line> lines) throws UserException {
        Map<String, String> values = new LinkedHashMap<>();
        Map<String, String> places = new LinkedHashMap<>();
        for (int i = 0; i < lines.size(); i++) {
            Line line = lines.get(i);
            String text = withoutComment(line.text());
            if (text.isBlank()) {
                continue;
            }
            int colon = text.indexOf(':');
            if (colon < 0) {
                throw place.wrong(line, "header key %s had no val".formatted(text.strip()),
                        "Expected 'key: value', or a section such as %post.");
            }
            String key = text.substring(0, colon).strip().toLowerCase(Locale.ROOT);
            if (!KEYS.contains(key) && !OTHER_URL.matcher(key).matches()) {
                throw place.wrong(line, "invalid header keyword found: " + key,
                        "Expected one of: %s, otherurl1….".formatted(String.join(", ", new TreeSet<>(KEYS))));
            }
            StringBuilder value = new StringBuilder(text.substring(colon + 1).strip());
            while (!value.isEmpty() && value.charAt(value.length() - 1) == '\\') {
                value.setLength(value.length() - 1);
                if (value.toString().endsWith("\\n")) {
                    value.setLength(value.length() - 2);
                    value.append('\n');
                }
                if (++i < lines.size()) {
                    value.append(withoutComment(lines.get(i).text()).strip());
                }
            }
            values.put(key, value.toString());
            places.put(key, place.at(line.number(), line.indent() + 1));
        }
        return new Header(values, places);
    }

    private static String withoutComment(String text) {
        int hash = text.indexOf('#');
        return hash < 0 ? text : text.substring(0, hash);
    }
}
