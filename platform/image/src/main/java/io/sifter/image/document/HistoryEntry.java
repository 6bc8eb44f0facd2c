package io.sifter.image.document;

import java.util.Objects;

/**
 * One step in which an image was made (OCI image specification, config, {@code history}).
 *
 * @param createdBy what was run, in the words of who built the image; may be empty
 * @param emptyLayer whether the step made no layer
 */
public record HistoryEntry(String createdBy, boolean emptyLayer) {
    public HistoryEntry {
        Objects.requireNonNull(createdBy);
    }
}
