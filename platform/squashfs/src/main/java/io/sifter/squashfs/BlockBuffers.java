package io.sifter.squashfs;

import io.sifter.spi.tree.Compression;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.HashMap;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentLinkedDeque;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;

/**
 * Native memory and compressors for blocks on their way to the disk, shared by all packs that are written at the same
 * time. Every writer may always have a few buffers, so that each can go on whatever the others hold; beyond these the
 * budget rules. Safe for any thread. The memory is freed when the object is forgotten.
 */
public final class BlockBuffers {
    /** A fragment that fills up, a block that is cut, and one for each of two workers. */
    private static final int ALWAYS_GRANTED = 4;

    private final long budget;
    private final ReentrantLock lock = new ReentrantLock();
    private final Condition returned = lock.newCondition();
    private final Map<Integer, Deque<MemorySegment>> idle = new HashMap<>();
    private final Map<Compression, Deque<BlockPress>> presses = new ConcurrentHashMap<>();
    private final Map<Integer, Deque<Desk>> desks = new ConcurrentHashMap<>();
    private long used;
    private long idleBytes;

    /** @param budget bytes; 64 MiB keep many cores busy, even with the largest blocks */
    public BlockBuffers(long budget) {
        if (budget < 0) {
            throw new IllegalArgumentException("Not an amount of memory: " + budget);
        }
        this.budget = budget;
    }

    /** Compressors that are idle, for whoever needs one; there are never more than threads that compress. */
    Deque<BlockPress> presses(Compression compression) {
        return presses.computeIfAbsent(compression, _ -> new ConcurrentLinkedDeque<>());
    }

    /**
     * What one writer works on besides blocks under way.
     *
     * @param cut takes one block
     * @param chunk what goes to the disk at once
     */
    record Desk(byte[] cut, MemorySegment chunk) {}

    /** A desk for a writer of blocks of this size, in bytes. */
    Desk desk(int blockSize, int chunkSize) {
        Desk idle = desks.computeIfAbsent(blockSize, _ -> new ConcurrentLinkedDeque<>()).poll();
        return idle != null ? idle : new Desk(new byte[blockSize], Arena.ofAuto().allocate(chunkSize, 4096));
    }

    /** Takes a desk back that nobody uses any more. */
    void give(Desk desk) {
        desks.get(desk.cut.length).push(desk);
    }

    /** The part of one writer, in buffers of {@code size} bytes. */
    Share share(int size) {
        return new Share(size);
    }

    /** Buffers of one writer. Safe for any thread. */
    final class Share {
        private final int size;
        private int held;

        private Share(int size) {
            this.size = size;
        }

        /** Waits until there is memory. The bytes are whatever they were. */
        MemorySegment take() throws InterruptedException {
            lock.lockInterruptibly();
            try {
                while (held >= ALWAYS_GRANTED && used + size > budget) {
                    returned.await();
                }
                held++;
                used += size;
                Deque<MemorySegment> fitting = idle.get(size);
                if (fitting != null && !fitting.isEmpty()) {
                    idleBytes -= size;
                    return fitting.pop();
                }
                if (used + idleBytes > budget) {
                    idle.clear();
                    idleBytes = 0;
                }
            } finally {
                lock.unlock();
            }
            return Arena.ofAuto().allocate(size, 64);
        }

        void give(MemorySegment buffer) {
            lock.lock();
            try {
                held--;
                used -= size;
                if (used + idleBytes + size <= budget) {
                    idle.computeIfAbsent(size, _ -> new ArrayDeque<>()).push(buffer);
                    idleBytes += size;
                }
                returned.signalAll();
            } finally {
                lock.unlock();
            }
        }
    }
}
