package io.sifter.image.layer;

import java.io.IOException;
import java.util.zip.CRC32;
import java.util.zip.DataFormatException;
import java.util.zip.ZipException;

/**
 * Reads gzip (RFC 1952): any number of members one after the other, each checked by its length and, if wanted, its CRC. Zeros or other
 * bytes after the last member are passed over.
 */
final class GzipDecoder implements Decoder {
    private static final int MAGIC_1 = 0x1F;
    private static final int MAGIC_2 = 0x8B;
    private static final int DEFLATE = 8;
    private static final int FLAG_HEADER_CRC = 2;
    private static final int FLAG_EXTRA = 4;
    private static final int FLAG_NAME = 8;
    private static final int FLAG_COMMENT = 16;
    private static final int RESERVED_FLAGS = 0xE0;

    private final BlobInput blob;
    private final RawInflater inflater;
    private final boolean checked;
    private final CRC32 crc = new CRC32();
    private long length;
    private boolean inMember;
    private boolean ended;
    private boolean junk;

    /**
     * @param inflater closed with this, also when this throws
     * @param checked whether the CRC is verified
     */
    GzipDecoder(BlobInput blob, RawInflater inflater, boolean checked) throws IOException {
        this.blob = blob;
        this.inflater = inflater;
        this.checked = checked;
        try {
            readHeader();
        } catch (IOException | RuntimeException e) {
            inflater.close();
            throw e;
        }
    }

    @Override
    public int read(byte[] target, int offset, int wanted) throws IOException {
        while (!ended) {
            if (!inMember) {
                nextMember();
                continue;
            }
            if (inflater.needsInput()) {
                if (!blob.fill()) {
                    throw new ZipException("it ends inside the compressed data");
                }
                // Taken as used up; what the inflater leaves at the end of a member is given back.
                blob.advance(inflater.input(blob.bytes(), blob.at(), blob.remaining()));
            }
            int n = inflate(target, offset, wanted);
            if (n > 0) {
                length += n;
                if (checked) {
                    crc.update(target, offset, n);
                }
            }
            if (inflater.finished()) {
                blob.advance(-inflater.remaining());
                readTrailer();
            }
            if (n > 0) {
                return n;
            }
        }
        return -1;
    }

    private int inflate(byte[] target, int offset, int wanted) throws IOException {
        try {
            return inflater.inflate(target, offset, wanted);
        } catch (DataFormatException e) {
            throw new ZipException(e.getMessage());
        }
    }

    private void nextMember() throws IOException {
        boolean another = blob.fill() && (blob.bytes()[blob.at()] & 0xFF) == MAGIC_1;
        if (another) {
            readHeader();
        } else {
            junk = blob.drain();
            ended = true;
        }
    }

    private void readHeader() throws IOException {
        if (u8() != MAGIC_1 || u8() != MAGIC_2 || u8() != DEFLATE) {
            throw new ZipException("expected the header of a gzip member");
        }
        int flags = u8();
        if ((flags & RESERVED_FLAGS) != 0) {
            throw new ZipException("unknown flags 0x%02x in the header of a gzip member".formatted(flags));
        }
        skip(6);
        if ((flags & FLAG_EXTRA) != 0) {
            skip(u8() | u8() << 8);
        }
        if ((flags & FLAG_NAME) != 0) {
            skipText();
        }
        if ((flags & FLAG_COMMENT) != 0) {
            skipText();
        }
        if ((flags & FLAG_HEADER_CRC) != 0) {
            skip(2);
        }
        inflater.reset();
        crc.reset();
        length = 0;
        inMember = true;
    }

    private void readTrailer() throws IOException {
        long statedCrc = u32();
        long statedLength = u32();
        if (checked && statedCrc != crc.getValue() || statedLength != (length & 0xFFFF_FFFFL)) {
            throw new ZipException(checked
                    ? "a gzip member of %d bytes has the CRC %08x, %d bytes and %08x are stated".formatted(length, crc.getValue(), statedLength, statedCrc)
                    : "a gzip member has %d bytes, %d are stated".formatted(length, statedLength));
        }
        inMember = false;
    }

    private long u32() throws IOException {
        return u8() | u8() << 8 | u8() << 16 | (long) u8() << 24;
    }

    private int u8() throws IOException {
        int b = blob.read();
        if (b < 0) {
            throw new ZipException("it ends inside a gzip header or trailer");
        }
        return b;
    }

    private void skip(int count) throws IOException {
        for (int i = 0; i < count; i++) {
            u8();
        }
    }

    private void skipText() throws IOException {
        while (u8() != 0) {
            // Names and comments are of no use here.
        }
    }

    @Override
    public boolean trailingJunk() {
        return junk;
    }

    @Override
    public void close() {
        inflater.close();
    }
}
