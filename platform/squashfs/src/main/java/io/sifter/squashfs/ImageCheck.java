package io.sifter.squashfs;

import java.io.IOException;
import java.util.HashSet;
import java.util.Set;

/** Checks an image beyond what is needed to read it (doc/squashfs.md, <i>What readers must check</i>). */
final class ImageCheck implements ImageWalk.Visitor<Boolean> {
    private final Image image;
    private final FileBlocks blocks;
    private final Set<Block> decompressed = new HashSet<>();
    private byte[] block;
    private int[] fragmentLengths;
    private long dataLeft;

    ImageCheck(Image image) {
        this.image = image;
        this.blocks = new FileBlocks(image);
    }

    /** @param content whether to decompress all content, too */
    void run(boolean content) throws IOException {
        block = new byte[content ? image.superblock.blockSize() : 0];
        image.compressorOptions();
        dataLeft = image.superblock.inodeTable();
        image.ids.check(image.superblock.ids());
        checkFragments(content);
        checkXattrs();
        var walk = new ImageWalk<>(image, this);
        walk.run();
        checkExports(walk);
    }

    @Override
    public Boolean root(Inode.Directory root) throws IOException {
        checkXattrs(root);
        return true;
    }

    @Override
    public Boolean directory(Boolean parent, String name, Inode.Directory directory) throws IOException {
        checkXattrs(directory);
        return true;
    }

    @Override
    public void leaf(Boolean parent, String name, Inode inode) throws IOException {
        check(inode);
    }

    @Override
    public void link(Boolean parent, String name, long number) {}

    private void check(Inode inode) throws IOException {
        checkXattrs(inode);
        if (inode instanceof Inode.File file) {
            if (file.fragment() != Inode.NONE) {
                image.fragment(file);
            }
            if (fragmentLengths != null) {
                decompress(file);
            }
        }
    }

    private void checkXattrs(Inode inode) throws IOException {
        if (inode.xattrs() != Inode.NONE) {
            image.xattrSet(inode.xattrs());
        }
    }

    private void checkFragments(boolean content) throws IOException {
        int count = (int) image.superblock.fragments();
        if (count > 0) {
            image.fragments.check(count);
        }
        int[] lengths = new int[content ? count : 0];
        for (int i = 0; i < count; i++) {
            FragmentEntry fragment = image.fragment(i);
            if (content) {
                take(new Block(fragment.start(), fragment.sizeWord(), 0));
                lengths[i] = blocks.read(fragment.start(), fragment.sizeWord(), block, block.length);
            }
        }
        if (content) {
            fragmentLengths = lengths;
        }
    }

    private void decompress(Inode.File file) throws IOException {
        long position = file.start();
        long left = file.size();
        for (int word : file.words()) {
            int length = (int) Math.min(block.length, left);
            if (word != SizeWord.SPARSE && take(new Block(position, word, length))) {
                blocks.readExactly(position, word, block, length);
            }
            position += SizeWord.length(word);
            left -= length;
        }
        if (file.fragment() != Inode.NONE) {
            image.checkTail(file, fragmentLengths[(int) file.fragment()]);
        }
    }

    /** Whether a block was not seen yet. Files may share blocks, but not each have another view of the same bytes. */
    private boolean take(Block next) throws IOException {
        if (!decompressed.add(next)) {
            return false;
        }
        dataLeft -= SizeWord.length(next.word);
        if (dataLeft < 0) {
            throw Image.corrupt("its blocks overlap, such as the one at byte %d".formatted(next.position));
        }
        return true;
    }

    /** All sets, because a kernel takes any number that an inode shows it. */
    private void checkXattrs() throws IOException {
        if (image.xattrSets == null) {
            return;
        }
        long sets = image.xattrHeader.sets();
        image.xattrSets.check(sets);
        long left = image.blocks.capacity(image.xattrHeader.start(), image.xattrSets.start(), "xattr table");
        for (long number = 0; number < sets; number++) {
            var pairs = new XattrPairs(image, image.xattrSet(number));
            while (pairs.next()) {
                pairs.checkValue();
            }
            left -= pairs.stored();
            if (left < 0) {
                throw Image.corrupt("its sets of extended attributes overlap, such as number " + number);
            }
        }
    }

    /** Whoever has a file handle reaches inodes through the export table, also such as no directory shows. */
    private void checkExports(ImageWalk<Boolean> walk) throws IOException {
        if (image.exports == null) {
            return;
        }
        image.exports.check(image.superblock.inodes());
        InodeNumbers reached = walk.reached();
        Set<Long> others = new HashSet<>();
        for (long number = 1; number <= image.superblock.inodes(); number++) {
            long reference = image.exports.entry(number - 1).u64();
            if (!reached.contains(number)) {
                if (others.add(reference)) {
                    check(walk.inode(reference));
                }
            } else if (reference != reached.reference(number)) {
                throw Image.corrupt("inode %d is at the reference 0x%X, the export table says 0x%X"
                        .formatted(number, reached.reference(number), reference));
            }
        }
    }

    private record Block(long position, int word, int length) {}
}
