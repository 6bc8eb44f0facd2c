package io.sifter.engine.build;

import io.sifter.engine.definition.Definition;
import io.sifter.engine.definition.Stage;
import io.sifter.engine.definition.Stage.Script;
import io.sifter.engine.definition.Stage.Section;
import io.sifter.image.document.Json;
import io.sifter.spi.event.Event;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.time.Instant;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.function.Consumer;

/** Writes into an image what its definition says about it: help, labels, environment, scripts, and the definition itself. */
final class DefinitionText {
    private static final String OWN = ".singularity.d/";
    private static final String HELP = OWN + "runscript.help";
    private static final String LABELS = OWN + "labels.json";
    /** Where %post leaves labels. */
    static final String BUILD_LABELS = ".build.labels";

    private final ImageRoot root;
    private final Selection selection;
    private final boolean force;
    private final Consumer<Event> events;

    /** @param force whether labels and help that are there already give way */
    DefinitionText(ImageRoot root, Selection selection, boolean force, Consumer<Event> events) {
        this.root = root;
        this.selection = selection;
        this.force = force;
        this.events = events;
    }

    void write(Definition definition, Instant created, String architecture, String version) throws IOException {
        Stage stage = definition.last();
        help(stage);
        labels(stage, created, architecture, version);
        definition(definition.text());
        environment(stage);
        script(stage, Section.STARTSCRIPT, "startscript", "Adding startscript");
        script(stage, Section.RUNSCRIPT, "runscript", "Adding runscript");
        script(stage, Section.TEST, "test", "Adding testscript");
    }

    private Optional<Script> wanted(Stage stage, Section section) {
        return selection.has(section) ? stage.script(section).filter(script -> !script.text().isBlank()) : Optional.empty();
    }

    private void help(Stage stage) throws IOException {
        Optional<Script> help = wanted(stage, Section.HELP);
        if (help.isPresent()) {
            events.accept(Event.info("Adding help info"));
            if (!force && root.read(HELP).isPresent()) {
                events.accept(Event.warning("Help message already exists and force option is false, not overwriting"));
            } else {
                root.write(HELP, help.get().text() + "\n", 0644);
            }
        }
    }

    private void labels(Stage stage, Instant created, String architecture, String version) throws IOException {
        Map<String, String> labels = new TreeMap<>(Inspection.parseLabels(root.read(LABELS).orElse(""), LABELS));
        Map<String, String> own = new TreeMap<>(selection.has("labels") ? stage.labels() : Map.of());
        if (!own.isEmpty()) {
            events.accept(Event.info("Adding labels"));
        }
        // Of %post, which always runs.
        for (String line : root.read(BUILD_LABELS).orElse("").split("\n")) {
            if (!line.isBlank()) {
                String[] parts = line.strip().split("\\s+", 2);
                own.put(parts[0], parts.length > 1 ? parts[1] : "");
            }
        }
        own.forEach((key, value) -> add(labels, key, value));
        root.remove(BUILD_LABELS);
        Map<String, String> all = Labels.of(labels, created, architecture, version, stage.header());
        if (root.read(HELP).isPresent()) {
            all.put("org.label-schema.usage", "/" + HELP);
            all.put("org.label-schema.usage.singularity.runscript.help", "/" + HELP);
        }
        root.write(LABELS, new String(Json.indented(all, "\t"), StandardCharsets.UTF_8), 0644);
    }

    private void add(Map<String, String> labels, String key, String value) {
        String earlier = labels.get(key);
        if (earlier != null && !force) {
            events.accept(Event.warning("Label: %s already exists and force option is false, not overwriting".formatted(key)));
        } else {
            labels.put(key, value);
        }
    }

    /** What an earlier build left goes to the history. */
    private void definition(String text) throws IOException {
        Optional<String> earlier = root.read(OWN + "Singularity");
        if (earlier.isPresent()) {
            int number = 0;
            while (root.read(history(number)).isPresent()) {
                number++;
            }
            root.write(history(number), earlier.get(), 0644);
        }
        root.write(OWN + "Singularity", text, 0644);
    }

    private static String history(int number) {
        return OWN + "bootstrap_history/Singularity" + number;
    }

    private void environment(Stage stage) throws IOException {
        Optional<Script> environment = wanted(stage, Section.ENVIRONMENT);
        if (environment.isPresent()) {
            events.accept(Event.info("Adding environment to container"));
            String path = OWN + "env/90-environment.sh";
            root.write(path, root.read(path).orElse("#!/bin/sh\n") + "\n" + environment.get().text() + "\n", 0755);
        }
    }

    private void script(Stage stage, Section section, String name, String told) throws IOException {
        Optional<Script> script = wanted(stage, section);
        if (script.isPresent()) {
            events.accept(Event.info(told));
            root.write(OWN + name, executable(script.get()), 0755);
        }
    }

    /** A section as a file to execute: its own first line if that names an interpreter, which also gets the section's arguments. */
    static String executable(Script script) {
        String body = script.text();
        String first = "#!/bin/sh";
        String text = body.stripLeading();
        if (text.startsWith("#!")) {
            int end = text.indexOf('\n');
            first = text.substring(0, end < 0 ? text.length() : end).stripTrailing();
            body = end < 0 ? "" : text.substring(end + 1);
        }
        int hash = script.arguments().indexOf('#');
        String arguments = (hash < 0 ? script.arguments() : script.arguments().substring(0, hash)).strip();
        return first + (arguments.isEmpty() ? "" : " " + arguments) + "\n\n" + body + "\n";
    }
}
