package io.sifter.engine.lint;

import io.sifter.engine.definition.Definition;
import io.sifter.engine.lint.Script.Kind;
import io.sifter.engine.lint.StageText.Section;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.function.BiFunction;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** A definition that is checked. */
final class DefinitionSubject {
    private static final Pattern WORD = Pattern.compile("(?:[^\\s\"]++|\"[^\"]*+\")++");

    private final List<StageText> stages;
    private final BiFunction<Integer, Integer, Place> places;

    /** @param places of a line and a column in the file */
    DefinitionSubject(Definition definition, BiFunction<Integer, Integer, Place> places) {
        this.stages = definition.stages().stream().map(StageText::new).toList();
        this.places = places;
    }

    /**
     * A line of {@code %files}.
     *
     * @param target empty for the same path as the source
     */
    record Copied(String source, String target, boolean fromHost, Place place) {
        String path() {
            return target.isEmpty() ? source : target;
        }
    }

    List<StageText> stages() {
        return stages;
    }

    /** The stage that becomes the image. */
    StageText last() {
        return stages.getLast();
    }

    Place place(StageText.Line line, int column) {
        return places.apply(line.number(), column);
    }

    Place place(StageText.Line line) {
        return place(line, 1 + line.text().length() - line.text().stripLeading().length());
    }

    List<Script> scripts() {
        List<Script> scripts = new ArrayList<>();
        for (StageText stage : stages) {
            stage.sections().forEach(section -> kind(section).ifPresent(kind -> {
                if (kind == Kind.BUILD || stage == last()) {
                    scripts.add(script(kind, section));
                }
            }));
        }
        return scripts;
    }

    /** What is run and is no program of the host; scripts of {@code %pre} and {@code %setup} are not about the image. */
    private static Optional<Kind> kind(Section section) {
        return switch (section.name()) {
            case "post", "appinstall" -> Optional.of(Kind.BUILD);
            case "runscript", "startscript", "apprun", "appstart" -> Optional.of(Kind.RUN);
            case "environment", "appenv" -> Optional.of(Kind.SETTINGS);
            default -> Optional.empty();
        };
    }

    private Script script(Kind kind, Section section) {
        return new Script(kind, section.label(), section.text(),
                (line, column) -> places.apply(section.body().get(Math.min(line, section.body().size()) - 1).number(), column));
    }

    /** What {@code %files} of the last stage copies. */
    List<Copied> copied() {
        List<Copied> copied = new ArrayList<>();
        for (Section section : last().sections()) {
            if (section.name().equals("files")) {
                boolean fromHost = !section.arguments().startsWith("from");
                for (StageText.Line line : section.body()) {
                    Matcher words = WORD.matcher(line.text());
                    if (words.find() && !words.group().startsWith("#")) {
                        String source = words.group().replace("\"", "");
                        String target = words.find() && !words.group().startsWith("#") ? words.group().replace("\"", "") : "";
                        copied.add(new Copied(source, target, fromHost, place(line)));
                    }
                }
            }
        }
        return copied;
    }
}
