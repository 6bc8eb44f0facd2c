package io.sifter.squashfs;

import io.sifter.testkit.Peers;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;

/** A directory with everything that a file system can hold, to be packed by other people's programs. */
final class SourceDirectory {
    static final int BLOCK = 131072;

    private SourceDirectory() {}

    /** Skips the test for all but root, who alone can make devices and give files away. */
    static Path make(Path directory) throws IOException, InterruptedException {
        Peers.programs("sh", "mknod", "mkfifo", "setfattr", "getfattr", "find", "sha256sum", "stat", "python3");
        Peers.root();
        Files.createDirectories(directory.resolve("empty"));
        Files.createDirectories(directory.resolve("usr/bin"));
        for (int block : new int[] {4096, BLOCK}) {
            for (int size : new int[] {0, 1, block - 1, block, block + 1, 2 * block, 2 * block + 5}) {
                Files.write(directory.resolve("text" + size), BlockPackWriterTest.text(size, size));
                Files.write(directory.resolve("noise" + size), BlockPackWriterTest.noise(size, size));
                Files.write(directory.resolve("zero" + size), new byte[size]);
                byte[] holes = BlockPackWriterTest.noise(size, size + 1);
                Arrays.fill(holes, 0, Math.min(size, block), (byte) 0);
                Files.write(directory.resolve("holes" + size), holes);
            }
        }
        Files.write(directory.resolve("same"), BlockPackWriterTest.noise(3 * BLOCK + 7, 99));
        Files.write(directory.resolve("usr/same-again"), BlockPackWriterTest.noise(3 * BLOCK + 7, 99));
        Files.writeString(directory.resolve("usr/bin/tool"), "#!/bin/sh\n");
        for (int i = 0; i < 1200; i++) {
            Path file = directory.resolve("many/%s%d".formatted("x".repeat(100), 1000 + i));
            Files.createDirectories(file.getParent());
            Files.writeString(file, "file " + i);
        }
        for (int i = 0; i < 257; i++) {
            Files.createDirectories(directory.resolve("many-directories/" + i));
        }
        Path deep = directory;
        for (int i = 0; i < 60; i++) {
            deep = deep.resolve("deep");
        }
        Files.createDirectories(deep);
        Files.writeString(deep.resolve("bottom"), "here");
        Peers.run("sh", "-ec", """
                cd "$0"
                ln -s usr/bin bin
                ln -s /usr/bin/tool absolute
                ln -s ../../../../usr/bin/../bin/tool usr/up
                ln -s loop2 loop1; ln -s loop1 loop2
                ln -s nowhere dangling
                ln -s "$(printf 'to/%.0s' $(seq 1 1000))end" long
                ln usr/bin/tool hard1; ln usr/bin/tool usr/hard2
                mknod null c 1 3; mknod sda b 8 0; mknod large c 300 70000
                mkfifo fifo
                : > "$(printf 'bytes-\\377-\\001')"; : > A; : > a; : > a-; : > a0; : > aa; : > é
                : > "$(printf 'n%.0s' $(seq 1 255))"
                chmod 4755 usr/bin/tool; chmod 1777 empty; chmod 0 a
                chown 3000000000:4294967294 aa; chown -h 5:6 absolute
                setfattr -n user.one -v 1 usr/bin/tool
                setfattr -n user.one -v 1 a-
                setfattr -n security.capability -v 0x0100000200040000000000000000000000000000 usr/bin/tool
                setfattr -n trusted.long -v "$(printf 'v%.0s' $(seq 1 3000))" empty
                setfattr -n trusted.long -v "$(printf 'v%.0s' $(seq 1 3000))" A
                setfattr -n user.empty A
                setfattr -h -n trusted.link -v l absolute
                touch -h -d @4294967295 absolute; touch -d @0 A; touch -d @1000000000.9 aa
                """, directory.toString()).ok();
        Peers.run("python3", "-c", "import socket, sys; socket.socket(socket.AF_UNIX).bind(sys.argv[1])",
                directory.resolve("socket").toString()).ok();
        return directory;
    }

    /** Links to directories are counted in many ways, so they say nothing here. */
    static List<String> withoutDirectoryLinks(List<String> manifest) {
        return manifest.stream()
                .map(line -> line.replaceFirst("( d [0-7]+ \\d+:\\d+ \\d+) \\d+ ", "$1 - "))
                .toList();
    }
}
