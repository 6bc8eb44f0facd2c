package io.sifter.network;

import io.sifter.spi.error.CorruptDataException;
import io.sifter.spi.error.ExternalException;
import io.sifter.spi.error.SifterException;
import java.io.IOException;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import okhttp3.Response;

/** Bytes somewhere else that can be asked for from any offset on. */
interface Transfer {
    Pattern CONTENT_RANGE = Pattern.compile("bytes (\\d{1,18})-(\\d{1,18})/(\\d{1,18}|\\*)");

    /** What is transferred, for messages. */
    String name();

    Courier courier();

    /**
     * Requests the bytes from {@code offset} on. The part may begin earlier, where the server knows nothing of ranges.
     *
     * @param repeat whether failures that may pass are repeated here
     */
    Part request(long offset, boolean repeat) throws IOException, InterruptedException;

    SifterException explain(Refusal refusal);

    static Ask from(long offset, Ask ask) {
        return offset == 0 ? ask : ask.with("Range", "bytes=%d-".formatted(offset));
    }

    /** What a response to such a request brings. */
    static Part part(Transfer transfer, Response response, long offset) throws IOException {
        // A page is said to be one: a wrong digest, or a file that is too short, would let the user think of damage.
        if (response.isSuccessful() && Refusal.isHtml(response)) {
            response.close();
            throw new ExternalException("Error reading %s: the answer is a web page".formatted(transfer.name()),
                    "A proxy or a sign-in page may stand in between: open the server's address in a browser.");
        }
        switch (response.code()) {
            case 200 -> {
                return new Part(response, 0, response.body().contentLength());
            }
            case 206 -> {
                String range = response.header("Content-Range", "");
                Matcher matcher = CONTENT_RANGE.matcher(range);
                if (matcher.matches() && Long.parseLong(matcher.group(1)) == offset) {
                    long last = Long.parseLong(matcher.group(2));
                    if (matcher.group(3).equals("*") || Long.parseLong(matcher.group(3)) == last + 1) {
                        return new Part(response, offset, last + 1);
                    }
                }
                response.close();
                throw new CorruptDataException("Error reading %s: asked for the bytes from %d on, got '%s'"
                        .formatted(transfer.name(), offset, Printable.of(range)), "Tell the operators of the server.");
            }
            case 416 -> {
                // Nothing is left: the offset is the size.
                if (response.header("Content-Range", "").equals("bytes */" + offset)) {
                    return new Part(response, offset, offset);
                }
                throw Refusal.of(response);
            }
            default -> throw Refusal.of(response);
        }
    }
}
