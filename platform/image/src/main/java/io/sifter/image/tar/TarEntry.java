package io.sifter.image.tar;

import java.util.Map;
import java.util.Objects;

/**
 * One entry of a tar archive, as it stands there: names are raw bytes (one byte a character), neither cleaned nor
 * resolved.
 *
 * @param linkName target of a link, else empty
 * @param mode permission bits, 0 to 07777
 * @param uid 0 to 2^32-1
 * @param gid 0 to 2^32-1
 * @param mtime seconds since 1970, rounded down; may be negative
 * @param size of the content with its holes, bytes; 0 unless a regular file
 * @param major of a device, else 0
 * @param minor of a device, else 0
 * @param xattrs by full raw name, in the archive's order; nobody changes the values
 * @param position of the entry's header in the archive
 */
public record TarEntry(Kind kind, String name, String linkName, int mode, long uid, long gid, long mtime, long size,
                       long major, long minor, Map<String, byte[]> xattrs, long position) {
    /** What an entry describes. */
    public enum Kind { REGULAR, HARD_LINK, SYMLINK, CHARACTER_DEVICE, BLOCK_DEVICE, DIRECTORY, FIFO }

    public TarEntry {
        Objects.requireNonNull(kind);
        Objects.requireNonNull(name);
        Objects.requireNonNull(linkName);
        Objects.requireNonNull(xattrs);
    }
}
