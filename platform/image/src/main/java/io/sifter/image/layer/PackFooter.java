package io.sifter.image.layer;

import io.sifter.spi.error.CorruptDataException;
import io.sifter.spi.reference.Digest;
import io.sifter.spi.tree.Compression;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.Optional;

/**
 * The last bytes of a pack, little-endian: magic 8, version u32, codec u32, level u32, block size u32, data length u64,
 * CRC-32C of the data u32, content bytes u64, entries u32, whether names may be whiteouts u32, journal stored u32 and plain u32, contents stored
 * u32 and plain u32, DiffID 72, blob digest 72 (a digest: algorithm u32, length u32, 64 bytes; algorithm 0 for none),
 * SHA-256 of both sections as stored, SHA-256 of all fields before.
 *
 * @param dataLength where the blocks end and the journal begins
 * @param dataChecksum CRC-32C of everything before the journal
 * @param contentBytes of all files together, uncompressed
 * @param whiteouts whether a name in the journal may be one
 */
record PackFooter(Compression compression, long dataLength, int dataChecksum, long contentBytes, int entries, boolean whiteouts,
                  Section journal, Section contents, Digest diffId, Optional<Digest> blobDigest, byte[] sectionsHash) {
    /** A deflated part of the pack: bytes in the file, bytes in memory. */
    record Section(int stored, int plain) {}

    static final int SIZE = 8 + 4 * 4 + 8 + 4 + 8 + 6 * 4 + 2 * 72 + 32 + 32;

    private static final byte[] MAGIC = "SIFTPACK".getBytes(StandardCharsets.US_ASCII);
    private static final int HASH = 32;
    private static final int DIGEST_BYTES = 64;

    ByteBuffer write() {
        ByteBuffer out = ByteBuffer.allocate(SIZE).order(ByteOrder.LITTLE_ENDIAN);
        out.put(MAGIC).putInt(LayerPack.FORMAT_VERSION);
        out.putInt(compression.codec().id()).putInt(compression.level()).putInt(compression.blockSize());
        out.putLong(dataLength).putInt(dataChecksum).putLong(contentBytes).putInt(entries).putInt(whiteouts ? 1 : 0);
        out.putInt(journal.stored).putInt(journal.plain).putInt(contents.stored).putInt(contents.plain);
        write(out, Optional.of(diffId));
        write(out, blobDigest);
        out.put(sectionsHash);
        out.put(hash(out.array(), out.position()));
        return out.flip();
    }

    /**
     * @param in the last {@link #SIZE} bytes of a file
     * @param fileSize of that file
     * @throws CorruptDataException if this is no pack, or of another version, or damaged
     */
    static PackFooter read(ByteBuffer in, long fileSize, String file) throws CorruptDataException {
        byte[] all = in.array();
        in.order(ByteOrder.LITTLE_ENDIAN);
        byte[] magic = new byte[MAGIC.length];
        in.get(magic);
        if (!Arrays.equals(magic, MAGIC)) {
            throw new CorruptDataException("%s is not a layer pack: it does not end like one".formatted(file), LayerPack.REMEDY);
        }
        int version = in.getInt();
        if (version != LayerPack.FORMAT_VERSION) {
            throw new CorruptDataException("%s is a layer pack of version %d, expected %d".formatted(file, version, LayerPack.FORMAT_VERSION), LayerPack.REMEDY);
        }
        if (!Arrays.equals(hash(all, SIZE - HASH), Arrays.copyOfRange(all, SIZE - HASH, SIZE))) {
            throw new CorruptDataException("%s is a damaged layer pack: its footer does not match its checksum".formatted(file), LayerPack.REMEDY);
        }
        try {
            int codec = in.getInt();
            Compression compression = new Compression(Arrays.stream(Compression.Codec.values()).filter(c -> c.id() == codec).findFirst()
                    .orElseThrow(() -> new IllegalArgumentException("unknown codec " + codec)), in.getInt(), in.getInt());
            PackFooter footer = new PackFooter(compression, in.getLong(), in.getInt(), in.getLong(), in.getInt(), in.getInt() != 0,
                    new Section(in.getInt(), in.getInt()), new Section(in.getInt(), in.getInt()),
                    readDigest(in).orElseThrow(() -> new IllegalArgumentException("no DiffID")), readDigest(in), readHash(in));
            footer.checkSizes(fileSize);
            return footer;
        } catch (IllegalArgumentException e) {
            throw new CorruptDataException("%s is a damaged layer pack: %s".formatted(file, e.getMessage()), LayerPack.REMEDY, e);
        }
    }

    private void checkSizes(long fileSize) {
        boolean positive = dataLength >= 0 && contentBytes >= 0 && entries >= 0
                && journal.stored >= 0 && journal.plain >= 0 && contents.stored >= 0 && contents.plain >= 0;
        long rest = fileSize - SIZE - dataLength;
        if (!positive || rest != (long) journal.stored + contents.stored) {
            throw new IllegalArgumentException("%d bytes of blocks, %s and %s do not make %d bytes".formatted(dataLength, journal, contents, fileSize));
        }
    }

    private static void write(ByteBuffer out, Optional<Digest> digest) {
        byte[] bytes = digest.map(d -> HexFormat.of().parseHex(d.hex())).orElse(new byte[0]);
        out.putInt(digest.map(d -> d.algorithm().ordinal() + 1).orElse(0)).putInt(bytes.length);
        out.put(Arrays.copyOf(bytes, DIGEST_BYTES));
    }

    private static Optional<Digest> readDigest(ByteBuffer in) {
        int algorithm = in.getInt();
        int length = in.getInt();
        byte[] bytes = new byte[DIGEST_BYTES];
        in.get(bytes);
        Digest.Algorithm[] known = Digest.Algorithm.values();
        if (algorithm < 0 || algorithm > known.length || length < 0 || length > DIGEST_BYTES) {
            throw new IllegalArgumentException("unknown digest algorithm " + algorithm);
        }
        return algorithm == 0 ? Optional.empty() : Optional.of(Digest.finish(known[algorithm - 1], Arrays.copyOf(bytes, length)));
    }

    private static byte[] readHash(ByteBuffer in) {
        byte[] hash = new byte[HASH];
        in.get(hash);
        return hash;
    }

    private static byte[] hash(byte[] bytes, int length) {
        return Digest.Algorithm.SHA256.start().digest(Arrays.copyOf(bytes, length));
    }
}
