package io.sifter.squashfs;

import io.sifter.spi.error.UserException;
import io.sifter.spi.tree.RawName;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.function.Supplier;

/** The extended attributes of an image in the making; inodes with the same ones share a set. */
final class XattrTable {
    /** Bytes of all names of an inode with a NUL after each, as the kernel's listxattr can return them. */
    private static final int MAX_NAMES = 65536;

    private final BlockCompressor compressor;
    private final MetadataWriter pairs;
    private final List<XattrSet> sets = new ArrayList<>();
    private final Map<ByteBuffer, Integer> known = new HashMap<>();

    XattrTable(BlockCompressor compressor) {
        this.compressor = compressor;
        this.pairs = new MetadataWriter("table of extended attributes", compressor);
    }

    /** Number of the set that has these attributes. */
    long number(Map<String, byte[]> xattrs, Supplier<String> path) throws IOException {
        if (xattrs.isEmpty()) {
            return Inode.NONE;
        }
        var encoded = new FieldOutput.ToArray();
        int names = 0;
        long size = 0;
        for (Map.Entry<String, byte[]> xattr : new TreeMap<>(xattrs).entrySet()) {
            check(xattr.getKey(), xattr.getValue(), path);
            new XattrName(xattr.getKey(), false).write(encoded);
            new XattrValue(xattr.getValue()).write(encoded);
            names += xattr.getKey().length() + 1;
            size += xattr.getValue().length;
        }
        if (names > MAX_NAMES) {
            throw new UserException("The names of the extended attributes of '%s' have %d bytes, %d are possible"
                    .formatted(RawName.display(path.get()), names, MAX_NAMES));
        }
        byte[] bytes = encoded.toBytes();
        Integer number = known.get(ByteBuffer.wrap(bytes));
        if (number == null) {
            number = sets.size();
            known.put(ByteBuffer.wrap(bytes), number);
            sets.add(new XattrSet(pairs.position(), xattrs.size(), names + size));
            pairs.bytes(bytes);
        }
        return number;
    }

    boolean isEmpty() {
        return sets.isEmpty();
    }

    /**
     * Writes the tables.
     *
     * @param position in the channel
     * @param offset where the image starts in the channel
     * @return where the header is in the image, then where the tables end in the channel
     */
    long[] writeTo(FileChannel out, long position, long offset) throws IOException {
        long first = pairs.writeTo(out, position);
        var table = new MetadataWriter("table of extended attributes", compressor);
        for (XattrSet set : sets) {
            set.write(table);
        }
        long header = table.writeTo(out, first);
        var end = new FieldOutput.ToArray();
        new XattrTableHeader(position - offset, sets.size()).write(end);
        LocationList.write(end, table.locations(first - offset));
        return new long[] {header - offset, ChannelBytes.write(out, header, ByteBuffer.wrap(end.toBytes()))};
    }

    private static void check(String name, byte[] value, Supplier<String> path) throws UserException {
        String problem = null;
        if (XattrName.namespace(name).isEmpty()) {
            problem = "SquashFS knows only user., trusted. and security.";
        } else if (name.length() > XattrName.MAX_LENGTH || name.indexOf(0) >= 0) {
            problem = "a name has at most %d bytes and no NUL".formatted(XattrName.MAX_LENGTH);
        } else if (value.length > XattrValue.MAX_LENGTH) {
            problem = "its value has %d bytes, %d are possible".formatted(value.length, XattrValue.MAX_LENGTH);
        }
        if (problem != null) {
            throw new UserException("Could not write the extended attribute '%s' of '%s': %s"
                    .formatted(RawName.display(name), RawName.display(path.get()), problem));
        }
    }
}
