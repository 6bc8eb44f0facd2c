package io.sifter.image.layer;

import io.sifter.image.tar.TarEntry;
import io.sifter.spi.error.CorruptDataException;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * What a layer says, entry after entry in the order of its archive; facts only. Each record:
 *
 * <pre>
 * u8      kind (ordinal of TarEntry.Kind, or NOTICE), plus XATTRS
 * notice: text
 * entry:  number  bytes shared with the name before      text  the rest of the name
 *         number  mode, uid, gid                         signed  mtime
 *         number  size (regular files)                   text  target (links)
 *         number  major, minor (devices)                 number  count, then text name and array value (XATTRS)
 * </pre>
 *
 * Where a file's content is stands in another section ({@link PackContents}), in the same order.
 */
final class Journal {
    private static final int NOTICE = 0x1F;
    private static final int XATTRS = 0x20;
    private static final int KIND_MASK = 0x1F;
    private static final List<TarEntry.Kind> KINDS = List.of(TarEntry.Kind.values());
    private static final long MAX_ID = 0xFFFF_FFFFL;

    /** No archive that was read has longer names; without a bound a few bytes could say a long one again and again. */
    private static final int MAX_NAME = 2 << 20;

    private Journal() {}

    /** Writes records one after the other. */
    static final class Writer {
        private final ByteWriter out;
        private String previous = "";

        Writer(ByteWriter out) {
            this.out = out;
        }

        void notice(String text) throws CorruptDataException {
            out.u8(NOTICE);
            out.text(text, 0);
        }

        void entry(TarEntry entry) throws CorruptDataException {
            out.u8(entry.kind().ordinal() | (entry.xattrs().isEmpty() ? 0 : XATTRS));
            String name = entry.name();
            int shared = sharedWithPrevious(name);
            out.number(shared);
            out.text(name, shared);
            previous = name;
            out.number(entry.mode());
            out.number(entry.uid());
            out.number(entry.gid());
            out.signed(entry.mtime());
            switch (entry.kind()) {
                case REGULAR -> out.number(entry.size());
                case HARD_LINK, SYMLINK -> out.text(entry.linkName(), 0);
                case CHARACTER_DEVICE, BLOCK_DEVICE -> {
                    out.number(entry.major());
                    out.number(entry.minor());
                }
                case DIRECTORY, FIFO -> {}
            }
            if (!entry.xattrs().isEmpty()) {
                out.number(entry.xattrs().size());
                for (Map.Entry<String, byte[]> xattr : entry.xattrs().entrySet()) {
                    out.text(xattr.getKey(), 0);
                    out.array(xattr.getValue());
                }
            }
        }

        private int sharedWithPrevious(String name) {
            int limit = Math.min(name.length(), previous.length());
            int shared = 0;
            while (shared < limit && name.charAt(shared) == previous.charAt(shared)) {
                shared++;
            }
            return shared;
        }
    }

    /** A record read back: either an entry or a notice. */
    sealed interface Fact {
        record Entry(TarEntry entry) implements Fact {}

        record Notice(String text) implements Fact {}
    }

    /** Reads records one after the other. */
    static final class Reader {
        private final ByteCursor in;
        private String previous = "";

        Reader(byte[] section, String what) {
            this.in = new ByteCursor(section, 0, what);
        }

        boolean hasNext() {
            return in.remaining() > 0;
        }

        Fact next() throws CorruptDataException {
            int start = in.at();
            int head = in.u8();
            if (head == NOTICE) {
                return new Fact.Notice(in.text());
            }
            if ((head & KIND_MASK) >= KINDS.size() || (head & ~(KIND_MASK | XATTRS)) != 0) {
                throw in.damaged("unknown record 0x%02x".formatted(head));
            }
            TarEntry.Kind kind = KINDS.get(head & KIND_MASK);
            int shared = (int) in.number(previous.length());
            String rest = in.text();
            if (shared + rest.length() > MAX_NAME) {
                throw in.damaged("a name has more than %d bytes".formatted(MAX_NAME));
            }
            String name = shared == 0 ? rest : previous.substring(0, shared).concat(rest);
            previous = name;
            int mode = (int) in.number(07777);
            long uid = in.number(MAX_ID);
            long gid = in.number(MAX_ID);
            long mtime = in.signed();
            boolean device = kind == TarEntry.Kind.CHARACTER_DEVICE || kind == TarEntry.Kind.BLOCK_DEVICE;
            boolean link = kind == TarEntry.Kind.HARD_LINK || kind == TarEntry.Kind.SYMLINK;
            long size = kind == TarEntry.Kind.REGULAR ? in.number(Long.MAX_VALUE) : 0;
            String target = link ? in.text() : "";
            long major = device ? in.number() : 0;
            long minor = device ? in.number() : 0;
            Map<String, byte[]> xattrs = (head & XATTRS) == 0 ? Map.of() : xattrs();
            return new Fact.Entry(new TarEntry(kind, name, target, mode, uid, gid, mtime, size, major, minor, xattrs, start));
        }

        private Map<String, byte[]> xattrs() throws CorruptDataException {
            long count = in.number(in.remaining());
            Map<String, byte[]> xattrs = new LinkedHashMap<>();
            for (long i = 0; i < count; i++) {
                xattrs.put(in.text(), in.array());
            }
            return xattrs;
        }
    }
}
