package io.sifter.testkit.registry;

import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;

/** Bytes on a shelf, in memory or in a file. */
sealed interface Content {
    record InMemory(byte[] bytes) implements Content {}

    record InFile(Path file) implements Content {}

    Content NONE = new InMemory(new byte[0]);

    default long size() throws IOException {
        return switch (this) {
            case InMemory(byte[] bytes) -> bytes.length;
            case InFile(Path file) -> Files.size(file);
        };
    }

    default InputStream open() throws IOException {
        return switch (this) {
            case InMemory(byte[] bytes) -> new ByteArrayInputStream(bytes);
            case InFile(Path file) -> Files.newInputStream(file);
        };
    }
}
