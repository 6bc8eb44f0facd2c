package io.sifter.image.document;

import java.util.List;

/**
 * An entry of {@code manifest.json}, by which {@code docker save} says what is in its archive. Names of files are as they stand
 * there.
 *
 * @param tags the image's names; none if it was saved by its id
 * @param layers lowest first
 */
public record SavedImage(String config, List<String> tags, List<String> layers) {
    public SavedImage {
        tags = List.copyOf(tags);
        layers = List.copyOf(layers);
    }
}
