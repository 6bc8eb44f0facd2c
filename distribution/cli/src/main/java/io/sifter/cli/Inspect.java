package io.sifter.cli;

import io.sifter.cli.options.Values;
import io.sifter.engine.build.Inspection;
import io.sifter.engine.build.LocalImage;
import io.sifter.image.document.Json;
import io.sifter.sif.DataType;
import io.sifter.sif.SifDescriptor;
import io.sifter.sif.SifImage;
import io.sifter.spi.error.UserException;
import io.sifter.spi.event.Event;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.function.Consumer;

/**
 * {@code inspect} and {@code run-help}. A SIF made by current programs holds a document that says everything; in other
 * images the files of the container say it.
 */
final class Inspect {
    private static final String DOCUMENT = "inspect-metadata.json";
    private static final int MOST_BYTES = 64 << 20;

    /** Sections in the order in which text is shown; labels come last and have a form of their own. */
    private static final List<String> TEXTS = List.of("deffile", "runscript", "startscript", "test", "helpfile");
    /** Members in the order of the document. */
    private static final List<String> MEMBERS =
            List.of("environment", "labels", "runscript", "test", "helpfile", "deffile", "startscript");

    private Inspect() {}

    /**
     * What is shown of an image.
     *
     * @param sections names of members of the document
     * @param app whose sections are shown, instead of the container's
     */
    record Request(String image, Set<String> sections, boolean listApps, Optional<String> app, boolean json) {}

    static Request request(Values values, List<String> arguments) {
        var sections = new LinkedHashSet<String>();
        boolean all = values.flag("all");
        for (String section : MEMBERS) {
            if (values.flag(section) || all) {
                sections.add(section);
            }
        }
        boolean listApps = values.flag("list-apps");
        if (sections.isEmpty() && !listApps) {
            sections.add("labels");
        }
        boolean json = values.flag("json") || all;
        Optional<String> app = values.text("app");
        return new Request(arguments.getFirst(), sections, listApps || all, all ? Optional.empty() : app, json);
    }

    static void run(Session session) throws IOException, InterruptedException {
        Request request = request(session.values(), session.invocation().arguments());
        session.caller().out().print(show(request, attributes(request.image(), session.terminal())));
    }

    static void runHelp(Session session) throws IOException, InterruptedException {
        session.caller().out().print(helpOf(session.values(), attributes(session.argument(0), session.terminal())));
    }

    static String helpOf(Values values, Map<String, Object> attributes) {
        Optional<String> app = values.text("app");
        Object help = (app.isPresent() ? app(attributes, app.get()) : attributes).get("helpfile");
        return (help == null ? "No help sections were defined for this image" : help) + "\n";
    }

    /** The text of the answer. Plain text begins with an empty line, as the user guide shows it. */
    static String show(Request request, Map<String, Object> attributes) {
        if (request.json()) {
            return json(request, attributes);
        }
        var text = new StringBuilder();
        if (request.listApps()) {
            members(attributes.get("apps")).keySet().forEach(name -> text.append(name).append('\n'));
        }
        Map<String, Object> source = request.app().isPresent() ? app(attributes, request.app().get()) : attributes;
        for (String section : TEXTS) {
            if (request.sections().contains(section) && source.get(section) instanceof String value) {
                text.append(value).append('\n');
            }
        }
        if (request.sections().contains("environment")) {
            members(source.get("environment")).forEach((path, script) ->
                    text.append("=== ").append(path).append(" ===\n").append(script).append("\n\n"));
        }
        if (request.sections().contains("labels") && (request.app().isEmpty() || source.containsKey("labels"))) {
            text.append(new String(Json.indented(members(source.get("labels")), "    "), StandardCharsets.UTF_8)).append('\n');
        }
        return text.isEmpty() ? "" : "\n" + text;
    }

    private static String json(Request request, Map<String, Object> attributes) {
        var shown = new LinkedHashMap<String, Object>();
        if (request.app().isPresent()) {
            Map<String, Object> chosen = chosen(request, app(attributes, request.app().get()));
            if (!chosen.isEmpty()) {
                shown.put("apps", Map.of(request.app().get(), chosen));
            }
        } else {
            if (request.listApps() && attributes.containsKey("apps")) {
                shown.put("apps", attributes.get("apps"));
            }
            shown.putAll(chosen(request, attributes));
        }
        var document = new LinkedHashMap<String, Object>();
        document.put("data", Map.of("attributes", shown));
        document.put("type", "container");
        return new String(Json.indented(document, "\t"), StandardCharsets.UTF_8) + "\n";
    }

    private static Map<String, Object> chosen(Request request, Map<String, Object> source) {
        var chosen = new LinkedHashMap<String, Object>();
        for (String member : MEMBERS) {
            if (request.sections().contains(member) && source.containsKey(member)) {
                chosen.put(member, source.get(member));
            }
        }
        return chosen;
    }

    private static Map<String, Object> app(Map<String, Object> attributes, String name) {
        return members(members(attributes.get("apps")).get(name));
    }

    /** The members of an object in the order of their names; none if it is no object. */
    private static Map<String, Object> members(Object value) {
        var members = new TreeMap<String, Object>(Json.MEMBER_ORDER);
        if (value instanceof Map<?, ?> map) {
            map.forEach((name, member) -> members.put(String.valueOf(name), member));
        }
        return members;
    }

    /** Everything that the image says about itself. */
    static Map<String, Object> attributes(String image, Consumer<Event> events) throws IOException, InterruptedException {
        Path path = Path.of(image);
        if (!Files.exists(path, LinkOption.NOFOLLOW_LINKS)) {
            throw new UserException("Failed to open image %s: failed to retrieve path for %s: lstat %s: no such file or directory"
                    .formatted(image, image, path.toAbsolutePath()), "Name a SIF file, a SquashFS file or a sandbox.");
        }
        if (Files.isRegularFile(path) && SifImage.isSif(path)) {
            try (SifImage sif = SifImage.open(path)) {
                Optional<SifDescriptor> document = sif.find(DataType.GENERIC_JSON, DOCUMENT);
                if (document.isPresent()) {
                    Object read = Json.parse(sif.read(document.get(), MOST_BYTES), image + ": " + DOCUMENT);
                    return members(members(members(read).get("data")).get("attributes"));
                }
            }
        }
        if (!LocalImage.is(path)) {
            throw new UserException("Failed to open image %s: image format not recognized".formatted(image),
                    "Name a SIF file, a SquashFS file or a sandbox.");
        }
        return fromFiles(path, events);
    }

    private static Map<String, Object> fromFiles(Path path, Consumer<Event> events) throws IOException, InterruptedException {
        try (LocalImage local = LocalImage.open(path, events)) {
            return members(members(Inspection.of(local.tree().root()).get("data")).get("attributes"));
        }
    }
}
