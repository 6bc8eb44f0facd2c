package io.sifter.engine.definition;

import io.sifter.engine.definition.Stage.App;
import io.sifter.engine.definition.Stage.AppSection;
import io.sifter.engine.definition.Stage.Copies;
import io.sifter.engine.definition.Stage.Copy;
import io.sifter.engine.definition.Stage.Script;
import io.sifter.engine.definition.Stage.Section;
import io.sifter.spi.error.UserException;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** Gathers the sections of one stage, one after the other. */
final class Sections {
    private static final String KNOWN = "Expected one of: %pre, %setup, %files, %post, %environment, %runscript, %startscript, %test, %help, "
            + "%labels, %arguments, %appinstall, %apprun, %appstart, %apptest, %apphelp, %appenv, %applabels, %appfiles.";
    private static final Pattern APP_NAME = Pattern.compile("(?!\\.{1,2}$)[\\w.+-]+");
    /** Quotes keep blanks together. */
    private static final Pattern WORD = Pattern.compile("(?:[^\\s\"]++|\"[^\"]*+\")++");

    private final Place place;
    private final Set<String> earlier;
    private final List<String> warnings;
    private final Map<Section, Script> scripts = new EnumMap<>(Section.class);
    private final Map<String, List<Copy>> files = new LinkedHashMap<>();
    private final Map<String, Optional<String>> stages = new LinkedHashMap<>();
    private final Map<String, String> labels = new LinkedHashMap<>();
    private final Map<String, GrowingApp> apps = new LinkedHashMap<>();

    private record GrowingApp(Map<AppSection, Script> scripts, List<Copy> files, Map<String, String> labels) {}

    /** @param earlier names of stages that files can be taken from */
    Sections(Place place, Set<String> earlier, List<String> warnings) {
        this.place = place;
        this.earlier = earlier;
        this.warnings = warnings;
    }

    /** The name in a line that begins a section, in lower case. */
    static String name(Line line) {
        int start = 0;
        while (start < line.text().length() && line.text().charAt(start) == '%') {
            start++;
        }
        return line.text().substring(start, end(line.text())).toLowerCase(Locale.ROOT);
    }

    private static int end(String text) {
        int end = 0;
        while (end < text.length() && !Character.isWhitespace(text.charAt(end))) {
            end++;
        }
        return end;
    }

    /**
     * @param first begins with {@code %}
     * @param body what follows, up to the next section
     */
    void add(Line first, List<Line> body) throws UserException {
        String name = name(first);
        String arguments = first.text().substring(end(first.text())).strip();
        for (Section section : Section.values()) {
            if (section.toString().equals(name)) {
                requireInterpreter(first, name, arguments);
                add(scripts, section, arguments, body);
                return;
            }
        }
        switch (name) {
            case "files" -> files(first, arguments, body);
            case "labels" -> labels(body, labels);
            case "arguments" -> { }
            default -> app(first, name, arguments, body);
        }
    }

    /** {@code -c PROGRAM} needs the program. */
    private void requireInterpreter(Line first, String name, String arguments) throws UserException {
        if (arguments.equals("-c")) {
            throw place.wrong(first.number(), first.text().indexOf("-c") + 1, "bad %s section '-c' parameter: missing arguments".formatted(name),
                    "Expected a program, such as -c /bin/bash.");
        }
    }

    private static <K> void add(Map<K, Script> scripts, K key, String arguments, List<Line> body) {
        StringBuilder text = new StringBuilder();
        body.forEach(line -> text.append(line.text()).append('\n'));
        scripts.merge(key, new Script(arguments, text.toString()),
                (earlier, later) -> new Script(later.arguments().isEmpty() ? earlier.arguments() : later.arguments(), earlier.text() + later.text()));
    }

    private void files(Line first, String arguments, List<Line> body) throws UserException {
        String plain = withoutComment(arguments);
        String[] words = plain.isEmpty() ? new String[0] : plain.split("\\s+");
        if (words.length == 1 || words.length > 2) {
            throw place.wrong(first.number(), first.text().indexOf(words[0]) + 1, "%%files %s".formatted(plain),
                    "Expected nothing, or 'from' and the name of an earlier stage.");
        }
        // As with the peers, whose first word may be anything else.
        boolean fromHost = words.length == 0 || words[0].equals("stage");
        if (!fromHost && !earlier.contains(words[1])) {
            throw place.wrong(first.number(), first.text().lastIndexOf(words[1]) + 1, "stage %s was not found".formatted(words[1]),
                    "Expected the name of an earlier stage, given there as 'Stage: NAME'; there is %s."
                            .formatted(earlier.isEmpty() ? "none" : String.join(", ", new TreeSet<>(earlier))));
        }
        stages.putIfAbsent(plain, fromHost ? Optional.empty() : Optional.of(words[1]));
        copies(body, files.computeIfAbsent(plain, _ -> new ArrayList<>()));
    }

    private static String withoutComment(String text) {
        int hash = text.indexOf('#');
        return (hash < 0 ? text : text.substring(0, hash)).strip();
    }

    private void copies(List<Line> body, List<Copy> into) throws UserException {
        for (Line line : body) {
            if (line.blank() || line.comment()) {
                continue;
            }
            int quote = line.text().chars().filter(c -> c == '"').count() % 2 == 0 ? -1 : line.text().lastIndexOf('"');
            if (quote >= 0) {
                throw place.wrong(line.number(), quote + 1, "a quotation mark that is not closed", "Expected another \" in this line.");
            }
            List<String> words = new ArrayList<>();
            Matcher matcher = WORD.matcher(line.text());
            while (matcher.find() && !(words.size() > 1 && matcher.group().startsWith("#"))) {
                if (words.size() == 2) {
                    warnings.add("%s:%d:%d: '%s' and what follows is passed over: a line of %%files names a source and a destination"
                            .formatted(place.file(), line.number(), matcher.start() + 1, matcher.group()));
                    break;
                }
                words.add(matcher.group().replace("\"", ""));
            }
            into.add(new Copy(words.getFirst(), words.size() > 1 ? words.get(1) : ""));
        }
    }

    private static void labels(List<Line> body, Map<String, String> into) {
        for (Line line : body) {
            if (!line.blank() && !line.comment()) {
                String[] parts = line.text().strip().split("\\s+", 2);
                into.put(parts[0], parts.length > 1 ? parts[1] : "");
            }
        }
    }

    private void app(Line first, String name, String arguments, List<Line> body) throws UserException {
        Optional<AppSection> section = Optional.empty();
        for (AppSection candidate : AppSection.values()) {
            if (candidate.toString().equals(name)) {
                section = Optional.of(candidate);
            }
        }
        if (section.isEmpty() && !name.equals("appfiles") && !name.equals("applabels")) {
            throw place.wrong(first, "invalid section(s) specified: " + name, KNOWN);
        }
        String app = withoutComment(arguments);
        if (!APP_NAME.matcher(app).matches()) {
            throw place.wrong(first.number(), end(first.text()) + 1, "%%%s names the app '%s'".formatted(name, app),
                    "Expected the name of an app: letters, digits, '_', '-', '+' and '.'.");
        }
        GrowingApp growing = apps.computeIfAbsent(app, _ -> new GrowingApp(new EnumMap<>(AppSection.class), new ArrayList<>(), new LinkedHashMap<>()));
        if (section.isPresent()) {
            add(growing.scripts(), section.get(), "", body);
        } else if (name.equals("appfiles")) {
            copies(body, growing.files());
        } else {
            labels(body, growing.labels());
        }
    }

    Stage stage(List<Line> lines, Header header) {
        StringBuilder text = new StringBuilder();
        lines.forEach(line -> text.append(line.text()).append('\n'));
        List<Copies> copies = new ArrayList<>();
        files.forEach((arguments, entries) -> copies.add(new Copies(stages.get(arguments), entries)));
        Map<String, App> complete = new LinkedHashMap<>();
        apps.forEach((name, app) -> complete.put(name, new App(name, app.scripts(), app.files(), app.labels())));
        return new Stage(text.toString(), lines.stream().map(Line::number).toList(), header.values(), header.places(), scripts, copies, labels, complete);
    }
}
