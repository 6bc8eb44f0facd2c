package io.sifter.spi.tree;

import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;

/** The bytes of a regular file. Safe for any thread; every stream belongs to one. */
public interface Content {
    /** Bytes, known before anything is read; {@link #open()} yields exactly as many. */
    long size();

    InputStream open() throws IOException;

    /** The same bytes as compressed blocks that can be copied, where they exist as such. */
    default Optional<PackedContent> packed() {
        return Optional.empty();
    }

    /** @param bytes not copied */
    static Content of(byte[] bytes) {
        return new Content() {
            @Override
            public long size() {
                return bytes.length;
            }

            @Override
            public InputStream open() {
                return new ByteArrayInputStream(bytes);
            }
        };
    }

    /** A file as it is now; it must not change until the content was read. */
    static Content of(Path file) throws IOException {
        long size = Files.size(file);
        return new Content() {
            @Override
            public long size() {
                return size;
            }

            @Override
            public InputStream open() throws IOException {
                return Files.newInputStream(file);
            }
        };
    }
}
