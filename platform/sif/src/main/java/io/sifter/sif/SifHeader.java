package io.sifter.sif;

import io.sifter.spi.error.CorruptDataException;
import io.sifter.spi.tree.RawName;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.HexFormat;
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
        if (in.remaining() < LAUNCH_SIZE + MAGIC.length) {
            throw new CorruptDataException("%s is no SIF: it has %d bytes, a SIF's header alone has %d"
                    .formatted(file, in.remaining(), SIZE));
        }
        int begin = in.position();
        byte[] magic = new byte[MAGIC.length];
        in.get(begin + LAUNCH_SIZE, magic);
        if (!Arrays.equals(magic, MAGIC)) {
            throw new CorruptDataException("%s is no SIF: at offset %d stands %s, not %s".formatted(file, LAUNCH_SIZE,
                    HexFormat.of().formatHex(magic), HexFormat.of().formatHex(MAGIC)),
                    "Check that the file is complete and what `file` says of it.");
        }
        if (in.remaining() < SIZE) {
            throw new CorruptDataException("%s is cut off: it has %d bytes, a SIF's header alone has %d"
                    .formatted(file, in.remaining(), SIZE), "Get the file again.");
        }
        in.order(ByteOrder.LITTLE_ENDIAN);
        String launch = Fields.text(in, LAUNCH_SIZE);
        in.position(begin + LAUNCH_SIZE + MAGIC.length);
        byte[] version = new byte[VERSION.length];
        in.get(version);
        if (!Arrays.equals(version, VERSION)) {
            throw new CorruptDataException("%s is a SIF of version '%s', only 01 is supported"
                    .formatted(file, RawName.display(RawName.of(version).replace("\0", ""))));
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
