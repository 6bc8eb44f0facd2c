package io.sifter.cli;

import io.sifter.cli.terminal.Level;
import io.sifter.engine.dockerfile.Conversion;
import io.sifter.spi.error.UserException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;

/** {@code convert}: a Dockerfile as a definition file. */
final class Convert {
    private Convert() {}

    static void run(Session session) throws IOException {
        String name = session.argument(0);
        Path file = Path.of(name);
        if (!Files.isRegularFile(file)) {
            throw new UserException("Unable to convert %s: no such file".formatted(name), "Name a Dockerfile.");
        }
        Path context = file.toAbsolutePath().getParent();
        Conversion conversion = Conversion.of(name, Files.readString(file), path -> Files.isDirectory(context.resolve(path)));
        conversion.warnings().forEach(warning -> session.terminal().log(Level.WARNING, warning));
        session.terminal().flush();
        session.caller().out().print(conversion.definition());
    }
}
