package io.sifter.image.layer;

import java.util.List;
import java.util.OptionalLong;

/**
 * What is decided about a tree when layers are merged; packs know nothing of it.
 *
 * @param mtimeCeiling seconds since 1970 that no modification time exceeds, as {@code SOURCE_DATE_EPOCH} wants it; also
 *     the time of directories that no layer describes, which is 0 without it
 * @param maxNodes how many entries and directories there may be
 * @param droppedXattrs names of extended attributes to leave out in silence; a trailing {@code *} stands for anything
 * @param openToOwner whether owners may do everything with their directories, and read and write their files
 */
public record MergePolicy(OptionalLong mtimeCeiling, int maxNodes, List<String> droppedXattrs, boolean openToOwner) {
    /**
     * What belongs to the machine where the image was built and not to the image: security labels, NFS access lists,
     * marks of overlay file systems and of rootless extraction.
     */
    public static final List<String> FOREIGN_XATTRS =
            List.of("security.selinux", "system.nfs4_acl", "trusted.overlay.*", "user.overlay.*", "user.rootlesscontainers");

    public static final MergePolicy STANDARD = new MergePolicy(OptionalLong.empty(), 20_000_000, FOREIGN_XATTRS, false);

    public MergePolicy {
        droppedXattrs = List.copyOf(droppedXattrs);
        if (mtimeCeiling.isPresent() && (mtimeCeiling.getAsLong() < 0 || mtimeCeiling.getAsLong() > 0xFFFF_FFFFL)) {
            throw new IllegalArgumentException("Not a modification time: " + mtimeCeiling.getAsLong());
        }
    }

    /** This policy with times up to {@code ceiling} only. */
    public MergePolicy withMtimeCeiling(OptionalLong ceiling) {
        return new MergePolicy(ceiling, maxNodes, droppedXattrs, openToOwner);
    }

    /** This policy, opening everything to its owner or not. */
    public MergePolicy withOpenToOwner(boolean open) {
        return new MergePolicy(mtimeCeiling, maxNodes, droppedXattrs, open);
    }

    boolean drops(String xattr) {
        for (String pattern : droppedXattrs) {
            boolean open = pattern.endsWith("*");
            if (open ? xattr.startsWith(pattern.substring(0, pattern.length() - 1)) : xattr.equals(pattern)) {
                return true;
            }
        }
        return false;
    }
}
