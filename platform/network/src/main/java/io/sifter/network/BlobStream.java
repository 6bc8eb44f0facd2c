package io.sifter.network;

import io.sifter.spi.error.CorruptDataException;
import io.sifter.spi.error.ExternalException;
import io.sifter.spi.error.SifterException;
import io.sifter.spi.error.UnreachableException;
import java.io.EOFException;
import java.io.IOException;
import java.io.InputStream;
import java.net.SocketTimeoutException;
import java.util.Objects;
import java.util.concurrent.Semaphore;

/**
 * Bytes of a blob or a file. When the connection breaks or stalls, the rest is requested anew; that is given up when several
 * attempts in a row brought next to nothing. For one thread.
 */
final class BlobStream extends InputStream {
    /** What an attempt has to bring to count as a success. */
    private static final long PROGRESS = 1 << 20;
    private static final int SKIP_BUFFER = 64 << 10;
    /** How long bytes that came may wait for more of them. */
    private static final long FILL_NANOS = 10_000_000;

    private final Transfer transfer;
    private final Semaphore slots;

    private Part part;
    private InputStream in;
    private long position;
    private long end;
    /** Attempts since the last progress, and where that was. */
    private int failures;
    private long mark;
    /** Why the connection is of no more use. */
    private IOException broken;
    private boolean closed;

    private BlobStream(Transfer transfer, Semaphore slots, long offset) {
        this.transfer = transfer;
        this.slots = slots;
        this.position = offset;
        this.mark = offset;
    }

    /** Requests the bytes; waits while too many of that server are open. */
    static InputStream open(Transfer transfer, Semaphore slots, long offset) throws IOException, InterruptedException {
        if (offset < 0) {
            throw new IllegalArgumentException("offset must not be negative: " + offset);
        }
        slots.acquire();
        BlobStream stream = new BlobStream(transfer, slots, offset);
        boolean opened = false;
        try {
            stream.begin();
            opened = true;
            return stream;
        } finally {
            if (!opened) {
                stream.close();
            }
        }
    }

    private void begin() throws IOException, InterruptedException {
        try {
            part = transfer.request(position, true);
        } catch (Refusal refusal) {
            throw transfer.explain(refusal);
        }
        end = part.end();
        in = part.response().body().byteStream();
        try {
            skipTo(position);
        } catch (SifterException known) {
            throw known;
        } catch (IOException e) {
            resume(e);
        }
    }

    @Override
    public int read() throws IOException {
        byte[] one = new byte[1];
        return read(one, 0, 1) == -1 ? -1 : one[0] & 0xff;
    }

    @Override
    public int read(byte[] bytes, int offset, int length) throws IOException {
        Objects.checkFromIndexSize(offset, length, bytes.length);
        if (closed) {
            throw new IOException("The stream is closed");
        }
        if (length == 0) {
            return 0;
        }
        while (true) {
            try {
                if (broken != null) {
                    IOException reason = broken;
                    broken = null;
                    resume(reason);
                }
            } catch (InterruptedException e) {
                throw Courier.interrupted();
            }
            int count = fill(bytes, offset, length);
            if (count != 0) {
                return count;
            }
        }
    }

    /**
     * Reads as much as comes at once: OkHttp yields 8 KiB at a time, which is too little for each to be worth a write
     * to a file or a turn of a lock. Returns 0 if the connection broke before anything came, -1 at the end.
     */
    private int fill(byte[] bytes, int offset, int length) {
        int filled = 0;
        long start = System.nanoTime();
        try {
            do {
                int count = in.read(bytes, offset + filled, length - filled);
                if (count < 0) {
                    if (end != -1 && position < end) {
                        throw new EOFException("The connection ended at byte %d of %d".formatted(position, end));
                    }
                    return filled == 0 ? -1 : filled;
                }
                filled += count;
                position += count;
            } while (filled < length && System.nanoTime() - start < FILL_NANOS);
        } catch (IOException e) {
            broken = e;
        }
        return filled;
    }

    /** Requests what is missing. */
    private void resume(IOException cause) throws IOException, InterruptedException {
        IOException reason = cause;
        while (true) {
            Courier.heed();
            drop();
            if (position - mark >= PROGRESS) {
                failures = 0;
                mark = position;
            }
            failures++;
            NetworkSettings settings = transfer.courier().settings();
            if (failures > settings.attempts()) {
                throw given(reason);
            }
            transfer.courier().rest(Pause.before(failures, settings.retryDelay()), "%s broke off at byte %d (%s)"
                    .formatted(transfer.name(), position, reason.getClass().getSimpleName()));
            try {
                part = transfer.request(position, false);
                if (end != -1 && part.end() != -1 && part.end() != end) {
                    throw new CorruptDataException("%s had %d bytes before and now has %d"
                            .formatted(transfer.name(), end, part.end()), "Tell the operators of the server.");
                }
                end = end == -1 ? part.end() : end;
                in = part.response().body().byteStream();
                skipTo(position);
                return;
            } catch (UnreachableException away) {
                // It was there a moment ago: a restart, or a network that comes and goes.
                reason = away;
            } catch (Refusal refusal) {
                if (!Courier.passes(refusal)) {
                    throw transfer.explain(refusal);
                }
                reason = refusal;
            } catch (SifterException known) {
                throw known;
            } catch (IOException again) {
                reason = again;
            }
        }
    }

    /** Passes over what a server without ranges sent again. */
    private void skipTo(long target) throws IOException {
        byte[] waste = new byte[SKIP_BUFFER];
        for (long left = target - part.offset(); left > 0;) {
            int count = in.read(waste, 0, (int) Math.min(left, waste.length));
            if (count < 0) {
                throw end >= 0 && end < target
                        ? new CorruptDataException("%s ends at byte %d; bytes from %d on were asked for"
                                .formatted(transfer.name(), end, target), "Remove what was downloaded before, and try again.")
                        : new EOFException();
            }
            left -= count;
        }
    }

    private SifterException given(IOException reason) {
        if (reason instanceof Refusal refusal) {
            return transfer.explain(refusal);
        }
        String what = switch (reason) {
            case SifterException known -> known.getMessage();
            case SocketTimeoutException _ -> "no byte came for %d s".formatted(transfer.courier().settings().stallTimeout().toSeconds());
            default -> "the connection broke";
        };
        String message = "Error reading %s: %s at byte %d%s, after %d attempts".formatted(
                transfer.name(), what, position, end == -1 ? "" : " of " + end, failures);
        String nextStep = "Check the network, and try again.";
        return reason instanceof UnreachableException
                ? new UnreachableException(message, nextStep, reason) : new ExternalException(message, nextStep, reason);
    }

    private void drop() {
        if (part != null) {
            part.response().close();
            part = null;
        }
    }

    @Override
    public void close() {
        if (!closed) {
            closed = true;
            drop();
            slots.release();
        }
    }
}
