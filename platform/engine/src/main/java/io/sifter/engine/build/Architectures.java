package io.sifter.engine.build;

import io.sifter.spi.reference.Platform;
import io.sifter.spi.tree.Directory;
import io.sifter.spi.tree.Node;
import io.sifter.spi.tree.RegularFile;
import java.io.IOException;
import java.io.InputStream;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.Optional;

/** Tells what a tree was built for, by its programs: the ELF header of {@code /bin/sh}, else of any executable. */
final class Architectures {
    private static final int LOOKED_AT = 200;

    private Architectures() {}

    static Optional<Platform> of(Directory root) throws IOException {
        Optional<Node> shell = TreeEditor.find(root, "bin/sh");
        if (shell.isPresent() && shell.get() instanceof RegularFile file) {
            Optional<Platform> platform = elf(file);
            if (platform.isPresent()) {
                return platform;
            }
        }
        // Scripts are executable too: look at some files, not at all of them.
        int looked = 0;
        Deque<Directory> ahead = new ArrayDeque<>();
        ahead.add(root);
        while (!ahead.isEmpty()) {
            for (Node node : ahead.poll().children().values()) {
                if (node instanceof Directory directory) {
                    ahead.add(directory);
                } else if (node instanceof RegularFile file && (file.attributes().mode() & 0111) != 0) {
                    Optional<Platform> platform = elf(file);
                    if (platform.isPresent()) {
                        return platform;
                    }
                    if (++looked == LOOKED_AT) {
                        return Optional.empty();
                    }
                }
            }
        }
        return Optional.empty();
    }

    /** System V ABI, ELF header: class at 4, data encoding at 5, e_machine at 18. */
    private static Optional<Platform> elf(RegularFile file) throws IOException {
        byte[] head = new byte[20];
        try (InputStream in = file.content().open()) {
            if (in.readNBytes(head, 0, head.length) < head.length) {
                return Optional.empty();
            }
        }
        if (head[0] != 0x7F || head[1] != 'E' || head[2] != 'L' || head[3] != 'F') {
            return Optional.empty();
        }
        boolean wide = head[4] == 2;
        boolean big = head[5] == 2;
        int machine = big ? (head[18] & 0xFF) << 8 | head[19] & 0xFF : (head[19] & 0xFF) << 8 | head[18] & 0xFF;
        String architecture = switch (machine) {
            case 3 -> "386";
            case 62 -> "amd64";
            case 40 -> "arm";
            case 183 -> "arm64";
            case 20 -> "ppc";
            case 21 -> big ? "ppc64" : "ppc64le";
            case 8 -> wide ? big ? "mips64" : "mips64le" : big ? "mips" : "mipsle";
            case 22 -> "s390x";
            case 243 -> "riscv64";
            case 258 -> "loong64";
            default -> null;
        };
        return Optional.ofNullable(architecture).map(Platform::linux);
    }
}
