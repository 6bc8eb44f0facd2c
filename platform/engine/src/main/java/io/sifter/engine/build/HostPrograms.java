package io.sifter.engine.build;

import io.sifter.engine.launch.Host;
import io.sifter.spi.Programs;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/** Programs of the search path, each run in a mount namespace, and where the kernel allows it a pid namespace, of its own. */
public final class HostPrograms implements Programs {
    private static final List<String> DEVICES = List.of("null", "zero", "full", "random", "urandom", "tty");
    /** Devices are mounted rather than made, which a user namespace may not; what is no directory stays unused, whoever put it there. */
    private static final String WITH_DEVICES = """
            umask 022
            dev=$0/dev
            [ -e "$dev" ] || [ -L "$dev" ] || mkdir -m 755 "$dev" || exit
            if [ -d "$dev" ] && [ ! -L "$dev" ]; then
                for device in %s; do
                    [ -c "$dev/$device" ] || [ -L "$dev/$device" ] || { : >>"$dev/$device" && mount --bind "/dev/$device" "$dev/$device"; } || exit
                done
            fi
            exec "$@"
            """.formatted(String.join(" ", DEVICES));

    private final Host host;
    private final Runnable beforeOutput;

    /** @param beforeOutput called before a program writes to this process's own output */
    public HostPrograms(Host host, Runnable beforeOutput) {
        this.host = host;
        this.beforeOutput = beforeOutput;
    }

    @Override
    public Optional<Path> find(String name) {
        return host.program(name);
    }

    @Override
    public long ids() {
        try {
            long ids = 0;
            for (String line : Files.readAllLines(Path.of("/proc/self/uid_map"), StandardCharsets.US_ASCII)) {
                ids += Long.parseLong(line.strip().split("\\s+")[2]);
            }
            return ids;
        } catch (IOException e) {
            // A kernel without user namespaces keeps no id from root.
            return ALL_IDS;
        }
    }

    @Override
    public int run(Path root, List<String> command, Map<String, String> variables) throws IOException, InterruptedException {
        List<String> words = new ArrayList<>(List.of("unshare", "--mount"));
        if (Children.ownProcesses()) {
            words.addAll(List.of("--pid", "--fork", "--kill-child", "--mount-proc"));
        }
        words.addAll(List.of("sh", "-c", WITH_DEVICES, root.toString()));
        words.addAll(command);
        beforeOutput.run();
        try {
            return Children.run(words, variables, Optional.empty());
        } finally {
            removeMountPoints(root.resolve("dev"));
        }
    }

    private static void removeMountPoints(Path devices) throws IOException {
        if (!Files.isDirectory(devices, LinkOption.NOFOLLOW_LINKS)) {
            return;
        }
        for (String name : DEVICES) {
            Path device = devices.resolve(name);
            if (Files.isRegularFile(device, LinkOption.NOFOLLOW_LINKS) && Files.size(device) == 0) {
                Files.delete(device);
            }
        }
    }
}
