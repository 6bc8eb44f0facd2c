package io.sifter.engine.lint;

import io.sifter.engine.build.TreeEditor;
import io.sifter.engine.definition.Definition;
import io.sifter.engine.lint.Script.Kind;
import io.sifter.image.document.HistoryEntry;
import io.sifter.image.document.ImageConfig;
import io.sifter.image.layer.LayerMerge;
import io.sifter.spi.error.UserException;
import io.sifter.spi.reference.Reference;
import io.sifter.spi.tree.Directory;
import io.sifter.spi.tree.Node;
import io.sifter.spi.tree.RawName;
import io.sifter.spi.tree.RegularFile;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** An image that is checked. Paths are raw and relative to the root; reading is bounded, whatever the image says of itself. */
final class ImageSubject {
    /** The definition of which an image was built, as images keep it. */
    static final String DEFINITION = ".singularity.d/Singularity";
    static final String RUNSCRIPT = ".singularity.d/runscript";
    private static final String STARTSCRIPT = ".singularity.d/startscript";
    private static final String ENVIRONMENT = ".singularity.d/env";
    /** Larger files are no scripts and no settings. */
    private static final int MAX_TEXT = 1 << 20;
    private static final String DEFAULT_PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";
    /** A step that runs something: Docker's and BuildKit's forms, with arguments of the build before it. */
    private static final Pattern RUN = Pattern.compile("(?:RUN )?(?:\\|\\d+ .*? )?(?:/usr)?/bin/(?:ba|da)?sh (?:-\\S+ |pipefail ){0,8}-\\w*c (?!#\\(nop\\))(.*)",
            Pattern.DOTALL);

    private final LintedImage image;
    private final List<Script> scripts = new ArrayList<>();
    private final Map<String, String> environment;

    ImageSubject(LintedImage image) throws IOException {
        this.image = image;
        this.environment = Variables.of(image.config().map(ImageConfig::env).orElse(List.of()));
        historyScripts();
        for (String path : List.of(RUNSCRIPT, STARTSCRIPT)) {
            if (!interpretsConfiguration(path)) {
                treeScript(Kind.RUN, path);
            }
        }
        if (find(ENVIRONMENT).orElse(null) instanceof Directory directory) {
            for (String name : directory.children().keySet()) {
                if (name.startsWith("9") && name.endsWith("-environment.sh")) {
                    treeScript(Kind.SETTINGS, ENVIRONMENT + "/" + name);
                }
            }
        }
        Optional<String> program = program();
        if (program.isPresent() && text(program.get()).filter(text -> text.matches("(?s)#!\\s*(/usr/bin/env )?\\S*sh\\b.*")).isPresent()) {
            treeScript(Kind.RUN, program.get());
        }
    }

    private void treeScript(Kind kind, String path) throws IOException {
        Optional<String> text = text(path);
        text.ifPresent(script -> scripts.add(new Script(kind, shown(path), script, (line, _) -> place(path, line))));
    }

    private void historyScripts() {
        List<HistoryEntry> history = image.history();
        for (int i = 0; i < history.size(); i++) {
            Matcher run = RUN.matcher(Findings.bounded(history.get(i).createdBy()));
            if (run.matches()) {
                Place place = step(i);
                // Lines that were continued are one line here, and no longer told from others: blanks are what is left of them.
                scripts.add(new Script(Kind.BUILD, "step %d".formatted(i + 1), run.group(1), (_, _) -> place));
            }
        }
    }

    /** @param index in the history, from 0 */
    Place step(int index) {
        return new Place.InHistory(index + 1, image.history().size(), Findings.shown(image.history().get(index).createdBy()));
    }

    String name() {
        return image.name();
    }

    Optional<ImageConfig> config() {
        return image.config();
    }

    List<HistoryEntry> history() {
        return image.history();
    }

    int layers() {
        return image.layers();
    }

    Optional<Reference> reference() {
        return image.reference();
    }

    Directory root() {
        return image.root();
    }

    List<Script> scripts() {
        return scripts;
    }

    /** Variables of the configuration. */
    Map<String, String> environment() {
        return environment;
    }

    /** What stands at a path, links followed inside the image. */
    Optional<Node> find(String path) {
        return TreeEditor.find(image.root(), path);
    }

    /** A file's text; nothing if there is no such file, or it is no text that anybody writes. */
    Optional<String> text(String path) throws IOException {
        return find(path).orElse(null) instanceof RegularFile file && file.content().size() <= MAX_TEXT ? Optional.of(start(file, MAX_TEXT)) : Optional.empty();
    }

    /** How a file begins. */
    static String start(RegularFile file, int bytes) throws IOException {
        if (file.content().size() == 0) {
            return "";
        }
        try (InputStream in = file.content().open()) {
            return new String(in.readNBytes(bytes), StandardCharsets.UTF_8);
        }
    }

    /** Whether the file is a runscript that does what ENTRYPOINT and CMD say. */
    boolean interpretsConfiguration(String path) throws IOException {
        return text(path).filter(text -> text.contains("OCI_ENTRYPOINT=")).isPresent();
    }

    /** The definition that the image was built from, where it keeps it and it can be read. */
    Optional<DefinitionSubject> definition() throws IOException {
        Optional<String> text = text(DEFINITION);
        if (text.isEmpty()) {
            return Optional.empty();
        }
        try {
            return Optional.of(new DefinitionSubject(Definition.parse(DEFINITION, text.get(), Map.of()), (line, _) -> place(DEFINITION, line)));
        } catch (UserException notOurs) {
            return Optional.empty();
        }
    }

    /** Where in the image, with the layer if it is known. */
    Place place(String path, int line) {
        Optional<Place.Layer> layer = Optional.empty();
        if (find(path).orElse(null) instanceof RegularFile file) {
            OptionalInt number = LayerMerge.layerOf(file);
            layer = number.isPresent() ? Optional.of(layer(number.getAsInt())) : Optional.empty();
        }
        return new Place.InTree(shown(path), line, layer);
    }

    Place place(String path) {
        return place(path, 0);
    }

    private Place.Layer layer(int number) {
        List<HistoryEntry> steps = image.history().stream().filter(entry -> !entry.emptyLayer()).toList();
        return new Place.Layer(number, image.layers(), steps.size() == image.layers() ? Findings.shown(steps.get(number - 1).createdBy()) : "");
    }

    /** A path as it is shown. */
    static String shown(String path) {
        return "/" + RawName.display(path);
    }

    /** The path of the program that ENTRYPOINT or CMD begins with, as far as it is in the image. */
    Optional<String> program() {
        return commandWord().flatMap(this::locate);
    }

    /** The first word of ENTRYPOINT, or of CMD. */
    Optional<String> commandWord() {
        return image.config().flatMap(config -> config.entrypoint().stream().findFirst().or(() -> config.cmd().stream().findFirst()))
                .filter(word -> !word.isBlank());
    }

    /** Where a program is in the image, by its path, or along PATH. */
    Optional<String> locate(String word) {
        String raw = RawName.of(word);
        if (raw.contains("/")) {
            String directory = raw.startsWith("/") ? "" : image.config().flatMap(ImageConfig::workingDirectory).map(RawName::of).orElse("") + "/";
            return Optional.of(relative(directory + raw)).filter(path -> find(path).isPresent());
        }
        for (String directory : environment.getOrDefault("PATH", DEFAULT_PATH).split(":")) {
            String path = relative(RawName.of(directory) + "/" + raw);
            if (find(path).orElse(null) instanceof RegularFile) {
                return Optional.of(path);
            }
        }
        return Optional.empty();
    }

    private static String relative(String path) {
        return path.replaceAll("/+", "/").replaceFirst("^/", "");
    }
}
