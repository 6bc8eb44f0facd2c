package io.sifter.squashfs;

import static java.nio.file.StandardOpenOption.READ;
import static java.nio.file.StandardOpenOption.WRITE;

import io.sifter.spi.tree.Attributes;
import io.sifter.spi.tree.Compression;
import io.sifter.spi.tree.Compression.Codec;
import io.sifter.spi.tree.Content;
import io.sifter.spi.tree.Directory;
import io.sifter.spi.tree.FileTree;
import io.sifter.spi.tree.PackedContent;
import io.sifter.spi.tree.PackedContent.Slice;
import io.sifter.spi.tree.PackedContent.Store;
import io.sifter.spi.tree.RegularFile;
import io.sifter.spi.tree.Symlink;
import java.io.IOException;
import java.io.InputStream;
import java.nio.channels.FileChannel;
import java.nio.file.FileVisitResult;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.SimpleFileVisitor;
import java.nio.file.attribute.BasicFileAttributes;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.IdentityHashMap;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;

/**
 * Packs the files of a directory, then writes images from the pack and tells how long each takes: {@code ImageBenchmark
 * source directory codec-level-KiB}. The first image copies everything, the second leaves out every tenth file, the
 * third is all metadata.
 */
final class ImageBenchmark {
    private final Compression compression;
    private final Path directory;
    private final ExecutorService workers = Executors.newFixedThreadPool(2);

    private ImageBenchmark(Compression compression, Path directory) {
        this.compression = compression;
        this.directory = directory;
    }

    public static void main(String[] args) throws Exception {
        String[] parts = args[2].split("-");
        var compression = new Compression(Codec.valueOf(parts[0].toUpperCase(Locale.ROOT)), Integer.parseInt(parts[1]),
                Integer.parseInt(parts[2]) << 10);
        new ImageBenchmark(compression, Path.of(args[1])).run(Path.of(args[0]));
    }

    private void run(Path source) throws Exception {
        Path pack = Files.createTempFile(directory, "pack", ".partial");
        try (FileChannel channel = FileChannel.open(pack, READ, WRITE)) {
            Map<RegularFile, PackedFile> packed = new IdentityHashMap<>();
            var start = new Clock();
            var writer = new BlockPackWriter(channel, pack, compression, workers, new BlockBuffers(64 << 20));
            Directory root = read(source, packed, writer);
            tell("pack", start, writer.finish());
            var store = new Store(channel, compression);
            for (int round = 0; round < 3; round++) {
                write("copy", copy(root, packed, writer, store, 0));
                write("copy, repack", copy(root, packed, writer, store, 10));
                write("metadata", empty(root));
            }
        } finally {
            workers.shutdown();
            Files.delete(pack);
        }
    }

    private void write(String what, Directory root) throws Exception {
        Path image = Files.createTempFile(directory, "image", ".partial");
        try (FileChannel out = FileChannel.open(image, READ, WRITE)) {
            var start = new Clock();
            long length = SquashFsWriter.write(FileTree.of(root), out, 0, SquashFsOptions.of(compression, 0, image), workers);
            tell(what, start, length);
        } finally {
            Files.delete(image);
        }
    }

    private static void tell(String what, Clock start, long length) {
        var end = new Clock();
        System.out.printf(Locale.ROOT, "%-14s %6.2f s  %6.2f s CPU  %6.1f MB%n", what, (end.wall - start.wall) / 1e9,
                (end.cpu - start.cpu) / 1e9, length / 1e6);
    }

    private record Clock(long wall, long cpu) {
        Clock() {
            this(System.nanoTime(), PackBenchmark.cpu());
        }
    }

    private static Directory read(Path source, Map<RegularFile, PackedFile> packed, BlockPackWriter writer)
            throws IOException {
        Deque<Directory> parents = new ArrayDeque<>();
        Directory[] root = new Directory[1];
        Files.walkFileTree(source, new SimpleFileVisitor<>() {
            @Override
            public FileVisitResult preVisitDirectory(Path path, BasicFileAttributes attributes) {
                var directory = new Directory(Attributes.of(0755, 1));
                if (parents.isEmpty()) {
                    root[0] = directory;
                } else {
                    parents.peek().children().put(path.getFileName().toString(), directory);
                }
                parents.push(directory);
                return FileVisitResult.CONTINUE;
            }

            @Override
            public FileVisitResult postVisitDirectory(Path path, IOException e) {
                parents.pop();
                return FileVisitResult.CONTINUE;
            }

            @Override
            public FileVisitResult visitFile(Path path, BasicFileAttributes attributes) throws IOException {
                String name = path.getFileName().toString();
                if (attributes.isSymbolicLink()) {
                    String target = Files.readSymbolicLink(path).toString();
                    parents.peek().children().put(name, new Symlink(Attributes.of(0777, 1), target));
                } else if (attributes.isRegularFile()) {
                    var file = new RegularFile(Attributes.of(0644, 1), Content.of(new byte[0]));
                    parents.peek().children().put(name, file);
                    try (InputStream in = Files.newInputStream(path)) {
                        packed.put(file, writer.add(in, attributes.size()));
                    } catch (InterruptedException e) {
                        throw new IllegalStateException(e);
                    }
                }
                return FileVisitResult.CONTINUE;
            }
        });
        return root[0];
    }

    /** @param drop leaves out one of so many files */
    private static Directory copy(
            Directory directory, Map<RegularFile, PackedFile> packed, BlockPackWriter writer, Store store, int drop) {
        var copy = new Directory(directory.attributes());
        int[] count = {0};
        directory.children().forEach((name, node) -> {
            switch (node) {
                case Directory below -> copy.children().put(name, copy(below, packed, writer, store, drop));
                case RegularFile file -> {
                    if (drop == 0 || ++count[0] % drop != 0) {
                        copy.children().put(name, new RegularFile(file.attributes(), content(packed.get(file), writer, store)));
                    }
                }
                default -> copy.children().put(name, node);
            }
        });
        return copy;
    }

    private static Directory empty(Directory directory) {
        var copy = new Directory(directory.attributes());
        directory.children().forEach((name, node) -> {
            copy.children().put(name, node instanceof Directory below ? empty(below) : node);
            if (!(node instanceof Directory) && name.length() < 250) {
                copy.children().put(name + "~", new RegularFile(node.attributes(), Content.of(new byte[0])));
            }
        });
        return copy;
    }

    private static Content content(PackedFile file, BlockPackWriter writer, Store store) {
        Optional<Slice> tail = Optional.empty();
        if (file.fragment() != PackedFile.NO_FRAGMENT) {
            FragmentBlock block = writer.fragments().get(file.fragment());
            tail = Optional.of(new Slice(
                    block.position(), block.sizeWord(), block.length(), file.fragmentOffset(), file.tailLength()));
        }
        var content = new PackedContent(store, file.position(), file.sizeWords(), tail);
        return new Content() {
            @Override
            public long size() {
                return file.size();
            }

            @Override
            public InputStream open() {
                throw new UnsupportedOperationException();
            }

            @Override
            public Optional<PackedContent> packed() {
                return Optional.of(content);
            }
        };
    }
}
