package io.sifter.cli;

import io.sifter.cli.options.Command;
import io.sifter.cli.options.UsageException;
import io.sifter.sif.SifDescriptor;
import io.sifter.sif.SifImage;
import io.sifter.sif.SifText;
import io.sifter.spi.error.UserException;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.channels.Channels;
import java.nio.channels.WritableByteChannel;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;

/** {@code sif header}, {@code sif list} and {@code sif dump}. */
final class SifCommands {
    private SifCommands() {}

    /** @throws UsageException for every failure: of these commands the reference says all with their usage */
    static void run(Session session) throws UsageException {
        Command command = session.invocation().command();
        try {
            switch (command.name()) {
                case "header" -> header(session);
                case "list" -> list(session);
                default -> dump(session);
            }
        } catch (NoSuchFileException e) {
            throw new UsageException(command, UsageException.Kind.ARGUMENTS, "open " + Failures.message(e));
        } catch (IOException e) {
            throw new UsageException(command, UsageException.Kind.ARGUMENTS, Failures.message(e));
        }
    }

    private static void header(Session session) throws IOException {
        try (SifImage image = SifImage.open(Path.of(session.argument(0)))) {
            session.caller().out().print(SifText.header(image.header()));
        }
    }

    private static void list(Session session) throws IOException {
        try (SifImage image = SifImage.open(Path.of(session.argument(0)))) {
            session.caller().out().print(SifText.list(image));
        }
    }

    /** Writes an object as it is, nothing added. */
    private static void dump(Session session) throws IOException {
        int id = id(session.argument(0));
        try (SifImage image = SifImage.open(Path.of(session.argument(1)))) {
            for (SifDescriptor descriptor : image.descriptors()) {
                if (descriptor.id() == id) {
                    copy(image, descriptor, session.caller().out());
                    return;
                }
            }
        }
        throw new UserException("object not found", "'sif list %s' shows the objects.".formatted(session.argument(1)));
    }

    private static void copy(SifImage image, SifDescriptor descriptor, PrintStream out) throws IOException {
        WritableByteChannel to = Channels.newChannel(out);
        long end = descriptor.offset() + descriptor.size();
        for (long at = descriptor.offset(); at < end && !out.checkError(); ) {
            at += image.channel().transferTo(at, end - at, to);
        }
    }

    private static int id(String text) throws UserException {
        try {
            return Integer.parseUnsignedInt(text);
        } catch (NumberFormatException e) {
            throw new UserException("while converting id: strconv.ParseUint: parsing \"%s\": invalid syntax".formatted(text),
                    "Ids are the numbers in the first column of 'sif list'.");
        }
    }
}
