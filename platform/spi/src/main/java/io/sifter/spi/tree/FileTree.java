package io.sifter.spi.tree;

import java.io.IOException;

/**
 * A root file system: what layers merge to, what sinks write, what image files hold.
 *
 * <p>Names and link targets are raw bytes, kept one byte a character ({@code ISO-8859-1}); {@link RawName} turns them
 * into something to show. The same {@link Node} under two names is a hard link. Whoever builds a tree may change it
 * until it is handed over; afterwards nobody does, and any thread may read it.
 */
public interface FileTree extends AutoCloseable {
    Directory root();

    /** Releases what the content needs, such as open files. Content is unreadable afterwards. */
    @Override
    void close() throws IOException;

    /** A tree whose content needs no closing. */
    static FileTree of(Directory root) {
        return new FileTree() {
            @Override
            public Directory root() {
                return root;
            }

            @Override
            public void close() {}
        };
    }
}
