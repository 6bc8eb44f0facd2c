package io.sifter.image.directory;

import static java.nio.file.StandardOpenOption.READ;
import static java.nio.file.StandardOpenOption.WRITE;

import io.sifter.spi.error.ExternalException;
import io.sifter.spi.error.SifterException;
import io.sifter.spi.event.Event;
import io.sifter.spi.tree.RawName;
import java.io.IOException;
import java.nio.channels.ClosedByInterruptException;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.SecureRandom;
import java.time.Duration;
import java.time.Instant;
import java.util.HexFormat;
import java.util.function.Consumer;

/**
 * Where something is made before it takes its place: a name of its own beside the target,
 * {@code .target.MACHINE.PIDRANDOM.partial}. {@link #publish} gives it the target's name; {@link #close} removes what was not
 * published. What a killed process left is removed by the next one that makes the same target on the same machine. One
 * thread; whoever opens it closes it.
 */
public final class Workplace implements AutoCloseable {
    private static final SecureRandom RANDOM = new SecureRandom();
    private static final String SUFFIX = ".partial";
    /** Of the target's name, so that the longest name still leaves room for what is added. */
    private static final int KEPT_BYTES = 200;
    /** What is younger may be made but not locked yet. */
    private static final Duration YOUNG = Duration.ofMinutes(1);

    private final Path target;
    private final String finalName;
    private final int directory;
    private final String prefix;
    private final String name;
    private int made = -1;

    private Workplace(Path target, String finalName, int directory) {
        this.target = target;
        this.finalName = finalName;
        this.directory = directory;
        String shown = finalName.length() > KEPT_BYTES ? finalName.substring(0, KEPT_BYTES) : finalName;
        this.prefix = ".%s.%s.".formatted(shown, machine());
        HexFormat hex = HexFormat.of();
        this.name = prefix + hex.toHexDigits((int) ProcessHandle.current().pid()) + hex.toHexDigits(RANDOM.nextInt()) + SUFFIX;
    }

    /** Tells running kernels apart, for locks can be trusted between processes of one only. */
    private static String machine() {
        try {
            return Files.readString(Path.of("/proc/sys/kernel/random/boot_id")).substring(0, 8);
        } catch (IOException e) {
            return "unknown";
        }
    }

    /** @throws ExternalException if the target's directory cannot be opened */
    public static Workplace beside(Path target) throws IOException {
        return beside(target, YOUNG);
    }

    /** Writes a file's bytes. */
    @FunctionalInterface
    public interface Writing {
        /** @param out empty, open for reading and writing */
        void write(FileChannel out) throws IOException, InterruptedException;
    }

    /**
     * Makes a file that can be executed, as the reference implementations leave their images; it takes the target's place when it is whole.
     * It is not forced to the disk before: hundreds of megabytes would have to be waited for, and what a power failure takes can be made again.
     */
    public static void writeImage(Path target, Consumer<Event> events, Writing writing) throws IOException, InterruptedException {
        try (Workplace workplace = beside(target)) {
            try {
                int descriptor = workplace.makeFile(0755);
                try (FileChannel out = FileChannel.open(Path.of("/proc/self/fd/" + descriptor), READ, WRITE)) {
                    writing.write(out);
                }
                workplace.publish(events);
            } catch (ClosedByInterruptException e) {
                Thread.interrupted();
                throw new InterruptedException("Interrupted while writing " + target);
            } catch (IOException e) {
                throw workplace.failed(e);
            }
        }
    }

    static Workplace beside(Path target, Duration young) throws IOException {
        Path absolute = target.toAbsolutePath().normalize();
        Path parent = absolute.getParent();
        if (parent == null) {
            throw new ExternalException("Could not write %s: it has no place beside it".formatted(target),
                    "Name a file or directory below it.");
        }
        try {
            Workplace workplace = new Workplace(absolute, LinuxFiles.rawName(absolute), LinuxFiles.openDirectory(parent));
            workplace.removeAbandoned("", young);
            return workplace;
        } catch (LinuxFiles.Failure e) {
            throw new ExternalException("Could not write %s: %s".formatted(target, e.getMessage()),
                    "Make the directory %s, or choose another.".formatted(parent), e);
        }
    }

    /**
     * Makes a file there, open for writing until this is closed.
     *
     * @param mode from which the umask is taken away
     */
    public int makeFile(int mode) throws IOException {
        made = LinuxFiles.createFile(directory, name, mode);
        LinuxFiles.lock(made);
        return made;
    }

    /** Makes a directory there that nobody else may enter, open until this is closed. */
    public int makeDirectory() throws IOException {
        made = LinuxFiles.makeDirectory(directory, name);
        LinuxFiles.lock(made);
        return made;
    }

    /**
     * Removes what a process of this machine left beside a target when it was killed.
     *
     * @param pid of the process, which must be gone
     */
    public static void removeLeft(Path target, long pid) throws IOException {
        Path absolute = target.toAbsolutePath().normalize();
        try (Workplace workplace = new Workplace(absolute, LinuxFiles.rawName(absolute), LinuxFiles.openDirectory(absolute.getParent()))) {
            workplace.removeAbandoned(HexFormat.of().toHexDigits((int) pid), Duration.ZERO);
        }
    }

    /** Removes what nobody holds locked any more. Whatever goes wrong here is no failure of what is to be made. */
    private void removeAbandoned(String process, Duration young) {
        try {
            int listed = LinuxFiles.openDirectory(directory, ".");
            try {
                for (String other : LinuxFiles.list(listed)) {
                    if (other.startsWith(prefix + process) && other.endsWith(SUFFIX)
                            && other.length() == name.length() && abandoned(other, young)) {
                        Removal.remove(directory, other);
                    }
                }
            } finally {
                LinuxFiles.close(listed);
            }
        } catch (IOException e) {
            // It stays until somebody may remove it.
        }
    }

    private boolean abandoned(String other, Duration young) throws IOException {
        LinuxFiles.Stat stat = LinuxFiles.stat(directory, other);
        long age = Instant.now().getEpochSecond() - stat.changed() / 1_000_000_000L;
        if (age < young.toSeconds() || stat.uid() != LinuxFiles.effectiveUser()) {
            return false;
        }
        int opened = LinuxFiles.openFile(directory, other);
        try {
            return LinuxFiles.lock(opened);
        } finally {
            LinuxFiles.close(opened);
        }
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
        // A file that is open for writing cannot be executed.
        release();
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
        String aside = name.substring(0, name.length() - SUFFIX.length()) + ".old";
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
        return new ExternalException("Could not write %s in %s: %s".formatted(
                target.getFileName(), target.getParent(), cause.getMessage()),
                LinuxFiles.full(cause) ? "Make room in %s, or choose another directory.".formatted(target.getParent()) : null, cause);
    }

    @Override
    public void close() {
        try {
            Removal.remove(directory, name);
        } catch (IOException e) {
            // What made the removal fail is what made the writing fail, and that is on its way to the user.
        } finally {
            release();
            LinuxFiles.close(directory);
        }
    }

    private void release() {
        if (made >= 0) {
            LinuxFiles.close(made);
            made = -1;
        }
    }
}
