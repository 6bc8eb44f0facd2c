package io.sifter.squashfs;

import io.sifter.spi.tree.RawName;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;

/**
 * An entry of the inode table (doc/squashfs.md, <i>Inodes</i>). Each kind has a basic and an extended form; a record
 * holds either and is written in the basic one if that can say everything.
 */
sealed interface Inode {
    /** In place of a fragment's or an xattr set's number. */
    long NONE = 0xFFFF_FFFFL;

    Header header();

    InodeKind kind();

    /** Hard links to this inode; for a directory 2 and one for each directory in it. */
    long links();

    /** Number of the xattr set or {@link #NONE}. */
    long xattrs();

    /** Whether the basic form cannot say everything. */
    boolean isExtended();

    /** Writes what follows the header. */
    void writeBody(FieldOutput out) throws IOException;

    /** Checks all that can be checked without looking elsewhere in the image. */
    static Inode read(FieldInput in, Superblock superblock) throws IOException {
        int type = in.u16();
        if (!InodeKind.isType(type)) {
            throw in.corrupt("an inode has the type " + type);
        }
        Header header = Header.read(in, superblock);
        boolean extended = InodeKind.isExtended(type);
        InodeKind kind = InodeKind.of(type);
        return switch (kind) {
            case DIRECTORY -> extended ? Directory.readExtended(in, header) : Directory.readBasic(in, header);
            case FILE -> extended
                    ? File.readExtended(in, header, superblock)
                    : File.readBasic(in, header, superblock);
            case SYMLINK -> Symlink.read(in, header, extended);
            case BLOCK_DEVICE, CHARACTER_DEVICE -> Device.read(in, header, kind, extended);
            case FIFO, SOCKET -> Special.read(in, header, kind, extended);
        };
    }

    default void write(FieldOutput out) throws IOException {
        out.u16(isExtended() ? kind().extendedType() : kind().basicType());
        header().write(out);
        writeBody(out);
    }

    /**
     * What all inodes begin with, after their type.
     *
     * @param uid index in the id table
     * @param gid index in the id table
     * @param mtime seconds since 1970
     * @param number 1 to the number of inodes
     */
    record Header(int mode, int uid, int gid, long mtime, long number) {
        private static final int PERMISSIONS = 07777;

        static Header read(FieldInput in, Superblock superblock) throws IOException {
            var header = new Header(in.u16(), in.u16(), in.u16(), in.u32(), in.u32());
            if ((header.mode & ~PERMISSIONS) != 0) {
                throw in.corrupt("an inode has the permissions 0%o".formatted(header.mode));
            }
            if (header.uid >= superblock.ids() || header.gid >= superblock.ids()) {
                throw in.corrupt("an inode belongs to the owners %d and %d of %d"
                        .formatted(header.uid, header.gid, superblock.ids()));
            }
            if (header.number == 0 || header.number > superblock.inodes()) {
                throw in.corrupt("an inode has the number %d of %d".formatted(header.number, superblock.inodes()));
            }
            return header;
        }

        void write(FieldOutput out) throws IOException {
            out.u16(mode);
            out.u16(uid);
            out.u16(gid);
            out.u32(mtime);
            out.u32(number);
        }
    }

    /**
     * @param block of the directory table in which the listing starts
     * @param offset in that block, uncompressed
     * @param listing bytes, 0 for an empty directory
     * @param parent inode number; says nothing for the root
     * @param index not copied
     */
    record Directory(
            Header header,
            long links,
            long listing,
            long block,
            int offset,
            long parent,
            long xattrs,
            List<DirectoryIndex> index)
            implements Inode {
        /** The stored size counts {@code .} and {@code ..}, which are not stored, as these bytes. */
        private static final int DOTS = 3;

        private static final int MAX_BASIC_SIZE = 0xFFFF;

        static Directory readBasic(FieldInput in, Header header) throws IOException {
            long block = in.u32();
            long links = in.u32();
            long listing = listing(in, in.u16());
            int offset = offset(in);
            long parent = in.u32();
            return new Directory(header, links, listing, block, offset, parent, NONE, List.of());
        }

        static Directory readExtended(FieldInput in, Header header) throws IOException {
            long links = in.u32();
            long listing = listing(in, in.u32());
            long block = in.u32();
            long parent = in.u32();
            int marks = in.counted(in.u16(), DirectoryIndex.FIXED_SIZE, "directory index records");
            int offset = offset(in);
            long xattrs = in.u32();
            List<DirectoryIndex> index = new ArrayList<>(marks);
            for (int i = 0; i < marks; i++) {
                index.add(DirectoryIndex.read(in));
            }
            return new Directory(header, links, listing, block, offset, parent, xattrs, index);
        }

        @Override
        public void writeBody(FieldOutput out) throws IOException {
            if (isExtended()) {
                out.u32(links);
                out.u32(listing + DOTS);
                out.u32(block);
                out.u32(parent);
                out.u16(index.size());
                out.u16(offset);
                out.u32(xattrs);
                for (DirectoryIndex mark : index) {
                    mark.write(out);
                }
            } else {
                out.u32(block);
                out.u32(links);
                out.u16((int) listing + DOTS);
                out.u16(offset);
                out.u32(parent);
            }
        }

        @Override
        public InodeKind kind() {
            return InodeKind.DIRECTORY;
        }

        @Override
        public boolean isExtended() {
            return listing + DOTS > MAX_BASIC_SIZE || xattrs != NONE || !index.isEmpty();
        }

        private static long listing(FieldInput in, long size) throws IOException {
            if (size < DOTS) {
                throw in.corrupt("a directory has the size " + size);
            }
            return size - DOTS;
        }

        private static int offset(FieldInput in) throws IOException {
            int offset = in.u16();
            if (offset >= MetadataBlock.CAPACITY) {
                throw in.corrupt("a listing starts at offset %d of its block".formatted(offset));
            }
            return offset;
        }
    }

    /**
     * @param start of the first block, from the start of the image
     * @param sparse bytes in blocks that are not stored
     * @param fragment index in the fragment table or {@link #NONE}
     * @param fragmentOffset of the tail in the uncompressed fragment block
     * @param words one size word for each block, not copied
     */
    record File(
            Header header,
            long start,
            long size,
            long sparse,
            long links,
            long fragment,
            long fragmentOffset,
            long xattrs,
            int[] words)
            implements Inode {
        private static final long MAX_BASIC = 0xFFFF_FFFFL;

        static File readBasic(FieldInput in, Header header, Superblock superblock) throws IOException {
            long start = in.u32();
            long fragment = in.u32();
            long fragmentOffset = in.u32();
            long size = in.u32();
            int[] words = words(in, superblock, size, fragment, fragmentOffset, start);
            return new File(header, start, size, 0, 1, fragment, fragmentOffset, NONE, words);
        }

        static File readExtended(FieldInput in, Header header, Superblock superblock) throws IOException {
            long start = in.u64();
            long size = in.u64();
            long sparse = in.u64();
            long links = in.u32();
            long fragment = in.u32();
            long fragmentOffset = in.u32();
            long xattrs = in.u32();
            int[] words = words(in, superblock, size, fragment, fragmentOffset, start);
            return new File(header, start, size, sparse, links, fragment, fragmentOffset, xattrs, words);
        }

        @Override
        public void writeBody(FieldOutput out) throws IOException {
            if (isExtended()) {
                out.u64(start);
                out.u64(size);
                out.u64(sparse);
                out.u32(links);
                out.u32(fragment);
                out.u32(fragmentOffset);
                out.u32(xattrs);
            } else {
                out.u32(start);
                out.u32(fragment);
                out.u32(fragmentOffset);
                out.u32(size);
            }
            out.words(words);
        }

        @Override
        public InodeKind kind() {
            return InodeKind.FILE;
        }

        @Override
        public boolean isExtended() {
            return links != 1 || sparse != 0 || start > MAX_BASIC || size > MAX_BASIC || xattrs != NONE;
        }

        /** Bytes in the fragment block, 0 when there is no fragment. */
        int tail(int blockSize) {
            return fragment == NONE ? 0 : (int) (size & blockSize - 1);
        }

        /** How many blocks a file has. */
        static long blocks(long size, boolean hasFragment, int blockSize) {
            int log = Integer.numberOfTrailingZeros(blockSize);
            return (size >>> log) + (!hasFragment && (size & blockSize - 1) != 0 ? 1 : 0);
        }

        private static int[] words(
                FieldInput in, Superblock superblock, long size, long fragment, long fragmentOffset, long start)
                throws IOException {
            int blockSize = superblock.blockSize();
            if (size < 0) {
                throw in.corrupt("a file has the size " + Long.toUnsignedString(size));
            }
            if (fragment != NONE) {
                if (fragment >= superblock.fragments()) {
                    throw in.corrupt("a file uses fragment %d of %d".formatted(fragment, superblock.fragments()));
                }
                long tail = size & blockSize - 1;
                if (tail == 0 || fragmentOffset + tail > blockSize) {
                    throw in.corrupt("a file of %d bytes has its tail at offset %d of a fragment block of %d bytes"
                            .formatted(size, fragmentOffset, blockSize));
                }
            }
            int[] words = in.words(blocks(size, fragment != NONE, blockSize));
            boolean stored = false;
            for (int word : words) {
                if (!SizeWord.isValid(word, blockSize)) {
                    throw in.corrupt("a block has the size word 0x%08X".formatted(word));
                }
                stored |= word != SizeWord.SPARSE;
            }
            long end = superblock.inodeTable();
            if (stored && (start < Superblock.SIZE || start > end || SizeWord.total(words) > end - start)) {
                throw in.corrupt("blocks of %d bytes start at %s, the data ends at %d"
                        .formatted(SizeWord.total(words), Long.toUnsignedString(start), end));
            }
            return words;
        }
    }

    /** @param target raw */
    record Symlink(Header header, long links, String target, long xattrs) implements Inode {
        static final int MAX_TARGET = 4095;

        static Symlink read(FieldInput in, Header header, boolean extended) throws IOException {
            long links = in.u32();
            long length = in.u32();
            if (length == 0 || length > MAX_TARGET) {
                throw in.corrupt("the target of a link is %d bytes long, 1 to %d are allowed"
                        .formatted(length, MAX_TARGET));
            }
            String target = RawName.of(in.bytes(length));
            if (target.indexOf(0) >= 0) {
                throw in.corrupt("the target of a link contains a NUL");
            }
            return new Symlink(header, links, target, extended ? in.u32() : NONE);
        }

        @Override
        public void writeBody(FieldOutput out) throws IOException {
            out.u32(links);
            out.u32(target.length());
            out.bytes(RawName.bytes(target));
            if (isExtended()) {
                out.u32(xattrs);
            }
        }

        @Override
        public InodeKind kind() {
            return InodeKind.SYMLINK;
        }

        @Override
        public boolean isExtended() {
            return xattrs != NONE;
        }
    }

    /** @param kind a block or a character device */
    record Device(Header header, InodeKind kind, long links, int major, int minor, long xattrs) implements Inode {
        static Device read(FieldInput in, Header header, InodeKind kind, boolean extended) throws IOException {
            long links = in.u32();
            int number = in.s32();
            int major = number >>> 8 & 0xFFF;
            int minor = number & 0xFF | number >>> 12 & 0xFFF00;
            return new Device(header, kind, links, major, minor, extended ? in.u32() : NONE);
        }

        @Override
        public void writeBody(FieldOutput out) throws IOException {
            out.u32(links);
            out.u32(minor & 0xFF | major << 8 | (minor & 0xFFF00) << 12);
            if (isExtended()) {
                out.u32(xattrs);
            }
        }

        @Override
        public boolean isExtended() {
            return xattrs != NONE;
        }
    }

    /** @param kind a FIFO or a socket */
    record Special(Header header, InodeKind kind, long links, long xattrs) implements Inode {
        static Special read(FieldInput in, Header header, InodeKind kind, boolean extended) throws IOException {
            return new Special(header, kind, in.u32(), extended ? in.u32() : NONE);
        }

        @Override
        public void writeBody(FieldOutput out) throws IOException {
            out.u32(links);
            if (isExtended()) {
                out.u32(xattrs);
            }
        }

        @Override
        public boolean isExtended() {
            return xattrs != NONE;
        }
    }
}
