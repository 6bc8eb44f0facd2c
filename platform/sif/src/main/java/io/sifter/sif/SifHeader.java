package io.sifter.sif;

import io.sifter.spi.error.CorruptDataException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.UUID;

/**
 * The global header, 128 bytes at offset 0. Times are seconds since 1970.
 *
 * @param launchScript the file's first line, which makes it executable; empty in files that are not run
 * @param architecture of the primary system partition; {@link Architecture#UNKNOWN} without one
 * @param dataSize bytes from {@code dataOffset} to the end of the last object
 */
public record SifHeader(String launchScript, Architecture architecture, UUID id, long created, long modified,
                        long descriptorsFree, long descriptorsTotal, long descriptorsOffset, long descriptorsSize,
                        long dataOffset, long dataSize) {
    /** Bytes of the structure; its fields follow one another without padding, little-endian. */
    public static final int SIZE = 128;
    /** What files that are run begin with. */
    public static final String LAUNCH_SCRIPT = "#!/usr/bin/env run-singularity\n";

    static final int LAUNCH_SIZE = 32;
    static final byte[] MAGIC = "SIF_MAGIC\0".getBytes(StandardCharsets.US_ASCII);
    private static final byte[] VERSION = "01\0".getBytes(StandardCharsets.US_ASCII);

    static SifHeader read(ByteBuffer in, String file) throws CorruptDataException {
        in.order(ByteOrder.LITTLE_ENDIAN);
        String launch = Fields.text(in, LAUNCH_SIZE);
        byte[] magic = new byte[MAGIC.length];
        in.get(magic);
        if (!java.util.Arrays.equals(magic, MAGIC)) {
            throw new CorruptDataException("%s is no SIF: the magic at offset %d is missing".formatted(file, LAUNCH_SIZE),
                    "Check that the file is complete and what `file` says of it.");
        }
        byte[] version = new byte[VERSION.length];
        in.get(version);
        if (!java.util.Arrays.equals(version, VERSION)) {
            throw new CorruptDataException("%s is a SIF of version '%s', only 01 is supported"
                    .formatted(file, new String(version, StandardCharsets.ISO_8859_1).replace("\0", "")));
        }
        Architecture architecture = Architecture.ofCode(Fields.text(in, Architecture.SIZE));
        in.order(ByteOrder.BIG_ENDIAN);
        UUID id = new UUID(in.getLong(), in.getLong());
        in.order(ByteOrder.LITTLE_ENDIAN);
        return new SifHeader(launch, architecture, id, in.getLong(), in.getLong(), in.getLong(), in.getLong(), in.getLong(),
                in.getLong(), in.getLong(), in.getLong());
    }

    void write(ByteBuffer out) {
        out.order(ByteOrder.LITTLE_ENDIAN);
        Fields.putText(out, launchScript, LAUNCH_SIZE);
        out.put(MAGIC).put(VERSION);
        Fields.putText(out, architecture.code(), Architecture.SIZE);
        out.order(ByteOrder.BIG_ENDIAN);
        out.putLong(id.getMostSignificantBits()).putLong(id.getLeastSignificantBits());
        out.order(ByteOrder.LITTLE_ENDIAN);
        out.putLong(created).putLong(modified).putLong(descriptorsFree).putLong(descriptorsTotal).putLong(descriptorsOffset)
                .putLong(descriptorsSize).putLong(dataOffset).putLong(dataSize);
    }
}
