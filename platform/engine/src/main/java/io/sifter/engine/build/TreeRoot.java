package io.sifter.engine.build;

import io.sifter.spi.tree.Directory;
import io.sifter.spi.tree.RegularFile;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.util.Optional;

/** An image's root in memory. */
final class TreeRoot implements ImageRoot {
    private final Directory root;
    private final TreeEditor editor;

    /** @param time of everything written, seconds since 1970 */
    TreeRoot(Directory root, long time) {
        this.root = root;
        this.editor = new TreeEditor(root, time);
    }

    @Override
    public Optional<String> read(String path) throws IOException {
        if (TreeEditor.find(root, path).orElse(null) instanceof RegularFile file) {
            try (InputStream in = file.content().open()) {
                return Optional.of(new String(in.readAllBytes(), StandardCharsets.UTF_8));
            }
        }
        return Optional.empty();
    }

    @Override
    public void write(String path, String text, int mode) {
        editor.file(path, text, mode);
    }

    @Override
    public void makeDirectory(String path) {
        editor.ensureDirectory(path, 0755);
    }

    @Override
    public void remove(String path) {
        editor.remove(path);
    }
}
