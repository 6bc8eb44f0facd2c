package io.sifter.engine.launch;

import static io.sifter.spi.launch.ShellText.quote;

import io.sifter.spi.tree.RawName;
import java.io.IOException;
import java.nio.file.DirectoryNotEmptyException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.attribute.FileTime;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.LinkedHashSet;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.concurrent.TimeUnit;

/**
 * Keeps a plan for the launcher, which takes it again as long as all that it rests upon is the same, and so starts a container
 * without a JVM. What the launcher can tell by itself (arguments, environment, ids, mounts, accounts) is its key; what a planner
 * looked at besides is noted here while it plans. A plan that rests upon anything else is for once.
 *
 * <p>A kept plan is shell text that defines {@code sifter_known}, the key, {@code sifter_same}, which tests what it rests upon,
 * and {@code sifter_again}, which becomes the container. Readable by its owner alone. Values of the caller's environment do not
 * stand in it. One thread.
 */
public final class PlanMemory {
    /** Which stat(1) prints, and {@link #identity} makes. */
    private static final String FORMAT = "%d %i %s %Y %Z %u %f";
    /** So many plans are kept, one for each beginning of a key. */
    private static final int DIGITS = 2;
    /** Larger plans, which hold a whole script, are made each time: 16 MiB in all is the most that a home directory is asked for. */
    private static final int MOST_BYTES = 64 << 10;
    private static final String PART = "part-";

    private final Optional<Path> directory;
    private final String key;
    private final long uid;
    private final Map<String, String> files = new TreeMap<>();
    private final Set<String> tests = new LinkedHashSet<>();
    private boolean once;

    private PlanMemory(Optional<Path> directory, String key, long uid) {
        this.directory = directory;
        this.key = key;
        this.uid = uid;
        this.once = directory.isEmpty() || !key.matches("(?s)[0-9a-f]{64}.*");
    }

    /** Keeps nothing. */
    public static PlanMemory none() {
        return new PlanMemory(Optional.empty(), "", 0);
    }

    /**
     * @param directory of the caller's own, made if it is not there
     * @param key of the launcher, beginning with a digest in hexadecimal digits
     * @param uid of the caller
     */
    public static PlanMemory in(Path directory, String key, long uid) {
        return new PlanMemory(Optional.of(directory), key, uid);
    }

    /** The plan rests upon something that may change unseen. */
    public void once() {
        once = true;
    }

    /** The plan rests upon what a file says, or upon its absence. To be called before it is read. */
    public void file(Path file) {
        if (once) {
            return;
        }
        try {
            files.put(HostFiles.raw(file), identity(file));
        } catch (IOException absent) {
            test("[ ! -e " + word(file) + " ]");
        }
    }

    /** The plan rests upon what kind of thing a file is, if it is there, however links lead to it. */
    void kind(Path file) {
        if (Files.isDirectory(file)) {
            test("[ -d " + word(file) + " ]");
        } else if (Files.isRegularFile(file)) {
            test("[ -f " + word(file) + " ]");
        } else {
            test(Files.exists(file) ? "[ -e " + word(file) + " ] && [ ! -f " + word(file) + " ] && [ ! -d " + word(file) + " ]" : "[ ! -e " + word(file) + " ]");
        }
    }

    /** As {@link #kind}, but for the file itself, which must not be a link. */
    void own(Path file) {
        if (Files.isSymbolicLink(file)) {
            once();
        } else {
            test("[ ! -L " + word(file) + " ]");
            kind(file);
        }
    }

    /** The plan rests upon whether two paths lead to the same file. */
    void same(Path one, Path other, boolean same) {
        test((same ? "" : "! ") + "[ " + word(one) + " -ef " + word(other) + " ]");
    }

    /** The plan rests upon a file that can be written to. */
    void writable(Path file) {
        test("[ -w " + word(file) + " ]");
    }

    /** The plan rests upon a program. */
    void program(String raw) {
        test("[ -x " + quote(raw) + " ]");
    }

    private void test(String text) {
        if (!once) {
            tests.add(text);
        }
    }

    private static String word(Path file) {
        return quote(HostFiles.raw(file));
    }

    private static String identity(Path file) throws IOException {
        Map<String, Object> about = Files.readAttributes(file, "unix:dev,ino,size,lastModifiedTime,ctime,uid,mode");
        return "%d %d %d %d %d %d %x".formatted(about.get("dev"), about.get("ino"), about.get("size"), seconds(about.get("lastModifiedTime")),
                seconds(about.get("ctime")), about.get("uid"), about.get("mode"));
    }

    private static long seconds(Object time) {
        return Math.floorDiv(((FileTime) time).to(TimeUnit.NANOSECONDS), 1_000_000_000);
    }

    /** Keeps a plan if it may be used again. Where that fails, the next start plans anew. */
    public void save(String plan) {
        byte[] text = once ? new byte[0] : RawName.bytes(text(plan));
        if (once || text.length > MOST_BYTES) {
            return;
        }
        Path made = null;
        try {
            if (!ours(directory.get(), uid)) {
                return;
            }
            Files.createDirectories(directory.get(), PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rwx------")));
            // Not a temporary file of the library's, whose random name costs a start a tenth of its time.
            made = directory.get().resolve(PART + ProcessHandle.current().pid());
            Files.deleteIfExists(made);
            Files.createFile(made, PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rw-------")));
            Files.write(made, text);
            Files.move(made, directory.get().resolve(key.substring(0, DIGITS)), StandardCopyOption.ATOMIC_MOVE);
        } catch (IOException | UnsupportedOperationException noRoom) {
            remove(made);
        }
    }

    /**
     * Removes all plans of a directory, and the directory if nothing else lies in it.
     *
     * @throws IOException if one stays
     */
    public static void forget(Path directory) throws IOException {
        // Through a link no plan is taken either.
        if (!Files.isDirectory(directory, LinkOption.NOFOLLOW_LINKS)) {
            return;
        }
        try (DirectoryStream<Path> files = Files.newDirectoryStream(directory, "{[0-9a-f][0-9a-f]," + PART + "*}")) {
            for (Path file : files) {
                Files.deleteIfExists(file);
            }
        }
        try {
            Files.deleteIfExists(directory);
        } catch (DirectoryNotEmptyException another) {
            // Not ours, or a plan that somebody keeps just now.
        }
    }

    /** Whether a directory, or the one it is to be made in, is the caller's: who became root with another's home leaves nothing there. */
    private static boolean ours(Path directory, long uid) throws IOException {
        Path there = directory.toAbsolutePath();
        while (!Files.exists(there)) {
            there = there.getParent();
        }
        return (Integer) Files.getAttribute(there, "unix:uid") == uid;
    }

    private static void remove(Path file) {
        try {
            if (file != null && Files.exists(file, LinkOption.NOFOLLOW_LINKS)) {
                Files.delete(file);
            }
        } catch (IOException stays) {
            // It is in nobody's way, and 'part-' says what it is.
        }
    }

    private String text(String plan) {
        StringBuilder text = new StringBuilder("sifter_known=").append(quote(key)).append("\nsifter_same() {\n");
        for (String test : tests) {
            text.append(test).append(" &&\n");
        }
        StringBuilder names = new StringBuilder();
        for (String file : files.keySet()) {
            names.append(' ').append(quote(file));
        }
        return text.append("[ \"$(stat -L -c '").append(FORMAT).append("' --").append(names).append(" 2>/dev/null)\" = ")
                .append(quote(String.join("\n", files.values()))).append(" ]\n}\nsifter_again() {\n").append(plan).append("}\n").toString();
    }
}
