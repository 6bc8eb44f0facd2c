package io.sifter.image.document;

import java.util.Map;

/** What a reference names: the manifest of one image, or an index of several. */
public sealed interface ImageDocument permits Manifest, Index {
    /** As the document states it, else as its source did. */
    String mediaType();

    Map<String, String> annotations();
}
