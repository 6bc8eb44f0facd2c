package io.sifter.engine.build;

import io.sifter.image.directory.DirectoryTree;
import io.sifter.spi.event.Event;
import io.sifter.spi.tree.FileTree;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Optional;
import java.util.function.Consumer;

/** The root of a stage that a definition's build works in, or worked in. */
public sealed interface StageRoot {
    /** Of its directory, within that of the stage. */
    String NAME = "rootfs";

    /** What it began with, closed. */
    Base base();

    /** Its directory. What is mounted there is seen by the build alone. */
    Path path();

    /** The image's tree, for the caller to close. Nobody may write any more. */
    FileTree tree(Consumer<Event> events) throws IOException, InterruptedException;

    /** Its base as files, among which all is done. */
    record Copied(Base base, Path path) implements StageRoot {
        @Override
        public FileTree tree(Consumer<Event> events) throws IOException, InterruptedException {
            return DirectoryTree.open(path, events);
        }
    }

    /** Layers that are mounted over one another. */
    sealed interface Layered extends StageRoot {
        Overlays.Layers layers();

        @Override
        default Path path() {
            return layers().root();
        }

        @Override
        default FileTree tree(Consumer<Event> events) throws IOException, InterruptedException {
            return layers().tree(events);
        }
    }

    /**
     * Its base as a file that is mounted, below what is done.
     *
     * @param inputs as which the result is kept, if it is
     */
    record Mounted(Base base, Overlays.Layers layers, Optional<String> inputs) implements Layered {}

    /** Its base with what an earlier build made of it, mounted: nothing is left to do. */
    record Recalled(Base base, Overlays.Layers layers) implements Layered {}
}
