package io.sifter.spi;

import io.sifter.spi.reference.Platform;
import java.util.Objects;

/**
 * How an image is wanted.
 *
 * @param platform which image of an index
 * @param plainHttp whether plain HTTP and unverified TLS are acceptable ({@code --no-https})
 */
public record OpenOptions(Platform platform, boolean plainHttp) {
    public OpenOptions {
        Objects.requireNonNull(platform);
    }
}
