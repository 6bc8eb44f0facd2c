package io.sifter.image.layer;

import java.security.MessageDigest;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;

/**
 * Computes digests of chunks on a thread of its own, off the path from blob to blocks. Chunks of one digest are taken in
 * the order they came. Never blocks who hands chunks over: their pools bound what waits.
 */
final class HashThread {
    private record Work(MessageDigest digest, Chunk chunk) {}

    private static final Work END = new Work(null, null);

    private final BlockingQueue<Work> queue = new LinkedBlockingQueue<>();
    private final Thread thread;

    HashThread(String name) {
        thread = Thread.ofPlatform().daemon().name(name).start(this::run);
    }

    void update(MessageDigest digest, Chunk chunk) {
        queue.add(new Work(digest, chunk));
    }

    /** All chunks have come. */
    void end() {
        queue.add(END);
    }

    /** Waits until all digests are up to date; may be called after {@link #end}. */
    void await() throws InterruptedException {
        thread.join();
    }

    private void run() {
        try {
            for (Work work = queue.take(); work != END; work = queue.take()) {
                work.digest.update(work.chunk.bytes(), 0, work.chunk.length());
                work.chunk.release();
            }
        } catch (InterruptedException unwanted) {
            throw new IllegalStateException("Nobody interrupts this thread", unwanted);
        }
    }
}
