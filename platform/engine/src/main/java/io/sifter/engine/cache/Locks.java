package io.sifter.engine.cache;

import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.Semaphore;

/**
 * Locks by name among the threads of this process, whatever engine they belong to, and, through files, among processes.
 * They only save work: where files cannot be locked, every process believes it is alone, and correctness rests on
 * verified content and atomic moves. The system releases a killed holder's lock at once.
 */
public final class Locks {
    private static final long POLL_MILLIS = 100;

    /** File locks belong to the process, so its own threads need others above them. Kept while somebody holds or wants one. */
    private static final ConcurrentHashMap<Path, Turn> IN_PROCESS = new ConcurrentHashMap<>();

    private final Cache cache;

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

    /** One thread's at a time; {@code interested} is guarded by the map. */
    private static final class Turn {
        private final Semaphore free = new Semaphore(1);
        private int interested;
    }

    /**
     * Waits until the lock is free and takes it.
     *
     * @param waiting run once if it is not free at first
     */
    public Held take(String name, Runnable waiting) throws IOException, InterruptedException {
        Path named = cache.lock(name);
        // Under one name for all, whatever links lead to the cache.
        Path path = named.getParent().toRealPath().resolve(named.getFileName());
        Turn turn = IN_PROCESS.compute(path, (_, known) -> {
            Turn mine = known == null ? new Turn() : known;
            mine.interested++;
            return mine;
        });
        boolean told = false;
        boolean mine = false;
        try {
            if (!turn.free.tryAcquire()) {
                waiting.run();
                told = true;
                turn.free.acquire();
            }
            mine = true;
            FileChannel locked = lock(path, told ? () -> {} : waiting);
            return new Holding(path, turn, locked);
        } catch (InterruptedException | RuntimeException e) {
            leave(path, turn, mine);
            throw e;
        }
    }

    /** The locked file; null where files cannot be locked. */
    private static FileChannel lock(Path path, Runnable waiting) throws InterruptedException {
        FileChannel channel = null;
        try {
            channel = FileChannel.open(path, StandardOpenOption.CREATE, StandardOpenOption.WRITE);
            FileLock lock = channel.tryLock();
            if (lock == null) {
                waiting.run();
            }
            while (lock == null) {
                Thread.sleep(POLL_MILLIS);
                lock = channel.tryLock();
            }
            return channel;
        } catch (IOException noLocksHere) {
            // Some network file systems refuse locks. Then the work may be done twice, which is all it costs.
            close(channel);
            return null;
        } catch (InterruptedException | RuntimeException e) {
            close(channel);
            throw e;
        }
    }

    private static void close(FileChannel channel) {
        try {
            if (channel != null) {
                channel.close();
            }
        } catch (IOException e) {
            // Closing releases the lock whatever it says.
        }
    }

    private static void leave(Path path, Turn turn, boolean held) {
        if (held) {
            turn.free.release();
        }
        IN_PROCESS.computeIfPresent(path, (_, known) -> --known.interested == 0 ? null : known);
    }

    private static final class Holding implements Held {
        private final Path path;
        private final Turn turn;
        private final FileChannel locked;

        Holding(Path path, Turn turn, FileChannel locked) {
            this.path = path;
            this.turn = turn;
            this.locked = locked;
        }

        @Override
        public boolean exclusive() {
            return locked != null;
        }

        @Override
        public void close() {
            Locks.close(locked);
            leave(path, turn, true);
        }
    }
}
