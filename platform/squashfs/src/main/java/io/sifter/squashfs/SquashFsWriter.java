package io.sifter.squashfs;

import io.sifter.spi.error.ExternalException;
import io.sifter.spi.error.SifterException;
import io.sifter.spi.error.UserException;
import io.sifter.spi.tree.Attributes;
import io.sifter.spi.tree.Device;
import io.sifter.spi.tree.Directory;
import io.sifter.spi.tree.FileTree;
import io.sifter.spi.tree.Node;
import io.sifter.spi.tree.RawName;
import io.sifter.spi.tree.RegularFile;
import io.sifter.spi.tree.Special;
import io.sifter.spi.tree.Symlink;
import io.sifter.squashfs.DirectoryListing.Named;
import io.sifter.squashfs.Draft.Placement;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.ClosedByInterruptException;
import java.nio.channels.FileChannel;
import java.util.ArrayList;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ExecutorService;

/**
 * Writes a file tree as a SquashFS 4.0 image (doc/squashfs.md). Content that is compressed the right way already is
 * copied; everything else is read and compressed. Equal trees and options give equal bytes, whatever the number of
 * workers. Metadata stays in memory until the data is written: about 200 bytes for each inode.
 */
public final class SquashFsWriter {
    /** Images are padded to this, because block devices cannot be shorter than their pages. */
    private static final int PADDING = 4096;

    private final FileTree tree;
    private final FileChannel out;
    private final long offset;
    private final SquashFsOptions options;
    private final ExecutorService workers;
    private final BlockCompressor compressor;

    private final Map<Node, Draft> drafts = new IdentityHashMap<>();
    private final List<Draft.OfFile> files = new ArrayList<>();
    private final OwnerTable owners;
    private final XattrTable xattrs;
    private final MetadataWriter inodes;
    private final MetadataWriter directories;
    private int count;

    private SquashFsWriter(
            FileTree tree, FileChannel out, long offset, SquashFsOptions options, ExecutorService workers)
            throws UserException {
        this.tree = tree;
        this.out = out;
        this.offset = offset;
        this.options = options;
        this.workers = workers;
        this.compressor = Codecs.compressor(options.compression());
        this.owners = new OwnerTable(options.allRoot());
        this.xattrs = new XattrTable(compressor);
        this.inodes = new MetadataWriter("inode table", compressor);
        this.directories = new MetadataWriter("directory table", compressor);
    }

    /**
     * Writes an image; the superblock comes last, so that a part of an image is never taken for a whole one.
     *
     * @param tree stays open
     * @param out open for reading and writing; nothing before {@code offset} changes
     * @param workers compress; shared, never shut down here, and not where this is called
     * @return bytes from {@code offset} to the end of the image with its padding, a multiple of 4096
     * @throws UserException when SquashFS cannot hold the tree
     * @throws io.sifter.spi.error.CorruptDataException when packed content is not what it claims to be
     * @throws ExternalException when the disk takes no more
     */
    public static long write(
            FileTree tree, FileChannel out, long offset, SquashFsOptions options, ExecutorService workers)
            throws IOException, InterruptedException {
        try {
            return new SquashFsWriter(tree, out, offset, options, workers).write();
        } catch (ClosedByInterruptException e) {
            Thread.interrupted();
            throw new InterruptedException("Interrupted while writing an image");
        }
    }

    private long write() throws IOException, InterruptedException {
        number();
        boolean withOptions = CompressorOptions.areNeeded(options.compression());
        var start = new FieldOutput.ToArray();
        if (withOptions) {
            new CompressorOptions(options.compression().codec(), options.compression().level()).write(start);
        }
        try (var data = new DataArea(
                out, offset, offset + Superblock.SIZE + start.length(), options, workers, this::pathOf)) {
            data.write(files);
            Draft root = writeInodes();
            data.finish();
            return writeTables(root, data, start);
        } catch (ClosedByInterruptException | SifterException e) {
            throw e;
        } catch (IOException e) {
            throw unwritable(options, e);
        }
    }

    /** Numbers the inodes: those in a directory one after the other, after all that is below them, the root last. */
    private void number() throws IOException {
        TreeWalk.walk(tree.root(), new TreeWalk.Visitor() {
            @Override
            public void enter(Directory directory, TreeWalk walk) {
                if (drafts.put(directory, Draft.of(directory)) != null) {
                    throw new IllegalArgumentException(
                            "A directory stands in two places: " + RawName.display(walk.path("")));
                }
            }

            @Override
            public void leave(Directory directory, TreeWalk walk) throws IOException {
                String last = "";
                for (Map.Entry<String, Node> child : directory.children().entrySet()) {
                    checkName(child.getKey(), last, walk);
                    last = child.getKey();
                    Draft draft = drafts.computeIfAbsent(child.getValue(), Draft::of);
                    if (draft.links++ == 0) {
                        number(draft, walk, last);
                    }
                }
            }
        });
        Draft root = drafts.get(tree.root());
        root.links++;
        number(root, null, "");
    }

    /** @param walk says where this is when something is wrong, which it cannot be with the root */
    private void number(Draft draft, TreeWalk walk, String name) throws UserException {
        draft.number = ++count;
        owners.index(draft.node.attributes().uid());
        owners.index(draft.node.attributes().gid());
        if (draft instanceof Draft.OfFile file) {
            files.add(file);
        } else if (draft.node instanceof Symlink link) {
            int length = link.target().length();
            if (length == 0 || length > Inode.Symlink.MAX_TARGET || link.target().indexOf(0) >= 0) {
                throw new UserException("The link '%s' has a target of %d bytes; 1 to %d without a NUL are possible"
                        .formatted(RawName.display(walk.path(name)), length, Inode.Symlink.MAX_TARGET));
            }
        }
    }

    private static void checkName(String name, String last, TreeWalk walk) throws UserException {
        Optional<String> problem = DirectoryEntry.problem(name);
        if (problem.isPresent()) {
            throw new UserException("Could not write the image: the last name of '%s' %s"
                    .formatted(RawName.display(walk.path(name)), problem.get()));
        }
        if (!last.isEmpty() && name.compareTo(last) <= 0) {
            throw new IllegalArgumentException("A directory is not sorted: " + RawName.display(walk.path(name)));
        }
    }

    /** Writes every directory's inodes, then its listing, which refers to them. */
    private Draft writeInodes() throws IOException {
        List<Named> entries = new ArrayList<>();
        TreeWalk.walk(tree.root(), (directory, walk) -> {
            var parent = (Draft.OfDirectory) drafts.get(directory);
            entries.clear();
            for (Map.Entry<String, Node> child : directory.children().entrySet()) {
                Draft draft = drafts.get(child.getValue());
                if (!draft.isWritten()) {
                    writeInode(draft, parent.number, child.getKey(), walk);
                }
                entries.add(new Named(child.getKey(), draft));
            }
            DirectoryListing.write(entries, parent, directories);
            if (directory == tree.root()) {
                // The number after the last is nobody's parent, as established writers have it.
                writeInode(parent, count + 1, "", walk);
            }
        });
        return drafts.get(tree.root());
    }

    private void writeInode(Draft draft, int parent, String name, TreeWalk walk) throws IOException {
        Attributes attributes = draft.node.attributes();
        long mtime = Math.min(attributes.mtime(), options.mtimeCeiling().orElse(Long.MAX_VALUE));
        var header = new Inode.Header(
                attributes.mode(),
                owners.index(attributes.uid()),
                owners.index(attributes.gid()),
                mtime,
                draft.number);
        long set = xattrs.number(attributes.xattrs(), () -> walk.path(name));
        InodeKind kind = DirectoryListing.kind(draft);
        Inode inode = switch (draft.node) {
            case Directory directory -> directory(header, directory, (Draft.OfDirectory) draft, parent, set);
            case RegularFile file -> file(header, file, (Draft.OfFile) draft, set);
            case Symlink link -> new Inode.Symlink(header, draft.links, link.target(), set);
            case Device device -> new Inode.Device(header, kind, draft.links, device.major(), device.minor(), set);
            case Special _ -> new Inode.Special(header, kind, draft.links, set);
        };
        draft.reference = inodes.position();
        inode.write(inodes);
    }

    private static Inode directory(
            Inode.Header header, Directory directory, Draft.OfDirectory draft, int parent, long xattrs) {
        long links = 2 + directory.children().values().stream().filter(Directory.class::isInstance).count();
        return new Inode.Directory(
                header,
                links,
                draft.listing,
                MetadataBlock.block(draft.listingStart),
                MetadataBlock.offset(draft.listingStart),
                parent,
                xattrs,
                draft.index);
    }

    private Inode file(Inode.Header header, RegularFile file, Draft.OfFile draft, long xattrs) {
        Placement placement = draft.placement;
        long size = file.content().size();
        boolean hasFragment = placement.fragment() != PackedFile.NO_FRAGMENT;
        return new Inode.File(
                header,
                placement.start(),
                size,
                sparse(placement.words(), size),
                draft.links,
                hasFragment ? placement.fragment() : Inode.NONE,
                placement.fragmentOffset(),
                xattrs,
                placement.words());
    }

    /** Bytes in blocks of zeros; less than the file has, as established writers have it. */
    private long sparse(int[] words, long size) {
        int blockSize = options.compression().blockSize();
        long sparse = 0;
        for (int i = 0; i < words.length; i++) {
            if (words[i] == SizeWord.SPARSE) {
                sparse += Math.min(blockSize, size - (long) i * blockSize);
            }
        }
        return Math.min(sparse, Math.max(0, size - 1));
    }

    private long writeTables(Draft root, DataArea data, FieldOutput.ToArray compressorOptions) throws IOException {
        long inodeTable = data.end();
        long directoryTable = inodes.writeTo(out, inodeTable);
        long position = directories.writeTo(out, directoryTable);

        long fragmentTable = Superblock.NONE;
        if (!data.fragments().isEmpty()) {
            var table = new MetadataWriter("fragment table", compressor);
            for (FragmentEntry fragment : data.fragments()) {
                fragment.write(table);
            }
            fragmentTable = table.writeTo(out, position);
            position = writeLocations(table, position, fragmentTable);
        }

        var exports = new MetadataWriter("export table", compressor);
        for (long reference : references()) {
            exports.u64(reference);
        }
        long exportTable = exports.writeTo(out, position);
        position = writeLocations(exports, position, exportTable);

        var ids = new MetadataWriter("id table", compressor);
        owners.write(ids);
        long idTable = ids.writeTo(out, position);
        position = writeLocations(ids, position, idTable);

        long xattrTable = Superblock.NONE;
        if (!xattrs.isEmpty()) {
            long[] written = xattrs.writeTo(out, position, offset);
            xattrTable = written[0];
            position = written[1];
        }

        long size = position - offset;
        long padded = Math.ceilDiv(size, PADDING) * PADDING;
        ChannelBytes.write(out, position, ByteBuffer.allocate((int) (padded - size)));

        int flags = Superblock.DUPLICATES_REMOVED | Superblock.EXPORTABLE;
        flags |= xattrs.isEmpty() ? Superblock.NO_XATTRS : 0;
        flags |= compressorOptions.length() > 0 ? Superblock.COMPRESSOR_OPTIONS : 0;
        var start = new FieldOutput.ToArray();
        new Superblock(
                        count,
                        options.mkfsTime(),
                        options.compression().blockSize(),
                        data.fragments().size(),
                        options.compression().codec(),
                        flags,
                        owners.size(),
                        root.reference,
                        size,
                        idTable - offset,
                        xattrTable,
                        inodeTable - offset,
                        directoryTable - offset,
                        fragmentTable == Superblock.NONE ? fragmentTable : fragmentTable - offset,
                        exportTable - offset)
                .write(start);
        start.bytes(compressorOptions.toBytes());
        ChannelBytes.write(out, offset, ByteBuffer.wrap(start.toBytes()));
        return padded;
    }

    private long writeLocations(MetadataWriter table, long first, long position) throws IOException {
        var list = new FieldOutput.ToArray();
        LocationList.write(list, table.locations(first - offset));
        return ChannelBytes.write(out, position, ByteBuffer.wrap(list.toBytes()));
    }

    private long[] references() {
        long[] references = new long[count];
        drafts.values().forEach(draft -> references[draft.number - 1] = draft.reference);
        return references;
    }

    /** Searches the tree, which is good enough for an error message. */
    private String pathOf(Draft wanted) {
        String[] found = {"?"};
        try {
            TreeWalk.walk(tree.root(), (directory, walk) -> directory.children().forEach((name, node) -> {
                if (node == wanted.node) {
                    found[0] = walk.path(name);
                }
            }));
        } catch (IOException impossible) {
            throw new AssertionError(impossible);
        }
        return found[0];
    }

    static ExternalException unwritable(SquashFsOptions options, IOException e) {
        return new ExternalException(
                "Could not write %s in %s: %s".formatted(
                        options.target().getFileName(), options.target().toAbsolutePath().getParent(), e.getMessage()),
                "Free some space there, or choose another directory.", e);
    }
}
