package io.sifter.cli;

import io.sifter.cli.options.Values;
import io.sifter.cli.terminal.Level;
import io.sifter.engine.BuildOptions;
import io.sifter.engine.Sifter;
import io.sifter.engine.build.LocalImage;
import io.sifter.engine.definition.Definition;
import io.sifter.engine.lint.Check;
import io.sifter.engine.lint.Lint;
import io.sifter.engine.lint.Report;
import io.sifter.spi.OpenOptions;
import io.sifter.spi.error.UserException;
import io.sifter.spi.reference.Reference;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.Set;

/** {@code lint}: an image or a definition, held against the best practices. */
final class Linting {
    private Linting() {}

    record Request(String target, Set<Check> checks, boolean json, BuildOptions options) {}

    static Request request(Values values, List<String> arguments) throws UserException {
        OpenOptions open = new OpenOptions(ImageOptions.platform(values), values.flag("no-https"));
        return new Request(arguments.getFirst(), Check.choose(values.list("check"), values.list("ignore")), values.flag("json"),
                new BuildOptions(open, Optional.empty(), false, false, false));
    }

    static void run(Session session) throws IOException, InterruptedException {
        Request request = request(session.values(), session.invocation().arguments());
        Report report = report(session, request);
        session.terminal().log(Level.INFO, report.summary());
        session.terminal().flush();
        session.caller().out().print(request.json() ? report.json() : report.text());
        if (!report.findings().isEmpty()) {
            throw new Ended(Exit.FINDINGS);
        }
    }

    private static Report report(Session session, Request request) throws IOException, InterruptedException {
        if (ImageSpecs.isUri(request.target())) {
            Reference reference = ImageSpecs.uri(request.target());
            Sifter.expect(reference.transport());
            try (Sifter sifter = Sifter.open(ImageOptions.settings(session), session.terminal())) {
                Transports.require(sifter, reference);
                return sifter.lint(reference, request.options(), request.checks());
            }
        }
        Optional<Definition> definition = Definitions.read(session, "check", request.target());
        if (definition.isPresent()) {
            definition.get().warnings().forEach(warning -> session.terminal().log(Level.WARNING, warning));
            return Lint.definition(request.target(), definition.get(), request.checks());
        }
        try (LocalImage image = LocalImage.open(Path.of(request.target()), session.terminal())) {
            return Lint.image(request.target(), Optional.empty(), image, request.checks());
        }
    }
}
