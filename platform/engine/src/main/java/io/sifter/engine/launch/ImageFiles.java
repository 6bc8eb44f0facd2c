package io.sifter.engine.launch;

import java.io.Closeable;
import java.io.IOException;
import java.util.List;
import java.util.Optional;

/** A file tree, looked into without being mounted. Links are reported, never followed. One thread at a time. */
interface ImageFiles extends Closeable {
    enum Kind { DIRECTORY, FILE, LINK, OTHER }

    /**
     * @param target of a link, raw; empty for anything else
     * @param executable whether anyone may execute it
     */
    record Entry(Kind kind, String target, boolean executable) {
        static final Entry DIRECTORY = new Entry(Kind.DIRECTORY, "", true);
        static final Entry FILE = new Entry(Kind.FILE, "", false);
    }

    /** @param path absolute; all before its last part are directories, or nothing is found */
    Optional<Entry> entry(String path) throws IOException;

    /** Names in a directory, sorted. */
    List<String> list(String path) throws IOException;

    /**
     * The bytes of a regular file, one a character.
     *
     * @throws io.sifter.spi.error.UserException if it has more than {@code max} bytes
     */
    String read(String path, int max) throws IOException;

    /** Whether something can be made in a directory under an overlay of the caller's: not if it belongs to ids that his user namespace does not know. */
    default boolean copiesUp(String directory) throws IOException {
        return true;
    }

    @Override
    void close() throws IOException;
}
