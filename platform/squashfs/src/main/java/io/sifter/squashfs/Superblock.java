package io.sifter.squashfs;

import io.sifter.spi.error.CorruptDataException;
import io.sifter.spi.tree.Compression.Codec;
import java.io.IOException;

/**
 * The first 96 bytes of an image (doc/squashfs.md, <i>Superblock</i>). Offsets count from the start of the image.
 *
 * @param inodes how many there are, which is also the highest inode number
 * @param creationTime seconds since 1970
 * @param fragments entries of the fragment table
 * @param flags told to readers, needed by none of them but {@link #COMPRESSOR_OPTIONS}
 * @param ids entries of the id table
 * @param root reference of the root directory's inode
 * @param size bytes of the image without padding
 * @param idTable where the id table's location list is
 * @param xattrTable where the header of the xattr tables is, or {@link #NONE}
 * @param fragmentTable where the fragment table's location list is; says nothing when there are no fragments
 * @param exportTable where the export table's location list is, or {@link #NONE}
 */
record Superblock(
        long inodes,
        long creationTime,
        int blockSize,
        long fragments,
        Codec codec,
        int flags,
        int ids,
        long root,
        long size,
        long idTable,
        long xattrTable,
        long inodeTable,
        long directoryTable,
        long fragmentTable,
        long exportTable) {
    /** Bytes on disk. */
    static final int SIZE = 96;

    /** An offset that leads nowhere. */
    static final long NONE = -1;

    static final int DUPLICATES_REMOVED = 0x0040;
    static final int EXPORTABLE = 0x0080;
    static final int NO_XATTRS = 0x0200;
    static final int COMPRESSOR_OPTIONS = 0x0400;

    private static final long MAGIC = 0x73717368;
    private static final int MAJOR = 4;
    private static final int MINOR = 0;
    private static final int MIN_BLOCK_LOG = 12;
    private static final int MAX_BLOCK_LOG = 20;

    /** Checks all that can be checked without the rest of the image. */
    static Superblock read(FieldInput in) throws IOException {
        long magic = in.u32();
        if (magic != MAGIC) {
            throw in.corrupt("not a SquashFS image: the magic number is 0x%08X, not 0x%08X".formatted(magic, MAGIC));
        }
        long inodes = in.u32();
        long creationTime = in.u32();
        long blockSize = in.u32();
        long fragments = in.u32();
        int codecId = in.u16();
        int blockLog = in.u16();
        int flags = in.u16();
        int ids = in.u16();
        int major = in.u16();
        int minor = in.u16();
        if (major != MAJOR || minor != MINOR) {
            throw in.corrupt("SquashFS %d.%d is not supported, only %d.%d is".formatted(major, minor, MAJOR, MINOR));
        }
        if (blockLog < MIN_BLOCK_LOG || blockLog > MAX_BLOCK_LOG || blockSize != 1L << blockLog) {
            throw in.corrupt("the block size is %d and its logarithm %d".formatted(blockSize, blockLog));
        }
        Codec codec = null;
        for (Codec known : Codec.values()) {
            if (known.id() == codecId) {
                codec = known;
            }
        }
        if (codec == null) {
            throw in.corrupt("compressor %d is not known".formatted(codecId));
        }
        if (ids == 0) {
            throw in.corrupt("there are no owners");
        }
        if (inodes == 0) {
            throw in.corrupt("there are no inodes");
        }
        var read = new Superblock(
                inodes,
                creationTime,
                (int) blockSize,
                fragments,
                codec,
                flags,
                ids,
                in.u64(),
                in.u64(),
                in.u64(),
                in.u64(),
                in.u64(),
                in.u64(),
                in.u64(),
                in.u64());
        read.checkOrder(in);
        return read;
    }

    void write(FieldOutput out) throws IOException {
        out.u32(MAGIC);
        out.u32(inodes);
        out.u32(creationTime);
        out.u32(blockSize);
        out.u32(fragments);
        out.u16(codec.id());
        out.u16(Integer.numberOfTrailingZeros(blockSize));
        out.u16(flags);
        out.u16(ids);
        out.u16(MAJOR);
        out.u16(MINOR);
        out.u64(root);
        out.u64(size);
        out.u64(idTable);
        out.u64(xattrTable);
        out.u64(inodeTable);
        out.u64(directoryTable);
        out.u64(fragmentTable);
        out.u64(exportTable);
    }

    boolean has(int flag) {
        return (flags & flag) != 0;
    }

    /** Tables stand in this order, so every table ends before the next one that is present. */
    private void checkOrder(FieldInput in) throws CorruptDataException {
        long[] ends = {
            SIZE,
            inodeTable,
            directoryTable,
            fragments == 0 ? NONE : fragmentTable,
            exportTable,
            idTable,
            xattrTable,
            size
        };
        String[] names = {
            "superblock", "inode table", "directory table", "fragment table", "export table", "id table", "xattr table", "end"
        };
        int last = 0;
        for (int i = 1; i < ends.length; i++) {
            boolean optional = i == 4 || i == 6 || (i == 3 && fragments == 0);
            if (ends[i] == NONE && optional) {
                continue;
            }
            if (ends[i] < ends[last]) {
                throw in.corrupt("the %s lies at %d, before the %s at %d"
                        .formatted(names[i], ends[i], names[last], ends[last]));
            }
            last = i;
        }
    }
}
