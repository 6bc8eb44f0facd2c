package io.sifter.squashfs;

import io.sifter.spi.error.CorruptDataException;
import io.sifter.spi.tree.PackedContent;
import io.sifter.spi.tree.PackedContent.Slice;
import io.sifter.spi.tree.PackedContent.Store;
import java.io.EOFException;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.lang.foreign.MemorySegment;
import java.lang.ref.SoftReference;
import java.nio.ByteBuffer;
import java.nio.channels.WritableByteChannel;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.concurrent.ConcurrentLinkedDeque;
import java.util.zip.DataFormatException;

/**
 * Reads packed content back. The last few fragment blocks are kept, so files that share one are best read one after
 * the other. Safe for any thread; every stream belongs to one.
 */
public final class PackedReader {
    private static final int FRAGMENTS_KEPT = 16;

    private final Store store;
    private final int blockSize;
    private final ConcurrentLinkedDeque<Bench> idle = new ConcurrentLinkedDeque<>();
    private final Map<Long, Fragment> fragments = new LinkedHashMap<>(32, 0.75f, true) {
        @Override
        protected boolean removeEldestEntry(Map.Entry<Long, Fragment> eldest) {
            return size() > FRAGMENTS_KEPT;
        }
    };

    public PackedReader(Store store) {
        this.store = store;
        this.blockSize = store.compression().blockSize();
    }

    /**
     * Opens a file's bytes.
     *
     * @param content in this reader's store
     * @param size of the file
     * @throws CorruptDataException here or while reading, when the blocks are not what {@code content} says
     */
    public InputStream open(PackedContent content, long size) throws CorruptDataException {
        check(content, size);
        return new Blocks(content, size);
    }

    /** Holds what is said about a file against itself; what it does not catch, decompressing will. */
    static void check(PackedContent content, long size) throws CorruptDataException {
        int blockSize = content.store().compression().blockSize();
        Optional<Slice> tail = content.tail();
        long tailLength = size % blockSize;
        boolean fits = size >= 0
                && content.sizeWords().length == Inode.File.blocks(size, tail.isPresent(), blockSize)
                && (tail.isEmpty() || (tailLength > 0 && tail.get().length() == tailLength));
        if (!fits) {
            throw new CorruptDataException("A file of %d bytes cannot have %d blocks of %d bytes and a tail of %d".formatted(
                    size, content.sizeWords().length, blockSize, tail.map(Slice::length).orElse(0)));
        }
        for (int word : content.sizeWords()) {
            if (!SizeWord.isValid(word, blockSize)) {
                throw new CorruptDataException("A block has the size word 0x%08X".formatted(word));
            }
        }
        if (tail.isPresent()) {
            Slice slice = tail.get();
            int limit = slice.blockLength() > 0 ? slice.blockLength() : blockSize;
            if (!SizeWord.isValid(slice.sizeWord(), blockSize)
                    || slice.sizeWord() == SizeWord.SPARSE
                    || slice.blockLength() > blockSize
                    || slice.offset() < 0
                    || slice.offset() > limit - slice.length()) {
                throw new CorruptDataException("A fragment block cannot be read like this: " + slice);
            }
        }
    }

    /** The uncompressed fragment block that a slice is part of. Not copied, not to be changed. */
    byte[] fragment(Slice slice) throws IOException {
        Fragment fragment;
        synchronized (fragments) {
            fragment = fragments.computeIfAbsent(slice.position(), _ -> new Fragment());
        }
        synchronized (fragment) {
            byte[] bytes = fragment.bytes.get();
            if (bytes == null) {
                byte[] block = new byte[blockSize];
                int length = read(slice.position(), slice.sizeWord(), block, blockSize);
                bytes = length == blockSize ? block : Arrays.copyOf(block, length);
                fragment.bytes = new SoftReference<>(bytes);
            }
            checkLength(slice, bytes.length);
            return bytes;
        }
    }

    /**
     * A fragment block, decompressed by whoever is first; others wait for him. Held softly: of the readers of a hundred
     * layers, each would keep some.
     */
    private static final class Fragment {
        private SoftReference<byte[]> bytes = new SoftReference<>(null);
    }

    /** What one thread at a time decompresses with. */
    private final class Bench {
        private final BlockDecompressor decompressor = Codecs.decompressor(store.compression().codec());
        private ByteBuffer stored = ByteBuffer.allocateDirect(0);
        private ByteBuffer plain = ByteBuffer.allocateDirect(0);

        ByteBuffer stored(int length) {
            stored = room(stored, length);
            return stored;
        }

        ByteBuffer plain(int length) {
            plain = room(plain, length);
            return plain;
        }

        private ByteBuffer room(ByteBuffer buffer, int length) {
            ByteBuffer large = buffer.capacity() < length ? ByteBuffer.allocateDirect(Math.max(length, blockSize)) : buffer;
            return large.clear().limit(length);
        }
    }

    private static void checkLength(Slice slice, int length) throws CorruptDataException {
        if (slice.offset() + slice.length() > length || (slice.blockLength() > 0 && slice.blockLength() != length)) {
            throw new CorruptDataException(
                    "The fragment block at byte %d has %d bytes, %s is claimed".formatted(slice.position(), length, slice));
        }
    }

    /** What is done with an uncompressed block, which is nobody's afterwards. */
    private interface Use {
        /** Returns how many bytes were used. */
        int of(ByteBuffer plain) throws IOException;
    }

    /** Reads a block into an array and returns how many bytes it has, at most so many. */
    private int read(long position, int word, byte[] into, int length) throws IOException {
        return with(position, word, length, plain -> {
            int got = plain.remaining();
            plain.get(into, 0, got);
            return got;
        });
    }

    /** Reads a block that has at most {@code length} bytes uncompressed, and returns how many of them were used. */
    private int with(long position, int word, int length, Use use) throws IOException {
        Bench bench = Objects.requireNonNullElseGet(idle.poll(), Bench::new);
        try {
            return use.of(plain(position, word, length, bench));
        } finally {
            idle.push(bench);
        }
    }

    private ByteBuffer plain(long position, int word, int length, Bench bench) throws IOException {
        ByteBuffer stored = bench.stored(SizeWord.length(word));
        fill(position, stored);
        if (SizeWord.raw(word)) {
            if (stored.limit() > length) {
                throw new CorruptDataException("The block at byte %d has %d bytes, %d are expected"
                        .formatted(position, stored.limit(), length));
            }
            return stored.rewind();
        }
        ByteBuffer plain = bench.plain(length);
        try {
            return plain.limit(bench.decompressor.decompress(MemorySegment.ofBuffer(stored.rewind()), MemorySegment.ofBuffer(plain)));
        } catch (DataFormatException e) {
            throw new CorruptDataException(
                    "The block at byte %d is damaged: %s".formatted(position, e.getMessage()), e);
        }
    }

    private void fill(long position, ByteBuffer stored) throws IOException {
        try {
            ChannelBytes.read(store.channel(), position, stored);
        } catch (EOFException | IllegalArgumentException e) {
            throw new CorruptDataException(
                    "A block of %d bytes should be at byte %d: %s".formatted(stored.limit(), position, e.getMessage()), e);
        }
    }

    private final class Blocks extends InputStream {
        private final PackedContent content;
        private final long size;
        private byte[] block = {};
        private int from;
        private int to;
        private long done;
        private int next;
        private long position;

        Blocks(PackedContent content, long size) {
            this.content = content;
            this.size = size;
            this.position = content.position();
        }

        @Override
        public int read() throws IOException {
            return fill() ? block[from++] & 0xFF : -1;
        }

        @Override
        public int read(byte[] into, int offset, int length) throws IOException {
            Objects.checkFromIndexSize(offset, length, into.length);
            if (length == 0) {
                return 0;
            }
            if (!fill()) {
                return -1;
            }
            int some = Math.min(length, to - from);
            System.arraycopy(block, from, into, offset, some);
            from += some;
            return some;
        }

        /** Block by block, as they come out; without a copy on the heap where the target is a channel, too. */
        @Override
        public long transferTo(OutputStream out) throws IOException {
            long count = 0;
            if (out instanceof WritableByteChannel channel) {
                while (from == to && done < size) {
                    count += transfer(channel);
                }
            }
            while (fill()) {
                out.write(block, from, to - from);
                count += to - from;
                from = to;
            }
            return count;
        }

        @Override
        public int available() {
            return to - from;
        }

        /** Writes the next block or the tail. */
        private int transfer(WritableByteChannel channel) throws IOException {
            int length = (int) Math.min(blockSize, size - done);
            if (next == content.sizeWords().length) {
                Slice tail = content.tail().orElseThrow();
                if (SizeWord.raw(tail.sizeWord())) {
                    checkLength(tail, SizeWord.length(tail.sizeWord()));
                    with(tail.position() + tail.offset(), SizeWord.of(length, true), length, channel::write);
                } else {
                    channel.write(ByteBuffer.wrap(fragment(tail), tail.offset(), length));
                }
            } else {
                int word = content.sizeWords()[next];
                if (word == SizeWord.SPARSE) {
                    channel.write(ByteBuffer.allocate(length));
                } else {
                    with(position, word, length, plain -> {
                        requireLength(plain.remaining(), length);
                        return channel.write(plain);
                    });
                    position += SizeWord.length(word);
                }
                next++;
            }
            done += length;
            return length;
        }

        private void requireLength(int got, int length) throws CorruptDataException {
            if (got != length) {
                throw new CorruptDataException("The block at byte %d has %d bytes, %d are expected".formatted(position, got, length));
            }
        }

        private boolean fill() throws IOException {
            if (from < to) {
                return true;
            }
            if (done == size) {
                return false;
            }
            int length = (int) Math.min(blockSize, size - done);
            if (next < content.sizeWords().length) {
                int word = content.sizeWords()[next++];
                if (block.length < length) {
                    block = new byte[length];
                }
                if (word == SizeWord.SPARSE) {
                    Arrays.fill(block, 0, length, (byte) 0);
                } else {
                    requireLength(PackedReader.this.read(position, word, block, length), length);
                    position += SizeWord.length(word);
                }
                from = 0;
            } else {
                Slice tail = content.tail().orElseThrow();
                block = fragment(tail);
                from = tail.offset();
            }
            to = from + length;
            done += length;
            return true;
        }
    }
}
