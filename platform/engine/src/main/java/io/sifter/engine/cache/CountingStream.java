package io.sifter.engine.cache;

import java.io.FilterInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.util.function.LongConsumer;

/** Tells how much was read. */
final class CountingStream extends FilterInputStream {
    private final LongConsumer progress;

    CountingStream(InputStream in, LongConsumer progress) {
        super(in);
        this.progress = progress;
    }

    @Override
    public int read() throws IOException {
        int read = in.read();
        if (read >= 0) {
            progress.accept(1);
        }
        return read;
    }

    @Override
    public int read(byte[] bytes, int offset, int length) throws IOException {
        int read = in.read(bytes, offset, length);
        if (read > 0) {
            progress.accept(read);
        }
        return read;
    }
}
