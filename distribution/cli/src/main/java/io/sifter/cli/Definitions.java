package io.sifter.cli;

import io.sifter.cli.options.Values;
import io.sifter.cli.terminal.Level;
import io.sifter.engine.build.DefinitionOptions;
import io.sifter.engine.build.LocalImage;
import io.sifter.engine.build.Selection;
import io.sifter.engine.definition.BuildArguments;
import io.sifter.engine.definition.Definition;
import io.sifter.spi.error.UserException;
import io.sifter.spi.tree.RawName;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/** Definition files on the command line of build. */
final class Definitions {
    /** More is no definition. */
    private static final long MAX_BYTES = 16 << 20;

    private Definitions() {}

    /** What a path names: a definition, or nothing if it is an image. */
    static Optional<Definition> read(Session session, String spec) throws IOException {
        return read(session, "build from", spec);
    }

    /** @param action what shall be done with it, for messages */
    static Optional<Definition> read(Session session, String action, String spec) throws IOException {
        Path path = Path.of(spec);
        if (!Files.exists(path)) {
            throw new UserException("Unable to %s %s: unable to open file %s: open %s: no such file or directory".formatted(action, spec, spec, spec),
                    "Name a definition file, an image file, a sandbox, or a URI such as docker://alpine.");
        }
        if (LocalImage.is(path)) {
            return Optional.empty();
        }
        if (Files.size(path) > MAX_BYTES) {
            throw new UserException("Unable to %s %s: it is neither an image nor a definition file".formatted(action, spec),
                    "Name a definition file, an image file, a sandbox, or a URI such as docker://alpine.");
        }
        try {
            return Optional.of(Definition.parse(spec, new String(Files.readAllBytes(path), StandardCharsets.UTF_8), variables(session)));
        } catch (UserException e) {
            throw Failures.prefixed("Unable to %s %s: while parsing definition: ".formatted(action, spec), e);
        }
    }

    /** As the planner of containers takes its words. */
    private static List<String> raw(List<String> words) {
        return words.stream().map(RawName::of).toList();
    }

    static Map<String, String> variables(Session session) throws IOException {
        Values values = session.values();
        Map<String, String> variables = new LinkedHashMap<>();
        Optional<String> file = values.text("build-arg-file");
        if (file.isPresent()) {
            List<String> warnings = new ArrayList<>();
            variables.putAll(BuildArguments.parseFile(file.get(), Files.readString(Path.of(file.get())), warnings));
            warnings.forEach(warning -> session.terminal().log(Level.WARNING, warning));
        }
        variables.putAll(BuildArguments.parse(values.list("build-arg")));
        return variables;
    }

    static DefinitionOptions options(Session session) throws UserException {
        Values values = session.values();
        return new DefinitionOptions(Selection.of(values.list("section")), !values.flag("notest"), values.flag("update"), values.flag("force"),
                values.flag("no-cleanup"), raw(values.list("bind")), raw(values.list("mount")), values.flag("writable-tmpfs"), ActionOptions.gpus(values),
                values.flag("build-cache"), values.flag("no-cache"), session.terminal()::flush);
    }
}
