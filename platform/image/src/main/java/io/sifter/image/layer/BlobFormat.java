package io.sifter.image.layer;

import io.sifter.image.document.MediaTypes;
import java.util.Locale;
import java.util.Optional;

/** How a layer's blob is compressed. The first bytes tell; media types are known to be wrong at times. */
enum BlobFormat {
    TAR, GZIP, ZSTD, XZ, BZIP2;

    /** Bytes that {@link #of(byte[], int)} wants to see. */
    static final int MAGIC_LENGTH = 6;

    static BlobFormat of(byte[] head, int length) {
        if (startsWith(head, length, 0x1F, 0x8B)) {
            return GZIP;
        }
        boolean skippable = length >= 4 && (head[0] & 0xF0) == 0x50 && startsWith(head, length, head[0] & 0xFF, 0x2A, 0x4D, 0x18);
        if (skippable || startsWith(head, length, 0x28, 0xB5, 0x2F, 0xFD)) {
            return ZSTD;
        }
        if (startsWith(head, length, 0xFD, '7', 'z', 'X', 'Z', 0)) {
            return XZ;
        }
        return startsWith(head, length, 'B', 'Z', 'h') ? BZIP2 : TAR;
    }

    /** What a media type promises, if it is one of a layer. */
    static Optional<BlobFormat> of(String mediaType) {
        if (!MediaTypes.isTarLayer(mediaType)) {
            return Optional.empty();
        }
        String type = MediaTypes.toOci(mediaType);
        return Optional.of(type.endsWith("+gzip") ? GZIP : type.endsWith("+zstd") ? ZSTD : TAR);
    }

    private static boolean startsWith(byte[] head, int length, int... magic) {
        for (int i = 0; i < magic.length; i++) {
            if (i >= length || (head[i] & 0xFF) != magic[i]) {
                return false;
            }
        }
        return true;
    }

    @Override
    public String toString() {
        return this == TAR ? "plain tar" : name().toLowerCase(Locale.ROOT);
    }
}
