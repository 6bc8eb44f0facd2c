package io.sifter.squashfs;

import io.sifter.spi.error.CorruptDataException;
import io.sifter.spi.error.ExternalException;
import io.sifter.spi.error.SifterException;
import io.sifter.spi.tree.PackedContent;
import io.sifter.spi.tree.PackedContent.Slice;
import io.sifter.spi.tree.PackedContent.Store;
import io.sifter.spi.tree.RawName;
import io.sifter.squashfs.Draft.Placement;
import java.io.EOFException;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.channels.ClosedByInterruptException;
import java.nio.channels.FileChannel;
import java.security.MessageDigest;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.HashMap;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.function.Function;

/**
 * Puts the content of all files into an image: first what is copied as it is, in the order in which it lies in its
 * stores, then what must be compressed. A fragment block is copied when files use every byte of it; otherwise the
 * slices in use are packed anew, because nobody shall find the rest in the image.
 *
 * <p>Copying goes on after {@link #write}, until {@link #finish}; {@link #close} ends it in any case.
 */
final class DataArea implements AutoCloseable {
    private static final long MEMORY = 32 << 20;

    /** Copied without a look at whether that is still wanted. */
    private static final long PIECE = 16 << 20;

    private static final int HASH_CHUNK = 1 << 16;

    private final FileChannel out;
    private final long offset;
    private final SquashFsOptions options;
    private final ExecutorService workers;
    private final Function<Draft, String> paths;

    private final Map<Store, PackedReader> readers = new IdentityHashMap<>();
    private final Map<Store, Integer> stores = new IdentityHashMap<>();
    private final List<FragmentEntry> fragments = new ArrayList<>();
    private final List<Transfer> transfers = new ArrayList<>();
    private CompletableFuture<Void> copying = CompletableFuture.completedFuture(null);
    private volatile boolean closed;
    private BlockPackWriter packer;
    private long end;

    /**
     * @param offset of the image in the channel
     * @param start of the data in the channel
     * @param paths names a file in messages
     */
    DataArea(
            FileChannel out,
            long offset,
            long start,
            SquashFsOptions options,
            ExecutorService workers,
            Function<Draft, String> paths) {
        this.out = out;
        this.offset = offset;
        this.options = options;
        this.workers = workers;
        this.paths = paths;
        this.end = start;
    }

    /** Gives every file its placement; what is copied need not be there yet. */
    void write(List<Draft.OfFile> files) throws IOException, InterruptedException {
        List<Packed> copied = new ArrayList<>();
        List<Packed> recoded = new ArrayList<>();
        List<Draft.OfFile> plain = new ArrayList<>();
        for (Draft.OfFile file : files) {
            long size = file.file.content().size();
            if (size == 0) {
                file.placement = Placement.EMPTY;
                continue;
            }
            Optional<PackedContent> content = file.file.content().packed();
            if (content.isEmpty()) {
                plain.add(file);
                continue;
            }
            check(file, content.get());
            Store store = content.get().store();
            var packed = new Packed(file, content.get(), stores.computeIfAbsent(store, _ -> stores.size()));
            (options.compression().reads(store.compression()) ? copied : recoded).add(packed);
        }
        recoded.sort(Comparator.comparingInt((Packed file) -> file.order).thenComparingLong(Packed::place));
        Map<Draft.OfFile, Draft.OfFile> same = equalLargeFiles(copied, recoded, plain);
        List<Run> runs = new ArrayList<>();
        List<Packed> tails = tails(copied, runs);
        arrange(runs);
        copying = CompletableFuture.runAsync(this::copy, workers);
        Map<Draft.OfFile, PackedFile> packed = compress(tails, recoded, plain, same);
        place(copied, tails);
        packed.forEach((file, at) -> file.placement = placement(at));
        same.forEach((file, other) -> file.placement = other.placement);
    }

    /** Waits until all content is in the image. */
    void finish() throws IOException, InterruptedException {
        try {
            copying.get();
        } catch (ExecutionException e) {
            switch (e.getCause()) {
                case UncheckedIOException failure -> throw failure.getCause();
                case RuntimeException failure -> throw failure;
                case Error failure -> throw failure;
                default -> throw new IllegalStateException(e);
            }
        }
    }

    /** Ends the copying; afterwards nobody uses the channels any more. */
    @Override
    public void close() {
        closed = true;
        copying.handle((_, _) -> null).join();
    }

    /** The fragment table. */
    List<FragmentEntry> fragments() {
        return fragments;
    }

    /** Where the data ends in the channel. */
    long end() {
        return end;
    }

    private void check(Draft.OfFile file, PackedContent content) throws CorruptDataException {
        try {
            PackedReader.check(content, file.file.content().size());
        } catch (CorruptDataException e) {
            throw corrupt(file, e);
        }
    }

    /**
     * Finds files of at least a block that need not be compressed because another file has the same bytes. Only files
     * of equal size are read for that, and copied ones only when a compressed one may be the same.
     */
    private Map<Draft.OfFile, Draft.OfFile> equalLargeFiles(
            List<Packed> copied, List<Packed> recoded, List<Draft.OfFile> plain)
            throws IOException, InterruptedException {
        Map<Long, List<Draft.OfFile>> bySize = new HashMap<>();
        recoded.forEach(file -> fileBySize(bySize, file.file));
        plain.forEach(file -> fileBySize(bySize, file));
        Map<Long, List<Draft.OfFile>> models = new HashMap<>();
        for (Packed file : copied) {
            if (bySize.containsKey(file.file.file.content().size())) {
                models.computeIfAbsent(file.file.file.content().size(), _ -> new ArrayList<>()).add(file.file);
            }
        }
        Map<Draft.OfFile, Draft.OfFile> same = new IdentityHashMap<>();
        for (Map.Entry<Long, List<Draft.OfFile>> group : bySize.entrySet()) {
            List<Draft.OfFile> originals = models.getOrDefault(group.getKey(), List.of());
            if (originals.size() + group.getValue().size() < 2) {
                continue;
            }
            Map<PackedFile.Hash, Draft.OfFile> byHash = new HashMap<>();
            for (Draft.OfFile file : originals) {
                byHash.putIfAbsent(hash(file), file);
            }
            for (Draft.OfFile file : group.getValue()) {
                Draft.OfFile first = byHash.putIfAbsent(hash(file), file);
                if (first != null) {
                    same.put(file, first);
                }
            }
        }
        return same;
    }

    private void fileBySize(Map<Long, List<Draft.OfFile>> bySize, Draft.OfFile file) {
        long size = file.file.content().size();
        if (size >= options.compression().blockSize()) {
            bySize.computeIfAbsent(size, _ -> new ArrayList<>(1)).add(file);
        }
    }

    private PackedFile.Hash hash(Draft.OfFile file) throws IOException, InterruptedException {
        MessageDigest sha256 = BlockPackWriter.sha256();
        byte[] chunk = new byte[HASH_CHUNK];
        try (InputStream in = open(file)) {
            for (int count = in.read(chunk); count >= 0; count = in.read(chunk)) {
                sha256.update(chunk, 0, count);
                if (Thread.interrupted()) {
                    throw new InterruptedException();
                }
            }
        } catch (IOException e) {
            throw unreadable(file, e);
        }
        return PackedFile.Hash.of(sha256.digest());
    }

    /**
     * Collects the runs to copy, fragment blocks among them.
     *
     * @return the files with a tail; where the tail's block cannot be copied, it has none
     */
    private List<Packed> tails(List<Packed> copied, List<Run> runs) throws IOException {
        List<Packed> tails = new ArrayList<>();
        for (Packed file : copied) {
            if (SizeWord.total(file.words) > 0) {
                file.run = new Run(file.order, file.store, file.position, file.words);
                runs.add(file.run);
            }
            if (file.hasTail()) {
                tails.add(file);
            }
        }
        tails.sort(Comparator.comparingInt((Packed file) -> file.order)
                .thenComparingLong(file -> file.tailPosition)
                .thenComparingInt(file -> file.tailOffset)
                .thenComparingInt(file -> file.tailLength));
        for (int from = 0, to; from < tails.size(); from = to) {
            to = from + 1;
            while (to < tails.size() && tails.get(to).isBeside(tails.get(from))) {
                to++;
            }
            List<Packed> users = tails.subList(from, to);
            if (isAllUsed(users)) {
                Packed any = users.getFirst();
                var run = new Run(any.order, any.store, any.tailPosition, new int[] {any.tailWord});
                runs.add(run);
                users.forEach(user -> user.fragment = run);
            }
        }
        return tails;
    }

    private boolean isAllUsed(List<Packed> users) throws IOException {
        Packed any = users.getFirst();
        int reached = 0;
        for (Packed user : users) {
            if (user.tailWord != any.tailWord || user.blockLength != any.blockLength) {
                throw corrupt(user.file, new CorruptDataException(
                        "One fragment block cannot be both %s and %s".formatted(any.slice(), user.slice())));
            }
            if (user.tailOffset > reached) {
                return false;
            }
            reached = Math.max(reached, user.tailOffset + user.tailLength);
        }
        return reached == (any.blockLength > 0 ? any.blockLength : fragment(any).length);
    }

    private byte[] fragment(Packed user) throws IOException {
        try {
            return reader(user.store).fragment(user.slice());
        } catch (CorruptDataException e) {
            throw corrupt(user.file, e);
        }
    }

    /** Compresses what must be, and with it the tails whose fragment block cannot be copied. */
    private Map<Draft.OfFile, PackedFile> compress(
            List<Packed> tails, List<Packed> recoded, List<Draft.OfFile> plain, Map<Draft.OfFile, Draft.OfFile> same)
            throws IOException, InterruptedException {
        out.position(end);
        Map<Draft.OfFile, PackedFile> packed = new IdentityHashMap<>();
        try (var writer = new BlockPackWriter(
                out, options.target(), options.compression(), workers, new BlockBuffers(MEMORY))) {
            packer = writer;
            for (Packed file : tails) {
                if (file.fragment == null) {
                    file.packedTail = writer.addSlice(fragment(file), file.tailOffset, file.tailLength);
                }
            }
            for (Packed file : recoded) {
                if (!same.containsKey(file.file)) {
                    packed.put(file.file, add(file.file));
                }
            }
            for (Draft.OfFile file : plain) {
                if (!same.containsKey(file)) {
                    packed.put(file, add(file));
                }
            }
            end = writer.finish();
            for (FragmentBlock fragment : writer.fragments()) {
                fragments.add(new FragmentEntry(fragment.position() - offset, fragment.sizeWord()));
            }
        }
        return packed;
    }

    private PackedFile add(Draft.OfFile file) throws IOException, InterruptedException {
        try (InputStream in = open(file)) {
            return packer.add(in, file.file.content().size());
        } catch (IOException e) {
            throw unreadable(file, e);
        }
    }

    /** Opens the bytes of a file; packed ones through one reader for each store, which keeps fragments. */
    private InputStream open(Draft.OfFile file) throws IOException {
        Optional<PackedContent> packed = file.file.content().packed();
        return packed.isPresent()
                ? reader(packed.get().store()).open(packed.get(), file.file.content().size())
                : file.file.content().open();
    }

    private PackedReader reader(Store store) {
        return readers.computeIfAbsent(store, PackedReader::new);
    }

    /** Gives all runs their places, each once, and finds what lies together. */
    private void arrange(List<Run> runs) throws IOException {
        runs.sort(Comparator.comparingInt((Run run) -> run.order)
                .thenComparingLong(run -> run.position)
                .thenComparing(run -> run.words, Arrays::compare));
        var index = new RunIndex<Run>();
        Run last = null;
        for (Run run : runs) {
            boolean again = last != null
                    && run.order == last.order && run.position == last.position && Arrays.equals(run.words, last.words);
            try {
                run.first = again ? last.first : index.first(run, run.words, run.store.channel(), run.position);
            } catch (EOFException | IllegalArgumentException e) {
                throw missing(run.position, e);
            }
            last = run;
        }
        Store from = null;
        long start = 0;
        long stop = 0;
        long to = end;
        for (Run run : runs) {
            if (run.first != run) {
                continue;
            }
            if (from != run.store || stop != run.position) {
                transfer(from, start, stop - start, to);
                to = end;
                from = run.store;
                start = run.position;
                stop = start;
            }
            run.target = end;
            long length = SizeWord.total(run.words);
            stop += length;
            end += length;
        }
        transfer(from, start, stop - start, to);
    }

    private void transfer(Store from, long position, long length, long to) throws IOException {
        if (length == 0) {
            return;
        }
        if (position < 0 || position > from.channel().size() - length) {
            throw missing(position + length, null);
        }
        transfers.add(new Transfer(from.channel(), position, length, to));
        options.copies().copied(from, position, length, to);
    }

    private void copy() {
        try {
            for (Transfer transfer : transfers) {
                for (long done = 0; done < transfer.length && !closed; ) {
                    long count;
                    // Everybody else reads stores at positions, so that their channels' own are free for who holds them.
                    synchronized (transfer.from) {
                        transfer.from.position(transfer.position + done);
                        count = out.transferFrom(
                                transfer.from, transfer.to + done, Math.min(PIECE, transfer.length - done));
                    }
                    if (count <= 0) {
                        throw missing(transfer.position + done, null);
                    }
                    done += count;
                }
            }
        } catch (SifterException e) {
            throw new UncheckedIOException(e);
        } catch (IOException e) {
            throw new UncheckedIOException(
                    e instanceof ClosedByInterruptException ? e : SquashFsWriter.unwritable(options, e));
        }
    }

    private void place(List<Packed> copied, List<Packed> tails) {
        Map<Run, Integer> numbers = new IdentityHashMap<>();
        for (Packed file : tails) {
            if (file.fragment != null) {
                numbers.computeIfAbsent(file.fragment.first, run -> {
                    fragments.add(new FragmentEntry(run.target - offset, run.words[0]));
                    return fragments.size() - 1;
                });
            }
        }
        for (Packed file : copied) {
            int[] words = file.words;
            int fragment = PackedFile.NO_FRAGMENT;
            int fragmentOffset = 0;
            if (file.fragment != null) {
                fragment = numbers.get(file.fragment.first);
                fragmentOffset = file.tailOffset;
            } else if (file.packedTail != null && file.packedTail.fragment() != PackedFile.NO_FRAGMENT) {
                fragment = file.packedTail.fragment();
                fragmentOffset = file.packedTail.fragmentOffset();
            } else if (file.packedTail != null) {
                words = Arrays.copyOf(words, words.length + 1); // the tail is zeros and became a block of them
            }
            long start = file.run == null ? 0 : file.run.first.target - offset;
            file.file.placement = new Placement(start, words, fragment, fragmentOffset);
        }
    }

    private Placement placement(PackedFile packed) {
        boolean stored = SizeWord.total(packed.sizeWords()) > 0;
        return new Placement(
                stored ? packed.position() - offset : 0,
                packed.sizeWords(),
                packed.fragment(),
                packed.fragmentOffset());
    }

    private CorruptDataException missing(long position, Exception cause) {
        return new CorruptDataException(
                "Could not copy compressed blocks: the file they are in ends before byte " + position, cause);
    }

    private IOException unreadable(Draft file, IOException e) {
        return switch (e) {
            case ClosedByInterruptException interrupted -> interrupted;
            case CorruptDataException corrupt -> corrupt(file, corrupt);
            case SifterException known -> known;
            case EOFException early -> corrupt(file, early);
            default -> new ExternalException(
                    "Could not read the content of '%s': %s"
                            .formatted(RawName.display(paths.apply(file)), e.getMessage()),
                    e);
        };
    }

    private CorruptDataException corrupt(Draft file, IOException e) {
        return new CorruptDataException(
                "The content of '%s' is damaged: %s".formatted(RawName.display(paths.apply(file)), e.getMessage()), e);
    }

    /**
     * A file whose content is blocks already. An image may have a million of them, so what is known of one lies in one
     * object.
     */
    private static final class Packed {
        private static final int[] NONE = {};

        private final Draft.OfFile file;
        private final Store store;
        private final int order;
        private final long position;
        private final int[] words;

        // The slice of a fragment block, if there is one; it has a length then.
        private final long tailPosition;
        private final int tailWord;
        private final int blockLength;
        private final int tailOffset;
        private final int tailLength;

        private Run run;
        private Run fragment;
        private PackedFile packedTail;

        Packed(Draft.OfFile file, PackedContent content, int order) {
            this.file = file;
            this.store = content.store();
            this.order = order;
            this.position = content.position();
            this.words = content.sizeWords().length == 0 ? NONE : content.sizeWords();
            Slice slice = content.tail().orElse(null);
            this.tailPosition = slice == null ? 0 : slice.position();
            this.tailWord = slice == null ? 0 : slice.sizeWord();
            this.blockLength = slice == null ? 0 : slice.blockLength();
            this.tailOffset = slice == null ? 0 : slice.offset();
            this.tailLength = slice == null ? 0 : slice.length();
        }

        boolean hasTail() {
            return tailLength > 0;
        }

        Slice slice() {
            return new Slice(tailPosition, tailWord, blockLength, tailOffset, tailLength);
        }

        /** Files that share a fragment block come together, so that it is decompressed once. */
        long place() {
            return hasTail() ? tailPosition : position;
        }

        boolean isBeside(Packed other) {
            return order == other.order && tailPosition == other.tailPosition;
        }
    }

    /** Bytes to copy from a store, and where to. */
    private record Transfer(FileChannel from, long position, long length, long to) {}

    /** A run of blocks to copy, or a fragment block. */
    private static final class Run {
        private final int order;
        private final Store store;
        private final long position;
        private final int[] words;
        private Run first;
        private long target;

        Run(int order, Store store, long position, int[] words) {
            this.order = order;
            this.store = store;
            this.position = position;
            this.words = words;
        }
    }
}
