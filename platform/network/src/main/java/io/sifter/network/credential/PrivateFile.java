package io.sifter.network.credential;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.ClosedByInterruptException;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLockInterruptionException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.FileAttribute;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.Set;
import java.util.concurrent.locks.ReentrantLock;

/**
 * A small file of secrets that several processes read and change: readable by its owner alone from its first byte on, and replaced
 * whole. A link stays a link: what it leads to is replaced. Safe for any thread.
 */
public final class PrivateFile {
    /** Locks of files hold between processes, not between threads. */
    private static final ReentrantLock THREADS = new ReentrantLock();

    private final Path file;

    public PrivateFile(Path file) {
        this.file = file.toAbsolutePath();
    }

    /** The right to change the file. Given back by the thread that took it. */
    public interface Held extends AutoCloseable {
        @Override
        void close();
    }

    /** Waits until no other process or thread that asks here changes the file. Its directory is made where it is missing. */
    public Held hold() throws IOException {
        Path target = target();
        if (!Files.isDirectory(target.getParent())) {
            Files.createDirectories(target.getParent(), ownersOnly("rwx------"));
        }
        THREADS.lock();
        try {
            FileChannel lock = FileChannel.open(target.resolveSibling("." + target.getFileName() + ".lock"),
                    Set.of(StandardOpenOption.CREATE, StandardOpenOption.WRITE), ownersOnly("rw-------"));
            try {
                lock.lock();
            } catch (FileLockInterruptionException | ClosedByInterruptException e) {
                lock.close();
                throw e;
            } catch (IOException noLocksHere) {
                // Some network file systems refuse locks. A change that another one hides there can be made again.
            }
            return () -> release(lock);
        } catch (IOException | RuntimeException e) {
            THREADS.unlock();
            throw e;
        }
    }

    private static void release(FileChannel lock) {
        try {
            lock.close();
        } catch (IOException e) {
            // Closing releases the lock whatever it says.
        } finally {
            THREADS.unlock();
        }
    }

    /** Puts this in the place of what the file holds. */
    public void replace(byte[] content) throws IOException {
        Path target = target();
        Path partial = Files.createTempFile(target.getParent(), "." + target.getFileName(), ".partial", ownersOnly("rw-------"));
        try {
            try (FileChannel out = FileChannel.open(partial, StandardOpenOption.WRITE)) {
                ByteBuffer bytes = ByteBuffer.wrap(content);
                while (bytes.hasRemaining()) {
                    out.write(bytes);
                }
                out.force(true);
            }
            Files.move(partial, target, StandardCopyOption.ATOMIC_MOVE);
        } finally {
            Files.deleteIfExists(partial);
        }
    }

    private Path target() throws IOException {
        return Files.exists(file) ? file.toRealPath() : file;
    }

    private static FileAttribute<?> ownersOnly(String permissions) {
        return PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString(permissions));
    }
}
