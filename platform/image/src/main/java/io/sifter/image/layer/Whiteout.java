package io.sifter.image.layer;

/** Names that mean something else in a layer (OCI image specification, layer, "Whiteouts"; AUFS for the rest). */
final class Whiteout {
    static final String PREFIX = ".wh.";
    static final String META_PREFIX = ".wh..wh.";
    static final String OPAQUE = ".wh..wh..opq";

    /** Where AUFS kept the bodies of hard links. */
    static final String AUFS_LINKS = ".wh..wh.plnk";

    private Whiteout() {}

    static boolean isMarker(String component) {
        return component.startsWith(PREFIX);
    }

    /** Whether a top-level name is a leftover of AUFS rather than a whiteout. */
    static boolean isAufs(String component) {
        return component.startsWith(META_PREFIX) && !component.equals(OPAQUE);
    }
}
