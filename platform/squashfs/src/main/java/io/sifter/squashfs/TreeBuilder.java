package io.sifter.squashfs;

import io.sifter.spi.tree.Attributes;
import io.sifter.spi.tree.Compression;
import io.sifter.spi.tree.Content;
import io.sifter.spi.tree.Device;
import io.sifter.spi.tree.Directory;
import io.sifter.spi.tree.Node;
import io.sifter.spi.tree.PackedContent;
import io.sifter.spi.tree.PackedContent.Slice;
import io.sifter.spi.tree.PackedContent.Store;
import io.sifter.spi.tree.RegularFile;
import io.sifter.spi.tree.Special;
import io.sifter.spi.tree.Symlink;
import java.io.IOException;
import java.io.InputStream;
import java.util.HashMap;
import java.util.Map;
import java.util.Optional;

/** Makes the nodes of a whole image, whose content comes from one store. */
final class TreeBuilder implements ImageWalk.Visitor<Directory> {
    /** Words of zero blocks, which cost an image nothing; these are two terabytes of holes in blocks of 128 KiB. */
    private static final int MAX_SPARSE = 1 << 24;

    private final Image image;
    private final Store store;
    private final PackedReader reader;
    private final Map<Long, Node> leaves = new HashMap<>();
    private Directory root;
    private long sparse;

    TreeBuilder(Image image) throws IOException {
        this.image = image;
        var compression = new Compression(
                image.superblock.codec(), image.compressorOptions().level(), image.superblock.blockSize());
        this.store = new Store(image.bytes.channel(), compression);
        this.reader = new PackedReader(store);
    }

    /** Trees that one builder makes share a store. */
    Directory build() throws IOException {
        leaves.clear();
        sparse = 0;
        new ImageWalk<>(image, this).run();
        return root;
    }

    @Override
    public Directory root(Inode.Directory inode) throws IOException {
        root = new Directory(image.attributes(inode));
        return root;
    }

    @Override
    public Directory directory(Directory parent, String name, Inode.Directory inode) throws IOException {
        var directory = new Directory(image.attributes(inode));
        parent.children().put(name, directory);
        return directory;
    }

    @Override
    public void leaf(Directory parent, String name, Inode inode) throws IOException {
        Node node = node(inode);
        parent.children().put(name, node);
        leaves.put(inode.header().number(), node);
    }

    @Override
    public void link(Directory parent, String name, long number) {
        parent.children().put(name, leaves.get(number));
    }

    private Node node(Inode inode) throws IOException {
        Attributes attributes = image.attributes(inode);
        return switch (inode) {
            case Inode.Directory _ -> throw new IllegalArgumentException("Not a leaf");
            case Inode.File file -> new RegularFile(attributes, content(file));
            case Inode.Symlink link -> new Symlink(attributes, link.target());
            case Inode.Device device -> new Device(
                    attributes, device.kind() == InodeKind.BLOCK_DEVICE, device.major(), device.minor());
            case Inode.Special special -> new Special(
                    attributes, special.kind() == InodeKind.FIFO ? Special.Kind.FIFO : Special.Kind.SOCKET);
        };
    }

    private Content content(Inode.File file) throws IOException {
        for (int word : file.words()) {
            if (word == SizeWord.SPARSE && ++sparse > MAX_SPARSE) {
                throw Image.corrupt("its files have more than %d blocks of zeros".formatted(MAX_SPARSE));
            }
        }
        Optional<Slice> tail = Optional.empty();
        if (file.fragment() != Inode.NONE) {
            FragmentEntry fragment = image.fragment(file);
            int word = fragment.sizeWord();
            tail = Optional.of(new Slice(
                    image.bytes.inChannel(fragment.start()),
                    word,
                    SizeWord.raw(word) ? SizeWord.length(word) : 0,
                    (int) file.fragmentOffset(),
                    file.tail(image.superblock.blockSize())));
        }
        long start = SizeWord.total(file.words()) == 0 ? 0 : image.bytes.inChannel(file.start());
        return new InImage(reader, new PackedContent(store, start, file.words(), tail), file.size());
    }

    private record InImage(PackedReader reader, PackedContent blocks, long size) implements Content {
        @Override
        public InputStream open() throws IOException {
            return reader.open(blocks, size);
        }

        @Override
        public Optional<PackedContent> packed() {
            return Optional.of(blocks);
        }
    }
}
