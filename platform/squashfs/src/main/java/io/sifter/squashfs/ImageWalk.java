package io.sifter.squashfs;

import io.sifter.spi.error.CorruptDataException;
import java.io.IOException;
import java.util.ArrayDeque;
import java.util.Deque;

/**
 * Goes through all that can be reached from an image's root and makes sure that it is a tree: every directory stands in
 * one place, and an inode has one number and one reference. Never recursive; what it costs is bounded by what is stored.
 *
 * @param <D> what a visitor makes of a directory
 */
final class ImageWalk<D> {
    /** Deeper than any path that Linux takes. */
    private static final int MAX_DEPTH = 4096;

    /** Bytes of all listings. A file system of 16 million files is the largest that we go through. */
    private static final long MAX_LISTINGS = 1L << 30;

    private static final long MAX_INODES = 1L << 24;

    private final Image image;
    private final Visitor<D> visitor;
    private final InodeNumbers numbers = new InodeNumbers();
    private final Deque<Pending<D>> pending = new ArrayDeque<>();
    private final MetadataCursor inodes;
    private long listingsLeft;

    ImageWalk(Image image, Visitor<D> visitor) throws IOException {
        if (image.superblock.inodes() > MAX_INODES) {
            throw Image.corrupt("it has %d inodes, we read up to %d".formatted(image.superblock.inodes(), MAX_INODES));
        }
        this.image = image;
        this.visitor = visitor;
        this.inodes = image.inodes();
        inodes.limit(image.blocks.capacity(
                image.superblock.inodeTable(), image.superblock.directoryTable(), "inode table"));
        this.listingsLeft = Math.min(MAX_LISTINGS, image.blocks.capacity(
                image.superblock.directoryTable(), image.directoryEnd, "directory table"));
    }

    /** What happens on the way. A directory comes before what is in it; otherwise the order means nothing. */
    interface Visitor<D> {
        D root(Inode.Directory root) throws IOException;

        D directory(D parent, String name, Inode.Directory directory) throws IOException;

        void leaf(D parent, String name, Inode inode) throws IOException;

        /** Another name of a leaf that was visited already. */
        void link(D parent, String name, long number) throws IOException;
    }

    void run() throws IOException {
        Inode.Directory root = image.root(inodes);
        numbers.add(root.header().number(), image.superblock.root(), root.kind());
        pending.push(new Pending<>(null, "", root, 0, visitor.root(root)));
        MetadataCursor directories = image.directories();
        while (!pending.isEmpty()) {
            Pending<D> next = pending.pop();
            try {
                list(next, directories);
            } catch (CorruptDataException e) {
                throw new CorruptDataException("%s (in directory '%s')".formatted(e.getMessage(), next.path()), e);
            }
        }
    }

    /** All inodes that were visited. */
    InodeNumbers reached() {
        return numbers;
    }

    /** Reads one more inode. As the walk reads each but once, together they are not more than their table holds. */
    Inode inode(long reference) throws IOException {
        return image.inode(reference, inodes);
    }

    private void list(Pending<D> parent, MetadataCursor directories) throws IOException {
        Inode.Directory directory = parent.directory;
        listingsLeft -= directory.listing();
        if (listingsLeft < 0) {
            throw directories.corrupt("the listings are longer than the table, or than %d bytes".formatted(MAX_LISTINGS));
        }
        var listing = new Listing(directories, directory);
        int marks = 0;
        while (listing.next()) {
            if (marks < directory.index().size() && listing.isFirstOfRun() && listing.isAt(directory.index().get(marks))) {
                marks++;
            }
            visit(parent, listing);
        }
        if (marks < directory.index().size()) {
            throw Image.corrupt("the index of directory %d leads to byte %d of its listing, where no run starts with '%s'"
                    .formatted(
                            directory.header().number(),
                            directory.index().get(marks).position(),
                            Image.shown(directory.index().get(marks).name())));
        }
    }

    private void visit(Pending<D> parent, Listing entry) throws IOException {
        long number = entry.number();
        String name = entry.name();
        if (number < 1 || number > image.superblock.inodes()) {
            throw Image.corrupt("the entry '%s' has the inode number %d of %d"
                    .formatted(Image.shown(name), number, image.superblock.inodes()));
        }
        if (numbers.contains(number)) {
            if (numbers.reference(number) != entry.reference() || numbers.kind(number) != entry.kind()) {
                throw Image.corrupt("two inodes have the number %d: a %s at the reference 0x%X, and '%s', a %s at 0x%X"
                        .formatted(
                                number,
                                numbers.kind(number),
                                numbers.reference(number),
                                Image.shown(name),
                                entry.kind(),
                                entry.reference()));
            }
            if (entry.kind() == InodeKind.DIRECTORY) {
                throw Image.corrupt("directory %d is found again as '%s'".formatted(number, Image.shown(name)));
            }
            visitor.link(parent.made, name, number);
            return;
        }
        Inode inode = image.inode(entry, inodes);
        numbers.add(number, entry.reference(), entry.kind());
        if (!(inode instanceof Inode.Directory child)) {
            visitor.leaf(parent.made, name, inode);
        } else if (parent.depth == MAX_DEPTH) {
            throw Image.corrupt("its directories are more than %d deep".formatted(MAX_DEPTH));
        } else {
            D made = visitor.directory(parent.made, name, child);
            pending.push(new Pending<>(parent, name, child, parent.depth + 1, made));
        }
    }

    private record Pending<D>(Pending<D> parent, String name, Inode.Directory directory, int depth, D made) {
        String path() {
            var path = new StringBuilder();
            for (Pending<D> at = this; at.parent != null; at = at.parent) {
                path.insert(0, "/" + Image.shown(at.name));
            }
            return path.isEmpty() ? "/" : path.toString();
        }
    }
}
