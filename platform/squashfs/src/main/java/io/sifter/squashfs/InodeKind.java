package io.sifter.squashfs;

/** What an inode is, in the order of the basic type numbers 1 to 7; the extended types are 8 to 14 in the same order. */
public enum InodeKind {
    DIRECTORY, FILE, SYMLINK, BLOCK_DEVICE, CHARACTER_DEVICE, FIFO, SOCKET;

    private static final InodeKind[] KINDS = values();

    int basicType() {
        return ordinal() + 1;
    }

    int extendedType() {
        return basicType() + KINDS.length;
    }

    /** @param type basic or extended, 1 to 14 */
    static InodeKind of(int type) {
        return KINDS[(type - 1) % KINDS.length];
    }

    static boolean isExtended(int type) {
        return type > KINDS.length;
    }

    static boolean isType(int type) {
        return type >= 1 && type <= 2 * KINDS.length;
    }
}
