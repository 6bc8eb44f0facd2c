package io.sifter.engine.build;

import java.io.IOException;
import java.util.Optional;

/**
 * The root of an image while a definition adds to it, as a tree in memory or as a directory. Paths are relative, their
 * components separated by {@code /}; links on the way are followed inside the root and lead nowhere else.
 */
interface ImageRoot {
    /** The text of a file, if there is one. */
    Optional<String> read(String path) throws IOException;

    /** Writes a file; parents that are missing are made, and what stands at the path is replaced. */
    void write(String path, String text, int mode) throws IOException;

    /** Makes a directory where none is, and its parents. */
    void makeDirectory(String path) throws IOException;

    void remove(String path) throws IOException;
}
