package io.sifter.squashfs;

import io.sifter.spi.tree.Directory;
import io.sifter.spi.tree.Node;
import io.sifter.spi.tree.RegularFile;
import java.util.List;

/** What the writer knows about an inode until it has written it. One thread's. */
sealed class Draft {
    private static final long UNWRITTEN = -1;

    final Node node;
    int number;
    int links;
    long reference = UNWRITTEN;

    private Draft(Node node) {
        this.node = node;
    }

    static Draft of(Node node) {
        return switch (node) {
            case Directory directory -> new OfDirectory(directory);
            case RegularFile file -> new OfFile(file);
            case io.sifter.spi.tree.Symlink _, io.sifter.spi.tree.Device _, io.sifter.spi.tree.Special _ ->
                    new Draft(node);
        };
    }

    boolean isWritten() {
        return reference != UNWRITTEN;
    }

    static final class OfFile extends Draft {
        final RegularFile file;
        Placement placement;

        OfFile(RegularFile file) {
            super(file);
            this.file = file;
        }
    }

    static final class OfDirectory extends Draft {
        long listingStart;
        long listing;
        List<DirectoryIndex> index = List.of();

        OfDirectory(Directory directory) {
            super(directory);
        }
    }

    /**
     * Where the content of a file is.
     *
     * @param start of the first block, from the start of the image
     * @param words not copied
     * @param fragment number of the fragment block or {@link PackedFile#NO_FRAGMENT}
     */
    record Placement(long start, int[] words, int fragment, int fragmentOffset) {
        static final Placement EMPTY = new Placement(0, new int[0], PackedFile.NO_FRAGMENT, 0);
    }
}
