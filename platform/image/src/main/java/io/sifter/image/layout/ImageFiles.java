package io.sifter.image.layout;

import io.sifter.spi.error.CorruptDataException;
import io.sifter.spi.source.ByteSource;
import io.sifter.spi.source.Layer;
import io.sifter.spi.source.LayerSequence;
import java.io.IOException;
import java.io.InputStream;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;

/** Files of images by name, wherever they lie: in a directory, in an archive. Names are relative, parted by slashes. Safe for any thread. */
public interface ImageFiles {
    /** What holds the files, as messages call it. */
    String place();

    /** Bytes of a regular file; empty if there is none of this name. */
    OptionalLong size(String name) throws IOException;

    /**
     * A file's bytes, not verified; each {@code open} begins anew.
     *
     * @throws java.nio.file.NoSuchFileException when opened, if there is none of this name
     */
    ByteSource bytes(String name);

    /** The whole of a small file. */
    default byte[] read(String name, int limit) throws IOException, InterruptedException {
        try (InputStream in = bytes(name).open(0)) {
            byte[] content = in.readNBytes(limit + 1);
            if (content.length > limit) {
                throw new CorruptDataException("%s of %s has more than the %d bytes that are read of such a file"
                        .formatted(name, place(), limit));
            }
            return content;
        }
    }

    /** For files that are had only from front to end: layers by the name of their file, in one reading. */
    default Optional<LayerSequence.Opener> sequence(Map<String, Layer> layers) {
        return Optional.empty();
    }
}
