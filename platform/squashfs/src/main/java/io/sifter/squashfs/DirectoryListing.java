package io.sifter.squashfs;

import java.io.IOException;
import java.util.ArrayList;
import java.util.List;

/** Writes the listings of directories (doc/squashfs.md, <i>Directory table</i> and <i>Directory index</i>). */
final class DirectoryListing {
    /** How far apart index marks are, at least. */
    private static final int MARK_DISTANCE = MetadataBlock.CAPACITY;

    private static final int MAX_MARKS = 0xFFFF;
    private static final int MAX_DELTA = Short.MAX_VALUE;

    private final MetadataWriter table;
    private final List<DirectoryIndex> index = new ArrayList<>();
    private long position;
    private long nextMark = MARK_DISTANCE;

    private DirectoryListing(MetadataWriter table) {
        this.table = table;
    }

    /** A name and the written inode that it leads to. */
    record Named(String name, Draft draft) {
        int size() {
            return DirectoryEntry.FIXED_SIZE + name.length();
        }
    }

    /** Writes the listing of {@code directory} and remembers there where it is. */
    static void write(List<Named> entries, Draft.OfDirectory directory, MetadataWriter table) throws IOException {
        directory.listingStart = table.position();
        var listing = new DirectoryListing(table);
        for (int from = 0; from < entries.size(); ) {
            from = listing.writeRun(entries, from);
        }
        directory.listing = listing.position;
        directory.index = listing.index.isEmpty() ? List.of() : listing.index;
    }

    /** Writes the entries from {@code from} on that can share a header, and returns the next one. */
    private int writeRun(List<Named> entries, int from) throws IOException {
        Named first = entries.get(from);
        long block = MetadataBlock.block(first.draft.reference);
        long base = first.draft.number;
        if (position + DirectoryHeader.SIZE + first.size() > nextMark) {
            if (index.size() < MAX_MARKS) {
                index.add(new DirectoryIndex(position, MetadataBlock.block(table.position()), first.name));
            }
            nextMark = position + MARK_DISTANCE;
        }
        long end = position + DirectoryHeader.SIZE;
        int to = from;
        while (to < entries.size() && to - from < DirectoryHeader.MAX_COUNT) {
            Named next = entries.get(to);
            boolean fits = MetadataBlock.block(next.draft.reference) == block
                    && Math.abs(next.draft.number - base) <= MAX_DELTA
                    && end + next.size() <= nextMark;
            if (!fits) {
                break;
            }
            end += next.size();
            to++;
        }
        new DirectoryHeader(to - from, block, base).write(table);
        for (Named entry : entries.subList(from, to)) {
            new DirectoryEntry(
                            MetadataBlock.offset(entry.draft.reference),
                            (int) (entry.draft.number - base),
                            kind(entry.draft),
                            entry.name)
                    .write(table);
        }
        position = end;
        return to;
    }

    static InodeKind kind(Draft draft) {
        return switch (draft.node) {
            case io.sifter.spi.tree.Directory _ -> InodeKind.DIRECTORY;
            case io.sifter.spi.tree.RegularFile _ -> InodeKind.FILE;
            case io.sifter.spi.tree.Symlink _ -> InodeKind.SYMLINK;
            case io.sifter.spi.tree.Device device ->
                    device.block() ? InodeKind.BLOCK_DEVICE : InodeKind.CHARACTER_DEVICE;
            case io.sifter.spi.tree.Special special -> switch (special.kind()) {
                case FIFO -> InodeKind.FIFO;
                case SOCKET -> InodeKind.SOCKET;
            };
        };
    }
}
