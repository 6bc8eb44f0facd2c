package io.sifter.engine.instance;

import io.sifter.spi.error.UserException;
import io.sifter.spi.tree.RawName;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.DirectoryStream;
import java.nio.file.FileSystemException;
import java.nio.file.FileSystems;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.NoSuchFileException;
import java.nio.file.NotDirectoryException;
import java.nio.file.Path;
import java.nio.file.PathMatcher;
import java.nio.file.StandardCopyOption;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * The instances of one user on this host. Each is a file that the helper {@code start-instance} writes, one {@code key value} a
 * line. A file whose process is gone, by process id, time of its start and boot of the host, says nothing any more and is passed
 * over; it is removed by what starts or stops the next of that name.
 *
 * <p>The directory belongs to the user, who may have written anything there. So a process counts only if it is the user's own
 * (root's may be anybody's), and nothing of what the file says is trusted beyond that.
 */
public final class Instances {
    private static final String SUFFIX = ".instance";
    private static final int MOST_BYTES = 1 << 20;
    /** Of proc_pid_stat(5), counted after the command's closing parenthesis. */
    private static final int START = 19;

    private final Path directory;
    private final Path logs;
    private final long uid;

    private Instances(Path directory, Path logs, long uid) {
        this.directory = directory;
        this.logs = logs;
        this.uid = uid;
    }

    /**
     * Those of a user on this host.
     *
     * @param userDirectory of the user's settings
     * @param user name of the user
     * @param uid of the user; other users' processes are none of the user's instances
     */
    public static Instances of(Path userDirectory, String user, long uid) throws IOException {
        String host = Files.readString(Path.of("/proc/sys/kernel/hostname"), StandardCharsets.UTF_8).strip();
        Path all = userDirectory.resolve("instances");
        return new Instances(all.resolve("sifter").resolve(host).resolve(user), all.resolve("logs").resolve(host).resolve(user), uid);
    }

    /** Where an instance is written down. */
    public Path file(String name) {
        return directory.resolve(name + SUFFIX);
    }

    /**
     * Where an instance's output goes.
     *
     * @param stream {@code out} or {@code err}
     */
    public Path log(String name, String stream) {
        return logs.resolve(name + "." + stream);
    }

    /** An instance that runs. */
    public Optional<Instance> find(String name) throws IOException {
        return running(file(name), name);
    }

    /**
     * Instances that run, by name.
     *
     * @param glob which ones
     * @throws UserException if that is no pattern
     */
    public List<Instance> matching(String glob) throws IOException {
        PathMatcher matcher;
        try {
            matcher = FileSystems.getDefault().getPathMatcher("glob:" + glob);
        } catch (IllegalArgumentException e) {
            throw new UserException("'%s' is not a pattern for names: %s".formatted(glob, e.getMessage()), "Use * and ?.");
        }
        List<Instance> instances = new ArrayList<>();
        try (DirectoryStream<Path> files = Files.newDirectoryStream(directory)) {
            for (Path file : files) {
                String name = file.getFileName().toString();
                if (name.endsWith(SUFFIX)) {
                    name = name.substring(0, name.length() - SUFFIX.length());
                    // What is called otherwise was not put there by us, and is not shown to root who looks for others' instances.
                    if (Instance.isName(name) && matcher.matches(Path.of(name))) {
                        running(file, name).ifPresent(instances::add);
                    }
                }
            }
        } catch (NoSuchFileException | NotDirectoryException none) {
            return List.of();
        }
        instances.sort((one, other) -> one.name().compareTo(other.name()));
        return instances;
    }

    /**
     * Removes what is written down about instances that ended without a chance to say so: after a crash, or a boot of the host. Does
     * nothing for another user, who may have put a link to anywhere in the directory's place, and nothing where it may not.
     */
    public void tidy() throws IOException {
        if ((Integer) Files.getAttribute(Path.of("/proc/self"), "unix:uid") != uid) {
            return;
        }
        List<Path> stale = new ArrayList<>();
        try (DirectoryStream<Path> files = Files.newDirectoryStream(directory, "*" + SUFFIX + "*")) {
            for (Path file : files) {
                if (isStale(file)) {
                    stale.add(file);
                }
            }
        } catch (NoSuchFileException | NotDirectoryException none) {
            return;
        }
        for (Path file : stale) {
            // Meanwhile another instance may have got the name: look again at what nobody else changes any more.
            Path aside = file.resolveSibling(file.getFileName() + "." + ProcessHandle.current().pid());
            try {
                Files.move(file, aside, StandardCopyOption.ATOMIC_MOVE);
                if (file.toString().endsWith(SUFFIX) && !isStale(read(aside)) && !Files.exists(file)) {
                    Files.move(aside, file, StandardCopyOption.ATOMIC_MOVE);
                } else {
                    Files.delete(aside);
                }
            } catch (FileSystemException taken) {
                // Somebody else tidies up, or nobody can: it is as well known for what it is where it lies.
            }
        }
    }

    private boolean isStale(Path file) throws IOException {
        String name = file.getFileName().toString();
        if (!name.endsWith(SUFFIX)) {
            // In the making, by the process that the name ends with.
            return !Files.exists(Path.of("/proc", name.substring(name.lastIndexOf('.') + 1)));
        }
        return isStale(read(file));
    }

    private boolean isStale(Map<String, String> about) throws IOException {
        return !about.getOrDefault("boot", "").equals(boot()) || process(about.getOrDefault("pid", "")) < 0;
    }

    private Optional<Instance> running(Path file, String name) throws IOException {
        Map<String, String> about = read(file);
        if (!about.getOrDefault("boot", "").equals(boot())) {
            return Optional.empty();
        }
        long pid = process(about.getOrDefault("pid", ""));
        long init = process(about.getOrDefault("init", ""));
        if (pid < 0 || init < 0) {
            return Optional.empty();
        }
        return Optional.of(new Instance(name, about.getOrDefault("image", ""), about.getOrDefault("home", ""), about.getOrDefault("out", ""),
                about.getOrDefault("err", ""), pid, init));
    }

    /** The process that is meant, if it runs and is the user's: {@code pid start}; else -1. */
    private long process(String identity) {
        String[] words = identity.split(" ");
        return words.length == 2 && isProcess(words[0], words[1], uid) ? Long.parseLong(words[0]) : -1;
    }

    private static boolean isProcess(String pid, String start, long uid) {
        for (int i = 0; i < pid.length(); i++) {
            if (pid.charAt(i) < '0' || pid.charAt(i) > '9') {
                return false;
            }
        }
        Path process = Path.of("/proc", pid);
        try {
            return !pid.isEmpty() && pid.length() < 10 && started(process).equals(start)
                    && (uid == 0 || Files.readString(process.resolve("status"), StandardCharsets.ISO_8859_1).contains("\nUid:\t" + uid + "\t"));
        } catch (IOException gone) {
            return false;
        }
    }

    /** In clock ticks since boot; empty for one that has ended and is not yet collected. */
    private static String started(Path process) throws IOException {
        String stat = Files.readString(process.resolve("stat"), StandardCharsets.ISO_8859_1);
        String[] fields = stat.substring(stat.lastIndexOf(')') + 2).split(" ");
        return fields[0].equals("Z") || fields[0].equals("X") ? "" : fields[START];
    }

    private static String boot() throws IOException {
        return Files.readString(Path.of("/proc/sys/kernel/random/boot_id"), StandardCharsets.ISO_8859_1).strip();
    }

    /** Whether the instance's keeper still runs. */
    public boolean runs(Instance instance) throws IOException {
        Optional<Instance> now = find(instance.name());
        return now.isPresent() && now.get().pid() == instance.pid();
    }

    private static Map<String, String> read(Path file) throws IOException {
        Map<String, String> about = new HashMap<>();
        try {
            if (!Files.isRegularFile(file, LinkOption.NOFOLLOW_LINKS) || Files.size(file) > MOST_BYTES) {
                return about;
            }
            for (String line : Files.readString(file, StandardCharsets.ISO_8859_1).split("\n")) {
                int blank = line.indexOf(' ');
                if (blank > 0) {
                    about.put(line.substring(0, blank), unescape(line.substring(blank + 1)));
                }
            }
        } catch (NoSuchFileException none) {
            return about;
        }
        return about;
    }

    /**
     * The lines that tell about an instance before it has a process.
     *
     * @param image raw
     * @param home raw
     */
    public String about(String name, String image, String home) {
        return "image " + escape(image) + "\nhome " + escape(home) + "\nout " + escape(RawName.of(log(name, "out").toString()))
                + "\nerr " + escape(RawName.of(log(name, "err").toString())) + "\n";
    }

    private static String escape(String raw) {
        return raw.replace("\\", "\\\\").replace("\n", "\\n");
    }

    private static String unescape(String line) {
        StringBuilder text = new StringBuilder(line.length());
        for (int i = 0; i < line.length(); i++) {
            char c = line.charAt(i);
            if (c == '\\' && i + 1 < line.length()) {
                i++;
                text.append(line.charAt(i) == 'n' ? '\n' : line.charAt(i));
            } else {
                text.append(c);
            }
        }
        return text.toString();
    }
}
