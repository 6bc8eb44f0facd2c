package io.sifter.spi.launch;

import java.io.FileInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;

/**
 * All that a runtime is given.
 *
 * @param uid of the caller
 * @param gid of the caller
 * @param privileged whether the caller may mount and change capabilities without a user namespace
 * @param searchPath where host programs are looked for, in order
 * @param libexec directory of the distribution's own helper scripts; its {@code mnt/root} and {@code mnt/session} are empty
 *        directories to mount on
 * @param settings the runtime's own section of the configuration, flat keys
 */
public record RuntimeContext(long uid, long gid, boolean privileged, List<Path> searchPath, Path libexec,
                             Map<String, String> settings) {
    public RuntimeContext {
        searchPath = List.copyOf(searchPath);
        Objects.requireNonNull(libexec);
        settings = Map.copyOf(settings);
    }

    /** The first program of that name that the caller may execute. */
    public Optional<Path> program(String name) {
        return program(name, searchPath);
    }

    /** The first program of that name in one of the directories that this process may execute. */
    public static Optional<Path> program(String name, List<Path> searchPath) {
        for (Path directory : searchPath) {
            Path candidate = directory.resolve(name);
            if (candidate.toFile().canExecute() && !candidate.toFile().isDirectory()) {
                return Optional.of(candidate);
            }
        }
        return Optional.empty();
    }

    /** What the kernel says under {@code /proc/sys}, such as {@code user/max_user_namespaces}; empty where it does not know the name. */
    public static String kernelSetting(String name) {
        // In one read: these files answer nothing to a second one, and methods that read whole files begin with a byte.
        byte[] text = new byte[128];
        try (InputStream in = new FileInputStream("/proc/sys/" + name)) {
            int length = in.read(text);
            return new String(text, 0, Math.max(0, length), StandardCharsets.ISO_8859_1).strip();
        } catch (IOException unknownHere) {
            return "";
        }
    }
}
