package io.sifter.squashfs;

import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.nio.ByteOrder;
import java.util.Arrays;

/**
 * Where a file's bytes are in a pack: a run of blocks, and perhaps a slice of a fragment block. Files of equal content
 * may be one and the same object. {@link #position} and {@link #sizeWords} are settled when the writer has finished;
 * from then on any thread may read.
 */
public final class PackedFile {
    /** In place of a fragment's number, when there is none. */
    public static final int NO_FRAGMENT = -1;

    private static final VarHandle BYTES = MethodHandles.byteArrayViewVarHandle(long[].class, ByteOrder.BIG_ENDIAN);
    private static final int[] NO_WORDS = {};

    private final long size;
    private final int fragment;
    private final int fragmentOffset;
    private final int tailLength;
    private int[] words;
    private long position;

    private PackedFile(long size, int fragment, int fragmentOffset, int tailLength, int[] words) {
        this.size = size;
        this.fragment = fragment;
        this.fragmentOffset = fragmentOffset;
        this.tailLength = tailLength;
        this.words = words;
    }

    /** A file in a fragment, less than a block. */
    static PackedFile slice(int length, int fragment, int offset) {
        return new PackedFile(length, fragment, offset, length, NO_WORDS);
    }

    /** A file without a stored byte, less than a block: nothing or zeros. */
    static PackedFile zeros(int length) {
        return new PackedFile(length, NO_FRAGMENT, 0, 0, length == 0 ? NO_WORDS : new int[] {SizeWord.SPARSE});
    }

    /** A file of at least a block, whose words come later. */
    static PackedFile blocks(long size, int fragment, int fragmentOffset, int tailLength) {
        return new PackedFile(size, fragment, fragmentOffset, tailLength, NO_WORDS);
    }

    /** Bytes of the file. */
    public long size() {
        return size;
    }

    /** Where the first stored block is in the channel; 0 when none is stored. */
    public long position() {
        return position;
    }

    /** One for each block, as in {@code PackedContent}. Not copied. */
    public int[] sizeWords() {
        return words;
    }

    /** Number of the fragment block in the writer's list, or {@link #NO_FRAGMENT}. */
    public int fragment() {
        return fragment;
    }

    /** Where the tail is in the uncompressed fragment block. */
    public int fragmentOffset() {
        return fragmentOffset;
    }

    /** Bytes in the fragment block, 0 without one. */
    public int tailLength() {
        return tailLength;
    }

    void settle(int[] settledWords, long settledPosition) {
        words = settledWords;
        position = settledPosition;
    }

    @Override
    public String toString() {
        return "%d bytes, blocks %s at %d, tail of %d in fragment %d at %d"
                .formatted(size, Arrays.toString(words), position, tailLength, fragment, fragmentOffset);
    }

    /** The first half of a SHA-256, enough to tell contents apart. */
    record Hash(long first, long second) {
        static Hash of(byte[] sha256) {
            return new Hash((long) BYTES.get(sha256, 0), (long) BYTES.get(sha256, Long.BYTES));
        }

        // Written out, since what a record would do by itself is made anew at every start.

        @Override
        public boolean equals(Object other) {
            return other instanceof Hash hash && first == hash.first && second == hash.second;
        }

        @Override
        public int hashCode() {
            return Long.hashCode(first);
        }
    }
}
