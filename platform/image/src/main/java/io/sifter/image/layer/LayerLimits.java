package io.sifter.image.layer;

/**
 * How much one layer may be.
 *
 * @param bytes of the uncompressed stream, and of the files in it with their holes
 * @param entries in the archive
 * @param journalBytes what names and attributes may take, uncompressed
 */
public record LayerLimits(long bytes, int entries, int journalBytes) {
    /** Far beyond real layers, and still something that a machine can work off: 1 TiB, 20 million entries. */
    public static final LayerLimits STANDARD = new LayerLimits(1L << 40, 20_000_000, 1 << 30);

    /** What to do about a layer with too many bytes, where the product's settings are at hand. */
    static final String RAISE_BYTES = "If the image is trusted, raise convert.max-unpacked in the configuration.";

    public LayerLimits withBytes(long otherBytes) {
        return new LayerLimits(otherBytes, entries, journalBytes);
    }

    public LayerLimits {
        if (bytes <= 0 || entries <= 0 || journalBytes <= 0) {
            throw new IllegalArgumentException("Limits are positive");
        }
    }
}
