package io.sifter.image.tar;

import io.sifter.spi.error.CorruptDataException;
import io.sifter.spi.tree.RawName;
import java.nio.charset.StandardCharsets;

/**
 * A header block of 512 bytes. The fields that all formats share come first; what follows the magic depends on it.
 *
 * <pre>
 *   0 name 100     100 mode 8    108 uid 8    116 gid 8    124 size 12   136 mtime 12
 * 148 checksum 8   156 type 1    157 linkname 100          257 magic 8
 * 265 uname 32     297 gname 32  329 major 8  337 minor 8  345 prefix 155 (ustar), 131 (star)
 * 386 sparse map of 4 times 12 + 12, 482 more maps follow, 483 real size 12 (GNU)
 * </pre>
 */
final class TarHeader {
    static final int SIZE = 512;

    private static final Field NAME = new Field("name", 0, 100);
    private static final Field MODE = new Field("mode", 100, 8);
    private static final Field UID = new Field("uid", 108, 8);
    private static final Field GID = new Field("gid", 116, 8);
    private static final Field LENGTH = new Field("size", 124, 12);
    private static final Field MTIME = new Field("mtime", 136, 12);
    private static final Field CHECKSUM = new Field("checksum", 148, 8);
    private static final int TYPE = 156;
    private static final Field LINK_NAME = new Field("linkname", 157, 100);
    private static final int MAGIC = 257;
    private static final Field MAJOR = new Field("devmajor", 329, 8);
    private static final Field MINOR = new Field("devminor", 337, 8);
    private static final Field PREFIX = new Field("prefix", 345, 155);
    private static final Field STAR_PREFIX = new Field("prefix", 345, 131);
    private static final int STAR_TRAILER = 508;
    private static final int SPARSE_MAP = 386;
    private static final int SPARSE_MAP_LENGTH = 4;
    private static final int SPARSE_CONTINUED = 482;
    private static final Field REAL_SIZE = new Field("realsize", 483, 12);
    private static final int EXTENSION_MAP_LENGTH = 21;
    private static final int EXTENSION_CONTINUED = 504;
    private static final int SPARSE_ENTRY = 24;

    private record Field(String name, int offset, int length) {}

    private final byte[] block = new byte[SIZE];
    private long position;

    /** The block to fill; then {@link #filled}. */
    byte[] block() {
        return block;
    }

    void filled(long at) {
        position = at;
    }

    boolean isZero() {
        for (byte b : block) {
            if (b != 0) {
                return false;
            }
        }
        return true;
    }

    /** Old writers summed signed bytes; both sums are accepted. */
    void verifyChecksum() throws CorruptDataException {
        int unsigned = 0;
        int signed = 0;
        for (byte b : block) {
            unsigned += b & 0xFF;
            signed += b;
        }
        // The field itself counts as blanks.
        for (int i = CHECKSUM.offset; i < CHECKSUM.offset + CHECKSUM.length; i++) {
            unsigned += ' ' - (block[i] & 0xFF);
            signed += ' ' - block[i];
        }
        boolean blank = text(CHECKSUM).isBlank();
        long stated = blank ? -1 : number(CHECKSUM);
        if (stated != unsigned && stated != signed) {
            throw new CorruptDataException("tar at byte %d: expected a header whose checksum is %d, found %s"
                    .formatted(position, unsigned, blank ? "none" : String.valueOf(stated)));
        }
    }

    char type() {
        return (char) (block[TYPE] & 0xFF);
    }

    String name() {
        String name = text(NAME);
        boolean ustar = startsWith(MAGIC, "ustar\0");
        String prefix = !ustar ? "" : text(startsWith(STAR_TRAILER, "tar\0") ? STAR_PREFIX : PREFIX);
        return prefix.isEmpty() ? name : prefix + "/" + name;
    }

    String linkName() {
        return text(LINK_NAME);
    }

    long mode() throws CorruptDataException {
        return number(MODE);
    }

    long uid() throws CorruptDataException {
        return number(UID);
    }

    long gid() throws CorruptDataException {
        return number(GID);
    }

    long size() throws CorruptDataException {
        return number(LENGTH);
    }

    long mtime() throws CorruptDataException {
        return number(MTIME);
    }

    long major() throws CorruptDataException {
        return number(MAJOR);
    }

    long minor() throws CorruptDataException {
        return number(MINOR);
    }

    long realSize() throws CorruptDataException {
        return number(REAL_SIZE);
    }

    /** Adds the GNU sparse entries of a file's first header; true if a block with more follows. */
    boolean sparseEntries(SparseMap map) throws CorruptDataException {
        entries(map, SPARSE_MAP, SPARSE_MAP_LENGTH);
        return block[SPARSE_CONTINUED] != 0;
    }

    /** Adds the GNU sparse entries of a continuation block; true if another one follows. */
    boolean continuedSparseEntries(SparseMap map) throws CorruptDataException {
        entries(map, 0, EXTENSION_MAP_LENGTH);
        return block[EXTENSION_CONTINUED] != 0;
    }

    private void entries(SparseMap map, int offset, int count) throws CorruptDataException {
        for (int i = 0; i < count; i++) {
            int at = offset + i * SPARSE_ENTRY;
            if (block[at] == 0) {
                return;
            }
            map.add(number(new Field("sparse offset", at, 12)), number(new Field("sparse length", at + 12, 12)));
        }
    }

    private String text(Field field) {
        int end = field.offset;
        while (end < field.offset + field.length && block[end] != 0) {
            end++;
        }
        return new String(block, field.offset, end - field.offset, StandardCharsets.ISO_8859_1);
    }

    private boolean startsWith(int offset, String text) {
        for (int i = 0; i < text.length(); i++) {
            if (block[offset + i] != text.charAt(i)) {
                return false;
            }
        }
        return true;
    }

    /** Octal digits among blanks and NULs, or with the first bit set a big-endian number in two's complement. */
    private long number(Field field) throws CorruptDataException {
        if ((block[field.offset] & 0x80) != 0) {
            return base256(field);
        }
        int at = field.offset;
        int end = field.offset + field.length;
        while (at < end && (block[at] == ' ' || block[at] == 0)) {
            at++;
        }
        long value = 0;
        while (at < end && block[at] >= '0' && block[at] <= '7') {
            value = value << 3 | block[at++] - '0';
        }
        if (at < end && block[at] != 0 && block[at] != ' ') {
            throw invalid(field);
        }
        return value;
    }

    private long base256(Field field) throws CorruptDataException {
        boolean negative = (block[field.offset] & 0x40) != 0;
        long value = negative ? -1 : 0;
        for (int i = 0; i < field.length; i++) {
            int b = block[field.offset + i] & 0xFF;
            if (i == 0) {
                b = negative ? b : b & 0x7F;
            }
            if (value != (value << 8 >> 8)) {
                throw invalid(field);
            }
            value = value << 8 | b;
        }
        if (value < 0 != negative) {
            throw invalid(field);
        }
        return value;
    }

    private CorruptDataException invalid(Field field) {
        return new CorruptDataException("tar at byte %d: field %s is not a number: '%s'".formatted(
                position, field.name, RawName.display(new String(block, field.offset, field.length, StandardCharsets.ISO_8859_1))));
    }
}
