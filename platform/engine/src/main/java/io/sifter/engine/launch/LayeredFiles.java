package io.sifter.engine.launch;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.TreeSet;

/**
 * An image under the directories that overlayfs lays over it: what an upper one has hides what lies below, and a character device
 * 0/0 says that there is nothing.
 */
final class LayeredFiles implements ImageFiles {
    private final ImageFiles image;
    private final List<HostFiles> layers;

    /** @param layers lowest first */
    LayeredFiles(ImageFiles image, List<Path> layers) {
        this.image = image;
        this.layers = new ArrayList<>();
        for (Path layer : layers) {
            this.layers.addFirst(new HostFiles(layer));
        }
    }

    private static boolean isWhiteout(HostFiles layer, String path) {
        Optional<Path> relative = HostFiles.path(path.substring(1));
        try {
            return relative.isPresent() && (Long) Files.getAttribute(layer.base().resolve(relative.get()), "unix:rdev", LinkOption.NOFOLLOW_LINKS) == 0;
        } catch (IOException unreadable) {
            return false;
        }
    }

    @Override
    public Optional<Entry> entry(String path) throws IOException {
        for (HostFiles layer : layers) {
            Optional<Entry> entry = layer.entry(path);
            if (entry.isPresent()) {
                return entry.get().kind() == Kind.OTHER && isWhiteout(layer, path) ? Optional.empty() : entry;
            }
        }
        return image.entry(path);
    }

    @Override
    public List<String> list(String path) throws IOException {
        TreeSet<String> names = new TreeSet<>();
        if (image.entry(path).filter(entry -> entry.kind() == Kind.DIRECTORY).isPresent()) {
            names.addAll(image.list(path));
        }
        for (HostFiles layer : layers) {
            if (layer.entry(path).filter(entry -> entry.kind() == Kind.DIRECTORY).isPresent()) {
                names.addAll(layer.list(path));
            }
        }
        return List.copyOf(names);
    }

    @Override
    public String read(String path, int max) throws IOException {
        for (HostFiles layer : layers) {
            if (layer.entry(path).isPresent()) {
                return layer.read(path, max);
            }
        }
        return image.read(path, max);
    }

    @Override
    public boolean copiesUp(String directory) throws IOException {
        return image.copiesUp(directory);
    }

    @Override
    public void close() throws IOException {
        image.close();
    }
}
