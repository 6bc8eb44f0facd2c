package io.sifter.cli;

import io.sifter.cli.options.Values;
import io.sifter.engine.BuildOptions;
import io.sifter.engine.FileNames;
import io.sifter.engine.Sifter;
import io.sifter.engine.SifterSettings;
import io.sifter.spi.error.SifterException;
import io.sifter.spi.error.UserException;
import io.sifter.spi.reference.Reference;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;

/** {@code pull}: an image by its URI into a file. */
final class Pull {
    /** How the engine's refusal to overwrite begins; the reference says it without more words before it. */
    private static final String EXISTS = "Image file already exists: ";

    private Pull() {}

    /**
     * What is pulled where.
     *
     * @param target as messages name it
     */
    record Request(Reference reference, String target, boolean sandbox, BuildOptions options) {}

    static Request request(Values values, List<String> arguments) throws UserException {
        Reference reference = ImageSpecs.uri(arguments.getLast());
        Optional<String> positional = arguments.size() > 1 ? Optional.of(arguments.getFirst()) : Optional.empty();
        String name = values.text("name").or(() -> positional).orElseGet(() -> FileNames.of(reference));
        Optional<String> directory = values.text("dir");
        if (directory.isPresent() && !Files.isDirectory(Path.of(directory.get()))) {
            throw new UserException("Cannot write to %s: no such directory".formatted(directory.get()), "Create it first.");
        }
        String target = directory.map(parent -> Path.of(parent, name).toString()).orElse(name);
        return new Request(reference, target, values.flag("sandbox"), ImageOptions.build(values, values.flag("force")));
    }

    static void run(Session session) throws IOException, InterruptedException {
        Request request = request(session.values(), session.invocation().arguments());
        Path target = Path.of(request.target());
        if (!request.options().force() && Files.isDirectory(target, LinkOption.NOFOLLOW_LINKS) || request.sandbox() && exists(request, target)) {
            throw new UserException(EXISTS + "\"%s\" - will not overwrite".formatted(request.target()),
                    "Use --force to replace it, or give another file name.");
        }
        SifterSettings settings = ImageOptions.settings(session);
        var phase = new Phase(session.terminal());
        try (Sifter sifter = Sifter.open(settings, phase)) {
            Transports.require(sifter, request.reference());
            if (request.sandbox()) {
                sifter.build(request.reference(), target, request.target(), "sandbox", request.options());
            } else {
                sifter.pull(request.reference(), target, request.target(), request.options());
            }
        } catch (SifterException e) {
            boolean exists = e.getMessage().startsWith(EXISTS);
            throw phase.begun() && !exists ? Failures.prefixed("Unable to pull " + request.reference() + ": " + phase.words(), e) : e;
        }
    }

    private static boolean exists(Request request, Path target) {
        return !request.options().force() && Files.exists(target, LinkOption.NOFOLLOW_LINKS);
    }
}
