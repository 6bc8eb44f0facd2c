package io.sifter.engine.build;

import io.sifter.image.directory.DirectoryTree;
import io.sifter.sif.DataType;
import io.sifter.sif.SifDescriptor;
import io.sifter.sif.SifImage;
import io.sifter.spi.ImageSettings;
import io.sifter.spi.error.CorruptDataException;
import io.sifter.spi.error.UserException;
import io.sifter.spi.event.Event;
import io.sifter.spi.reference.Platform;
import io.sifter.spi.tree.Directory;
import io.sifter.spi.tree.FileTree;
import io.sifter.spi.tree.Node;
import io.sifter.squashfs.SquashFsReader;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.time.Instant;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.UUID;
import java.util.function.Consumer;

/**
 * An image on this machine: a SIF, a bare SquashFS file, or a sandbox directory. Whoever opens one closes it, or the container
 * that came of it.
 */
public final class LocalImage implements AutoCloseable {
    private static final int MAX_DOCUMENT = 16 << 20;
    private static final int SQUASHFS_MAGIC = 0x73717368;

    private final Path path;
    private final boolean sif;
    private final FileTree tree;
    private final Optional<byte[]> ociConfig;
    private final Optional<UUID> id;

    private LocalImage(Path path, boolean sif, FileTree tree, Optional<byte[]> ociConfig, Optional<UUID> id) {
        this.path = path;
        this.sif = sif;
        this.tree = tree;
        this.ociConfig = ociConfig;
        this.id = id;
    }

    /** Whether something at a path may be an image: a directory, a SIF or a SquashFS file. */
    public static boolean is(Path path) throws IOException {
        return Files.isDirectory(path) || Files.isRegularFile(path) && (SifImage.isSif(path) || isSquashFs(path));
    }

    private static boolean isSquashFs(Path path) throws IOException {
        try (FileChannel channel = FileChannel.open(path, StandardOpenOption.READ)) {
            ByteBuffer magic = ByteBuffer.allocate(4).order(ByteOrder.LITTLE_ENDIAN);
            return channel.read(magic, 0) == 4 && magic.getInt(0) == SQUASHFS_MAGIC;
        }
    }

    /**
     * @throws UserException if there is no image at the path, or one that cannot be read
     * @throws io.sifter.spi.error.CorruptDataException if the image is damaged
     */
    public static LocalImage open(Path path, Consumer<Event> events) throws IOException, InterruptedException {
        if (Files.isDirectory(path)) {
            return new LocalImage(path, false, DirectoryTree.open(path, events), Optional.empty(), Optional.empty());
        }
        if (!is(path)) {
            throw new UserException("%s: image format not recognized".formatted(path),
                    "Give a SIF, a SquashFS image or a sandbox directory.");
        }
        if (!SifImage.isSif(path)) {
            FileChannel channel = FileChannel.open(path, StandardOpenOption.READ);
            return new LocalImage(path, false, squashFs(path, channel, 0, channel.size()), Optional.empty(), Optional.empty());
        }
        try (SifImage image = SifImage.open(path)) {
            SifDescriptor partition = image.primaryPartition().orElseThrow(() -> new UserException(
                    "%s has no primary system partition".formatted(path), "Only images that can be run can be built from."));
            if (partition.fileSystem() != SifDescriptor.FileSystem.SQUASHFS) {
                throw new UserException("%s holds a file system of type %s, only squashfs is supported"
                        .formatted(path, partition.fileSystem()));
            }
            Optional<SifDescriptor> config = image.find(DataType.GENERIC_JSON, "oci-config.json");
            Optional<byte[]> document = config.isEmpty() ? Optional.empty() : Optional.of(image.read(config.get(), MAX_DOCUMENT));
            FileChannel channel = FileChannel.open(path, StandardOpenOption.READ);
            return new LocalImage(path, true, squashFs(path, channel, partition.offset(), partition.size()), document,
                    Optional.of(image.header().id()));
        }
    }

    private static FileTree squashFs(Path path, FileChannel channel, long offset, long size) throws IOException {
        try {
            FileTree tree = SquashFsReader.open(channel, offset, size).tree();
            return new FileTree() {
                @Override
                public Directory root() {
                    return tree.root();
                }

                @Override
                public void close() throws IOException {
                    tree.close();
                    channel.close();
                }
            };
        } catch (CorruptDataException e) {
            channel.close();
            throw damaged(path, e);
        } catch (IOException | RuntimeException e) {
            channel.close();
            throw e;
        }
    }

    private static CorruptDataException damaged(Path path, CorruptDataException e) {
        return new CorruptDataException("The image %s is damaged: %s".formatted(path, e.getMessage()), "Get the image again.", e);
    }

    /** What was found wrong with this image's content while it was read, told with its name. */
    public CorruptDataException damaged(CorruptDataException found) {
        return damaged(path, found);
    }

    public Path path() {
        return path;
    }

    /** Whether it is a SIF. */
    public boolean sif() {
        return sif;
    }

    public FileTree tree() {
        return tree;
    }

    /** The configuration of the OCI image that it was made of, if it was. */
    public Optional<byte[]> ociConfig() {
        return ociConfig;
    }

    /** The header of a definition that builds from a file. */
    public static Map<String, String> header(Path path) {
        Map<String, String> header = new LinkedHashMap<>();
        header.put("bootstrap", "localimage");
        header.put("from", path.toString());
        return header;
    }

    /**
     * Where a container built from this image comes from.
     *
     * @param header of the definition that it could have been built from
     * @param options what else determines the result
     * @param codec what compresses the blocks
     */
    public Container.Origin origin(Map<String, String> header, String version, OptionalLong epoch, String options, String codec) {
        Instant created = Instant.ofEpochSecond(epoch.orElseGet(() -> newest(tree.root())));
        String identity = String.join("|", header.toString(), id.map(UUID::toString).orElse(""), created.toString(), version, options, codec);
        return new Container.Origin(header, created, identity, version, codec);
    }

    /** The youngest time in a tree: the one date that a tree without papers has. */
    private static long newest(Directory root) {
        long newest = root.attributes().mtime();
        Deque<Directory> ahead = new ArrayDeque<>();
        ahead.add(root);
        while (!ahead.isEmpty()) {
            for (Node node : ahead.poll().children().values()) {
                newest = Math.max(newest, node.attributes().mtime());
                if (node instanceof Directory directory) {
                    ahead.add(directory);
                }
            }
        }
        return newest;
    }

    /** The container of this image, completed and newly described. */
    public Container container(Platform host, Container.Origin origin) throws IOException {
        return Container.fromTree(tree, ociConfig, host, origin);
    }

    /** The container of this image, unchanged, for a sink that keeps nothing but the tree. */
    public Container asIs() {
        return new Container(tree, new ImageSettings("", new byte[0], ociConfig, Platform.host(), Instant.EPOCH, new UUID(0, 0)));
    }

    @Override
    public void close() throws IOException {
        tree.close();
    }
}
