package io.sifter.network;

import io.sifter.spi.error.CorruptDataException;
import io.sifter.spi.source.ByteSource;
import java.io.IOException;
import java.io.InputStream;
import java.util.function.LongConsumer;
import okhttp3.MediaType;
import okhttp3.RequestBody;
import okio.BufferedSink;

/**
 * A request's body that is read while it is sent, anew for each repetition. What is counted is what was never sent before.
 * For one request at a time.
 */
final class StreamedBody extends RequestBody {
    private static final int BUFFER = 64 << 10;

    private final ByteSource bytes;
    private final long length;
    private final LongConsumer sent;
    private long mark;

    StreamedBody(ByteSource bytes, long length, LongConsumer sent) {
        this.bytes = bytes;
        this.length = length;
        this.sent = sent;
    }

    /** The request's headers say it. */
    @Override
    public MediaType contentType() {
        return null;
    }

    @Override
    public long contentLength() {
        return length;
    }

    @Override
    public void writeTo(BufferedSink sink) throws IOException {
        byte[] buffer = new byte[BUFFER];
        long position = 0;
        try (InputStream in = bytes.open(0)) {
            for (int count = in.read(buffer); count != -1; count = in.read(buffer)) {
                if (count > length - position) {
                    throw changed("more than " + length);
                }
                sink.write(buffer, 0, count);
                // What is counted has left this program.
                sink.flush();
                position += count;
                if (position > mark) {
                    sent.accept(position - mark);
                    mark = position;
                }
            }
        } catch (InterruptedException e) {
            throw Courier.interrupted();
        }
        if (position < length) {
            throw changed(Long.toString(position));
        }
    }

    private CorruptDataException changed(String got) {
        return new CorruptDataException("What is uploaded had %d bytes and now has %s".formatted(length, got),
                "Do not change the file while it is uploaded.");
    }
}
