package io.sifter.engine.definition;

import io.sifter.spi.error.UserException;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;

/** Cuts a definition into stages, and a stage into header and sections. One parser for one file. */
final class DefinitionParser {
    private static final String BOOTSTRAP = "bootstrap:";

    private final Place place;
    private final Variables variables;
    private final List<String> warnings = new ArrayList<>();

    DefinitionParser(String file, Map<String, String> given) {
        this.place = new Place(file);
        this.variables = new Variables(place, given, warnings);
    }

    Definition parse(String text) throws UserException {
        List<List<Line>> pieces = pieces(text);
        List<Stage> stages = new ArrayList<>();
        Set<String> names = new HashSet<>();
        for (List<Line> piece : pieces) {
            Stage stage = stage(variables.replace(piece), names);
            stages.add(stage);
            stage.key("stage").ifPresent(names::add);
        }
        Set<String> unused = variables.unused();
        if (!unused.isEmpty()) {
            warnings.add("Unused build variables: " + String.join(", ", unused));
        }
        return new Definition(stages, warnings);
    }

    /** A stage begins with each {@code Bootstrap:} at the start of a line. Nothing but comments may stand before the first. */
    private List<List<Line>> pieces(String text) throws UserException {
        List<List<Line>> pieces = new ArrayList<>();
        int number = 0;
        boolean empty = true;
        for (Line line : lines(text)) {
            number++;
            int nul = line.text().indexOf('\0');
            if (nul >= 0) {
                throw place.wrong(number, nul + 1, "a NUL byte", "Expected text.");
            }
            if (line.text().regionMatches(true, 0, BOOTSTRAP, 0, BOOTSTRAP.length())) {
                pieces.add(new ArrayList<>());
            }
            if (!pieces.isEmpty()) {
                pieces.getLast().add(line);
            } else if (!line.blank() && !line.comment()) {
                throw place.wrong(line, "no bootstrap specification found", "Expected 'Bootstrap: AGENT' before anything else, such as 'Bootstrap: docker'.");
            }
            empty &= line.blank();
        }
        if (pieces.isEmpty()) {
            throw place.wrong(1, 1, empty ? "empty definition file" : "no bootstrap specification found",
                    "Expected 'Bootstrap: AGENT', such as 'Bootstrap: docker'.");
        }
        return pieces;
    }

    private static List<Line> lines(String text) {
        List<Line> lines = new ArrayList<>();
        String[] parts = text.replace("\r\n", "\n").split("\n", -1);
        int count = parts.length > 0 && parts[parts.length - 1].isEmpty() ? parts.length - 1 : parts.length;
        for (int i = 0; i < count; i++) {
            lines.add(new Line(i + 1, parts[i]));
        }
        return lines;
    }

    private Stage stage(List<Line> lines, Set<String> earlier) throws UserException {
        int at = 0;
        while (at < lines.size() && !beginsSection(lines.get(at))) {
            at++;
        }
        Header header = Header.read(place, lines.subList(0, at));
        Line first = lines.getFirst();
        if (header.values().getOrDefault("bootstrap", "").isEmpty()) {
            throw place.wrong(first.number(), BOOTSTRAP.length() + 1, "no bootstrap specification found", "Expected an agent, such as docker.");
        }
        Sections sections = new Sections(place, earlier, warnings);
        while (at < lines.size()) {
            Line section = lines.get(at);
            if (section.indent() > 0) {
                throw place.wrong(section, "invalid section(s) specified: ",
                        "A word that begins with % begins a section, and is expected at the start of the line; in a script, put something before it.");
            }
            int end = at + 1;
            while (end < lines.size() && !beginsSection(lines.get(end))) {
                end++;
            }
            sections.add(section, lines.subList(at + 1, end));
            at = end;
        }
        return sections.stage(lines, header);
    }

    private static boolean beginsSection(Line line) {
        return line.text().startsWith("%", line.indent());
    }
}
