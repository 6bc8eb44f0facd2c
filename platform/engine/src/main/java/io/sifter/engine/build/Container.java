package io.sifter.engine.build;

import io.sifter.image.document.ImageConfig;
import io.sifter.image.document.Json;
import io.sifter.spi.ImageSettings;
import io.sifter.spi.reference.Digest;
import io.sifter.spi.reference.Platform;
import io.sifter.spi.tree.Directory;
import io.sifter.spi.tree.FileTree;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.time.Instant;
import java.util.HexFormat;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.UUID;

/** A tree made a container: completed with what Singularity needs in it, and described. */
public record Container(FileTree tree, ImageSettings settings) {
    /**
     * What the build knows beside the tree.
     *
     * @param header of the definition, in order: {@code bootstrap}, {@code from}
     * @param created when the image counts as made
     * @param identity all that determines the result's bytes, so that equal results get equal ids
     * @param version of this program
     * @param codec what compresses the blocks, with its version: another one makes other bytes
     */
    public record Origin(Map<String, String> header, Instant created, String identity, String version, String codec) {
        public Origin {
            header = new LinkedHashMap<>(header);
        }

        /** The definition that says the same as the command line. */
        public String definition() {
            StringBuilder text = new StringBuilder();
            header.forEach((key, value) -> text.append(key).append(": ").append(value).append('\n'));
            return text.append('\n').toString();
        }

        public UUID id() {
            byte[] hash = HexFormat.of().parseHex(Digest.sha256(identity.getBytes(StandardCharsets.UTF_8)).hex());
            ByteBuffer bytes = ByteBuffer.wrap(hash);
            // RFC 9562, version 8: bits of our own making, here of a hash.
            long high = bytes.getLong() & ~0xF000L | 0x8000L;
            long low = bytes.getLong() & 0x3FFF_FFFF_FFFF_FFFFL | 0x8000_0000_0000_0000L;
            return new UUID(high, low);
        }
    }

    /** Completes a tree that came from layers. */
    public static Container fromImage(FileTree tree, ImageConfig config, Platform wanted, Origin origin) throws IOException {
        long time = Math.clamp(origin.created().getEpochSecond(), 0, 0xFFFF_FFFFL);
        Directory root = Skeleton.add(tree.root(), time, true);
        addScripts(root, config, false, time);
        return finish(tree, root, config.labels(), Optional.of(config.ociConfig()), config.platform().orElse(wanted), origin, time);
    }

    /** @param onlyCmd whether ENTRYPOINT is left out */
    static void addScripts(Directory root, ImageConfig config, boolean onlyCmd, long time) {
        TreeEditor editor = new TreeEditor(root, time);
        editor.file(".singularity.d/env/10-docker2singularity.sh", OciScripts.environment(config.env()), 0755);
        editor.file(".singularity.d/runscript", OciScripts.runscript(onlyCmd ? List.of() : config.entrypoint(), config.cmd()), 0755);
    }

    /** Completes a tree that was a container already, or wants to be one; what it says of itself stays. */
    public static Container fromTree(FileTree tree, Optional<byte[]> ociConfig, Platform host, Origin origin) throws IOException {
        long time = Math.clamp(origin.created().getEpochSecond(), 0, 0xFFFF_FFFFL);
        Directory root = Skeleton.add(tree.root(), time, false);
        Map<String, String> inherited = Inspection.labels(root, ".singularity.d/labels.json");
        return finish(tree, root, inherited, ociConfig, host, origin, time);
    }

    private static Container finish(FileTree tree, Directory root, Map<String, String> inherited, Optional<byte[]> ociConfig,
                                    Platform fallback, Origin origin, long time) throws IOException {
        Platform platform = Architectures.of(root).orElse(fallback);
        Skeleton.definition(root, origin.definition(), time);
        Map<String, String> labels = Labels.of(inherited, origin.created(), platform.architecture(), origin.version(), origin.header());
        new TreeEditor(root, time).file(".singularity.d/labels.json",
                new String(Json.indented(labels, "\t"), StandardCharsets.UTF_8), 0644);
        return described(withRoot(tree, root), origin.definition(), ociConfig, platform, origin);
    }

    /** A container of a tree that says all of itself already. */
    static Container described(FileTree tree, String definition, Optional<byte[]> ociConfig, Platform platform, Origin origin) throws IOException {
        Map<String, Object> inspection = Inspection.of(tree.root());
        // Beside what readers look for, which they pass over.
        inspection.put("codec", origin.codec());
        return new Container(tree, new ImageSettings(definition, Json.compact(inspection), ociConfig, platform, origin.created(), origin.id()));
    }

    /** The same tree with another root. */
    static FileTree withRoot(FileTree tree, Directory root) {
        return new FileTree() {
            @Override
            public Directory root() {
                return root;
            }

            @Override
            public void close() throws IOException {
                tree.close();
            }
        };
    }
}
