package io.sifter.image.archive;

import io.sifter.image.tar.TarEntry;
import io.sifter.image.tar.TarReader;
import io.sifter.spi.source.ByteSource;
import io.sifter.spi.source.Layer;
import io.sifter.spi.source.LayerSequence;
import java.io.IOException;
import java.io.InputStream;
import java.util.Optional;

/** The layers of an archive that arrives. For one thread; closing it closes the stream. What the stream throws passes unchanged. */
public final class TarSequence implements LayerSequence {
    /** Says which layer an entry is. */
    @FunctionalInterface
    interface Recognition {
        /**
         * The layer that an entry is, if it is one.
         *
         * @param ordinal of the entry, from 0
         * @param content of the entry, which becomes the layer's
         */
        Optional<Layer> layer(TarEntry entry, int ordinal, InputStream content) throws IOException;
    }

    private final InputStream in;
    private final TarReader tar;
    private final Recognition recognition;
    private int ordinal;

    TarSequence(InputStream in, Recognition recognition) {
        this.in = in;
        this.tar = new TarReader(in, _ -> { });
        this.recognition = recognition;
    }

    @Override
    public Optional<Layer> next() throws IOException, InterruptedException {
        for (Optional<TarEntry> next = tar.next(); next.isPresent(); next = tar.next()) {
            if (Thread.interrupted()) {
                throw new InterruptedException();
            }
            Optional<Layer> layer = recognition.layer(next.get(), ordinal++, tar.body());
            if (layer.isPresent()) {
                return layer;
            }
        }
        return Optional.empty();
    }

    static ByteSource once(InputStream content) {
        return offset -> {
            if (offset != 0) {
                throw new IllegalArgumentException("A layer that passes by is read from its beginning, not from " + offset);
            }
            return content;
        };
    }

    @Override
    public void close() throws IOException {
        in.close();
    }
}
