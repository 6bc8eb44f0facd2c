package io.sifter.engine.launch;

import io.sifter.spi.error.UserException;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;

/** Control groups of version 2 on this host: where containers get theirs, and what those of containers tell. */
public final class ControlGroup {
    /** How those of containers are called, with the process that they were made for. */
    private static final String NAME = "sifter-";
    private static final Set<String> COUNTING = Set.of("cpu", "memory", "io", "pids");

    private ControlGroup() {}

    /**
     * Where control groups of containers are made.
     *
     * @param parent directory that gets one for each container
     * @param own whether the parent is this program's own, made where missing
     * @param service whether the user's service manager makes the group, whose parent is then unknown, and the top stands for it
     */
    record Place(Path parent, boolean own, boolean service) {
        /** These controllers, and those that tell what is used, as far as they are there. */
        Set<String> counting(Set<String> needed) throws IOException {
            Set<String> controllers = new TreeSet<>(COUNTING);
            controllers.retainAll(available(own ? parent.getParent() : parent));
            controllers.addAll(needed);
            return controllers;
        }
    }

    /**
     * Looks for a place.
     *
     * @param controllers that must be there
     * @throws UserException if there is none; says why
     */
    static Place place(Host host, Set<String> controllers) throws IOException {
        Path top = top().orElseThrow(() -> new UserException("Limits cannot be set: no control groups of version 2 are mounted here",
                "Boot with systemd.unified_cgroup_hierarchy=1."));
        Set<String> lacking = new TreeSet<>(controllers);
        lacking.removeAll(available(top));
        if (!lacking.isEmpty()) {
            throw new UserException("Limits cannot be set: the control groups of version 2 in %s lack %s".formatted(top, String.join(", ", lacking)),
                    "Those of version 1 have it where both are used: boot with systemd.unified_cgroup_hierarchy=1.");
        }
        if (host.privileged()) {
            return new Place(top.resolve("sifter"), true, false);
        }
        for (Path at = path(top, Path.of("/proc/self/cgroup")); at.startsWith(top) && !at.equals(top); at = at.getParent()) {
            Path parent = at.getParent();
            if (Files.isWritable(parent) && Files.isWritable(parent.resolve("cgroup.procs")) && available(parent).containsAll(controllers)) {
                return new Place(parent, false, false);
            }
        }
        if (hasServices(host)) {
            return new Place(top, false, true);
        }
        throw new UserException("Limits cannot be set: no control group is delegated to this user with %s, and no service manager of the user runs"
                .formatted(String.join(", ", controllers)),
                "Ask for delegation (Delegate=%s for user@.service of systemd), log in with a session of systemd, or be root.".formatted(String.join(" ", controllers)));
    }

    private static boolean hasServices(Host host) {
        return host.program("systemd-run").isPresent()
                && HostFiles.path(host.environment().getOrDefault("XDG_RUNTIME_DIR", "")).filter(Path::isAbsolute)
                        .filter(directory -> Files.exists(directory.resolve("systemd/private"), LinkOption.NOFOLLOW_LINKS)).isPresent();
    }

    /** The control group that a container of this program has for itself. */
    public static Optional<Path> of(long pid) throws IOException {
        Optional<Path> top = top();
        if (top.isEmpty()) {
            return top;
        }
        Path group = path(top.get(), Path.of("/proc", Long.toString(pid), "cgroup"));
        return group.startsWith(top.get()) && !group.equals(top.get()) && group.getFileName().toString().startsWith(NAME) ? Optional.of(group) : Optional.empty();
    }

    /** Where the hierarchy of version 2 is mounted, whole. */
    private static Optional<Path> top() throws IOException {
        for (String line : Files.readString(Path.of("/proc/self/mountinfo"), StandardCharsets.ISO_8859_1).split("\n")) {
            String[] fields = line.split(" ");
            if (line.contains(" - cgroup2 ") && fields[3].equals("/")) {
                return Optional.of(Path.of(fields[4]));
            }
        }
        return Optional.empty();
    }

    private static Path path(Path top, Path file) throws IOException {
        for (String line : Files.readString(file, StandardCharsets.UTF_8).split("\n")) {
            if (line.startsWith("0::/")) {
                return top.resolve(line.substring(4)).normalize();
            }
        }
        return top;
    }

    private static Set<String> available(Path group) throws IOException {
        return Set.of(Files.readString(group.resolve("cgroup.controllers"), StandardCharsets.ISO_8859_1).strip().split(" "));
    }

    /**
     * What a group uses, in numbers of the kernel.
     *
     * @param cpuMicros processor time
     * @param memory bytes, or -1 where they are not counted
     * @param memoryLimit bytes; the host's memory where there is no limit
     * @param processes or -1 where they are not counted
     * @param processLimit or -1 for none
     */
    public record Usage(long cpuMicros, long memory, long memoryLimit, long read, long written, long processes, long processLimit) {}

    /** Reads what a group uses now. */
    public static Usage usage(Path group) throws IOException {
        Map<String, Long> cpu = numbers(text(group, "cpu.stat"));
        long memoryLimit = number(text(group, "memory.max"));
        if (memoryLimit < 0) {
            memoryLimit = hostMemory();
        }
        long read = 0;
        long written = 0;
        for (String word : text(group, "io.stat").split("\\s+")) {
            if (word.startsWith("rbytes=")) {
                read += number(word.substring(7));
            } else if (word.startsWith("wbytes=")) {
                written += number(word.substring(7));
            }
        }
        return new Usage(cpu.getOrDefault("usage_usec", 0L), number(text(group, "memory.current")), memoryLimit, read, written,
                number(text(group, "pids.current")), number(text(group, "pids.max")));
    }

    private static long hostMemory() throws IOException {
        for (String line : Files.readString(Path.of("/proc/meminfo"), StandardCharsets.ISO_8859_1).split("\n")) {
            if (line.startsWith("MemTotal:")) {
                return number(line.replaceAll("[^0-9]", "")) * 1024;
            }
        }
        return -1;
    }

    private static Map<String, Long> numbers(String text) {
        Map<String, Long> numbers = new HashMap<>();
        for (String line : text.split("\n")) {
            int blank = line.indexOf(' ');
            if (blank > 0) {
                numbers.put(line.substring(0, blank), number(line.substring(blank + 1)));
            }
        }
        return numbers;
    }

    private static long number(String text) {
        try {
            return Long.parseLong(text.strip());
        } catch (NumberFormatException none) {
            return -1;
        }
    }

    private static String text(Path group, String file) {
        try {
            return Files.readString(group.resolve(file), StandardCharsets.ISO_8859_1);
        } catch (IOException noSuchController) {
            return "";
        }
    }
}
