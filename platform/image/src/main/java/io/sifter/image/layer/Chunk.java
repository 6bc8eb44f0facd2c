package io.sifter.image.layer;

import java.util.concurrent.ArrayBlockingQueue;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.atomic.AtomicInteger;

/**
 * A piece of a stream that several threads read at once. One thread fills it; when the last reader has released it, it
 * returns to its pool.
 */
final class Chunk {
    /** Chunks of one size, as many as may be under way. */
    static final class Pool {
        private final BlockingQueue<Chunk> free;

        Pool(int count, int size) {
            free = new ArrayBlockingQueue<>(count);
            for (int i = 0; i < count; i++) {
                free.add(new Chunk(this, size));
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
