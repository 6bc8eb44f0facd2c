package io.sifter.squashfs;

import io.sifter.spi.tree.Attributes;

/** What an image says about one of its files, directories, links or devices. Any thread may use it. */
public final class Stat {
    private final Inode inode;
    private final Attributes attributes;

    Stat(Inode inode, Attributes attributes) {
        this.inode = inode;
        this.attributes = attributes;
    }

    Inode inode() {
        return inode;
    }

    public InodeKind kind() {
        return inode.kind();
    }

    public boolean isDirectory() {
        return inode.kind() == InodeKind.DIRECTORY;
    }

    public boolean isFile() {
        return inode.kind() == InodeKind.FILE;
    }

    public Attributes attributes() {
        return attributes;
    }

    /** Number of the inode: equal for hard links. */
    public long number() {
        return inode.header().number();
    }

    /** Bytes of a regular file or of a link's target; 0 for anything else. */
    public long size() {
        if (inode instanceof Inode.File file) {
            return file.size();
        }
        return inode instanceof Inode.Symlink link ? link.target().length() : 0;
    }

    /**
     * Where a symbolic link leads, raw and verbatim.
     *
     * @throws IllegalStateException when this is no link
     */
    public String target() {
        if (inode instanceof Inode.Symlink link) {
            return link.target();
        }
        throw new IllegalStateException("Not a symbolic link but a " + inode.kind());
    }
}
