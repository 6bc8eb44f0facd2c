package io.sifter.testkit;

import io.sifter.spi.reference.Digest;
import io.sifter.spi.source.Layer;
import io.sifter.spi.tree.RawName;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.zip.GZIPOutputStream;

/**
 * Builds the tar archive of a layer, sound or deliberately not. Every method that adds something returns the builder;
 * {@link #mode}, {@link #owner} and their like change what was added last. Names are raw bytes, one byte a character
 * ({@link RawName}). Entries are written as ustar; what does not fit goes into a PAX header. Modification times are 0
 * unless set.
 *
 * <pre>{@code
 * TarLayer.with().directory("etc").mode(0750).file("etc/motd", "hi").whiteout("etc/issue").gzip()
 * }</pre>
 */
public final class TarLayer {
    private static final int BLOCK = 512;
    private static final long MAX_OCTAL_ID = 07777777;
    private static final long MAX_OCTAL_SIZE = 077777777777L;

    private final List<Entry> entries = new ArrayList<>();
    private byte[] trailer = new byte[2 * BLOCK];

    private TarLayer() {}

    /** An empty layer, to be filled. */
    public static TarLayer with() {
        return new TarLayer();
    }

    /** A regular file, mode 0644. */
    public TarLayer file(String name, String content) {
        return file(name, content.getBytes(StandardCharsets.UTF_8));
    }

    /** A regular file, mode 0644. */
    public TarLayer file(String name, byte[] content) {
        Entry entry = add('0', name, 0644);
        entry.content = content;
        entry.size = content.length;
        return this;
    }

    /** A directory, mode 0755; a slash is appended to the name if it has none. */
    public TarLayer directory(String name) {
        add('5', name.endsWith("/") ? name : name + "/", 0755);
        return this;
    }

    public TarLayer symlink(String name, String target) {
        add('2', name, 0777).link = target;
        return this;
    }

    public TarLayer hardLink(String name, String target) {
        add('1', name, 0644).link = target;
        return this;
    }

    public TarLayer characterDevice(String name, int major, int minor) {
        return device('3', name, major, minor);
    }

    public TarLayer blockDevice(String name, int major, int minor) {
        return device('4', name, major, minor);
    }

    public TarLayer fifo(String name) {
        add('6', name, 0644);
        return this;
    }

    /** Hides {@code path} of lower layers. */
    public TarLayer whiteout(String path) {
        int slash = path.lastIndexOf('/') + 1;
        return file(path.substring(0, slash) + ".wh." + path.substring(slash), "");
    }

    /** Hides everything that lower layers have in {@code directory}; the empty string is the root. */
    public TarLayer opaque(String directory) {
        return file((directory.isEmpty() ? "" : directory + "/") + ".wh..wh..opq", "");
    }

    /** An entry of any type. */
    public TarLayer entry(char type, String name) {
        add(type, name, 0644);
        return this;
    }

    /** Bytes as they are, between entries. */
    public TarLayer raw(byte[] bytes) {
        Entry entry = new Entry();
        entry.raw = bytes;
        entries.add(entry);
        return this;
    }

    /** A PAX global header with these records, {@code key, value} in turn. */
    public TarLayer global(String... records) {
        Entry entry = add('g', "pax_global_header", 0644);
        ByteArrayOutputStream data = new ByteArrayOutputStream();
        for (int i = 0; i < records.length; i += 2) {
            data.writeBytes(record(records[i], RawName.bytes(records[i + 1])));
        }
        entry.content = data.toByteArray();
        entry.size = entry.content.length;
        return this;
    }

    public TarLayer mode(int mode) {
        last().mode = mode;
        return this;
    }

    public TarLayer owner(long uid, long gid) {
        last().uid = uid;
        last().gid = gid;
        return this;
    }

    public TarLayer mtime(long seconds) {
        last().mtime = seconds;
        return this;
    }

    /** An extended attribute in the raw form, {@code SCHILY.xattr}. */
    public TarLayer xattr(String name, byte[] value) {
        return pax("SCHILY.xattr." + name, value);
    }

    public TarLayer xattr(String name, String value) {
        return xattr(name, RawName.bytes(value));
    }

    /** A PAX record for the last entry. */
    public TarLayer pax(String key, String value) {
        return pax(key, RawName.bytes(value));
    }

    /** A PAX record for the last entry. */
    public TarLayer pax(String key, byte[] value) {
        last().records.add(record(key, value));
        return this;
    }

    /** Bytes that stand in the PAX header of the last entry, sound or not. */
    public TarLayer paxBytes(byte[] records) {
        last().records.add(records);
        return this;
    }

    /** Long names of the last entry as GNU tar writes them, numbers that need it in base 256. */
    public TarLayer gnu() {
        last().gnu = true;
        return this;
    }

    /** The size that the last entry's header states, whatever follows. */
    public TarLayer statedSize(long size) {
        last().size = size;
        return this;
    }

    /** Changes bytes of the last entry's header; the checksum is computed afterwards. */
    public TarLayer patch(int offset, byte[] bytes) {
        last().patches.put(offset, bytes);
        return this;
    }

    /** Spoils the checksum of the last entry's header. */
    public TarLayer badChecksum() {
        last().badChecksum = true;
        return this;
    }

    /** What stands after the last entry in place of two blocks of zeros. */
    public TarLayer trailer(byte[] bytes) {
        trailer = bytes;
        return this;
    }

    /** The archive. */
    public byte[] tar() {
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        for (Entry entry : entries) {
            entry.writeTo(out);
        }
        out.writeBytes(trailer);
        return out.toByteArray();
    }

    /** The archive, compressed. */
    public byte[] gzip() {
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        try (GZIPOutputStream gzip = new GZIPOutputStream(out)) {
            gzip.write(tar());
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        return out.toByteArray();
    }

    public Digest diffId() {
        return Digest.sha256(tar());
    }

    /** The layer as an agent describes it, with a compressed blob. */
    public Layer layer() {
        byte[] blob = gzip();
        return new Layer("application/vnd.oci.image.layer.v1.tar+gzip", Optional.of(Digest.sha256(blob)), OptionalLong.of(blob.length),
                Optional.of(diffId()), offset -> new ByteArrayInputStream(blob, (int) offset, blob.length - (int) offset), false);
    }

    private TarLayer device(char type, String name, int major, int minor) {
        Entry entry = add(type, name, 0600);
        entry.major = major;
        entry.minor = minor;
        return this;
    }

    private Entry add(char type, String name, int mode) {
        Entry entry = new Entry();
        entry.type = type;
        entry.name = name;
        entry.mode = mode;
        entries.add(entry);
        return entry;
    }

    private Entry last() {
        return entries.getLast();
    }

    /** One PAX record: its length counts itself. */
    static byte[] record(String key, byte[] value) {
        int rest = key.length() + value.length + 3;
        int length = rest + String.valueOf(rest).length();
        length = rest + String.valueOf(length).length();
        byte[] head = RawName.bytes(length + " " + key + "=");
        byte[] record = Arrays.copyOf(head, length);
        System.arraycopy(value, 0, record, head.length, value.length);
        record[length - 1] = '\n';
        return record;
    }

    private static final class Entry {
        private char type;
        private String name = "";
        private String link = "";
        private int mode;
        private long uid;
        private long gid;
        private long mtime;
        private long size;
        private int major;
        private int minor;
        private byte[] content = {};
        private byte[] raw;
        private boolean gnu;
        private boolean badChecksum;
        private final List<byte[]> records = new ArrayList<>();
        private final Map<Integer, byte[]> patches = new LinkedHashMap<>();

        void writeTo(ByteArrayOutputStream out) {
            if (raw != null) {
                out.writeBytes(raw);
                return;
            }
            List<byte[]> extended = new ArrayList<>();
            if (gnu) {
                writeGnuLong(out, 'L', name);
                writeGnuLong(out, 'K', link);
            } else {
                extend(extended, "path", name.length() > 100, name);
                extend(extended, "linkpath", link.length() > 100, link);
                extend(extended, "uid", uid < 0 || uid > MAX_OCTAL_ID, String.valueOf(uid));
                extend(extended, "gid", gid < 0 || gid > MAX_OCTAL_ID, String.valueOf(gid));
                extend(extended, "mtime", mtime < 0 || mtime > MAX_OCTAL_SIZE, String.valueOf(mtime));
                extend(extended, "size", size < 0 || size > MAX_OCTAL_SIZE, String.valueOf(size));
            }
            extended.addAll(records);
            if (!extended.isEmpty()) {
                ByteArrayOutputStream data = new ByteArrayOutputStream();
                extended.forEach(data::writeBytes);
                Entry header = new Entry();
                header.type = 'x';
                header.name = "PaxHeader";
                header.mode = 0644;
                header.content = data.toByteArray();
                header.size = header.content.length;
                header.writeTo(out);
            }
            out.writeBytes(header());
            out.writeBytes(content);
            out.writeBytes(new byte[-content.length & (BLOCK - 1)]);
        }

        private static void extend(List<byte[]> extended, String key, boolean needed, String value) {
            if (needed) {
                extended.add(record(key, RawName.bytes(value)));
            }
        }

        private static void writeGnuLong(ByteArrayOutputStream out, char type, String text) {
            if (text.length() > 100) {
                Entry header = new Entry();
                header.type = type;
                header.name = "././@LongLink";
                header.gnu = true;
                header.content = RawName.bytes(text + "\0");
                header.size = header.content.length;
                header.writeTo(out);
            }
        }

        private byte[] header() {
            byte[] block = new byte[BLOCK];
            text(block, 0, 100, name);
            octal(block, 100, 8, mode);
            number(block, 108, 8, uid);
            number(block, 116, 8, gid);
            number(block, 124, 12, size);
            number(block, 136, 12, mtime);
            block[156] = (byte) type;
            text(block, 157, 100, link);
            text(block, 257, 8, gnu ? "ustar  \0" : "ustar\00000");
            octal(block, 329, 8, major);
            octal(block, 337, 8, minor);
            patches.forEach((offset, bytes) -> System.arraycopy(bytes, 0, block, offset, bytes.length));
            Arrays.fill(block, 148, 156, (byte) ' ');
            int sum = badChecksum ? 1 : 0;
            for (byte b : block) {
                sum += b & 0xFF;
            }
            text(block, 148, 8, "%06o\0 ".formatted(sum));
            return block;
        }

        private void number(byte[] block, int offset, int length, long value) {
            long limit = length == 8 ? MAX_OCTAL_ID : MAX_OCTAL_SIZE;
            if (value >= 0 && value <= limit) {
                octal(block, offset, length, value);
            } else if (gnu) {
                for (int i = 0; i < length; i++) {
                    int shift = 8 * (length - 1 - i);
                    block[offset + i] = shift > 56 ? (byte) (value < 0 ? -1 : 0) : (byte) (value >> shift);
                }
                block[offset] |= (byte) 0x80;
            } else {
                octal(block, offset, length, 0);
            }
        }

        private static void octal(byte[] block, int offset, int length, long value) {
            text(block, offset, length, ("%0" + (length - 1) + "o").formatted(value));
        }

        private static void text(byte[] block, int offset, int length, String text) {
            byte[] bytes = RawName.bytes(text);
            System.arraycopy(bytes, 0, block, offset, Math.min(length, bytes.length));
        }
    }
}
