package io.sifter.squashfs;

import io.sifter.spi.error.CorruptDataException;
import io.sifter.spi.error.UserException;
import io.sifter.spi.tree.FileTree;
import java.io.Closeable;
import java.io.IOException;
import java.nio.channels.FileChannel;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Optional;

/**
 * Reads a SquashFS 4.0 image with any compressor but lzma (doc/squashfs.md). Looking something up reads no more than it
 * needs; {@link #tree} reads all metadata; {@link #check} makes sure that nothing in it can harm whoever trusts it,
 * kernels included. Every structure is checked where it is used, so whatever is wrong with an image, what comes out is a
 * {@link CorruptDataException}.
 *
 * <p>Paths and names are raw bytes, one byte a character. One thread at a time; the content of files of a tree is safe
 * for any thread.
 */
public final class SquashFsReader implements Closeable {
    /** As Linux has it. */
    private static final int MAX_HOPS = 40;

    private final Image image;
    private FileBlocks blocks;
    private TreeBuilder trees;

    private SquashFsReader(Image image) {
        this.image = image;
    }

    /**
     * Checks the superblock and where all tables are.
     *
     * @param channel open for reading while the reader and what comes from it are in use, and closed by whoever opened
     *     it; read at positions only
     * @param offset of the image in the channel
     * @param length of the image; padding may be part of it
     * @throws CorruptDataException when this is no sound image
     * @throws UserException when it is compressed with lzma
     */
    public static SquashFsReader open(FileChannel channel, long offset, long length) throws IOException {
        return new SquashFsReader(Image.open(channel, offset, length));
    }

    /** A name in a directory. */
    public record Entry(String name, InodeKind kind) {}

    /**
     * Finds what is at a path, a link if there is one. Nothing is there when a part of the path before its end is not a
     * directory.
     *
     * @param rawPath from the root, with or without a slash before it; {@code ..} does not lead out of the root
     */
    public Optional<Stat> lookup(String rawPath) throws IOException {
        return find(rawPath, 0);
    }

    /**
     * Finds what is at a path where links are followed, each as if the root of the image were the root of everything.
     * Nothing is there when a link leads nowhere or the path to more than 40 of them.
     */
    public Optional<Stat> resolve(String rawPath) throws IOException {
        return find(rawPath, MAX_HOPS);
    }

    /** What is in a directory, sorted by name. */
    public List<Entry> list(Stat directory) throws IOException {
        var listing = new Listing(image.directories(), directory(directory));
        List<Entry> entries = new ArrayList<>();
        while (listing.next()) {
            entries.add(new Entry(listing.name(), listing.kind()));
        }
        return entries;
    }

    /**
     * Reads a small file.
     *
     * @param max bytes it may have
     * @throws UserException when it has more
     */
    public byte[] read(Stat file, int max) throws IOException {
        if (!(file.inode() instanceof Inode.File inode)) {
            throw new IllegalArgumentException("Not a regular file but a " + file.kind());
        }
        if (inode.size() > max) {
            throw new UserException("A file has %d bytes, not more than %d are read".formatted(inode.size(), max));
        }
        if (blocks == null) {
            blocks = new FileBlocks(image);
        }
        return blocks.read(inode);
    }

    /**
     * Reads all metadata. The content of files is read from the channel when it is wanted, or copied as it is.
     *
     * @return good as long as the channel is open; closing it does nothing
     */
    public FileTree tree() throws IOException {
        if (trees == null) {
            trees = new TreeBuilder(image);
        }
        return FileTree.of(trees.build());
    }

    /** Checks all metadata, whether it is in use or not, but no content of files. */
    public void check() throws IOException {
        new ImageCheck(image).run(false);
    }

    /** Checks all metadata and decompresses all content. */
    public void checkContent() throws IOException {
        new ImageCheck(image).run(true);
    }

    /** Leaves the channel open. */
    @Override
    public void close() {
        image.close();
    }

    private Optional<Stat> find(String rawPath, int hops) throws IOException {
        MetadataCursor inodes = image.inodes();
        List<Inode.Directory> parents = new ArrayList<>();
        Inode at = image.root(inodes);
        List<String> rest = new ArrayList<>();
        push(rawPath, rest);
        int hopsLeft = hops;
        while (!rest.isEmpty()) {
            String name = rest.removeLast();
            if (!(at instanceof Inode.Directory directory)) {
                return Optional.empty();
            }
            if (name.equals(".")) {
                continue;
            }
            if (name.equals("..")) {
                at = parents.isEmpty() ? directory : parents.removeLast();
                continue;
            }
            Inode next = find(directory, name, inodes);
            if (next == null) {
                return Optional.empty();
            }
            if (next instanceof Inode.Symlink link && hops > 0) {
                if (hopsLeft-- == 0) {
                    return Optional.empty();
                }
                if (link.target().charAt(0) == '/') {
                    parents.clear();
                    at = image.root(inodes);
                }
                push(link.target(), rest);
            } else {
                parents.add(directory);
                at = next;
            }
        }
        return Optional.of(new Stat(at, image.attributes(at)));
    }

    private Inode find(Inode.Directory directory, String name, MetadataCursor inodes) throws IOException {
        var listing = new Listing(image.directories(), directory);
        if (!listing.seek(name) || !listing.name().equals(name)) {
            return null;
        }
        return image.inode(listing, inodes);
    }

    /** Puts the parts of a path on top of a stack, the first one last. A slash at the end asks for a directory. */
    private static void push(String path, List<String> stack) {
        int bottom = stack.size();
        int start = 0;
        for (int i = 0; i <= path.length(); i++) {
            if (i == path.length() || path.charAt(i) == '/') {
                if (i > start) {
                    stack.add(path.substring(start, i));
                } else if (i == path.length()) {
                    stack.add(".");
                }
                start = i + 1;
            }
        }
        Collections.reverse(stack.subList(bottom, stack.size()));
    }

    private static Inode.Directory directory(Stat stat) {
        if (stat.inode() instanceof Inode.Directory directory) {
            return directory;
        }
        throw new IllegalArgumentException("Not a directory but a " + stat.kind());
    }
}
