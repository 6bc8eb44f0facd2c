package io.sifter.image.layer;

import java.lang.ref.SoftReference;
import java.util.Deque;
import java.util.Map;
import java.util.concurrent.ArrayBlockingQueue;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentLinkedDeque;
import java.util.concurrent.atomic.AtomicInteger;

/**
 * A piece of a stream that several threads read at once. One thread fills it; when the last reader has released it, it
 * returns to its pool.
 */
final class Chunk {
    /** Chunks of one size, as many as may be under way. */
    static final class Pool {
        /**
         * Pools that nobody uses, by the size of their chunks: as many as there were streams at once. A new pool for each of a
         * hundred layers is garbage that has grown old, which the collector leaves until the heap is full.
         */
        private static final Map<Integer, Deque<SoftReference<Pool>>> IDLE = new ConcurrentHashMap<>();

        private final BlockingQueue<Chunk> free;
        private final int count;
        private final int size;

        /** A pool for one stream, of chunks of {@code size} bytes. All users of a size want as many. */
        static Pool of(int count, int size) {
            for (SoftReference<Pool> idle = idle(size).poll(); idle != null; idle = idle(size).poll()) {
                Pool pool = idle.get();
                if (pool != null) {
                    return pool;
                }
            }
            return new Pool(count, size);
        }

        private static Deque<SoftReference<Pool>> idle(int size) {
            return IDLE.computeIfAbsent(size, _ -> new ConcurrentLinkedDeque<>());
        }

        private Pool(int count, int size) {
            this.count = count;
            this.size = size;
            free = new ArrayBlockingQueue<>(count);
            for (int i = 0; i < count; i++) {
                free.add(new Chunk(this, size));
            }
        }

        /** Lets others have the pool; who calls this uses it no more. One that chunks are missing from is forgotten. */
        void giveBack() {
            if (free.size() == count) {
                idle(size).push(new SoftReference<>(this));
            }
        }

        /** Waits for a chunk that nobody reads any more. */
        Chunk take() throws InterruptedException {
            return free.take();
        }
    }

    private final Pool pool;
    private final byte[] bytes;
    private final AtomicInteger readers = new AtomicInteger();
    private int length;

    private Chunk(Pool pool, int size) {
        this.pool = pool;
        this.bytes = new byte[size];
    }

    byte[] bytes() {
        return bytes;
    }

    int length() {
        return length;
    }

    /** States what was filled in, and how many will release it. Whoever gets the chunk through a queue sees both. */
    void filled(int newLength, int newReaders) {
        length = newLength;
        readers.set(newReaders);
    }

    void release() {
        if (readers.decrementAndGet() == 0) {
            pool.free.add(this);
        }
    }
}
