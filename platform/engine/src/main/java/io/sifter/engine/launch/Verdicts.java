package io.sifter.engine.launch;

import java.io.IOException;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.TimeUnit;

/**
 * Which images a kernel may mount: a kernel reads a SquashFS with root's power and little doubt, so its structures are
 * checked first. A verdict holds as long as the file is the same; it is an empty file named after the image's identity.
 */
final class Verdicts {
    private static final int WRITABLE_BY_OTHERS = 022;

    private final Optional<Path> directory;

    Verdicts(Optional<Path> directory) {
        this.directory = directory;
    }

    /**
     * Whether a kernel may mount an image: nobody but root can change it, and its structures are sound.
     *
     * @throws io.sifter.spi.error.CorruptDataException if they are not
     */
    boolean soundForKernel(LocatedImage.SquashFs image, SquashFsFiles files) throws IOException {
        Map<String, Object> about = Files.readAttributes(image.path(), "unix:uid,mode,dev,ino,size,lastModifiedTime,ctime");
        if ((Integer) about.get("uid") != 0 || ((Integer) about.get("mode") & WRITABLE_BY_OTHERS) != 0) {
            return false;
        }
        if (directory.isEmpty()) {
            files.check();
            return true;
        }
        StringBuilder identity = new StringBuilder(Long.toHexString(image.offset()));
        for (String part : List.of("dev", "ino", "size")) {
            identity.append('-').append(Long.toHexString((Long) about.get(part)));
        }
        for (String part : List.of("lastModifiedTime", "ctime")) {
            identity.append('-').append(Long.toHexString(((FileTime) about.get(part)).to(TimeUnit.NANOSECONDS)));
        }
        Path verdict = directory.get().resolve(identity.toString());
        if (remembered(verdict)) {
            return true;
        }
        files.check();
        try {
            Files.createDirectories(directory.get());
            Files.createFile(verdict);
        } catch (FileAlreadyExistsException known) {
            // Somebody else checked it, too.
        } catch (IOException unwritable) {
            // It is checked again next time.
        }
        return true;
    }

    /** Only a verdict of root's own counts. */
    private static boolean remembered(Path verdict) {
        try {
            return (Integer) Files.getAttribute(verdict, "unix:uid", LinkOption.NOFOLLOW_LINKS) == 0;
        } catch (IOException none) {
            return false;
        }
    }
}
