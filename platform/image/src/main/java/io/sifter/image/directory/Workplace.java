package io.sifter.image.directory;

import io.sifter.spi.error.ExternalException;
import io.sifter.spi.error.SifterException;
import io.sifter.spi.event.Event;
import io.sifter.spi.tree.RawName;
import java.io.IOException;
import java.nio.file.Path;
import java.security.SecureRandom;
import java.util.HexFormat;
import java.util.function.Consumer;

/**
 * Where something is made before it takes its place: a name of its own beside the target, {@code .target.1a2b3c4d.partial}.
 * {@link #publish} gives it the target's name; {@link #close} removes what was not published. One thread; whoever opens it
 * closes it.
 */
public final class Workplace implements AutoCloseable {
    private static final SecureRandom RANDOM = new SecureRandom();
    /** Of the target's name, so that the longest name still leaves room for what is added. */
    private static final int KEPT_BYTES = 200;

    private final Path target;
    private final String finalName;
    private final String name;
    private final int directory;

    private Workplace(Path target, String finalName, int directory) {
        this.target = target;
        this.finalName = finalName;
        this.directory = directory;
        byte[] random = new byte[4];
        RANDOM.nextBytes(random);
        String shown = finalName.length() > KEPT_BYTES ? finalName.substring(0, KEPT_BYTES) : finalName;
        this.name = ".%s.%s.partial".formatted(shown, HexFormat.of().formatHex(random));
    }

    /** @throws ExternalException if the target's directory cannot be opened */
    public static Workplace beside(Path target) throws IOException {
        Path absolute = target.toAbsolutePath().normalize();
        Path parent = absolute.getParent();
        if (parent == null) {
            throw new ExternalException("Could not write %s: it has no place beside it".formatted(target),
                    "Name a file or directory below it.");
        }
        try {
            return new Workplace(absolute, LinuxFiles.rawName(absolute), LinuxFiles.openDirectory(parent));
        } catch (LinuxFiles.Failure e) {
            throw new ExternalException("Could not write %s: %s".formatted(target, e.getMessage()),
                    "Make the directory %s, or choose another.".formatted(parent), e);
        }
    }

    /** The directory that holds both names, open. */
    public int directory() {
        return directory;
    }

    /** What the thing is called while it is made, raw. */
    public String name() {
        return name;
    }

    /**
     * Gives the thing the target's name. What had that name is replaced at once where the file system can do so, and then
     * removed; what cannot be removed is left beside the target, with a warning.
     */
    public void publish(Consumer<Event> events) throws IOException {
        String old;
        try {
            old = replace();
        } catch (LinuxFiles.Failure e) {
            throw failed(e);
        }
        try {
            Removal.remove(directory, old);
        } catch (IOException e) {
            events.accept(Event.warning("What %s was before is now %s: it could not be removed: %s".formatted(
                    target, target.resolveSibling(RawName.display(old)), e.getMessage())));
        }
    }

    /** @return the name of what was there before, if it was not replaced by the kernel; else a name that nothing has */
    private String replace() throws IOException {
        boolean simple = LinuxFiles.stat(directory, name).type() != LinuxFiles.Type.DIRECTORY;
        try {
            simple &= LinuxFiles.stat(directory, finalName).type() != LinuxFiles.Type.DIRECTORY;
        } catch (LinuxFiles.Failure e) {
            if (e.errno() != LinuxFiles.ENOENT) {
                throw e;
            }
            simple = true;
        }
        if (simple) {
            LinuxFiles.rename(directory, name, finalName);
            return name;
        }
        try {
            LinuxFiles.exchange(directory, name, finalName);
            return name;
        } catch (LinuxFiles.Failure e) {
            if (e.errno() != LinuxFiles.EINVAL) {
                throw e;
            }
        }
        // Network file systems cannot exchange names: for a moment there is neither the old nor the new.
        String aside = name.substring(0, name.lastIndexOf('.')) + ".old";
        LinuxFiles.rename(directory, finalName, aside);
        try {
            LinuxFiles.rename(directory, name, finalName);
        } catch (LinuxFiles.Failure e) {
            LinuxFiles.rename(directory, aside, finalName);
            throw e;
        }
        return aside;
    }

    /** What to throw for a failure to write: itself where it is known, otherwise with the directory's name. */
    public SifterException failed(IOException cause) {
        if (cause instanceof SifterException known) {
            return known;
        }
        String said = String.valueOf(cause.getMessage());
        boolean full = cause instanceof LinuxFiles.Failure failure && failure.full()
                || said.contains("No space left on device") || said.contains("Disk quota exceeded");
        return new ExternalException("Could not write %s in %s: %s".formatted(
                target.getFileName(), target.getParent(), said),
                full ? "Make room in %s, or choose another directory.".formatted(target.getParent()) : null, cause);
    }

    @Override
    public void close() {
        try {
            Removal.remove(directory, name);
        } catch (IOException e) {
            // What made the removal fail is what made the writing fail, and that is on its way to the user.
        } finally {
            LinuxFiles.close(directory);
        }
    }
}
