package io.sifter.cli;

import io.sifter.cli.options.Values;
import io.sifter.engine.BuildOptions;
import io.sifter.engine.Sifter;
import io.sifter.engine.SifterSettings;
import io.sifter.engine.build.DefinitionOptions;
import io.sifter.engine.build.LocalImage;
import io.sifter.engine.definition.Definition;
import io.sifter.spi.error.SifterException;
import io.sifter.spi.error.UserException;
import io.sifter.spi.reference.Reference;
import java.io.IOException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.Optional;

/** {@code build}: a SIF file or a sandbox of a URI, an image file, a sandbox or a definition file. */
final class Build {
    private static final List<String> SANDBOX_MARKS = List.of(".singularity.d", "dev", "proc", "sys");

    private Build() {}

    /**
     * What is built where.
     *
     * @param target as messages name it
     * @param spec a URI or a path
     */
    record Request(String target, String spec, boolean sandbox, boolean force, BuildOptions options) {}

    static Request request(Values values, List<String> arguments) throws UserException {
        return new Request(arguments.get(0), arguments.get(1), values.flag("sandbox"), values.flag("force"), ImageOptions.build(values, true));
    }

    static void run(Session session) throws IOException, InterruptedException {
        Request request = request(session.values(), session.invocation().arguments());
        Path target = Path.of(request.target());
        Optional<Reference> reference = reference(request.spec());
        Optional<Definition> definition = reference.isPresent() ? Optional.empty() : Definitions.read(session, request.spec());
        DefinitionOptions how = Definitions.options(session);
        requireUpdatable(request, target, how);
        requireTarget(session, request, target, how.update());
        reference.map(Reference::transport).or(() -> definition.map(text -> text.last().bootstrap())).ifPresent(Sifter::expect);
        SifterSettings settings = ImageOptions.settings(session);
        String sink = request.sandbox() ? "sandbox" : "sif";
        var phase = new Phase(session.terminal());
        try (Sifter sifter = Sifter.open(settings, phase)) {
            if (reference.isPresent()) {
                Transports.require(sifter, reference.get());
                sifter.build(reference.get(), target, request.target(), sink, request.options());
            } else if (definition.isPresent()) {
                if (sifter.needsRoot(definition.get(), how)) {
                    RootOfNamespace.require(session);
                }
                sifter.build(definition.get(), target, request.target(), sink, request.options(), how);
            } else {
                try (LocalImage image = LocalImage.open(Path.of(request.spec()), phase)) {
                    sifter.build(image, target, request.target(), sink, request.options());
                }
            }
        } catch (SifterException e) {
            String words = definition.isPresent() ? "" : phase.words();
            throw phase.begun() ? Failures.prefixed("While performing build: " + words, e) : e;
        }
    }

    private static Optional<Reference> reference(String spec) throws UserException {
        if (!ImageSpecs.isUri(spec)) {
            return Optional.empty();
        }
        Reference reference = ImageSpecs.uri(spec);
        if (reference.transport().equals("http") || reference.transport().equals("https")) {
            throw new UserException("Unable to build from %s: invalid build source %s".formatted(spec, reference.transport()),
                    "Pull it to a file first and build from the file.");
        }
        return Optional.of(reference);
    }

    /** {@code --update} goes with a sandbox that is there. */
    private static void requireUpdatable(Request request, Path target, DefinitionOptions how) throws UserException {
        if (how.update() && !request.sandbox()) {
            throw refusal("only sandbox update is supported: --sandbox flag is missing", "Add --sandbox.");
        }
        if (how.update() && !Files.isDirectory(target)) {
            throw refusal("%s is no sandbox that could be updated".formatted(request.target()), "Leave out --update to make one.");
        }
    }

    /** Asks before anything is overwritten, and never overwrites a directory that is no sandbox unless told so. */
    private static void requireTarget(Session session, Request request, Path target, boolean update) throws IOException {
        if (!Files.exists(target, LinkOption.NOFOLLOW_LINKS)) {
            return;
        }
        Path real = target.toAbsolutePath().normalize();
        if (Files.isDirectory(target, LinkOption.NOFOLLOW_LINKS) && !isSandbox(target) && !isEmpty(target)) {
            if (!request.force()) {
                throw refusal("%s is not empty and is not a Singularity sandbox, check its content first and use --force if you want to overwrite it"
                        .formatted(real), "Choose another target.");
            }
            if (Path.of("").toAbsolutePath().startsWith(real)) {
                throw refusal("%s holds the current directory and is no sandbox".formatted(real), "Choose another target.");
            }
        }
        if (request.force() || update) {
            return;
        }
        if (!session.caller().interactive()) {
            throw refusal("build target '%s' already exists. Use --force if you want to overwrite it".formatted(request.target()), null);
        }
        String answer = session.prompt().ask("Build target already exists. Do you want to overwrite? [N/y] ").strip();
        switch (answer.toLowerCase(Locale.ROOT)) {
            case "y", "yes" -> { }
            case "n", "no", "" -> throw refusal("stopping build", null);
            default -> throw refusal("invalid answer: \"" + answer + "\"", "Answer y or n.");
        }
    }

    private static UserException refusal(String reason, String nextStep) {
        return new UserException("While checking build target: " + reason, nextStep);
    }

    private static boolean isSandbox(Path directory) {
        return SANDBOX_MARKS.stream().allMatch(mark -> Files.isDirectory(directory.resolve(mark)));
    }

    private static boolean isEmpty(Path directory) throws IOException {
        try (DirectoryStream<Path> entries = Files.newDirectoryStream(directory)) {
            return !entries.iterator().hasNext();
        }
    }
}
