package io.sifter.squashfs;

import io.sifter.spi.error.CorruptDataException;
import io.sifter.spi.error.UserException;
import io.sifter.spi.tree.Attributes;
import io.sifter.spi.tree.Compression.Codec;
import io.sifter.spi.tree.RawName;
import java.io.Closeable;
import java.io.IOException;
import java.nio.channels.FileChannel;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.Map;

/**
 * The tables of an image and how one leads to the other. Opening looks at the superblock and at where the tables are;
 * what is in them is read when it is wanted, and checked then. One thread at a time.
 */
final class Image implements Closeable {
    /** The smallest inode, so that many fit into a block. */
    private static final int SMALLEST_INODE = 20;

    final Superblock superblock;
    final ImageBytes bytes;
    final MetadataBlocks blocks;

    /** Where the blocks of the directory table end. */
    final long directoryEnd;

    final LookupTable fragments;
    final LookupTable ids;
    final LookupTable exports;
    final XattrTableHeader xattrHeader;
    final LookupTable xattrSets;

    private final Map<Long, Map<String, byte[]>> xattrs = new HashMap<>();
    private final Map<Long, byte[]> sharedValues = new HashMap<>();
    private long xattrSize;
    private long xattrCapacity;

    private Image(Superblock superblock, ImageBytes bytes) throws IOException {
        this.superblock = superblock;
        this.bytes = bytes;
        this.blocks = new MetadataBlocks(bytes);
        checkCounts();

        long xattrListEnd = superblock.size();
        long idListEnd = superblock.size();
        if (superblock.xattrTable() == Superblock.NONE) {
            xattrHeader = null;
            xattrSets = null;
        } else {
            long header = superblock.xattrTable();
            xattrHeader = XattrTableHeader.read(fields(header, XattrTableHeader.SIZE, "xattr table"));
            long list = header + XattrTableHeader.SIZE;
            xattrSets = table("xattr table", xattrHeader.sets(), XattrSet.SIZE, list, xattrListEnd, true, header);
            idListEnd = xattrHeader.start();
            if (idListEnd < superblock.idTable() || idListEnd > xattrSets.start()) {
                throw corrupt("the names of extended attributes start at %d, not between %d and %d".formatted(
                        idListEnd, superblock.idTable(), xattrSets.start()));
            }
        }
        ids = table("id table", superblock.ids(), Integer.BYTES, superblock.idTable(), idListEnd, true);
        long next = ids.start();
        long exportList = superblock.exportTable();
        if (exportList == Superblock.NONE) {
            exports = null;
        } else {
            exports = table("export table", superblock.inodes(), Long.BYTES, exportList, next, true);
            next = exports.start();
        }
        if (superblock.fragments() == 0) {
            fragments = null;
        } else {
            fragments = table(
                    "fragment table", superblock.fragments(), FragmentEntry.SIZE, superblock.fragmentTable(), next, false);
            next = fragments.start();
        }
        directoryEnd = next;
        if (directoryEnd < superblock.directoryTable()) {
            throw corrupt("the directory table starts at %d and what follows it at %d"
                    .formatted(superblock.directoryTable(), directoryEnd));
        }
    }

    /**
     * @param offset of the image in the channel
     * @param length that it may have with its padding
     */
    static Image open(FileChannel channel, long offset, long length) throws IOException {
        if (length < Superblock.SIZE) {
            throw corrupt("it has %d bytes, a superblock alone has %d".formatted(length, Superblock.SIZE));
        }
        byte[] start = new byte[Superblock.SIZE];
        ImageBytes.read(channel, offset, 0, start, start.length);
        Superblock superblock = Superblock.read(new FieldInput.OfArray(start, "SquashFS superblock"));
        if (superblock.size() > length) {
            throw corrupt("it is truncated: it has %d bytes, its superblock says %d".formatted(length, superblock.size()));
        }
        if (superblock.codec() == Codec.LZMA) {
            throw new UserException(
                    "Could not read a SquashFS image that is compressed with lzma: no kernel reads such images",
                    "Make the image again with gzip, xz or zstd.");
        }
        return new Image(superblock, new ImageBytes(channel, offset, superblock.codec()));
    }

    @Override
    public void close() {
        bytes.close();
    }

    MetadataCursor inodes() {
        return new MetadataCursor(blocks, "inode table", superblock.inodeTable(), superblock.directoryTable());
    }

    MetadataCursor directories() {
        return new MetadataCursor(blocks, "directory table", superblock.directoryTable(), directoryEnd);
    }

    MetadataCursor xattrPairs() {
        return new MetadataCursor(blocks, "xattr table", xattrHeader.start(), xattrSets.start());
    }

    /** @param in in the inode table */
    Inode inode(long reference, MetadataCursor in) throws IOException {
        in.seek(reference);
        return Inode.read(in, superblock);
    }

    /** The inode that an entry leads to, which must be what the entry says. */
    Inode inode(Listing entry, MetadataCursor in) throws IOException {
        Inode inode = inode(entry.reference(), in);
        if (inode.kind() != entry.kind() || inode.header().number() != entry.number()) {
            throw corrupt("the entry '%s' leads to a %s with the number %d, which is a %s with the number %d".formatted(
                    shown(entry.name()), entry.kind(), entry.number(), inode.kind(), inode.header().number()));
        }
        return inode;
    }

    Inode.Directory root(MetadataCursor in) throws IOException {
        Inode root = inode(superblock.root(), in);
        if (root.kind() != InodeKind.DIRECTORY) {
            throw corrupt("its root is not a directory but a " + root.kind());
        }
        return (Inode.Directory) root;
    }

    /** @param number below the number of fragments */
    FragmentEntry fragment(long number) throws IOException {
        FieldInput in = fragments.entry(number);
        FragmentEntry entry = FragmentEntry.read(in, superblock.blockSize());
        long end = superblock.inodeTable();
        int length = SizeWord.length(entry.sizeWord());
        if (entry.start() > end - length) {
            throw in.corrupt("fragment block %d of %d bytes starts at %d, the data ends at %d"
                    .formatted(number, length, entry.start(), end));
        }
        return entry;
    }

    /** A fragment block that is stored as it is shows its length; it must hold the tail of this file. */
    FragmentEntry fragment(Inode.File file) throws IOException {
        FragmentEntry entry = fragment(file.fragment());
        if (SizeWord.raw(entry.sizeWord())) {
            checkTail(file, SizeWord.length(entry.sizeWord()));
        }
        return entry;
    }

    /** @param length of the uncompressed fragment block */
    void checkTail(Inode.File file, int length) throws CorruptDataException {
        int tail = file.tail(superblock.blockSize());
        if (file.fragmentOffset() + tail > length) {
            throw corrupt("file %d has %d bytes at offset %d of fragment block %d, which has %d bytes".formatted(
                    file.header().number(), tail, file.fragmentOffset(), file.fragment(), length));
        }
    }

    Attributes attributes(Inode inode) throws IOException {
        Inode.Header header = inode.header();
        return new Attributes(
                header.mode(), id(header.uid()), id(header.gid()), header.mtime(), xattrs(inode.xattrs()));
    }

    private long id(int index) throws IOException {
        return ids.entry(index).u32();
    }

    /** The set of extended attributes with this number; inodes that share it get the same map. */
    private Map<String, byte[]> xattrs(long number) throws IOException {
        if (number == Inode.NONE) {
            return Map.of();
        }
        Map<String, byte[]> known = xattrs.get(number);
        if (known == null) {
            known = readXattrs(xattrSet(number));
            xattrs.put(number, known);
        }
        return known;
    }

    XattrSet xattrSet(long number) throws IOException {
        if (xattrSets == null || number >= xattrHeader.sets()) {
            throw corrupt("an inode has the extended attributes %d of %d"
                    .formatted(number, xattrSets == null ? 0 : xattrHeader.sets()));
        }
        return XattrSet.read(xattrSets.entry(number));
    }

    private Map<String, byte[]> readXattrs(XattrSet set) throws IOException {
        Map<String, byte[]> read = new LinkedHashMap<>();
        var pairs = new XattrPairs(this, set);
        while (pairs.next()) {
            byte[] value = pairs.isElsewhere() ? sharedValues.get(pairs.reference()) : null;
            if (value == null) {
                value = pairs.value();
                if (pairs.isElsewhere()) {
                    sharedValues.put(pairs.reference(), value);
                    checkXattrSize(value.length);
                }
            }
            read.put(pairs.name(), value);
        }
        checkXattrSize(pairs.stored());
        return read;
    }

    /** Sets and values may overlap; yet together they cannot be more than their table holds. */
    private void checkXattrSize(long more) throws IOException {
        if (xattrSize == 0) {
            xattrCapacity = blocks.capacity(xattrHeader.start(), xattrSets.start(), "xattr table");
        }
        xattrSize += more;
        if (xattrSize > xattrCapacity) {
            throw corrupt("its extended attributes are more than the %d bytes of their table".formatted(xattrCapacity));
        }
    }

    /** What the image says about its compressor, or what is to be assumed where it says nothing. */
    CompressorOptions compressorOptions() throws IOException {
        if (!superblock.has(Superblock.COMPRESSOR_OPTIONS)) {
            return CompressorOptions.standard(superblock.codec());
        }
        long length = Math.min(CompressorOptions.MAX_SIZE, superblock.inodeTable() - Superblock.SIZE);
        return CompressorOptions.read(fields(Superblock.SIZE, length, "compressor options"), superblock.codec());
    }

    static CorruptDataException corrupt(String message) {
        return new CorruptDataException("The SquashFS image is damaged: " + message);
    }

    /** Raw, for messages. */
    static String shown(String name) {
        return RawName.display(name);
    }

    private FieldInput fields(long position, long length, String name) throws IOException {
        if (position > superblock.size() - length) {
            throw corrupt("%d bytes of the %s are expected at %d, the image has %d"
                    .formatted(length, name, position, superblock.size()));
        }
        return new FieldInput.OfArray(bytes.read(position, (int) length), "SquashFS ".concat(name));
    }

    private LookupTable table(String name, long entries, int entrySize, long list, long next, boolean adjacent)
            throws IOException {
        return table(name, entries, entrySize, list, next, adjacent, list);
    }

    /**
     * @param list where the location list is
     * @param next what follows the list, at once if it is {@code adjacent}
     * @param end of the metadata blocks
     */
    private LookupTable table(
            String name, long entries, int entrySize, long list, long next, boolean adjacent, long end)
            throws IOException {
        int length = LocationList.length(entries, entrySize);
        long size = (long) length * Long.BYTES;
        if (size > next - list || (adjacent && size != next - list)) {
            throw corrupt("the list of the %s has %d bytes for %d entries, but starts at %d and ends at %d"
                    .formatted(name, size, entries, list, next));
        }
        long[] locations = LocationList.read(fields(list, size, name), length, end);
        return new LookupTable(blocks, name, locations, end, entrySize);
    }

    /** Holds counts against the room there is, before anything is allocated for them. */
    private void checkCounts() throws CorruptDataException {
        long stored = superblock.directoryTable() - superblock.inodeTable();
        long possible = MetadataCursor.capacity(stored) / SMALLEST_INODE;
        if (superblock.inodes() > possible) {
            throw corrupt("it has %d inodes in %d bytes, %d can be there"
                    .formatted(superblock.inodes(), stored, possible));
        }
        if (superblock.fragments() > superblock.inodes() || superblock.ids() > 2 * superblock.inodes()) {
            throw corrupt("it has %d inodes, but %d fragment blocks and %d owners"
                    .formatted(superblock.inodes(), superblock.fragments(), superblock.ids()));
        }
    }
}
