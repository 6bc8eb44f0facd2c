package io.sifter.image.archive;

import io.sifter.spi.error.UserException;
import java.nio.charset.StandardCharsets;
import java.util.Locale;

/** What a file is that was given as an archive and is none. */
final class FileKind {
    /** Bytes that tell. */
    static final int HEAD = 512;

    private FileKind() {}

    static UserException notAnArchive(String name, byte[] head) {
        String text = new String(head, StandardCharsets.ISO_8859_1);
        String begin = text.stripLeading().toLowerCase(Locale.ROOT);
        if (head.length == 0) {
            return new UserException("%s is empty, no archive of images".formatted(name), "Copy or make the archive anew.");
        }
        if (text.startsWith("SIF_MAGIC", 32) || text.startsWith("hsqs")) {
            return new UserException("%s is no archive: it is a finished image".formatted(name), "Use it as it is, without a transport before its name.");
        }
        if (begin.startsWith("<")) {
            return new UserException("%s is no archive: it is a web page".formatted(name),
                    "Look into it: what it was downloaded from said something else than expected.");
        }
        if (begin.startsWith("{") || begin.startsWith("[")) {
            return new UserException("%s is no archive: it is JSON text".formatted(name), "Give the archive that it belongs to.");
        }
        return new UserException("%s is no archive: it does not begin as a tar file".formatted(name),
                "Archives of images are tar files, plain or compressed with gzip, zstd, xz or bzip2.");
    }
}
