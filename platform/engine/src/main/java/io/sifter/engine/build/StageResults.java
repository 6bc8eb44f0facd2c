package io.sifter.engine.build;

import io.sifter.engine.cache.BuildResults;
import io.sifter.image.directory.DirectoryTree;
import io.sifter.spi.error.CorruptDataException;
import io.sifter.spi.event.Event;
import io.sifter.spi.event.Event.Level;
import io.sifter.spi.tree.Attributes;
import io.sifter.spi.tree.Content;
import io.sifter.spi.tree.Directory;
import io.sifter.spi.tree.FileTree;
import io.sifter.spi.tree.RegularFile;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.Optional;
import java.util.function.Consumer;

/**
 * What the sections of stages came to in earlier builds. Kept is a SquashFS file with the upper layer as overlayfs left it in {@code layer}, and
 * what it was made of in {@code inputs.json}, see {@link StageInputs}.
 */
public final class StageResults {
    private static final String LAYER = "layer";
    private static final String INPUTS = "inputs.json";

    private final BuildResults kept;
    private final boolean used;
    private final Consumer<Event> events;

    /** @param used whether what is there is used; else everything is made again */
    public StageResults(BuildResults kept, boolean used, Consumer<Event> events) {
        this.kept = kept;
        this.used = used;
        this.events = events;
    }

    /** What the stage came to, if that is known: a layer, its marks among it, and what to close afterwards. */
    record Found(Directory layer, LocalImage file) implements AutoCloseable {
        @Override
        public void close() throws IOException {
            file.close();
        }
    }

    Optional<Found> find(String inputs) throws IOException, InterruptedException {
        Optional<Path> path = used ? kept.find(StageInputs.key(inputs)) : Optional.empty();
        if (path.isEmpty()) {
            return Optional.empty();
        }
        try {
            LocalImage file = LocalImage.open(path.get(), events);
            Directory root = file.tree().root();
            if (Inspection.text(root, INPUTS).equals(inputs.strip()) && root.children().get(LAYER) instanceof Directory layer) {
                return Optional.of(new Found(layer, file));
            }
            file.close();
        } catch (CorruptDataException damaged) {
            events.accept(new Event.Logged(Level.VERBOSE, "Running a stage again: " + damaged.getMessage()));
        }
        return Optional.empty();
    }

    /** @param upper directory that nobody writes to any more */
    void keep(String inputs, Path upper, DefinitionBuild.Engine engine) throws IOException, InterruptedException {
        try (FileTree layer = DirectoryTree.open(upper, events)) {
            Directory root = new Directory(Attributes.of(0755, 0));
            root.children().put(LAYER, layer.root());
            root.children().put(INPUTS, new RegularFile(Attributes.of(0644, 0), Content.of(inputs.getBytes(StandardCharsets.UTF_8))));
            kept.keep(StageInputs.key(inputs), true, file -> engine.pack(FileTree.of(root), file, true));
        }
    }
}
