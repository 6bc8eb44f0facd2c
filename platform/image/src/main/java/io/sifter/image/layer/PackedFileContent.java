package io.sifter.image.layer;

import io.sifter.spi.error.CorruptDataException;
import io.sifter.spi.tree.Content;
import io.sifter.spi.tree.PackedContent;
import java.io.IOException;
import java.io.InputStream;
import java.util.Optional;

/** A file's bytes in a pack. Remembers no more than where its record is, for there are many such files. */
final class PackedFileContent implements Content {
    private final PackContents contents;
    private final int record;
    private final long size;

    /** @param record of a file of this size; it has been read once, so it is sound */
    PackedFileContent(PackContents contents, int record, long size) {
        this.contents = contents;
        this.record = record;
        this.size = size;
    }

    int layer() {
        return contents.layer();
    }

    @Override
    public long size() {
        return size;
    }

    @Override
    public InputStream open() throws IOException {
        // Not held against its digest: whoever opened the pack has just written it, or has seen to it that it is what was written.
        return contents.reader().open(contents.read(record, size).packed(), size);
    }

    @Override
    public Optional<PackedContent> packed() {
        try {
            return Optional.of(contents.read(record, size).packed());
        } catch (CorruptDataException e) {
            throw new IllegalStateException("The record was sound when it was read first", e);
        }
    }
}
