package io.sifter.spi;

import io.sifter.spi.tree.FileTree;
import java.io.IOException;
import java.nio.file.Path;
import org.pf4j.ExtensionPoint;

/**
 * Writes a file tree to its final form. It has one public constructor, which takes a {@link SinkContext}.
 */
public interface Sink extends ExtensionPoint {
    /**
     * Writes the tree. The target appears complete or not at all: it is made beside {@code target} and moved there. What
     * stands at {@code target} is replaced; asking whether it may is the caller's business.
     *
     * @throws io.sifter.spi.error.ExternalException if it cannot be written; names the directory
     * @throws io.sifter.spi.error.CorruptDataException if the tree's content turns out damaged
     */
    void write(FileTree tree, ImageSettings settings, Path target, SinkOptions options) throws IOException, InterruptedException;
}
