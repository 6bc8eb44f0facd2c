package io.sifter.spi;

import io.sifter.spi.reference.Platform;
import java.util.Objects;

/**
 * How an image is wanted.
 *
 * @param platform which image of an index
 * @param plainHttp whether plain HTTP and unverified TLS are acceptable ({@code --no-https})
 * @param header of the definition that asks, if one does
 */
public record OpenOptions(Platform platform, boolean plainHttp, Header header) {
    public OpenOptions {
        Objects.requireNonNull(platform);
        Objects.requireNonNull(header);
    }

    /** For a reference that nothing more is said about. */
    public OpenOptions(Platform platform, boolean plainHttp) {
        this(platform, plainHttp, Header.NONE);
    }

    /** The same, asked by a definition. */
    public OpenOptions withHeader(Header said) {
        return new OpenOptions(platform, plainHttp, said);
    }
}
