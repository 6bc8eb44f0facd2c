package io.sifter.cli;

import io.sifter.cli.options.Values;
import io.sifter.engine.BuildOptions;
import io.sifter.engine.FileNames;
import io.sifter.engine.Sifter;
import io.sifter.engine.SifterSettings;
import io.sifter.engine.build.LocalImage;
import io.sifter.engine.cache.SideFiles;
import io.sifter.spi.OpenOptions;
import io.sifter.spi.error.SifterException;
import io.sifter.spi.error.UserException;
import io.sifter.spi.reference.Platform;
import io.sifter.spi.reference.Reference;
import java.io.FileOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.Optional;

/**
 * What the launcher needs of the full program before a container starts: an image made ready ({@code __prepare}, answered on
 * descriptor 3), or unpacked ({@code __unpack}).
 */
final class Prepare {
    private static final String ANSWER = "/proc/self/fd/3";

    private Prepare() {}

    /** Fetches and converts the image of an action's command line. */
    static void run(Session session) throws IOException, InterruptedException {
        String text = session.argument(0);
        Reference reference = ImageSpecs.uri(text);
        Sifter.expect(reference.transport());
        Values values = session.values();
        SifterSettings settings = ImageOptions.settings(session);
        var options = new BuildOptions(new OpenOptions(Platform.host(), ActionOptions.plainHttp(values)), Optional.empty(), false, false, true);
        String answer;
        try (Sifter sifter = Sifter.open(settings, session.terminal())) {
            Transports.require(sifter, reference);
            answer = sifter.keepsImages() ? sifter.prepare(reference, options, launcher()).toString()
                    : temporary(sifter, settings, reference, options) + "\ntemporary";
        } catch (SifterException e) {
            // A password in an address is nobody else's business.
            throw Failures.prefixed("Unable to handle " + text.replaceFirst("//[^/@]*@", "//") + " uri: ", e);
        }
        session.terminal().flush();
        try (OutputStream out = new FileOutputStream(ANSWER)) {
            out.write((answer + "\n").getBytes(StandardCharsets.UTF_8));
        }
    }

    /** Converts into a file of the caller's alone, which the launcher removes. */
    private static Path temporary(Sifter sifter, SifterSettings settings, Reference reference, BuildOptions options)
            throws IOException, InterruptedException {
        Path parent = settings.temporaryDirectory();
        Path directory = SideFiles.temporary(parent);
        Path image = directory.resolve(FileNames.of(reference));
        try {
            sifter.pull(reference, image, image.toString(), options);
            Files.setPosixFilePermissions(image, PosixFilePermissions.fromString("rwx------"));
            return Files.move(image, parent.resolve(SideFiles.temporaryName(launcher()) + "-" + image.getFileName()), StandardCopyOption.ATOMIC_MOVE);
        } finally {
            SideFiles.deleteTree(directory);
        }
    }

    /** The process that started this one and becomes the container. */
    private static ProcessHandle launcher() {
        return ProcessHandle.current().parent().orElse(ProcessHandle.current());
    }

    /** Unpacks an image into an empty directory. */
    static void unpack(Session session) throws IOException, InterruptedException {
        Path image = Path.of(session.argument(0));
        if (!LocalImage.is(image)) {
            throw new UserException("%s: image format not recognized".formatted(image), "Name a SIF file or a SquashFS file.");
        }
        try (Sifter sifter = Sifter.open(ImageOptions.plainSettings(session), session.terminal());
                LocalImage local = LocalImage.open(image, session.terminal())) {
            sifter.unpack(local, Path.of(session.argument(1)));
        }
    }
}
