package io.sifter.sif;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.HexFormat;
import java.util.Objects;
import java.util.Optional;
import java.util.OptionalInt;

/**
 * One used slot of the descriptor table, 585 bytes: what an object is and where it lies. Times are seconds since 1970.
 *
 * @param typeCode as on disk, for types this program does not know
 * @param id place in the table, counted from 1
 * @param group raw group number with its mask; {@link #NO_GROUP} for none
 * @param link raw id of a linked object or, with the mask, group; 0 for none
 * @param offset of the object in the file
 * @param size of the object, bytes
 * @param paddedSize {@code size} and the gap before the object
 * @param name often empty
 * @param extra 384 bytes whose meaning depends on the type; nobody changes them
 */
public record SifDescriptor(int typeCode, int id, int group, int link, long offset, long size, long paddedSize, long created,
                            long modified, String name, byte[] extra) {
    /** Bytes of the structure; its fields follow one another without padding, little-endian. */
    public static final int SIZE = 585;
    public static final int NO_GROUP = 0xF000_0000;
    private static final int GROUP_MASK = 0xF000_0000;
    private static final int NAME_SIZE = 128;
    private static final int EXTRA_SIZE = 384;
    private static final String[] FILE_SYSTEMS =
            {"Unknown", "Squashfs", "Ext3", "Archive", "Raw", "Encrypted squashfs", "Gocryptfs squashfs"};
    private static final String[] PARTITIONS = {"Unknown", "System", "*System", "Data", "Overlay"};
    private static final String[] HASHES = {"Unknown", "SHA-256", "SHA-384", "SHA-512", "BLAKE2s-256", "BLAKE2b-256"};
    private static final String[] SBOMS = {"unknown", "cyclonedx-json", "cyclonedx-xml", "github-json", "spdx-json", "spdx-rdf",
            "spdx-tag-value", "spdx-yaml", "syft-json"};

    public SifDescriptor {
        Objects.requireNonNull(name);
        if (extra.length != EXTRA_SIZE) {
            throw new IllegalArgumentException("extra has %d bytes, not %d".formatted(extra.length, EXTRA_SIZE));
        }
    }

    /** @return empty for a free slot */
    static Optional<SifDescriptor> read(ByteBuffer in) {
        int start = in.position();
        in.order(ByteOrder.LITTLE_ENDIAN);
        int type = in.getInt();
        boolean used = in.get() != 0;
        int id = in.getInt();
        int group = in.getInt();
        int link = in.getInt();
        long offset = in.getLong();
        long size = in.getLong();
        long paddedSize = in.getLong();
        long created = in.getLong();
        long modified = in.getLong();
        in.getLong();
        in.getLong();
        String name = Fields.text(in, NAME_SIZE);
        byte[] extra = new byte[EXTRA_SIZE];
        in.get(extra);
        assert in.position() == start + SIZE;
        return used ? Optional.of(new SifDescriptor(type, id, group, link, offset, size, paddedSize, created, modified, name, extra))
                : Optional.empty();
    }

    void write(ByteBuffer out) {
        out.order(ByteOrder.LITTLE_ENDIAN);
        out.putInt(typeCode).put((byte) 1).putInt(id).putInt(group).putInt(link).putLong(offset).putLong(size).putLong(paddedSize)
                .putLong(created).putLong(modified);
        // Owner and group of whoever made the file: no longer used, and nobody's business.
        out.putLong(0).putLong(0);
        Fields.putText(out, name, NAME_SIZE);
        out.put(extra);
    }

    public DataType type() {
        return DataType.of(typeCode);
    }

    /** The group that the object belongs to, if any. */
    public OptionalInt groupNumber() {
        return group == NO_GROUP || group == 0 ? OptionalInt.empty() : OptionalInt.of(group & ~GROUP_MASK);
    }

    /** The object or group that it is linked to, if any. */
    public OptionalInt linkNumber() {
        return link == 0 ? OptionalInt.empty() : OptionalInt.of(link & ~GROUP_MASK);
    }

    public boolean linksGroup() {
        return (link & GROUP_MASK) == GROUP_MASK;
    }

    static int group(int number) {
        return GROUP_MASK | number;
    }

    /** The file system in a partition. */
    public FileSystem fileSystem() {
        return FileSystem.of(extraInt(0));
    }

    /** Whether it is the partition that is run. */
    public boolean primarySystem() {
        return type() == DataType.PARTITION && extraInt(4) == 2;
    }

    public Architecture architecture() {
        return Architecture.ofCode(Fields.text(ByteBuffer.wrap(extra, 8, Architecture.SIZE), Architecture.SIZE));
    }

    static byte[] partitionExtra(FileSystem fileSystem, Architecture architecture) {
        ByteBuffer extra = ByteBuffer.allocate(EXTRA_SIZE).order(ByteOrder.LITTLE_ENDIAN);
        extra.putInt(fileSystem.code()).putInt(2);
        Fields.putText(extra, architecture.code(), Architecture.SIZE);
        return extra.array();
    }

    static byte[] noExtra() {
        return new byte[EXTRA_SIZE];
    }

    private int extraInt(int at) {
        return ByteBuffer.wrap(extra).order(ByteOrder.LITTLE_ENDIAN).getInt(at);
    }

    private static String word(String[] words, int code) {
        return code > 0 && code < words.length ? words[code] : words[0];
    }

    /** The type with what the extra bytes say of it, as lists show it. */
    public String describe() {
        return switch (type()) {
            case PARTITION -> "FS (%s/%s/%s)".formatted(word(FILE_SYSTEMS, extraInt(0)), word(PARTITIONS, extraInt(4)), architecture());
            case SIGNATURE -> "Signature (%s)".formatted(word(HASHES, extraInt(0)));
            case CRYPTO_MESSAGE -> "Cryptographic Message (%s/%s)".formatted(
                    extraInt(0) == 1 ? "OpenPGP" : extraInt(0) == 2 ? "PEM" : "Unknown",
                    extraInt(4) == 0x100 ? "Clear Signature" : extraInt(4) == 0x200 ? "RSA-OAEP" : "Unknown");
            case SBOM -> "SBOM (%s)".formatted(word(SBOMS, extraInt(0)));
            default -> type().toString();
        };
    }

    /** Fingerprint of a signature's key, upper-case hex; nothing where it is not stated. */
    public Optional<String> signer() {
        byte[] fingerprint = java.util.Arrays.copyOfRange(extra, 4, 24);
        for (byte b : fingerprint) {
            if (b != 0) {
                return Optional.of(HexFormat.of().withUpperCase().formatHex(fingerprint));
            }
        }
        return Optional.empty();
    }

    /** What a partition holds. */
    public enum FileSystem {
        SQUASHFS(1), EXT3(2), ARCHIVE(3), RAW(4), ENCRYPTED_SQUASHFS(5), GOCRYPTFS_SQUASHFS(6), UNKNOWN(0);

        private final int code;

        FileSystem(int code) {
            this.code = code;
        }

        int code() {
            return code;
        }

        static FileSystem of(int code) {
            for (FileSystem fileSystem : values()) {
                if (fileSystem.code == code) {
                    return fileSystem;
                }
            }
            return UNKNOWN;
        }
    }
}
