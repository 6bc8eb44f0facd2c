package io.sifter.squashfs;

import io.sifter.testkit.Peers;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;

/** Images in the hands of the kernel: such as we or mksquashfs wrote, never what was damaged. */
final class Mounts {
    private Mounts() {}

    /** Skips or fails the test without the right to mount, or without what is asked about a mounted image. */
    static void need() throws IOException {
        Peers.programs("mount", "umount", "find", "sha256sum", "getfattr", "stat");
        Peers.root();
        Peers.need(Files.readString(Path.of("/proc/filesystems")).contains("squashfs") && Files.exists(Path.of("/dev/loop-control")),
                "this kernel mounts no SquashFS images");
    }

    /** Something to do with a directory. */
    interface Use {
        void with(Path directory) throws Exception;
    }

    static void with(Path image, long offset, Path mountPoint, Use use) throws Exception {
        Files.createDirectories(mountPoint);
        Peers.run("mount", "-t", "squashfs", "-o", "ro,loop,offset=" + offset, image.toString(), mountPoint.toString()).ok();
        try {
            use.with(mountPoint);
        } finally {
            Peers.run("umount", mountPoint.toString()).ok();
        }
    }
}
