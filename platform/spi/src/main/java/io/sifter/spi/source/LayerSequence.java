package io.sifter.spi.source;

import java.io.Closeable;
import java.io.IOException;
import java.util.Optional;

/**
 * One reading of a source that gives its layers one after the other, in an order of its own. The rule:
 *
 * <ul>
 * <li>One thread calls {@link #next} until it is empty, or until it has all it wants, and then closes the sequence.
 * <li>Each layer's bytes may be opened once, from offset 0, before the next call. A layer that is not opened, or not read to its
 *     end, is passed over.
 * <li>The host knows layers by DiffID, or by digest where the DiffID shows only when a layer has been read. The order says nothing;
 *     a layer that the image has twice may come once; others, which the image does not have, may come between.
 * </ul>
 *
 * <p>So nothing waits for anything but the source, however few layers are converted at a time.
 */
public interface LayerSequence extends Closeable {
    /** The layer that comes next; empty at the end of the source. */
    Optional<Layer> next() throws IOException, InterruptedException;

    /** Begins a reading. Who opens it closes it. */
    @FunctionalInterface
    interface Opener {
        LayerSequence open() throws IOException, InterruptedException;
    }
}
