package io.sifter.spi.tree;

import java.util.Map;

/**
 * What an inode carries besides its content.
 *
 * @param mode permission bits, 0 to 07777; the kind of node is the node's class
 * @param uid 0 to 2^32-1
 * @param gid 0 to 2^32-1
 * @param mtime seconds since 1970, 0 to 2^32-1 as SquashFS keeps them
 * @param xattrs extended attributes by full raw name ({@code user.}, {@code trusted.}, {@code security.}); values are
 *     not copied and nobody changes them
 */
public record Attributes(int mode, long uid, long gid, long mtime, Map<String, byte[]> xattrs) {
    private static final long MAX_UNSIGNED_INT = 0xFFFF_FFFFL;

    public Attributes {
        if ((mode & ~07777) != 0) {
            throw new IllegalArgumentException("Not permission bits: 0%o".formatted(mode));
        }
        if (uid < 0 || uid > MAX_UNSIGNED_INT || gid < 0 || gid > MAX_UNSIGNED_INT) {
            throw new IllegalArgumentException("Owner out of range: %d:%d".formatted(uid, gid));
        }
        if (mtime < 0 || mtime > MAX_UNSIGNED_INT) {
            throw new IllegalArgumentException("Modification time out of range: " + mtime);
        }
        xattrs = xattrs.isEmpty() ? Map.of() : xattrs;
    }

    /** Owned by root, no extended attributes. */
    public static Attributes of(int mode, long mtime) {
        return new Attributes(mode, 0, 0, mtime, Map.of());
    }

    public Attributes withMode(int newMode) {
        return new Attributes(newMode, uid, gid, mtime, xattrs);
    }
}
