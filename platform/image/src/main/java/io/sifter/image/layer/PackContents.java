package io.sifter.image.layer;

import io.sifter.spi.error.CorruptDataException;
import io.sifter.spi.tree.PackedContent;
import io.sifter.squashfs.FragmentBlock;
import io.sifter.squashfs.PackedFile;
import io.sifter.squashfs.PackedReader;
import java.util.List;
import java.util.Optional;

/**
 * Where the contents of a pack's files are. First the fragment blocks, then a record for every regular file that is not
 * empty, in the order of the journal:
 *
 * <pre>
 * section: number  count of fragment blocks, for each: number position, word, number uncompressed length; then records
 * record:  number  fragment block + 1, or 0              number  offset in it (with a fragment)
 *          word    each block                            number  position of the first (where one is stored)
 * word:    number  length on disk * 2, plus 1 if stored raw
 * </pre>
 *
 * The bytes stay in memory while their tree lives; a file knows the offset of its record. Records are checked once,
 * before anybody uses them. Safe for any thread.
 */
final class PackContents {
    private static final int RAW = 1 << 24;

    private final byte[] section;
    private final PackedContent.Store store;
    private final long dataLength;
    private final String what;
    private final int layer;
    private final PackedReader reader;
    private final FragmentBlock[] fragments;
    private final int firstRecord;

    /**
     * @param dataLength how far the blocks go in the store's channel
     * @param layer of the image that the pack is, from 1
     */
    PackContents(byte[] section, PackedContent.Store store, long dataLength, String what, int layer) throws CorruptDataException {
        this.section = section;
        this.store = store;
        this.dataLength = dataLength;
        this.what = what;
        this.layer = layer;
        this.reader = new PackedReader(store);
        int blockSize = store.compression().blockSize();
        ByteCursor in = new ByteCursor(section, 0, what);
        this.fragments = new FragmentBlock[(int) in.number(in.remaining())];
        for (int i = 0; i < fragments.length; i++) {
            long position = in.number(dataLength);
            int word = word(in);
            int length = (int) in.number(blockSize);
            if (word == 0 || length == 0 || length(word) > dataLength - position) {
                throw in.damaged("fragment block %d is not within the pack".formatted(i));
            }
            fragments[i] = new FragmentBlock(position, word, length);
        }
        this.firstRecord = in.at();
    }

    int layer() {
        return layer;
    }

    static void write(ByteWriter out, List<FragmentBlock> fragments, List<PackedFile> files) throws CorruptDataException {
        out.number(fragments.size());
        for (FragmentBlock fragment : fragments) {
            out.number(fragment.position());
            writeWord(out, fragment.sizeWord());
            out.number(fragment.length());
        }
        for (PackedFile file : files) {
            out.number(file.fragment() + 1);
            if (file.fragment() != PackedFile.NO_FRAGMENT) {
                out.number(file.fragmentOffset());
            }
            boolean stored = false;
            for (int word : file.sizeWords()) {
                writeWord(out, word);
                stored |= word != 0;
            }
            if (stored) {
                out.number(file.position());
            }
        }
    }

    /** A file of this pack. */
    record Found(PackedContent packed, int next) {}

    int firstRecord() {
        return firstRecord;
    }

    boolean isEnd(int offset) {
        return offset == section.length;
    }

    PackedReader reader() {
        return reader;
    }

    /**
     * Reads the record of a file.
     *
     * @throws CorruptDataException if it points out of the pack or contradicts the size
     */
    Found read(int offset, long size) throws CorruptDataException {
        int blockSize = store.compression().blockSize();
        ByteCursor in = new ByteCursor(section, offset, what);
        int fragment = (int) in.number(fragments.length) - 1;
        int tail = (int) (size % blockSize);
        Optional<PackedContent.Slice> slice = Optional.empty();
        if (fragment >= 0) {
            FragmentBlock block = fragments[fragment];
            int at = (int) in.number(block.length());
            if (tail == 0 || tail > block.length() - at) {
                throw in.damaged("a tail of %d bytes is not within its fragment block".formatted(tail));
            }
            slice = Optional.of(new PackedContent.Slice(block.position(), block.sizeWord(), block.length(), at, tail));
        }
        long blocks = size / blockSize + (tail > 0 && fragment < 0 ? 1 : 0);
        if (blocks > in.remaining()) {
            throw in.damaged("a file of %d bytes has too few blocks".formatted(size));
        }
        int[] words = new int[(int) blocks];
        long stored = 0;
        for (int i = 0; i < words.length; i++) {
            words[i] = word(in);
            stored += length(words[i]);
        }
        long position = stored == 0 ? 0 : in.number(dataLength);
        if (stored > dataLength - position) {
            throw in.damaged("blocks of %d bytes at %d are not within the pack of %d".formatted(stored, position, dataLength));
        }
        return new Found(new PackedContent(store, position, words, slice), in.at());
    }

    private int word(ByteCursor in) throws CorruptDataException {
        long value = in.number(2L * store.compression().blockSize() + 1);
        if (value == 1) {
            throw in.damaged("a block without bytes is stored raw");
        }
        return (int) (value >> 1) | ((value & 1) == 0 ? 0 : RAW);
    }

    private static void writeWord(ByteWriter out, int word) throws CorruptDataException {
        out.number((long) length(word) << 1 | ((word & RAW) == 0 ? 0 : 1));
    }

    private static int length(int word) {
        return word & (RAW - 1);
    }
}
