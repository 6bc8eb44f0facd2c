package io.sifter.squashfs;

import io.sifter.spi.error.CorruptDataException;
import java.io.IOException;
import java.util.zip.DataFormatException;

/**
 * Reads blocks of files with no more machinery than the metadata needs, which starting a container must not wait for
 * (doc/squashfs.md, <i>Data</i>). One thread at a time.
 */
final class FileBlocks {
    private final Image image;
    private final int blockSize;
    private byte[] stored = {};
    private byte[] fragment;
    private int fragmentLength;
    private long fragmentNumber = Inode.NONE;

    FileBlocks(Image image) {
        this.image = image;
        this.blockSize = image.superblock.blockSize();
    }

    /** A whole file, which the caller knows to be small. */
    byte[] read(Inode.File file) throws IOException {
        byte[] content = new byte[Math.toIntExact(file.size())];
        byte[] block = new byte[Math.min(content.length, blockSize)];
        long position = file.start();
        int done = 0;
        for (int word : file.words()) {
            int length = Math.min(blockSize, content.length - done);
            if (word != SizeWord.SPARSE) {
                readExactly(position, word, block, length);
                System.arraycopy(block, 0, content, done, length);
            }
            position += SizeWord.length(word);
            done += length;
        }
        if (file.fragment() != Inode.NONE) {
            readFragment(file);
            image.checkTail(file, fragmentLength);
            System.arraycopy(fragment, (int) file.fragmentOffset(), content, done, content.length - done);
        }
        return content;
    }

    /** Small files that are wanted together often are together. */
    private void readFragment(Inode.File file) throws IOException {
        if (file.fragment() != fragmentNumber) {
            FragmentEntry entry = image.fragment(file);
            if (fragment == null) {
                fragment = new byte[blockSize];
            }
            fragmentNumber = Inode.NONE;
            fragmentLength = read(entry.start(), entry.sizeWord(), fragment, blockSize);
            fragmentNumber = file.fragment();
        }
    }

    void readExactly(long position, int word, byte[] into, int length) throws IOException {
        int got = read(position, word, into, length);
        if (got != length) {
            throw corrupt(position, "it has %d bytes, %d are expected".formatted(got, length), null);
        }
    }

    /**
     * @param position in the image
     * @param limit bytes that may come out at most
     * @return bytes that came out
     */
    int read(long position, int word, byte[] into, int limit) throws IOException {
        int length = SizeWord.length(word);
        if (SizeWord.raw(word)) {
            if (length > limit) {
                throw corrupt(position, "it has %d bytes, %d are expected".formatted(length, limit), null);
            }
            image.bytes.read(position, into, length);
            return length;
        }
        if (stored.length < length) {
            stored = new byte[length];
        }
        image.bytes.read(position, stored, length);
        try {
            return image.bytes.expand(stored, 0, length, into, limit);
        } catch (DataFormatException e) {
            throw corrupt(position, e.getMessage(), e);
        }
    }

    private static CorruptDataException corrupt(long position, String message, Exception cause) {
        return new CorruptDataException("SquashFS block at byte %d: %s".formatted(position, message), cause);
    }
}
