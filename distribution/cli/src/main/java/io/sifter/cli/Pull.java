package io.sifter.cli;

import io.sifter.cli.options.Values;
import io.sifter.cli.terminal.Level;
import io.sifter.engine.BuildOptions;
import io.sifter.engine.FileNames;
import io.sifter.engine.Sifter;
import io.sifter.engine.SifterSettings;
import io.sifter.sif.DataType;
import io.sifter.sif.SifImage;
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
    record Request(Reference reference, String target, boolean sandbox, boolean allowUnsigned, BuildOptions options) {}

    static Request request(Values values, List<String> arguments) throws UserException {
        Reference reference = ImageSpecs.uri(arguments.getLast());
        Optional<String> positional = arguments.size() > 1 ? Optional.of(arguments.getFirst()) : Optional.empty();
        String name = values.text("name").or(() -> positional).orElseGet(() -> FileNames.of(reference));
        if (name.startsWith("-") && values.text("name").isEmpty() && positional.isEmpty()) {
            throw new UserException("%s gives the file no name".formatted(reference), "Name it: pull NAME.sif %s".formatted(reference));
        }
        Optional<String> directory = values.text("dir");
        if (directory.isPresent() && !Files.isDirectory(Path.of(directory.get()))) {
            throw new UserException("Cannot write to %s: no such directory".formatted(directory.get()), "Create it first.");
        }
        String target = directory.map(parent -> Path.of(parent, name).toString()).orElse(name);
        boolean allowUnsigned = values.flag("allow-unsigned") | values.flag("allow-unauthenticated");
        return new Request(reference, target, values.flag("sandbox"), allowUnsigned, ImageOptions.build(values, values.flag("force")));
    }

    static void run(Session session) throws IOException, InterruptedException {
        Request request = request(session.values(), session.invocation().arguments());
        Path target = Path.of(request.target());
        if (!request.options().force() && Files.isDirectory(target, LinkOption.NOFOLLOW_LINKS) || request.sandbox() && exists(request, target)) {
            throw new UserException(EXISTS + "\"%s\" - will not overwrite".formatted(request.target()),
                    "Use --force to replace it, or give another file name.");
        }
        Sifter.expect(request.reference().transport());
        SifterSettings settings = ImageOptions.settings(session);
        var phase = new Phase(session.terminal());
        try (Sifter sifter = Sifter.open(settings, phase)) {
            Transports.require(sifter, request.reference());
            if (request.sandbox()) {
                sifter.build(request.reference(), target, request.target(), "sandbox", request.options());
            } else {
                sifter.pull(request.reference(), target, request.target(), request.options());
                if (request.reference().transport().equals("library") && !request.allowUnsigned()) {
                    noticeSignatures(session, target);
                }
            }
        } catch (SifterException e) {
            boolean exists = e.getMessage().startsWith(EXISTS);
            throw exists ? e : phase.begun() ? Failures.prefixed("Unable to pull " + request.reference() + ": " + phase.words(), e)
                    : Failures.prefixed(words(request.reference()), e);
        }
    }

    /** How the reference begins to tell that a finished file could not be had. */
    private static String words(Reference reference) {
        return switch (reference.transport()) {
            case "library" -> "While pulling library image: ";
            case "oras" -> "While pulling image from oci registry: ";
            case "http", "https" -> "While pulling from image from http(s): ";
            default -> "";
        };
    }

    /** Images of a library are expected to be signed. */
    private static void noticeSignatures(Session session, Path file) throws IOException {
        try (SifImage image = SifImage.open(file)) {
            if (image.find(DataType.SIGNATURE, "").isPresent()) {
                session.terminal().log(Level.WARNING, "The signatures of %s were not checked: verifying is not supported yet".formatted(file));
            } else {
                session.terminal().log(Level.WARNING, "integrity: signature not found for object group 1");
                session.terminal().log(Level.WARNING, "Skipping container verification");
            }
        }
    }

    private static boolean exists(Request request, Path target) {
        return !request.options().force() && Files.exists(target, LinkOption.NOFOLLOW_LINKS);
    }
}
