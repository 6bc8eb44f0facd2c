package io.sifter.image.tar;

import io.sifter.spi.error.CorruptDataException;
import io.sifter.spi.tree.RawName;
import java.io.EOFException;
import java.io.IOException;
import java.io.InputStream;
import java.util.Arrays;
import java.util.Objects;
import java.util.Optional;
import java.util.function.Consumer;

/**
 * Reads a tar archive from front to end: v7, ustar, star, GNU (long names, sparse files, base-256 numbers) and PAX
 * (with sparse files 0.0, 0.1, 1.0 and both spellings of extended attributes). Everything that is wrong comes out as a
 * {@link CorruptDataException} with the position in the archive; what the stream itself throws passes unchanged. For
 * one thread; the stream stays the caller's to close.
 */
public final class TarReader {
    /** Bytes of PAX records and long names before one entry. */
    private static final int MAX_EXTENSION = 1 << 20;

    private static final long MAX_ID = 0xFFFF_FFFFL;
    private static final int BUFFER = 1 << 13;

    private final InputStream in;
    private final Consumer<String> notices;
    private final TarHeader header = new TarHeader();
    private long position;
    private boolean ended;
    private boolean junk;
    private Body body;

    /**
     * @param in with cheap small reads; large ones go straight to it
     * @param notices told what was passed over, one sentence each
     */
    public TarReader(InputStream in, Consumer<String> notices) {
        this.in = Objects.requireNonNull(in);
        this.notices = Objects.requireNonNull(notices);
        this.body = new Body(0, 0, 0, null);
    }

    /** The next entry, past whatever is left of the last one's content; empty at the end of the archive. */
    public Optional<TarEntry> next() throws IOException {
        if (ended) {
            return Optional.empty();
        }
        body.finish();
        PaxRecords records = PaxRecords.NONE;
        String longName = null;
        String longLink = null;
        int extension = 0;
        boolean announced = false;
        while (readHeader()) {
            char type = header.type();
            switch (type) {
                case 'x', 'L', 'K', 'g' -> {
                    long size = header.size();
                    if (size < 0 || size > MAX_EXTENSION - extension) {
                        throw corrupt("a header of %d bytes precedes the entry, more than %d are not read", size, MAX_EXTENSION);
                    }
                    extension += (int) size;
                    long at = position;
                    byte[] data = readExtension((int) size);
                    announced |= type != 'g';
                    switch (type) {
                        case 'x' -> {
                            records = records == PaxRecords.NONE ? new PaxRecords() : records;
                            records.parse(data, at);
                        }
                        case 'g' -> noticeGlobal(data, at);
                        case 'L' -> longName = untilNul(data);
                        default -> longLink = untilNul(data);
                    }
                }
                case 'V' -> {
                    notices.accept("The volume label '%s' in the tar at byte %d is passed over"
                            .formatted(RawName.display(header.name()), position - TarHeader.SIZE));
                    skip(padded(stored(header.size())));
                }
                default -> {
                    return Optional.of(entry(type, records, longName, longLink));
                }
            }
        }
        if (announced) {
            throw corrupt("the archive ends where the entry of an extended header was expected");
        }
        return Optional.empty();
    }

    /** The content of the entry that {@link #next} gave, holes included. Readable until the next call of it. */
    public InputStream body() {
        return body;
    }

    /** Bytes of the archive read so far; right after {@link #next}, where the entry's stored content begins. */
    public long position() {
        return position;
    }

    /** Whether the content of the entry that {@link #next} gave stands in the archive as it is, from {@link #position} on. */
    public boolean contiguous() {
        return body.map == null;
    }

    /**
     * Reads to the end of the stream.
     *
     * @return whether something other than zeros followed the end of the archive
     */
    public boolean drain() throws IOException {
        while (next().isPresent()) {
            // Entries that nobody asked for are verified all the same.
        }
        byte[] buffer = new byte[BUFFER];
        for (int n = in.read(buffer); n >= 0; n = in.read(buffer)) {
            position += n;
            for (int i = 0; i < n && !junk; i++) {
                junk = buffer[i] != 0;
            }
        }
        return junk;
    }

    private TarEntry entry(char type, PaxRecords records, String longName, String longLink) throws IOException {
        long start = position - TarHeader.SIZE;
        long size = stored(records.number("size", start).orElse(header.size()));
        String name = records.path("GNU.sparse.name", start).or(() -> Optional.ofNullable(longName)).orElse(null);
        Optional<String> path = records.path("path", start);
        if (records.text("GNU.sparse.name").isEmpty() && path.isPresent()) {
            name = path.get();
        }
        if (name == null) {
            name = header.name();
        }
        TarEntry.Kind kind = kind(type, name);
        boolean regular = kind == TarEntry.Kind.REGULAR;
        boolean device = kind == TarEntry.Kind.CHARACTER_DEVICE || kind == TarEntry.Kind.BLOCK_DEVICE;
        boolean link = kind == TarEntry.Kind.SYMLINK || kind == TarEntry.Kind.HARD_LINK;
        String linkName = "";
        if (link) {
            Optional<String> linkPath = records.path("linkpath", start);
            linkName = linkPath.isPresent() ? linkPath.get() : longLink != null ? longLink : header.linkName();
        }
        int mode = (int) (header.mode() & 07777);
        long uid = id("uid", records.number("uid", start).orElse(header.uid()));
        long gid = id("gid", records.number("gid", start).orElse(header.gid()));
        long mtime = records.time("mtime", start).orElse(header.mtime());
        long major = device ? header.major() : 0;
        long minor = device ? header.minor() : 0;
        // Only these types have content; a size in other headers is what some writers leave there.
        body = type == 'S' || regular && isSparse(records) ? sparse(type, size, records, start)
                : new Body(isFile(type) ? size : 0, isFile(type) ? size : 0, start, null);
        return new TarEntry(kind, name, linkName, mode, uid, gid, mtime, regular ? body.size : 0,
                major, minor, records.xattrs(), start);
    }

    private TarEntry.Kind kind(char type, String name) throws CorruptDataException {
        return switch (type) {
            // Archives older than ustar mark directories by their name alone.
            case '0', '\0', '7' -> name.endsWith("/") ? TarEntry.Kind.DIRECTORY : TarEntry.Kind.REGULAR;
            case 'S' -> TarEntry.Kind.REGULAR;
            case '1' -> TarEntry.Kind.HARD_LINK;
            case '2' -> TarEntry.Kind.SYMLINK;
            case '3' -> TarEntry.Kind.CHARACTER_DEVICE;
            case '4' -> TarEntry.Kind.BLOCK_DEVICE;
            case '5' -> TarEntry.Kind.DIRECTORY;
            case '6' -> TarEntry.Kind.FIFO;
            case 'M' -> throw corrupt("'%s' continues from another volume", RawName.display(name));
            default -> throw corrupt("'%s' has the unknown entry type '%s'", RawName.display(name), RawName.display(String.valueOf(type)));
        };
    }

    private static boolean isFile(char type) {
        return type == '0' || type == '\0' || type == '7';
    }

    private static boolean isSparse(PaxRecords records) {
        return records.text("GNU.sparse.major").isPresent() || records.sparseMap().isPresent();
    }

    private Body sparse(char type, long size, PaxRecords records, long start) throws IOException {
        SparseMap map = new SparseMap(start);
        long stored = size;
        long real;
        if (type == 'S') {
            real = header.realSize();
            boolean more = header.sparseEntries(map);
            while (more) {
                if (!readBlock()) {
                    throw corrupt("the archive ends inside the map of a sparse file");
                }
                more = header.continuedSparseEntries(map);
            }
        } else {
            Optional<Long> realSize = records.number("GNU.sparse.realsize", start);
            real = realSize.isPresent() ? realSize.get() : records.number("GNU.sparse.size", start).orElse(size);
            if (records.sparseMap().isPresent()) {
                parseMap(records.sparseMap().get(), map, start);
            } else {
                if (!records.text("GNU.sparse.major").equals(Optional.of("1"))) {
                    throw corrupt("unknown sparse format %s", RawName.display(records.text("GNU.sparse.major").orElse("")));
                }
                stored -= readMap(map, size, start);
            }
        }
        map.verify(real, stored);
        return new Body(real, stored, start, map);
    }

    private static void parseMap(String text, SparseMap map, long start) throws CorruptDataException {
        int at = 0;
        while (at < text.length()) {
            int comma = text.indexOf(',', at);
            int end = comma < 0 ? -1 : text.indexOf(',', comma + 1);
            end = end < 0 ? text.length() : end;
            if (comma < 0) {
                throw new CorruptDataException("tar at byte %d: the sparse map has an odd number of values".formatted(start));
            }
            map.add(PaxRecords.decimal("sparse map", text.substring(at, comma), start),
                    PaxRecords.decimal("sparse map", text.substring(comma + 1, end), start));
            at = end + 1;
        }
    }

    /** Format 1.0: the map stands before the data, decimal numbers one a line, filled up to whole blocks. */
    private long readMap(SparseMap map, long size, long start) throws IOException {
        MapText text = new MapText(size, start);
        long parts = text.number();
        for (long i = 0; i < parts; i++) {
            map.add(text.number(), text.number());
        }
        return text.consumed;
    }

    private final class MapText {
        private final long limit;
        private final long start;
        private int at = TarHeader.SIZE;
        private long consumed;

        MapText(long limit, long start) {
            this.limit = limit;
            this.start = start;
        }

        long number() throws IOException {
            StringBuilder digits = new StringBuilder();
            for (int c = read(); c != '\n'; c = read()) {
                digits.append((char) c);
                if (digits.length() > 20) {
                    throw corrupt("the sparse map holds no number where one is expected");
                }
            }
            return PaxRecords.decimal("sparse map", digits.toString(), start);
        }

        private int read() throws IOException {
            if (at == TarHeader.SIZE) {
                if (consumed + TarHeader.SIZE > limit || !readBlock()) {
                    throw corrupt("the sparse map ends early");
                }
                consumed += TarHeader.SIZE;
                at = 0;
            }
            return header.block()[at++] & 0xFF;
        }
    }

    private long id(String what, long value) throws CorruptDataException {
        if (value < 0 || value > MAX_ID) {
            throw corrupt("%s is out of range (0 to %d): %d", what, MAX_ID, value);
        }
        return value;
    }

    private long stored(long size) throws CorruptDataException {
        if (size < 0 || size > Long.MAX_VALUE - TarHeader.SIZE) {
            throw corrupt("the size is out of range: %d", size);
        }
        return size;
    }

    private void noticeGlobal(byte[] data, long at) throws CorruptDataException {
        PaxRecords global = new PaxRecords();
        global.parse(data, at);
        for (String key : global.keys()) {
            if (!key.equals("comment")) {
                notices.accept("The global PAX record '%s' in the tar at byte %d is not applied".formatted(RawName.display(key), at));
            }
        }
    }

    /** Reads the next header; false at the end, which is two blocks of zeros, or the end of the stream between blocks. */
    private boolean readHeader() throws IOException {
        if (!readBlock()) {
            ended = true;
            return false;
        }
        if (header.isZero()) {
            if (readBlock() && !header.isZero()) {
                throw corrupt("a single block of zeros precedes this block, expected two at the end of the archive");
            }
            ended = true;
            return false;
        }
        header.verifyChecksum();
        return true;
    }

    private boolean readBlock() throws IOException {
        byte[] block = header.block();
        int n = in.readNBytes(block, 0, TarHeader.SIZE);
        header.filled(position);
        position += n;
        if (n > 0 && n < TarHeader.SIZE) {
            throw new CorruptDataException("tar at byte %d: the archive ends inside a block, after %d of %d bytes"
                    .formatted(position - n, n, TarHeader.SIZE));
        }
        return n > 0;
    }

    private byte[] readExtension(int size) throws IOException {
        byte[] data = in.readNBytes(size);
        position += data.length;
        if (data.length < size) {
            throw truncated();
        }
        skip(padded(size) - size);
        return data;
    }

    private void skip(long bytes) throws IOException {
        long left = bytes;
        while (left > 0) {
            long n = in.skip(left);
            if (n <= 0) {
                if (in.read() < 0) {
                    throw truncated();
                }
                n = 1;
            }
            left -= n;
            position += n;
        }
    }

    private static String untilNul(byte[] data) {
        int end = 0;
        while (end < data.length && data[end] != 0) {
            end++;
        }
        return RawName.of(Arrays.copyOf(data, end));
    }

    private static long padded(long size) {
        return (size + TarHeader.SIZE - 1) & -TarHeader.SIZE;
    }

    private CorruptDataException truncated() {
        return new CorruptDataException("tar at byte %d: the archive ends inside an entry".formatted(position),
                new EOFException("at byte " + position));
    }

    private CorruptDataException corrupt(String message, Object... arguments) {
        return new CorruptDataException("tar at byte %d: %s".formatted(Math.max(0, position - TarHeader.SIZE), message.formatted(arguments)));
    }

    /** Content of one entry. What is stored is read straight into the caller's buffer; holes are zeros. */
    private final class Body extends InputStream {
        private final long size;
        private final long start;
        private final SparseMap map;
        private final long padding;
        private long left;
        private long at;
        private int part;

        Body(long size, long stored, long start, SparseMap map) {
            this.size = size;
            this.start = start;
            this.map = map;
            this.left = stored;
            this.padding = padded(stored) - stored;
        }

        @Override
        public int read() throws IOException {
            byte[] one = new byte[1];
            return read(one, 0, 1) < 0 ? -1 : one[0] & 0xFF;
        }

        @Override
        public int read(byte[] target, int offset, int length) throws IOException {
            Objects.checkFromIndexSize(offset, length, target.length);
            if (body != this) {
                throw new IllegalStateException("The reader has gone on to the next entry");
            }
            if (length == 0) {
                return 0;
            }
            if (at == size) {
                return -1;
            }
            int wanted = (int) Math.min(length, size - at);
            if (map != null) {
                while (part < map.parts() && at == map.offset(part) + map.length(part)) {
                    part++;
                }
                long next = part < map.parts() ? map.offset(part) : size;
                if (at < next) {
                    wanted = (int) Math.min(wanted, next - at);
                    Arrays.fill(target, offset, offset + wanted, (byte) 0);
                    at += wanted;
                    return wanted;
                }
                wanted = (int) Math.min(wanted, next + map.length(part) - at);
            }
            int n = in.read(target, offset, wanted);
            if (n < 0) {
                throw new CorruptDataException("tar at byte %d: the archive ends inside the content of the entry at byte %d, %d bytes early"
                        .formatted(position, start, left));
            }
            position += n;
            left -= n;
            at += n;
            return n;
        }

        @Override
        public int available() throws IOException {
            return (int) Math.min(Integer.MAX_VALUE, map == null ? Math.min(left, in.available()) : 0);
        }

        void finish() throws IOException {
            TarReader.this.skip(left);
            left = 0;
            // Like other readers: an archive cut off inside the padding of its last entry is whole.
            long missing = padding;
            while (missing > 0) {
                long n = in.skip(missing);
                if (n <= 0) {
                    if (in.read() < 0) {
                        return;
                    }
                    n = 1;
                }
                missing -= n;
                position += n;
            }
        }
    }
}
