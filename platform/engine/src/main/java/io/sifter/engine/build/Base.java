package io.sifter.engine.build;

import io.sifter.image.document.ImageConfig;
import io.sifter.image.document.Json;
import io.sifter.spi.ImageSettings;
import io.sifter.spi.reference.Platform;
import io.sifter.spi.tree.Attributes;
import io.sifter.spi.tree.Directory;
import io.sifter.spi.tree.FileTree;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.time.Instant;
import java.util.Optional;
import java.util.UUID;

/**
 * What a definition builds upon: a tree that has all that Singularity needs in it, and says nothing yet of how it was built. Whoever
 * makes one closes it.
 *
 * @param platform what its programs were built for
 * @param created when it counts as made
 * @param identity all that determines its bytes
 */
public record Base(FileTree tree, Optional<byte[]> ociConfig, Platform platform, Instant created, String identity) implements AutoCloseable {
    private static final long MAX_TIME = 0xFFFF_FFFFL;

    /**
     * Of an image of layers.
     *
     * @param onlyCmd whether CMD is run without ENTRYPOINT, if there is a CMD
     */
    public static Base fromImage(FileTree tree, ImageConfig config, boolean onlyCmd, Platform wanted, Instant created, String identity)
            throws IOException {
        long time = seconds(created);
        Directory root = Skeleton.add(tree.root(), time, true);
        Container.addScripts(root, config, onlyCmd && !config.cmd().isEmpty(), time);
        if (!config.labels().isEmpty()) {
            new TreeEditor(root, time).file(".singularity.d/labels.json",
                    new String(Json.indented(config.labels(), "\t"), StandardCharsets.UTF_8), 0644);
        }
        return new Base(Container.withRoot(tree, root), Optional.of(config.ociConfig()),
                Architectures.of(root).or(config::platform).orElse(wanted), created, identity);
    }

    /** Of a tree that was a container already, or wants to be one; what it says of itself stays. */
    public static Base fromTree(FileTree tree, Optional<byte[]> ociConfig, Platform host, Instant created, String identity) throws IOException {
        Directory root = Skeleton.add(tree.root(), seconds(created), false);
        return new Base(Container.withRoot(tree, root), ociConfig, Architectures.of(root).orElse(host), created, identity);
    }

    /** Of nothing. */
    public static Base empty(Platform host, Instant created) throws IOException {
        Directory root = new Directory(Attributes.of(0755, seconds(created)));
        return fromTree(new FileTree() {
            @Override
            public Directory root() {
                return root;
            }

            @Override
            public void close() {}
        }, Optional.empty(), host, created, "scratch");
    }

    static long seconds(Instant time) {
        return Math.clamp(time.getEpochSecond(), 0, MAX_TIME);
    }

    /** For a sink that keeps nothing but the tree. */
    public ImageSettings settings() {
        return new ImageSettings("", new byte[0], ociConfig, platform, created, new UUID(0, 0));
    }

    @Override
    public void close() throws IOException {
        tree.close();
    }
}
