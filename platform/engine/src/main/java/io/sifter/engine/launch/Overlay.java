package io.sifter.engine.launch;

import io.sifter.engine.launch.LocatedImage.SquashFs;
import io.sifter.spi.error.UserException;
import io.sifter.spi.tree.RawName;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.List;

/**
 * A layer over the image, as {@code --overlay} names it. A directory or a file system of kind ext holds what is written in its
 * {@code upper}, beside a {@code work} of the kernel's; a SquashFS is a layer to read.
 *
 * @param writable whether the container may write to it
 * @param served whether a program serves the file system, and not the kernel
 */
record Overlay(Path path, Kind kind, boolean writable, boolean served) {
    enum Kind { DIRECTORY, EXT, SQUASHFS }

    private static final int EXT_MAGIC_AT = 1024 + 0x38;
    private static final short EXT_MAGIC = (short) 0xEF53;
    private static final int WRITABLE_BY_OTHERS = 022;

    /**
     * All layers, lowest first.
     *
     * @param texts {@code path[:ro]}, raw
     * @param directory that relative paths start from
     * @param privileged whether the kernel may be asked to mount files
     * @param fuse whether fuse2fs can serve file systems of kind ext
     */
    static List<Overlay> parse(List<String> texts, Path directory, boolean privileged, boolean fuse) throws IOException {
        List<Overlay> overlays = new ArrayList<>();
        boolean writable = false;
        for (String text : texts) {
            Overlay overlay = parse(text, directory, privileged, fuse);
            if (overlay.writable() && writable) {
                throw new UserException("you can't specify more than one writable overlay, %s contains a writable overlay, use %s:ro"
                        .formatted(overlay.path(), overlay.path()), "Only one layer can take what is written; give the others with :ro.");
            }
            writable |= overlay.writable();
            overlays.add(overlay);
        }
        return overlays;
    }

    private static Overlay parse(String text, Path directory, boolean privileged, boolean fuse) throws IOException {
        boolean readOnly = text.endsWith(":ro");
        String name = readOnly ? text.substring(0, text.length() - 3) : text.endsWith(":rw") ? text.substring(0, text.length() - 3) : text;
        Path path = HostFiles.path(name).map(directory::resolve).map(Path::normalize)
                .orElseThrow(() -> new UserException("The path %s of --overlay is not in UTF-8".formatted(RawName.display(name))));
        if (!Files.exists(path)) {
            throw new UserException("while loading overlay images: failed to open overlay image %s: failed to retrieve path for %s: lstat %s: no such file or directory"
                    .formatted(RawName.display(name), RawName.display(name), path), "Make the directory first.");
        }
        Kind kind = kind(path);
        boolean served = kind == Kind.EXT && fuse && !(privileged && onlyRootChanges(path));
        if (kind == Kind.EXT && !served) {
            requireTrusted(path, privileged);
        }
        boolean writable = !readOnly && kind != Kind.SQUASHFS;
        if (writable && !Files.isWritable(path)) {
            throw new UserException("while loading overlay images: %s cannot be written to".formatted(path), "Use %s:ro to read it only.".formatted(path));
        }
        return new Overlay(path, kind, writable, served);
    }

    private static Kind kind(Path path) throws IOException {
        if (Files.isDirectory(path)) {
            return Kind.DIRECTORY;
        }
        try (FileChannel channel = FileChannel.open(path, StandardOpenOption.READ)) {
            ByteBuffer magic = ByteBuffer.allocate(2);
            channel.read(magic, EXT_MAGIC_AT);
            if (magic.position() == 2 && Short.reverseBytes(magic.getShort(0)) == EXT_MAGIC) {
                return Kind.EXT;
            }
        }
        if (LocatedImage.of(path) instanceof SquashFs squashfs && squashfs.offset() == 0) {
            return Kind.SQUASHFS;
        }
        throw new UserException("while loading overlay images: %s is no directory, and no file system of kind ext or SquashFS".formatted(path),
                "Overlays in SIF files are not supported.");
    }

    /** A kernel reads such a file system with root's power and little doubt. */
    private static void requireTrusted(Path path, boolean privileged) throws IOException {
        if (!privileged) {
            throw new UserException("while loading overlay images: %s is a file system of kind ext, which only root can mount where fuse2fs is not installed".formatted(path),
                    "Install fuse2fs, or use a directory: --overlay DIRECTORY.");
        }
        if (!onlyRootChanges(path)) {
            throw new UserException("while loading overlay images: %s can be changed by others than root, and a kernel must not mount such a file".formatted(path),
                    "Let root own it and nobody else write to it, install fuse2fs, or use a directory.");
        }
    }

    private static boolean onlyRootChanges(Path path) throws IOException {
        int mode = (Integer) Files.getAttribute(path, "unix:mode", LinkOption.NOFOLLOW_LINKS);
        int owner = (Integer) Files.getAttribute(path, "unix:uid", LinkOption.NOFOLLOW_LINKS);
        return owner == 0 && (mode & WRITABLE_BY_OTHERS) == 0;
    }

    /** For {@code with-image}. */
    String word() {
        return switch (kind) {
            case DIRECTORY -> writable ? "directory" : "directory-ro";
            case EXT -> (served ? "ext-fuse" : "ext") + (writable ? "" : "-ro");
            case SQUASHFS -> "squashfs";
        };
    }
}
