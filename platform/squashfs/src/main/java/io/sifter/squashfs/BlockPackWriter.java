package io.sifter.squashfs;

import io.sifter.spi.error.ExternalException;
import io.sifter.spi.error.UserException;
import io.sifter.spi.tree.Compression;
import java.io.EOFException;
import java.io.IOException;
import java.io.InputStream;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.Deque;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.Executor;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicReference;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;
import java.util.zip.CRC32C;

/**
 * Appends the contents of many files to a channel as SquashFS blocks (doc/squashfs.md, <i>Data</i>). Full blocks are
 * compressed each; small files and the tails of larger ones share fragment blocks; zeros and repeated contents are
 * stored once or not at all.
 *
 * <p>{@link #add} cuts, numbers and hashes in the caller's thread, which must not be one of the workers; workers
 * compress; whichever worker has completed the oldest block writes all that follows it. So the bytes depend on the
 * input alone, not on the number of workers. One thread at a time calls. After an exception only {@link #close} makes
 * sense.
 */
public final class BlockPackWriter implements AutoCloseable {
    /** What goes to the disk at once; also what positions are aligned to, so that no page is written twice. */
    private static final int CHUNK = 1 << 20;

    /** What an array can hold, with room for one more. */
    private static final long MAX_BLOCKS = Integer.MAX_VALUE - 16;

    private static final byte[] ZEROS = new byte[1 << 20];

    private final FileChannel out;
    private final String target;
    private final Compression compression;
    private final Executor workers;
    private final BlockBuffers.Share buffers;
    private final int blockSize;

    /** What is not compressed is not meant to stay, and finding what is equal would take longer than writing it twice. */
    private final boolean sharing;

    // The caller's.
    private final BlockBuffers memory;
    private final BlockBuffers.Desk desk;
    private final byte[] cut;
    private final MessageDigest sha256;
    private final Map<PackedFile.Hash, PackedFile> small = new HashMap<>();
    private final List<Run> runs = new ArrayList<>();
    private MemorySegment fragment;
    private int fragmentFill;
    private int fragmentCount;
    private boolean finished;

    // The workers'.
    private final Deque<BlockPress> presses;
    private final Queue<Block> pending = new ConcurrentLinkedQueue<>();
    private final AtomicReference<Throwable> failure = new AtomicReference<>();
    private final ReentrantLock lock = new ReentrantLock();
    private final Condition settled = lock.newCondition();
    private int outstanding;

    // Of whoever has set this.
    private final AtomicBoolean writing = new AtomicBoolean();
    private final List<FragmentBlock> fragments = new ArrayList<>();
    private final MemorySegment chunk;
    private int chunkFill;
    private long chunkPosition;
    private final CRC32C checksum = new CRC32C();

    /**
     * @param out open for reading and writing; blocks go to its position and beyond, and it stays open
     * @param workers compress and write; shared, never shut down here
     */
    public BlockPackWriter(FileChannel out, Compression compression, ExecutorService workers, BlockBuffers memory)
            throws IOException {
        this(out, "a block pack", compression, workers, memory);
    }

    /** @param file what {@code out} is, for messages */
    public BlockPackWriter(
            FileChannel out, Path file, Compression compression, ExecutorService workers, BlockBuffers memory)
            throws IOException {
        this(out, "%s in %s".formatted(file.getFileName(), file.toAbsolutePath().getParent()), compression, workers,
                memory);
    }

    private BlockPackWriter(
            FileChannel out, String target, Compression compression, Executor workers, BlockBuffers memory)
            throws IOException {
        this.out = out;
        this.target = target;
        this.compression = compression;
        this.workers = workers;
        this.blockSize = compression.blockSize();
        this.sharing = compression.level() > 0;
        this.presses = memory.presses(compression);
        BlockPress press = press();
        this.buffers = memory.share(press.bufferSize());
        this.presses.push(press);
        this.memory = memory;
        this.desk = memory.desk(blockSize, CHUNK);
        this.cut = desk.cut();
        this.chunk = desk.chunk();
        this.sha256 = sha256();
        this.chunkPosition = out.position();
    }

    /**
     * Appends a file of exactly {@code size} bytes; the stream stays open.
     *
     * @throws EOFException when the stream ends early
     * @throws ExternalException when the disk takes no more
     */
    public PackedFile add(InputStream in, long size) throws IOException, InterruptedException {
        if (size < 0 || finished) {
            throw new IllegalArgumentException(finished ? "Already finished" : "Not a size: " + size);
        }
        checkFailure();
        if (size < blockSize) {
            read(in, (int) size, size, 0);
            return addSlice(cut, 0, (int) size);
        }
        long blocks = size / blockSize;
        if (blocks > MAX_BLOCKS) {
            throw new UserException("A file of %d bytes does not fit in %d blocks of %d bytes"
                    .formatted(size, MAX_BLOCKS, blockSize));
        }
        int tail = (int) (size % blockSize);
        var run = new Run();
        for (int i = 0; i < blocks; i++) {
            read(in, blockSize, size, (long) i * blockSize);
            run.makeRoom(i);
            if (!isZero(cut, 0, blockSize)) {
                MemorySegment bytes = buffers.take();
                MemorySegment.copy(cut, 0, bytes, ValueLayout.JAVA_BYTE, 0, blockSize);
                submit(new Block(run, i, bytes, blockSize));
            }
        }
        read(in, tail, size, size - tail);
        PackedFile end = addSlice(cut, 0, tail);
        run.count = (int) blocks + end.sizeWords().length;
        run.file = PackedFile.blocks(size, end.fragment(), end.fragmentOffset(), end.tailLength());
        runs.add(run);
        return run.file;
    }

    /** Appends a file or a tail smaller than a block. */
    PackedFile addSlice(byte[] bytes, int offset, int length) throws IOException, InterruptedException {
        if (!sharing) {
            return appendSlice(bytes, offset, length);
        }
        sha256.update(bytes, offset, length);
        var hash = PackedFile.Hash.of(sha256.digest());
        PackedFile known = small.get(hash);
        if (known == null) {
            known = appendSlice(bytes, offset, length);
            small.put(hash, known);
        }
        return known;
    }

    private PackedFile appendSlice(byte[] bytes, int offset, int length) throws IOException, InterruptedException {
        PackedFile added;
        if (isZero(bytes, offset, length)) {
            added = PackedFile.zeros(length);
        } else {
            if (fragment != null && length > blockSize - fragmentFill) {
                flushFragment();
            }
            if (fragment == null) {
                fragment = buffers.take();
            }
            MemorySegment.copy(bytes, offset, fragment, ValueLayout.JAVA_BYTE, fragmentFill, length);
            added = PackedFile.slice(length, fragmentCount, fragmentFill);
            fragmentFill += length;
        }
        return added;
    }

    /**
     * Writes what is left and waits until everything has its place.
     *
     * @return where the last block ends in the channel, which is its position now
     */
    public long finish() throws IOException, InterruptedException {
        checkFailure();
        if (!finished) {
            flushFragment();
            lock.lockInterruptibly();
            try {
                while (outstanding > 0) {
                    settled.await();
                }
            } finally {
                lock.unlock();
            }
            checkFailure();
            flushChunk();
            settleRuns();
            out.position(chunkPosition);
            finished = true;
            memory.give(desk);
        }
        return chunkPosition;
    }

    /** The fragment blocks by number; complete after {@link #finish}. */
    public List<FragmentBlock> fragments() {
        return Collections.unmodifiableList(fragments);
    }

    /** CRC-32C of all bytes that were written, in order; complete after {@link #finish}. */
    public int checksum() {
        return (int) checksum.getValue();
    }

    /** Makes workers drop what is still to be compressed. What was written stays in the channel. */
    @Override
    public void close() {
        failure.compareAndSet(null, new IllegalStateException("The writer was closed"));
        if (fragment != null) {
            buffers.give(fragment);
            fragment = null;
        }
    }

    private void read(InputStream in, int length, long size, long done) throws IOException {
        int got = in.readNBytes(cut, 0, length);
        if (got < length) {
            throw new EOFException("The content ends after %d of %d bytes".formatted(done + got, size));
        }
    }

    private static boolean isZero(byte[] bytes, int offset, int length) {
        return Arrays.equals(bytes, offset, offset + length, ZEROS, 0, length);
    }

    private void flushFragment() throws IOException {
        if (fragment != null) {
            submit(new Block(null, fragmentCount, fragment, fragmentFill));
            fragment = null;
            fragmentFill = 0;
            fragmentCount++;
        }
    }

    private void submit(Block block) throws IOException {
        try {
            checkFailure();
        } catch (IOException | RuntimeException | Error e) {
            buffers.give(block.bytes);
            throw e;
        }
        lock.lock();
        try {
            outstanding++;
        } finally {
            lock.unlock();
        }
        pending.add(block);
        try {
            workers.execute(() -> compress(block));
        } catch (RejectedExecutionException e) {
            failure.compareAndSet(null, e);
            block.done = true;
            writeDone();
            throw e;
        }
    }

    private void compress(Block block) {
        try {
            if (failure.get() == null) {
                BlockPress press = press();
                BlockPress.Pressed pressed = press.press(block.bytes, block.length);
                presses.push(press);
                block.bytes = pressed.buffer();
                block.word = pressed.word();
            }
        } catch (UserException | RuntimeException | Error e) {
            failure.compareAndSet(null, e);
        }
        block.done = true;
        writeDone();
    }

    private BlockPress press() throws UserException {
        BlockPress idle = presses.poll();
        return idle == null ? new BlockPress(compression) : idle;
    }

    /** Writes as many blocks as are done without a gap, unless another thread is at it, which will see ours as well. */
    private void writeDone() {
        while (isDone(pending.peek()) && writing.compareAndSet(false, true)) {
            int count = 0;
            try {
                for (Block block = pending.peek(); isDone(block); block = pending.peek()) {
                    pending.remove();
                    count++;
                    write(block);
                }
            } finally {
                writing.set(false);
                lock.lock();
                try {
                    outstanding -= count;
                    if (outstanding == 0) {
                        settled.signalAll();
                    }
                } finally {
                    lock.unlock();
                }
            }
        }
    }

    private static boolean isDone(Block block) {
        return block != null && block.done;
    }

    private void write(Block block) {
        try {
            if (failure.get() == null) {
                long position = chunkPosition + chunkFill;
                append(block.bytes, SizeWord.length(block.word));
                if (block.run == null) {
                    fragments.add(new FragmentBlock(position, block.word, block.length));
                } else {
                    block.run.place(block.number, block.word, position);
                }
            }
        } catch (IOException | RuntimeException | Error e) {
            failure.compareAndSet(null, e);
        } finally {
            buffers.give(block.bytes);
        }
    }

    private void append(MemorySegment bytes, int length) throws IOException {
        for (int done = 0; done < length; ) {
            int room = CHUNK - (int) (chunkPosition % CHUNK) - chunkFill;
            int some = Math.min(room, length - done);
            MemorySegment.copy(bytes, done, chunk, chunkFill, some);
            chunkFill += some;
            done += some;
            if (some == room) {
                flushChunk();
            }
        }
    }

    private void flushChunk() throws IOException {
        ByteBuffer full = chunk.asSlice(0, chunkFill).asByteBuffer();
        checksum.update(full.duplicate());
        try {
            while (full.hasRemaining()) {
                chunkPosition += out.write(full, chunkPosition);
            }
        } catch (IOException e) {
            throw new ExternalException(
                    "Could not write to %s at byte %d: %s".formatted(
                            target, chunkPosition, Objects.requireNonNullElse(e.getMessage(), e.toString())),
                    "Free some space there, or choose another directory.", e);
        }
        chunkFill = 0;
    }

    private void checkFailure() throws IOException {
        switch (failure.get()) {
            case null -> {}
            case IOException e -> throw e;
            case RuntimeException e -> throw e;
            case Error e -> throw e;
            case Throwable e -> throw new IllegalStateException(e);
        }
    }

    /** Tells files where their blocks are, of equal blocks the first ones; the bytes of the others stay where they are, unused. */
    private void settleRuns() throws IOException {
        for (Run run : runs) {
            run.words = Arrays.copyOf(run.words, run.count);
            run.file.settle(run.words, run.position);
        }
        if (sharing) {
            shareRuns();
        }
        runs.clear();
    }

    private void shareRuns() throws IOException {
        var index = new RunIndex<Run>();
        for (Run run : runs) {
            if (SizeWord.total(run.words) > 0) {
                PackedFile first = index.first(run, run.words, out, run.position).file;
                run.file.settle(first.sizeWords(), first.position());
            }
        }
    }

    static MessageDigest sha256() {
        try {
            return MessageDigest.getInstance("SHA-256");
        } catch (NoSuchAlgorithmException everyJdkHasIt) {
            throw new AssertionError(everyJdkHasIt);
        }
    }

    /** The blocks of one file. Their number is not trusted before they are there. */
    private static final class Run {
        private int[] words = new int[8];
        private boolean placed;
        private long position;
        private int count;
        private PackedFile file;

        synchronized void makeRoom(int number) {
            if (number >= words.length) {
                words = Arrays.copyOf(words, (int) Math.min(MAX_BLOCKS, 2L * words.length));
            }
        }

        synchronized void place(int number, int word, long at) {
            words[number] = word;
            if (!placed) {
                placed = true;
                position = at;
            }
        }
    }

    /** On its way from the caller through a worker to the disk. */
    private static final class Block {
        final Run run;
        final int number;
        final int length;
        MemorySegment bytes;
        int word;
        volatile boolean done;

        /** @param run {@code null} for a fragment block */
        Block(Run run, int number, MemorySegment bytes, int length) {
            this.run = run;
            this.number = number;
            this.bytes = bytes;
            this.length = length;
        }
    }
}
