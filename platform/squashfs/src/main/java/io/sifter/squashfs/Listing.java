package io.sifter.squashfs;

import io.sifter.spi.error.CorruptDataException;
import java.io.IOException;

/** Goes through a directory's entries, which are sorted (doc/squashfs.md, <i>Directory table</i>). */
final class Listing {
    private final MetadataCursor cursor;
    private final Inode.Directory directory;
    private long position;
    private int left;
    private DirectoryHeader run;
    private DirectoryEntry entry;
    private String last = "";
    private long runPosition;
    private long runBlock;

    /** @param cursor in the directory table; whoever moves it ends this listing */
    Listing(MetadataCursor cursor, Inode.Directory directory) throws IOException {
        this.cursor = cursor;
        this.directory = directory;
        start(0, directory.block(), directory.offset());
    }

    /** Goes to the first entry from {@code name} on; the directory's index saves reading what comes before. */
    boolean seek(String name) throws IOException {
        DirectoryIndex start = null;
        for (int i = 0; i < directory.index().size(); i++) {
            DirectoryIndex mark = directory.index().get(i);
            if (mark.name().compareTo(name) > 0) {
                break;
            }
            start = mark;
        }
        if (start != null) {
            start(start.position(), start.block(), (int) ((start.position() + directory.offset()) % MetadataBlock.CAPACITY));
        }
        while (next()) {
            if (entry.name().compareTo(name) >= 0) {
                return true;
            }
        }
        return false;
    }

    boolean next() throws IOException {
        if (left == 0) {
            if (position == directory.listing()) {
                return false;
            }
            checkRoom(DirectoryHeader.SIZE + DirectoryEntry.FIXED_SIZE);
            runPosition = position;
            runBlock = MetadataBlock.block(cursor.reference());
            run = DirectoryHeader.read(cursor);
            position += DirectoryHeader.SIZE;
            left = run.count();
        }
        checkRoom(DirectoryEntry.FIXED_SIZE);
        entry = DirectoryEntry.read(cursor);
        checkRoom(entry.size());
        position += entry.size();
        left--;
        if (entry.name().compareTo(last) <= 0) {
            throw cursor.corrupt("the listing of directory %d is not sorted: '%s' stands before '%s'".formatted(
                    directory.header().number(), Image.shown(last), Image.shown(entry.name())));
        }
        last = entry.name();
        return true;
    }

    String name() {
        return entry.name();
    }

    InodeKind kind() {
        return entry.kind();
    }

    /** Reference of the inode. */
    long reference() {
        return MetadataBlock.reference(run.block(), entry.offset());
    }

    /** Number of the inode. */
    long number() {
        return run.base() + entry.delta();
    }

    /** Whether the entry is the first of its run, the only ones that an index can lead to. */
    boolean isFirstOfRun() {
        return left == run.count() - 1;
    }

    /** Whether this mark leads to the run of the entry. */
    boolean isAt(DirectoryIndex mark) {
        return mark.position() == runPosition && mark.block() == runBlock && mark.name().equals(entry.name());
    }

    private void checkRoom(int length) throws CorruptDataException {
        if (position + length > directory.listing()) {
            throw cursor.corrupt("the listing of directory %d has %d bytes, its entries go on until %d"
                    .formatted(directory.header().number(), directory.listing(), position + length));
        }
    }

    private void start(long at, long block, int offset) throws IOException {
        position = at;
        if (at > directory.listing() || (at == directory.listing() && at > 0)) {
            throw new CorruptDataException("The SquashFS image is damaged: the index of directory %d leads to byte %d of %d"
                    .formatted(directory.header().number(), at, directory.listing()));
        }
        if (directory.listing() > 0) {
            cursor.seek(block, offset);
            if (directory.listing() - at > cursor.remaining()) {
                throw cursor.corrupt("directory %d has %d bytes here, %d can be there".formatted(
                        directory.header().number(), directory.listing() - at, cursor.remaining()));
            }
        }
    }
}
