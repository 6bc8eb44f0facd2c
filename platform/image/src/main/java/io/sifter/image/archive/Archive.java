package io.sifter.image.archive;

import io.sifter.image.document.Documents;
import io.sifter.image.layer.Decompressed;
import io.sifter.image.layout.ImageFiles;
import io.sifter.image.layout.LocalName;
import io.sifter.image.tar.TarEntry;
import io.sifter.image.tar.TarReader;
import io.sifter.spi.error.CorruptDataException;
import io.sifter.spi.error.UserException;
import io.sifter.spi.source.ByteSource;
import io.sifter.spi.source.Layer;
import io.sifter.spi.source.LayerSequence;
import io.sifter.spi.tree.RawName;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.HashMap;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;

/**
 * A tar archive of an image's files, indexed once. Of a plain archive, files are read where they lie, any number at the same time.
 * A compressed one is decompressed when it is indexed, its documents kept in memory, and again for each {@link #sequence}. Nothing is
 * ever unpacked: names are only looked up, so that hostile ones lead nowhere. Safe for any thread.
 */
public final class Archive implements ImageFiles {
    private static final int MAX_ENTRIES = 1_000_000;
    private static final int MAX_LINKS = 40;
    private static final long MAX_KEPT = 64L << 20;

    /** Where a file's content is, or what the name stands for. Ordinals count all entries from 0. */
    private record Item(int ordinal, long position, long size, boolean contiguous, Optional<String> link, Optional<byte[]> kept) {}

    private final ArchiveFile file;
    private final boolean compressed;
    private final Map<String, Item> items = new HashMap<>();

    private Archive(ArchiveFile file, boolean compressed) {
        this.file = file;
        this.compressed = compressed;
    }

    /**
     * Splits the reference of a transport whose images are in archives: {@code file[:name][@digest]}, {@code -} for standard input.
     *
     * @throws UserException if there is no such file
     */
    public static LocalName name(String text) throws UserException {
        Optional<LocalName> name = LocalName.parse(text, path -> ArchiveFile.isStandardInput(path) || Files.exists(path) && !Files.isDirectory(path));
        if (name.isPresent()) {
            return name.get();
        }
        Optional<LocalName> directory = LocalName.parse(text, Files::isDirectory);
        if (directory.isPresent()) {
            throw new UserException("%s is a directory, no archive".formatted(directory.get().path()),
                    "For an image layout in a directory, write oci:%s; for a sandbox, give the directory itself.".formatted(text));
        }
        Optional<Path> closed = LocalName.closed(text);
        if (closed.isPresent()) {
            throw new UserException("opening file \"%s\": permission denied".formatted(text), "Ask the owner of %s for permission.".formatted(closed.get()));
        }
        throw new UserException("opening file \"%s\": no such file or directory".formatted(text.replace("\0", "\\0")),
                "Check the name; a relative one starts where the command does.");
    }

    /**
     * Opens and indexes an archive. What can be read only once, such as standard input from a pipe, is copied first to a file that
     * has no name, in {@code temporary}.
     *
     * @throws UserException if the file is no archive
     * @throws CorruptDataException if it is damaged or cut off
     */
    public static Archive open(Path path, Path temporary) throws IOException, InterruptedException {
        ArchiveFile file = ArchiveFile.open(path, temporary);
        byte[] head;
        try (InputStream in = file.open(0)) {
            head = in.readNBytes(FileKind.HEAD);
        }
        Archive archive = new Archive(file, Decompressed.compressed(head));
        archive.index(head);
        return archive;
    }

    private void index(byte[] head) throws IOException, InterruptedException {
        long kept = 0;
        int ordinal = 0;
        try (InputStream in = stream()) {
            TarReader tar = new TarReader(in, _ -> { });
            for (Optional<TarEntry> next = next(tar, ordinal, head); next.isPresent(); next = next(tar, ++ordinal, head)) {
                if (Thread.interrupted()) {
                    throw new InterruptedException();
                }
                if (ordinal >= MAX_ENTRIES) {
                    throw new CorruptDataException("%s has more than the %d entries that are read of an archive of images".formatted(place(), MAX_ENTRIES));
                }
                TarEntry entry = next.get();
                Optional<String> name = clean("", RawName.display(entry.name()));
                if (name.isEmpty()) {
                    continue;
                }
                Optional<byte[]> document = compressed && kept < MAX_KEPT ? document(tar, entry) : Optional.empty();
                kept += document.map(bytes -> (long) bytes.length).orElse(0L);
                switch (entry.kind()) {
                    case REGULAR -> items.put(name.get(), new Item(ordinal, tar.position(), entry.size(), tar.contiguous(), Optional.empty(), document));
                    case SYMLINK -> link(name.get(), ordinal, clean(parent(name.get()), RawName.display(entry.linkName()))
                            .filter(_ -> !entry.linkName().startsWith("/")));
                    case HARD_LINK -> link(name.get(), ordinal, clean("", RawName.display(entry.linkName())));
                    case DIRECTORY, CHARACTER_DEVICE, BLOCK_DEVICE, FIFO -> { }
                }
            }
            if (compressed) {
                tar.drain();
            }
        }
    }

    private void link(String name, int ordinal, Optional<String> target) {
        // A target outside is kept as a name that no file has.
        items.put(name, new Item(ordinal, 0, 0, true, Optional.of(target.orElse("")), Optional.empty()));
    }

    private Optional<TarEntry> next(TarReader tar, int ordinal, byte[] head) throws IOException {
        try {
            Optional<TarEntry> entry = tar.next();
            if (entry.isEmpty() && ordinal == 0) {
                throw FileKind.notAnArchive(place(), head);
            }
            return entry;
        } catch (CorruptDataException e) {
            if (ordinal == 0 && !compressed) {
                throw FileKind.notAnArchive(place(), head);
            }
            throw e.getMessage().startsWith(place()) ? e
                    : new CorruptDataException("%s is damaged: %s".formatted(place(), e.getMessage()), "Copy or make the archive anew.", e);
        }
    }

    /** What looks like JSON and is small is worth keeping where going back costs another decompression. */
    private static Optional<byte[]> document(TarReader tar, TarEntry entry) throws IOException {
        if (entry.kind() != TarEntry.Kind.REGULAR || entry.size() == 0 || entry.size() > Documents.MAX_CONFIG_SIZE) {
            return Optional.empty();
        }
        int first = tar.body().read();
        if (first != '{' && first != '[') {
            return Optional.empty();
        }
        byte[] content = new byte[(int) entry.size()];
        content[0] = (byte) first;
        tar.body().readNBytes(content, 1, content.length - 1);
        return Optional.of(content);
    }

    private InputStream stream() throws IOException, InterruptedException {
        InputStream in = file.open(0);
        try {
            return compressed ? Decompressed.of(in, place()) : in;
        } catch (IOException | RuntimeException e) {
            in.close();
            throw e;
        }
    }

    /** A name relative to the archive's root; empty if it leads out of the archive, or is the root. */
    private static Optional<String> clean(String directory, String name) {
        Deque<String> parts = new ArrayDeque<>();
        for (String part : (directory + "/" + name).split("/")) {
            if (part.equals("..")) {
                if (parts.pollLast() == null) {
                    return Optional.empty();
                }
            } else if (!part.isEmpty() && !part.equals(".")) {
                parts.add(part);
            }
        }
        return parts.isEmpty() ? Optional.empty() : Optional.of(String.join("/", parts));
    }

    private static String parent(String name) {
        return name.substring(0, Math.max(0, name.lastIndexOf('/')));
    }

    /** Whether a file below a directory of this name is there. */
    boolean hasDirectory(String name) {
        return items.keySet().stream().anyMatch(other -> other.startsWith(name + "/"));
    }

    private Optional<Item> find(String name) throws CorruptDataException {
        Optional<String> at = clean("", name);
        for (int links = 0; links < MAX_LINKS; links++) {
            Item item = at.map(items::get).orElse(null);
            if (item == null || item.link.isEmpty()) {
                return Optional.ofNullable(item);
            }
            if (item.link.get().isEmpty()) {
                throw new CorruptDataException("%s: the link %s leads out of the archive".formatted(place(), at.get()), "Do not trust the archive.");
            }
            at = item.link;
        }
        throw new CorruptDataException("%s: the link %s leads to itself".formatted(place(), name), "Make the archive anew.");
    }

    @Override
    public String place() {
        return file.name();
    }

    @Override
    public OptionalLong size(String name) throws IOException {
        Optional<Item> item = find(name);
        return item.isPresent() ? OptionalLong.of(item.get().size) : OptionalLong.empty();
    }

    @Override
    public ByteSource bytes(String name) {
        return offset -> {
            Item item = find(name).orElseThrow(() -> new NoSuchFileException(name + " in " + place()));
            long from = Math.min(offset, item.size);
            if (item.kept.isPresent()) {
                return new ByteArrayInputStream(item.kept.get(), (int) from, item.kept.get().length);
            }
            return !compressed && item.contiguous ? new Slice(file.open(item.position + from), item.size - from, place() + "/" + name)
                    : fromFront(item, from);
        };
    }

    /** Content that is had only by reading all that stands before it. */
    private InputStream fromFront(Item item, long offset) throws IOException, InterruptedException {
        InputStream in = stream();
        try {
            TarReader tar = new TarReader(in, _ -> { });
            for (int ordinal = 0; tar.next().isPresent(); ordinal++) {
                if (Thread.interrupted()) {
                    throw new InterruptedException();
                }
                if (ordinal == item.ordinal) {
                    tar.body().skipNBytes(offset);
                    return new Slice(tar.body(), item.size - offset, place()) {
                        @Override
                        public void close() throws IOException {
                            in.close();
                        }
                    };
                }
            }
            throw new CorruptDataException("%s has changed while it was read".formatted(place()), "Run the command again.");
        } catch (IOException | InterruptedException | RuntimeException e) {
            in.close();
            throw e;
        }
    }

    @Override
    public Optional<LayerSequence.Opener> sequence(Map<String, Layer> layers) {
        if (!compressed) {
            return Optional.empty();
        }
        return Optional.of(() -> {
            Map<Integer, Layer> wanted = new HashMap<>();
            for (Map.Entry<String, Layer> layer : layers.entrySet()) {
                find(layer.getKey()).ifPresent(item -> wanted.putIfAbsent(item.ordinal, layer.getValue()));
            }
            return new TarSequence(stream(), (_, ordinal, content) -> Optional.ofNullable(wanted.get(ordinal))
                    .map(layer -> new Layer(layer.mediaType(), layer.digest(), layer.size(), layer.diffId(), TarSequence.once(content), true)));
        });
    }
}
