package io.sifter.squashfs;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;

/** Other people's programs that read and write the same formats. */
final class Peers {
    private static final boolean REQUIRED = Boolean.getBoolean("SIFTER_REQUIRE_PEERS")
            || Boolean.parseBoolean(System.getenv("SIFTER_REQUIRE_PEERS"));

    private Peers() {}

    /** Skips the test where a program is missing, unless all must be there. */
    static void need(String... programs) {
        for (String program : programs) {
            boolean found = Stream.of("/usr/local/bin", "/usr/bin", "/bin", "/usr/sbin", "/sbin")
                    .anyMatch(directory -> Files.isExecutable(Path.of(directory, program)));
            if (REQUIRED) {
                assertThat(found).as("%s is installed", program).isTrue();
            }
            assumeTrue(found, program + " is not installed");
        }
    }

    /** Skips the test without the right to mount. */
    static void needKernel() throws IOException, InterruptedException {
        need("mount", "umount", "find", "sha256sum", "getfattr", "stat");
        boolean able = "0".equals(text("id", "-u").strip())
                && Files.readString(Path.of("/proc/filesystems")).contains("squashfs")
                && Files.exists(Path.of("/dev/loop-control"));
        if (REQUIRED) {
            assertThat(able).as("images can be mounted").isTrue();
        }
        assumeTrue(able, "only root with a kernel that knows squashfs can mount images");
    }

    static byte[] run(String... command) throws IOException, InterruptedException {
        Path errors = Files.createTempFile("peer", ".err");
        try {
            Process process = new ProcessBuilder(command).redirectError(errors.toFile()).start();
            process.getOutputStream().close();
            byte[] output = process.getInputStream().readAllBytes();
            assertThat(process.waitFor(60, TimeUnit.SECONDS)).isTrue();
            assertThat(process.exitValue())
                    .as("%s: %s", String.join(" ", command), Files.readString(errors, StandardCharsets.ISO_8859_1))
                    .isZero();
            return output;
        } finally {
            Files.delete(errors);
        }
    }

    static String text(String... command) throws IOException, InterruptedException {
        return new String(run(command), StandardCharsets.ISO_8859_1);
    }

    /** Something to do with a directory. */
    interface Use {
        void with(Path directory) throws Exception;
    }

    /** Mounts an image that we or mksquashfs wrote. */
    static void mounted(Path image, long offset, Path mountPoint, Use use) throws Exception {
        Files.createDirectories(mountPoint);
        run("mount", "-t", "squashfs", "-o", "ro,loop,offset=" + offset, image.toString(), mountPoint.toString());
        try {
            use.with(mountPoint);
        } finally {
            run("umount", mountPoint.toString());
        }
    }

    /** What is under a directory, in the form of {@link Manifest#of(io.sifter.spi.tree.FileTree)}. */
    static List<String> manifest(Path directory) throws IOException, InterruptedException {
        return Manifest.parse(
                records("find", directory.toString(), "-printf", "%P\\0%y\\0%m\\0%U\\0%G\\0%T@\\0%n\\0%s\\0%l\\0"),
                records("find", directory.toString(), "-type", "f", "-size", "+0",
                        "-exec", "sha256sum", "--zero", "{}", "+"),
                records("find", directory.toString(), "(", "-type", "b", "-o", "-type", "c", ")",
                        "-exec", "stat", "--printf", "%t:%T %n\\0", "{}", "+"),
                xattrs(directory),
                directory.toString());
    }

    /** An image without any extended attributes does not even support asking for them. */
    private static List<String> xattrs(Path directory) throws IOException, InterruptedException {
        String script = "getfattr -R -P -h -d -m - -e hex --absolute-names \"$0\" 2>&1";
        Process process = new ProcessBuilder("sh", "-c", script, directory.toString()).start();
        String output = new String(process.getInputStream().readAllBytes(), StandardCharsets.ISO_8859_1);
        List<String> lines = output.lines().toList();
        assertThat(process.waitFor() == 0 || lines.stream().allMatch(line -> line.endsWith("Operation not supported")))
                .as(output)
                .isTrue();
        return process.exitValue() == 0 ? lines : List.of();
    }

    private static List<String> records(String... command) throws IOException, InterruptedException {
        return Arrays.asList(text(command).split("\0", -1));
    }
}
