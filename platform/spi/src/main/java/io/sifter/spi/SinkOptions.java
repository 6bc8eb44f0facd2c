package io.sifter.spi;

import io.sifter.spi.tree.Compression;
import io.sifter.spi.tree.PackedContent;
import java.io.IOException;
import java.nio.channels.FileChannel;
import java.util.Objects;

/**
 * How a tree is written.
 *
 * @param compression of what the sink compresses itself
 * @param allRoot whether everything shall belong to root
 * @param copies is told what was copied; a sink that does not tell is only slower the next time
 */
public record SinkOptions(Compression compression, boolean allRoot, Copies copies) {
    public SinkOptions {
        Objects.requireNonNull(compression);
        Objects.requireNonNull(copies);
    }

    public SinkOptions(Compression compression, boolean allRoot) {
        this(compression, allRoot, Copies.UNTOLD);
    }

    /**
     * Told what a sink copies as it is out of stores of packed content, so that who keeps the stores can make the same file again by
     * copying alone. Called by the thread that writes.
     */
    @FunctionalInterface
    public interface Copies {
        /** For nobody. */
        Copies UNTOLD = (_, _, _, _) -> { };

        /**
         * @param position of the bytes in the store's channel
         * @param target of the first of them in the file that is written
         */
        void copied(PackedContent.Store store, long position, long length, long target);

        /**
         * All of the file is written, and it has not its name yet.
         *
         * @param file as the sink wrote it; left open, read at positions only
         */
        default void written(FileChannel file) throws IOException, InterruptedException {
            // Of no interest for who only counts.
        }
    }
}
