package io.sifter.cli;

import io.sifter.spi.tree.RawName;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;

/** Words of a command line as raw bytes, one byte a character, as {@link io.sifter.spi.tree.RawName} has them. */
final class RawWords {
    private RawWords() {}

    /** The file of this host that a raw word names. The launcher sees to it that this JVM's file names are UTF-8. */
    static Path path(String raw) {
        return Path.of(text(raw));
    }

    /** A raw word as people read it. */
    static String text(String raw) {
        return new String(RawName.bytes(raw), StandardCharsets.UTF_8);
    }
}
