package io.sifter.engine.lint;

import io.sifter.engine.definition.Stage;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Optional;

/** The lines of a stage, cut at its sections, with the numbers that they have in the file. */
final class StageText {
    private final Stage stage;
    private final List<Line> header = new ArrayList<>();
    private final List<Section> sections = new ArrayList<>();

    record Line(int number, String text) {}

    /**
     * @param name in lower case, without the percent sign
     * @param arguments what follows the name
     */
    record Section(String name, String arguments, Line first, List<Line> body) {
        String text() {
            StringBuilder text = new StringBuilder();
            body.forEach(line -> text.append(line.text()).append('\n'));
            return text.toString();
        }

        /** How messages call it. */
        String label() {
            return "%" + name + (name.startsWith("app") ? " " + arguments : "");
        }
    }

    StageText(Stage stage) {
        this.stage = stage;
        List<String> texts = stage.text().lines().toList();
        for (int i = 0; i < texts.size(); i++) {
            Line line = new Line(stage.numbers().get(i), texts.get(i));
            if (line.text().startsWith("%")) {
                String[] words = line.text().substring(1).strip().split("\\s+", 2);
                sections.add(new Section(words[0].toLowerCase(Locale.ROOT), words.length > 1 ? words[1] : "", line, new ArrayList<>()));
            } else {
                (sections.isEmpty() ? header : sections.getLast().body()).add(line);
            }
        }
    }

    Stage stage() {
        return stage;
    }

    List<Section> sections() {
        return sections;
    }

    boolean has(String section) {
        return sections.stream().anyMatch(one -> one.name().equals(section) && !one.text().isBlank());
    }

    /** The line of a key of the header; the first line if there is none. */
    Line line(String key) {
        Optional<Line> found = header.stream().filter(line -> line.text().strip().toLowerCase(Locale.ROOT).startsWith(key + ":")).findFirst();
        return found.orElseGet(header::getFirst);
    }

    /** Every line that may say something. */
    List<Line> lines() {
        List<Line> lines = new ArrayList<>(header);
        sections.forEach(section -> {
            lines.add(section.first());
            lines.addAll(section.body());
        });
        return lines;
    }
}
