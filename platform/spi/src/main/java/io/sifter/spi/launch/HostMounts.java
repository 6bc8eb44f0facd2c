package io.sifter.spi.launch;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/**
 * What is mounted on the host and which of its restrictions a user namespace must not lift: making a bind read-only fails
 * unless {@code nosuid}, {@code nodev} and {@code noexec} of its source are asked for again (mount_namespaces(7)).
 */
final class HostMounts {
    /**
     * @param point where it is mounted, raw bytes
     * @param restrictions of {@code nosuid}, {@code nodev}, {@code noexec}, in this order, each with a comma before it
     */
    record HostMount(String point, String restrictions) {}

    private final List<HostMount> mounts;

    private HostMounts(List<HostMount> mounts) {
        this.mounts = mounts;
    }

    static HostMounts read() throws IOException {
        return parse(Files.readString(Path.of("/proc/self/mountinfo"), StandardCharsets.ISO_8859_1));
    }

    /** @param mountinfo in the form of proc_pid_mountinfo(5) */
    static HostMounts parse(String mountinfo) {
        List<HostMount> mounts = new ArrayList<>();
        for (String line : mountinfo.split("\n")) {
            String[] fields = line.split(" ");
            if (fields.length > 5) {
                mounts.add(new HostMount(unescape(fields[4]), kept("," + fields[5] + ",")));
            }
        }
        return new HostMounts(mounts);
    }

    /** Restrictions of the file system that a path lies in. */
    String restrictions(String path) {
        HostMount found = null;
        for (HostMount mount : mounts) {
            // Of two mounts at one place the later one is seen.
            if (contains(mount.point(), path) && (found == null || mount.point().length() >= found.point().length())) {
                found = mount;
            }
        }
        return found == null ? "" : found.restrictions();
    }

    /** Mounts below a path, outer before inner. */
    List<HostMount> below(String path) {
        List<HostMount> below = new ArrayList<>();
        for (HostMount mount : mounts) {
            if (!mount.point().equals(path) && contains(path, mount.point())) {
                below.removeIf(hidden -> contains(mount.point(), hidden.point()));
                below.add(mount);
            }
        }
        return below;
    }

    private static boolean contains(String directory, String path) {
        return directory.equals("/") || path.equals(directory) || path.startsWith(directory + "/");
    }

    private static String kept(String options) {
        StringBuilder kept = new StringBuilder();
        for (String option : List.of("nosuid", "nodev", "noexec")) {
            if (options.contains("," + option + ",")) {
                kept.append(',').append(option);
            }
        }
        return kept.toString();
    }

    /** Blanks, tabs, line feeds and backslashes stand as octal numbers. */
    static String unescape(String field) {
        if (field.indexOf('\\') < 0) {
            return field;
        }
        StringBuilder text = new StringBuilder();
        for (int i = 0; i < field.length(); i++) {
            char c = field.charAt(i);
            if (c == '\\' && i + 3 < field.length()) {
                text.append((char) Integer.parseInt(field.substring(i + 1, i + 4), 8));
                i += 3;
            } else {
                text.append(c);
            }
        }
        return text.toString();
    }

    /** The inverse, also for fstab(5). */
    static String escape(String path) {
        StringBuilder text = new StringBuilder(path.length());
        for (int i = 0; i < path.length(); i++) {
            char c = path.charAt(i);
            if (c <= ' ' || c == '\\' || c == 0x7F) {
                text.append('\\').append((char) ('0' + (c >> 6))).append((char) ('0' + (c >> 3 & 7))).append((char) ('0' + (c & 7)));
            } else {
                text.append(c);
            }
        }
        return text.toString();
    }
}
