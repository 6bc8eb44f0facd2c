package io.sifter.engine.lint;

import io.sifter.image.document.HistoryEntry;
import io.sifter.image.document.ImageConfig;
import io.sifter.spi.reference.Reference;
import io.sifter.spi.tree.Directory;
import java.util.List;
import java.util.Objects;
import java.util.Optional;

/**
 * An image as the checks want it.
 *
 * @param name as it was called
 * @param reference that it came by, if it did
 * @param root of its file system; nobody changes it meanwhile
 * @param config of the OCI image that it is, or was made of
 * @param history how that was made, if it is known
 * @param layers how many it has; 0 if that is no longer known
 */
public record LintedImage(String name, Optional<Reference> reference, Directory root, Optional<ImageConfig> config, List<HistoryEntry> history, int layers) {
    public LintedImage {
        Objects.requireNonNull(name);
        Objects.requireNonNull(reference);
        Objects.requireNonNull(root);
        Objects.requireNonNull(config);
        history = List.copyOf(history);
    }
}
