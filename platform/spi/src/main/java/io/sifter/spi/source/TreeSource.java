package io.sifter.spi.source;

import io.sifter.spi.tree.FileTree;
import java.util.Objects;

/** A file tree that is there already, such as a sandbox directory. Who receives it closes the tree. */
public record TreeSource(FileTree tree) implements Source {
    public TreeSource {
        Objects.requireNonNull(tree);
    }
}
