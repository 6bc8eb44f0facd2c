package io.sifter.engine.launch;

import io.sifter.sif.Architecture;
import io.sifter.sif.SifDescriptor;
import io.sifter.sif.SifDescriptor.FileSystem;
import io.sifter.sif.SifImage;
import io.sifter.spi.error.ExternalException;
import io.sifter.spi.error.UserException;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Optional;

/** An image that a container starts from, found on the host. */
sealed interface LocatedImage {
    Path path();

    /** A directory that is the root file system. */
    record Sandbox(Path path) implements LocatedImage {}

    /**
     * A file with a SquashFS in it.
     *
     * @param offset of the file system in the file
     * @param size of the file system, bytes
     */
    record SquashFs(Path path, long offset, long size) implements LocatedImage {}

    /** "hsqs", little-endian, begins every SquashFS. */
    int SQUASHFS_MAGIC = 0x73717368;

    /** @param path absolute */
    static LocatedImage of(Path path) throws IOException {
        if (Files.isDirectory(path)) {
            return new Sandbox(path);
        }
        if (!Files.exists(path)) {
            throw new UserException("While checking image: could not open image %s: failed to retrieve path for %s: lstat %s: no such file or directory"
                    .formatted(path, path, path), "Look at the spelling; an image from elsewhere needs its transport, like docker://alpine.");
        }
        try (FileChannel channel = FileChannel.open(path, StandardOpenOption.READ)) {
            ByteBuffer start = ByteBuffer.allocate(4);
            channel.read(start, 0);
            if (start.position() == 4 && Integer.reverseBytes(start.getInt(0)) == SQUASHFS_MAGIC) {
                return new SquashFs(path, 0, channel.size());
            }
        } catch (IOException unreadable) {
            throw new UserException("While checking image: could not open image %s: %s".formatted(path,
                    unreadable instanceof java.nio.file.AccessDeniedException ? "permission denied" : unreadable.getMessage()), unreadable);
        }
        if (!SifImage.isSif(path)) {
            throw new UserException("While checking image: could not open image %s: image format not recognized".formatted(path),
                    "Sifter starts SIF files, SquashFS files and directories.");
        }
        try (SifImage image = SifImage.open(path)) {
            return ofSif(image);
        } catch (NoSuchFileException gone) {
            throw new ExternalException("The image %s was removed while it was opened".formatted(path), gone);
        }
    }

    private static SquashFs ofSif(SifImage image) throws IOException {
        Optional<SifDescriptor> partition = image.primaryPartition();
        if (partition.isEmpty()) {
            throw new UserException("While checking image: %s has no primary system partition, so there is nothing to start".formatted(image.path()),
                    "Look at its parts with 'sif list'.");
        }
        FileSystem kind = partition.get().fileSystem();
        if (kind != FileSystem.SQUASHFS) {
            throw new UserException("The file system in %s is not supported: it is of kind %s, and only SquashFS can be started".formatted(image.path(), kind));
        }
        Architecture built = partition.get().architecture();
        Architecture here = here();
        if (built != Architecture.UNKNOWN && here != Architecture.UNKNOWN && !runs(here, built)) {
            throw new UserException("While checking image: the image's architecture (%s) could not run on the host's (%s)".formatted(built, here),
                    "Pull the image for this architecture, with --arch %s.".formatted(here));
        }
        return new SquashFs(image.path(), partition.get().offset(), partition.get().size());
    }

    private static boolean runs(Architecture here, Architecture built) {
        return here == built || here == Architecture.AMD64 && built == Architecture.I386 || here == Architecture.ARM64 && built == Architecture.ARM
                || Files.exists(Path.of("/proc/sys/fs/binfmt_misc/qemu-" + qemu(built)));
    }

    private static String qemu(Architecture built) {
        return switch (built) {
            case AMD64 -> "x86_64";
            case I386 -> "i386";
            case ARM64 -> "aarch64";
            default -> built.toString();
        };
    }

    private static Architecture here() {
        return switch (System.getProperty("os.arch")) {
            case "amd64" -> Architecture.AMD64;
            case "aarch64" -> Architecture.ARM64;
            case "ppc64le" -> Architecture.PPC64LE;
            case "s390x" -> Architecture.S390X;
            case "riscv64" -> Architecture.RISCV64;
            default -> Architecture.UNKNOWN;
        };
    }
}
