package io.sifter.cli;

import io.sifter.cli.options.Values;
import io.sifter.cli.terminal.Level;
import io.sifter.engine.Sifter;
import io.sifter.engine.SifterSettings;
import io.sifter.spi.Publisher.Found;
import io.sifter.spi.Publisher.PublishOptions;
import io.sifter.spi.Publisher.SearchOptions;
import io.sifter.spi.error.SifterException;
import io.sifter.spi.error.UserException;
import io.sifter.spi.reference.Platform;
import io.sifter.spi.reference.Reference;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.file.Path;
import java.util.Comparator;
import java.util.List;

/** {@code push}, {@code search} and {@code delete}: images where others find them. */
final class Publishing {
    private Publishing() {}

    record PushRequest(Path file, Reference target, PublishOptions options) {}

    record SearchRequest(String query, SearchOptions options) {}

    record DeleteRequest(Reference image, String architecture, boolean plainHttp, boolean force) {}

    static PushRequest pushRequest(Values values, List<String> arguments) throws UserException {
        Reference target = ImageSpecs.uri(arguments.get(1));
        return new PushRequest(Path.of(arguments.get(0)), target,
                new PublishOptions(values.text("description"), values.flag("allow-unsigned"), values.flag("no-https")));
    }

    static void push(Session session) throws IOException, InterruptedException {
        PushRequest request = pushRequest(session.values(), session.invocation().arguments());
        if (request.target().transport().equals("docker")) {
            throw new UserException("non OCI SIF images can only be pushed to OCI registries via oras://",
                    "Push it to oras://%s; images of layers are pushed with skopeo or podman.".formatted(request.target().path()));
        }
        Sifter.expect(request.target().transport());
        SifterSettings settings = ImageOptions.settings(session);
        try (Sifter sifter = Sifter.open(settings, session.terminal())) {
            sifter.push(request.file(), request.target(), request.options());
        } catch (SifterException e) {
            String words = switch (request.target().transport()) {
                case "oras" -> "Unable to push image to oci registry: ";
                case "library" -> "Unable to push image to library: ";
                default -> "";
            };
            throw Failures.prefixed(words, e);
        }
    }

    static SearchRequest searchRequest(Values values, List<String> arguments) throws UserException {
        return new SearchRequest(arguments.getFirst(), new SearchOptions(values.text("arch").orElse(Platform.host().architecture()), values.flag("signed")));
    }

    static void search(Session session) throws IOException, InterruptedException {
        String query = session.argument(0);
        if (ImageSpecs.isUri(query) && !query.startsWith("library:")) {
            throw new UserException("search does not support Docker registries like Docker Hub", "Use the search box at https://hub.docker.com to locate images of Docker Hub.");
        }
        SearchRequest request = searchRequest(session.values(), List.of(query.replaceFirst("^library:(//)?", "")));
        List<Found> found;
        try (Sifter sifter = Sifter.open(ImageOptions.settings(session), session.terminal())) {
            found = sifter.search(request.query(), request.options());
        }
        PrintStream out = session.caller().out();
        if (found.isEmpty()) {
            out.print("No container images found for %s matching \"%s\".\n".formatted(request.options().architecture(), request.query()));
            return;
        }
        out.print("Found %d container images for %s matching \"%s\":\n\n".formatted(found.size(), request.options().architecture(), request.query()));
        for (Found image : found.stream().sorted(Comparator.comparing(Found::reference)).toList()) {
            out.print("\t" + image.reference() + "\n");
            image.description().ifPresent(text -> out.print("\t\t" + text + "\n"));
            if (!image.signers().isEmpty()) {
                out.print("\t\tSigned by: " + String.join(", ", image.signers()) + "\n");
            }
            out.print("\n");
        }
    }

    static DeleteRequest deleteRequest(Values values, List<String> arguments) throws UserException {
        String text = arguments.getFirst();
        Reference image = ImageSpecs.uri(ImageSpecs.isUri(text) ? text : "library://" + text);
        return new DeleteRequest(image, values.text("arch").orElse(Platform.host().architecture()), values.flag("no-https"), values.flag("force"));
    }

    static void delete(Session session) throws IOException, InterruptedException {
        DeleteRequest request = deleteRequest(session.values(), session.invocation().arguments());
        String shown = "%s%s (%s)".formatted(request.image().path(), request.image().path().substring(request.image().path().lastIndexOf('/') + 1).contains(":")
                ? "" : ":latest", request.architecture());
        if (!request.force()) {
            String answer = session.prompt().ask("Are you sure you want to delete %s [y/N] ".formatted(shown)).strip();
            if (!answer.equalsIgnoreCase("y") && !answer.equalsIgnoreCase("yes")) {
                session.terminal().log(Level.INFO, "Nothing was deleted");
                return;
            }
        }
        try (Sifter sifter = Sifter.open(ImageOptions.settings(session), session.terminal())) {
            session.terminal().log(Level.INFO, "Image %s deleted.".formatted(
                    sifter.delete(request.image(), request.architecture(), request.plainHttp())));
        } catch (SifterException e) {
            throw Failures.prefixed("Unable to delete image from library: ", e);
        }
    }
}
