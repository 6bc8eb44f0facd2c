package io.sifter.engine.lint;

import io.sifter.image.document.Json;
import java.nio.charset.StandardCharsets;
import java.util.EnumMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Collectors;

/**
 * What was found in something.
 *
 * @param target as it was called
 * @param checks that were made
 */
public record Report(String target, Set<Check> checks, List<Finding> findings) {
    public Report {
        findings = List.copyOf(findings);
    }

    /** For people: for each finding where and what, why, and what to do; nothing if there is none. */
    public String text() {
        StringBuilder text = new StringBuilder();
        for (Finding finding : findings) {
            text.append("%s: [%s] %s.%n    why: %s%n    do:  %s%n".formatted(finding.place().text(), finding.check(), finding.what(),
                    finding.check().reason(), finding.instead()));
        }
        return text.toString();
    }

    /** One line: how many, of which kind. */
    public String summary() {
        if (findings.isEmpty()) {
            return "Nothing found in %s".formatted(target);
        }
        Map<Check, Integer> counts = new EnumMap<>(Check.class);
        findings.forEach(finding -> counts.merge(finding.check(), 1, Integer::sum));
        return "%d %s in %s: %s".formatted(findings.size(), findings.size() == 1 ? "finding" : "findings", target,
                counts.entrySet().stream().map(count -> count.getKey() + " " + count.getValue()).collect(Collectors.joining(", ")));
    }

    /** For programs: an object with {@code target}, {@code checks} and {@code findings}. */
    public String json() {
        Map<String, Object> document = new LinkedHashMap<>();
        document.put("target", target);
        document.put("checks", checks.stream().map(Check::toString).toList());
        document.put("findings", findings.stream().map(Report::members).toList());
        return new String(Json.indented(document, "  "), StandardCharsets.UTF_8) + "\n";
    }

    private static Map<String, Object> members(Finding finding) {
        Map<String, Object> members = new LinkedHashMap<>();
        members.put("check", finding.check().toString());
        members.put("what", finding.what());
        members.put("where", finding.place().members());
        members.put("why", finding.check().reason());
        members.put("instead", finding.instead());
        return members;
    }
}
