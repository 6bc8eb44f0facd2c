package io.sifter.squashfs;

import io.sifter.spi.tree.Attributes;
import io.sifter.spi.tree.Content;
import io.sifter.spi.tree.Directory;
import io.sifter.spi.tree.FileTree;
import io.sifter.spi.tree.Node;
import io.sifter.spi.tree.RegularFile;
import java.util.Map;

/** Builds trees for tests; missing parents come into being. */
final class Tree {
    static final Attributes PLAIN = Attributes.of(0644, 1_600_000_000);

    private final Directory root = new Directory(Attributes.of(0755, 1_500_000_000));

    Tree add(String path, Node node) {
        Directory parent = root;
        String[] names = path.split("/");
        for (int i = 0; i < names.length - 1; i++) {
            parent = (Directory) parent.children()
                    .computeIfAbsent(names[i], _ -> new Directory(Attributes.of(0755, 1_400_000_000)));
        }
        parent.children().put(names[names.length - 1], node);
        return this;
    }

    Tree file(String path, byte[] content) {
        return add(path, new RegularFile(PLAIN, Content.of(content)));
    }

    Tree file(String path, Content content) {
        return add(path, new RegularFile(PLAIN, content));
    }

    FileTree build() {
        return FileTree.of(root);
    }

    static Attributes with(int mode, long uid, long gid, long mtime, Map<String, byte[]> xattrs) {
        return new Attributes(mode, uid, gid, mtime, xattrs);
    }
}
