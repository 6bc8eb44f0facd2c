package io.sifter.squashfs;

import static java.nio.file.StandardOpenOption.CREATE_NEW;
import static java.nio.file.StandardOpenOption.READ;
import static java.nio.file.StandardOpenOption.WRITE;

import io.sifter.spi.tree.Compression;
import io.sifter.spi.tree.Content;
import io.sifter.spi.tree.PackedContent;
import io.sifter.spi.tree.PackedContent.Slice;
import io.sifter.spi.tree.PackedContent.Store;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.channels.FileChannel;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.ExecutorService;

/** Contents that lie in a pack. */
final class Pack implements AutoCloseable {
    private final FileChannel channel;
    private final Store store;
    private final PackedReader reader;
    private final List<PackedFile> files = new ArrayList<>();
    private final List<FragmentBlock> fragments;
    private final boolean tellLengths;

    /** @param tellLengths whether slices say how long their fragment block is */
    Pack(Path file, Compression compression, boolean tellLengths, ExecutorService workers, List<byte[]> contents)
            throws Exception {
        channel = FileChannel.open(file, CREATE_NEW, READ, WRITE);
        store = new Store(channel, compression);
        reader = new PackedReader(store);
        this.tellLengths = tellLengths;
        try (var writer = new BlockPackWriter(channel, file, compression, workers, new BlockBuffers(8 << 20))) {
            for (byte[] content : contents) {
                files.add(writer.add(new ByteArrayInputStream(content), content.length));
            }
            writer.finish();
            fragments = List.copyOf(writer.fragments());
        }
    }

    PackedContent packed(int number) {
        PackedFile file = files.get(number);
        Optional<Slice> tail = Optional.empty();
        if (file.fragment() != PackedFile.NO_FRAGMENT) {
            FragmentBlock fragment = fragments.get(file.fragment());
            tail = Optional.of(new Slice(
                    fragment.position(), fragment.sizeWord(), tellLengths ? fragment.length() : 0,
                    file.fragmentOffset(), file.tailLength()));
        }
        return new PackedContent(store, file.position(), file.sizeWords(), tail);
    }

    Content content(int number) {
        return content(packed(number), files.get(number).size());
    }

    Content content(PackedContent packed, long size) {
        return new Content() {
            @Override
            public long size() {
                return size;
            }

            @Override
            public InputStream open() throws IOException {
                return reader.open(packed, size);
            }

            @Override
            public Optional<PackedContent> packed() {
                return Optional.of(packed);
            }
        };
    }

    FileChannel channel() {
        return channel;
    }

    @Override
    public void close() throws IOException {
        channel.close();
    }
}
