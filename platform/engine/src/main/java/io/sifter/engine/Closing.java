package io.sifter.engine;

import java.io.IOException;
import java.util.ArrayDeque;
import java.util.Deque;

/** Closes what was made, last made first. Safe for any thread. */
final class Closing implements AutoCloseable {
    private final Deque<AutoCloseable> later = new ArrayDeque<>();

    synchronized <T extends AutoCloseable> T later(T closeable) {
        later.push(closeable);
        return closeable;
    }

    @Override
    public synchronized void close() throws IOException {
        IOException first = null;
        while (!later.isEmpty()) {
            try {
                later.pop().close();
            } catch (Exception e) {
                if (first == null) {
                    first = e instanceof IOException io ? io : new IOException(e);
                } else {
                    first.addSuppressed(e);
                }
            }
        }
        if (first != null) {
            throw first;
        }
    }
}
