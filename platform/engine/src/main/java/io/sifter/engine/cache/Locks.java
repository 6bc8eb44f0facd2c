package io.sifter.engine.cache;

import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.Semaphore;

/**
 * Locks by name among the threads of this process and, through files, among processes. They only save work: where files
 * cannot be locked, every holder believes it is alone, and correctness rests on verified content and atomic moves. The
 * system releases a killed holder's lock at once.
 */
public final class Locks {
    private static final long POLL_MILLIS = 100;
    private final Cache cache;
    /** One permit for each name; entries stay, they are few and small. */
    private final ConcurrentHashMap<Path, Semaphore> inProcess = new ConcurrentHashMap<>();

    public Locks(Cache cache) {
        this.cache = cache;
    }

    /** A held lock. */
    public interface Held extends AutoCloseable {
        /** Whether other processes are kept out as well. */
        boolean exclusive();

        @Override
        void close();
    }

    /**
     * Waits until the lock is free and takes it.
     *
     * @param waiting run once if it is not free at first
     */
    public Held take(String name, Runnable waiting) throws IOException, InterruptedException {
        Path path = cache.lock(name);
        Semaphore semaphore = inProcess.computeIfAbsent(path, _ -> new Semaphore(1));
        boolean told = false;
        if (!semaphore.tryAcquire()) {
            waiting.run();
            told = true;
            semaphore.acquire();
        }
        try {
            FileChannel channel = null;
            FileLock lock = null;
            try {
                channel = FileChannel.open(path, StandardOpenOption.CREATE, StandardOpenOption.WRITE);
                while ((lock = channel.tryLock()) == null) {
                    if (!told) {
                        waiting.run();
                        told = true;
                    }
                    Thread.sleep(POLL_MILLIS);
                }
            } catch (IOException noLocksHere) {
                // Some network file systems refuse locks. Then the work may be done twice, which is all it costs.
            } catch (InterruptedException e) {
                channel.close();
                throw e;
            }
            return new Holding(semaphore, channel, lock != null);
        } catch (IOException | InterruptedException | RuntimeException e) {
            semaphore.release();
            throw e;
        }
    }

    private record Holding(Semaphore semaphore, FileChannel channel, boolean exclusive) implements Held {
        @Override
        public void close() {
            try {
                if (channel != null) {
                    channel.close();
                }
            } catch (IOException e) {
                // Closing releases the lock whatever it says.
            } finally {
                semaphore.release();
            }
        }
    }
}
