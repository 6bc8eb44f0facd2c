package io.sifter.engine.launch;

import io.sifter.engine.launch.ImageFiles.Entry;
import io.sifter.engine.launch.ImageFiles.Kind;
import io.sifter.spi.error.UserException;
import io.sifter.spi.launch.Mount;
import io.sifter.spi.launch.Mount.Bind;
import io.sifter.spi.launch.Mount.Data;
import io.sifter.spi.launch.Mount.Dev;
import io.sifter.spi.launch.Mount.MakeDirectory;
import io.sifter.spi.launch.Mount.MakeFile;
import io.sifter.spi.launch.Mount.MakeSymlink;
import io.sifter.spi.launch.Mount.Proc;
import io.sifter.spi.launch.Mount.Seal;
import io.sifter.spi.launch.Mount.Tmpfs;
import io.sifter.spi.tree.RawName;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.TreeSet;

/**
 * The file tree of a container while it is planned: the image, what is mounted over it, and what each path therefore leads
 * to. Mount points that an image lacks are made in an <em>underlay</em>: memory takes the place of the directory that lacks
 * them, and all that was in it is bound into that memory.
 */
final class ContainerTree {
    /** As Linux has it. */
    private static final int MAX_HOPS = 40;
    /** Of a minimal {@code /dev}, besides links and directories. */
    private static final List<String> DEVICES = List.of("null", "zero", "full", "random", "urandom", "tty", "stdin", "stdout", "stderr");
    /** Each costs a mount. */
    private static final int MOST_IN_UNDERLAY = 5000;

    /** What becomes of a mount point that the image lacks. */
    enum Missing {
        UNDERLAY,
        /** The root can be written, and what is written is lost at the end. */
        MAKE,
        REFUSE
    }

    /** @param files of what is mounted, whose root is at {@code at}; nothing for memory */
    private record Covering(String at, Optional<ImageFiles> files, boolean readOnly) {}

    /**
     * Where a path leads.
     *
     * @param path without links, if there is something
     * @param directory the last one on the way that exists
     * @param missing what of the path does not exist in it
     */
    record Found(String path, Optional<Entry> entry, String directory, List<String> missing) {}

    private final ImageFiles image;
    private final Missing missing;
    private final PlanMemory memory;
    private final List<Covering> coverings = new ArrayList<>();
    private final Map<String, Entry> made = new LinkedHashMap<>();
    private final TreeSet<String> underlays = new TreeSet<>();
    private final List<Mount> early = new ArrayList<>();
    private final List<Mount> steps = new ArrayList<>();
    private boolean asked;

    ContainerTree(ImageFiles image, Missing missing) {
        this(image, missing, PlanMemory.none());
    }

    /** @param memory told what of the host is looked at */
    ContainerTree(ImageFiles image, Missing missing, PlanMemory memory) {
        this.image = image;
        this.missing = missing;
        this.memory = memory;
        coverings.add(new Covering("/", Optional.of(image), false));
    }

    /** What comes now the user has asked for: its mount points may be made in directories of the host, where there are none. */
    void asked(boolean changed) {
        asked = changed;
    }

    /**
     * Mounts something of the host.
     *
     * @param destination absolute; links in it are followed inside the container
     */
    void bind(Path source, String destination, boolean readOnly, boolean optional) throws IOException {
        memory.kind(source);
        String at = mountPoint(HostFiles.raw(source), destination, Files.isDirectory(source));
        steps.add(new Bind(source, at, readOnly, optional));
        cover(at, Optional.of(new HostFiles(source, memory)), readOnly);
    }

    /** Mounts an empty file system of memory. */
    void memory(String destination, int mode) throws IOException {
        String at = mountPoint("tmpfs", destination, true);
        steps.add(new Tmpfs(at, mode, OptionalLong.empty()));
        cover(at, Optional.empty(), false);
    }

    /** Puts a file in place, over the one that is there. */
    void data(String content, String destination) throws IOException {
        String at = mountPoint("file", destination, false);
        steps.add(new Data(content, at));
        made.put(at, Entry.FILE);
    }

    void processes(String destination) throws IOException {
        String at = mountPoint("proc", destination, true);
        steps.add(new Proc(at));
        cover(at, Optional.of(new HostFiles(Path.of("/proc"), memory)), true);
    }

    void devices(String destination) throws IOException {
        String at = mountPoint("dev", destination, true);
        steps.add(new Dev(at));
        cover(at, Optional.empty(), false);
        for (String name : DEVICES) {
            made.put(at + "/" + name, new Entry(Kind.OTHER, "", false));
        }
        for (String name : List.of("pts", "shm", "mqueue")) {
            made.put(at + "/" + name, Entry.DIRECTORY);
        }
        made.put(at + "/fd", new Entry(Kind.LINK, "/proc/self/fd", false));
        made.put(at + "/ptmx", new Entry(Kind.LINK, "pts/ptmx", false));
    }

    /**
     * Mounts files of the host side by side in a directory of memory that nobody can write to.
     *
     * @param files by the names they get
     */
    void gather(Map<String, Path> files, String destination) throws IOException {
        String at = mountPoint("tmpfs", destination, true);
        steps.add(new Tmpfs(at, 0755, OptionalLong.empty()));
        cover(at, Optional.empty(), false);
        for (String name : files.keySet()) {
            steps.add(new MakeFile(at + "/" + name));
            made.put(at + "/" + name, Entry.FILE);
        }
        files.forEach((name, file) -> steps.add(new Bind(file, at + "/" + name, true, true)));
        steps.add(new Seal(at));
    }

    private void cover(String at, Optional<ImageFiles> files, boolean readOnly) {
        coverings.removeIf(hidden -> !hidden.at().equals("/") && isIn(hidden.at(), at));
        made.keySet().removeIf(path -> isIn(path, at) && !path.equals(at));
        coverings.add(new Covering(at, files, readOnly));
    }

    /** Whether a path is a directory or in it. */
    private static boolean isIn(String path, String directory) {
        return directory.equals("/") || path.equals(directory) || path.startsWith(directory + "/");
    }

    private Covering covering(String path) {
        Covering innermost = coverings.getFirst();
        for (Covering covering : coverings) {
            if (isIn(path, covering.at()) && covering.at().length() >= innermost.at().length()) {
                innermost = covering;
            }
        }
        return innermost;
    }

    /** What is at a path without links. */
    private Optional<Entry> entry(String path) throws IOException {
        Covering covering = covering(path);
        Entry own = made.get(path);
        if (own != null && !covering.at().equals(path)) {
            return Optional.of(own);
        }
        if (covering.files().isEmpty()) {
            return covering.at().equals(path) ? Optional.of(Entry.DIRECTORY) : Optional.empty();
        }
        return covering.files().get().entry(relative(path, covering.at()));
    }

    private static String relative(String path, String directory) {
        return directory.equals("/") ? path : path.substring(directory.length());
    }

    /** Follows a path as the kernel would, inside the container. */
    Found find(String path) throws IOException {
        Deque<String> rest = new ArrayDeque<>();
        push(path, rest);
        String at = "/";
        int hops = 0;
        while (!rest.isEmpty()) {
            String name = rest.pop();
            if (name.isEmpty() || name.equals(".")) {
                continue;
            }
            if (name.equals("..")) {
                at = parent(at);
                continue;
            }
            String next = at.equals("/") ? "/" + name : at + "/" + name;
            Optional<Entry> entry = entry(next);
            if (entry.isEmpty()) {
                List<String> missing = new ArrayList<>(List.of(name));
                missing.addAll(rest);
                missing.removeIf(part -> part.isEmpty() || part.equals("."));
                return new Found("", Optional.empty(), at, missing);
            }
            if (entry.get().kind() == Kind.LINK) {
                if (++hops > MAX_HOPS) {
                    return new Found("", Optional.empty(), at, List.of());
                }
                if (entry.get().target().startsWith("/")) {
                    at = "/";
                }
                push(entry.get().target(), rest);
            } else if (entry.get().kind() != Kind.DIRECTORY && !onlyEmpty(rest)) {
                return new Found("", Optional.empty(), next, List.of());
            } else {
                at = next;
            }
        }
        return new Found(at, entry(at), at, List.of());
    }

    private static boolean onlyEmpty(Deque<String> parts) {
        for (String part : parts) {
            if (!part.isEmpty()) {
                return false;
            }
        }
        return true;
    }

    private static void push(String path, Deque<String> stack) {
        String[] parts = path.split("/");
        for (int i = parts.length - 1; i >= 0; i--) {
            stack.push(parts[i]);
        }
    }

    private static String parent(String path) {
        int slash = path.lastIndexOf('/');
        return slash <= 0 ? "/" : path.substring(0, slash);
    }

    /** Whether a path already shows this file of the host. */
    boolean shows(String path, Path hostFile) throws IOException {
        Found found = find(path);
        if (found.entry().isEmpty()) {
            return false;
        }
        Covering covering = covering(found.path());
        if (!(covering.files().isPresent() && covering.files().get() instanceof HostFiles host) || host == image) {
            return false;
        }
        Optional<Path> relative = HostFiles.path(relative(found.path(), covering.at()));
        if (relative.isEmpty()) {
            return false;
        }
        Path there = host.base().resolve("." + relative.get()).normalize();
        boolean same = Files.exists(hostFile) && Files.isSameFile(there, hostFile);
        memory.same(there, hostFile, same);
        return same;
    }

    /** Reads a small file of the container as it is so far; nothing if there is none. */
    Optional<String> read(String path, int max) throws IOException {
        Found found = find(path);
        if (found.entry().isEmpty() || found.entry().get().kind() != Kind.FILE) {
            return Optional.empty();
        }
        Covering covering = covering(found.path());
        return covering.files().isEmpty() ? Optional.empty()
                : Optional.of(covering.files().get().read(relative(found.path(), covering.at()), max));
    }

    /** Where a destination is; made if it is not there yet. */
    private String mountPoint(String what, String destination, boolean directory) throws IOException {
        Found found = find(destination);
        if (found.entry().isPresent()) {
            boolean isDirectory = found.entry().get().kind() == Kind.DIRECTORY;
            if (isDirectory != directory) {
                throw new UserException("container creation failed: mount hook function failure: mount %1$s->%2$s error: while mounting %1$s: could not mount %1$s: not a directory"
                        .formatted(RawName.display(what), RawName.display(destination)),
                        "%s is %s in the container, and what is to be mounted there is %s.".formatted(
                                RawName.display(destination), isDirectory ? "a directory" : "a file", directory ? "a directory" : "a file"));
            }
            return found.path();
        }
        if (found.missing().isEmpty() || found.missing().contains("..")) {
            throw new UserException("container creation failed: %s leads nowhere in the container".formatted(RawName.display(destination)));
        }
        return make(destination, found, directory);
    }

    private String make(String destination, Found found, boolean directory) throws IOException {
        List<Mount> makes = placeToMake(destination, found);
        String at = found.directory();
        for (int i = 0; i < found.missing().size(); i++) {
            at = at.equals("/") ? "/" + found.missing().get(i) : at + "/" + found.missing().get(i);
            boolean last = i == found.missing().size() - 1;
            makes.add(last && !directory ? new MakeFile(at) : new MakeDirectory(at, 0755));
            made.put(at, last && !directory ? Entry.FILE : Entry.DIRECTORY);
        }
        return at;
    }

    /** Without a link on the way, which an image may have put there to lead into another directory of the host. */
    private static String named(Found found) {
        return (found.directory().equals("/") ? "" : found.directory()) + "/" + String.join("/", found.missing());
    }

    /** The steps among which something can be made in a directory. */
    private List<Mount> placeToMake(String destination, Found found) throws IOException {
        String directory = found.directory();
        Covering covering = covering(directory);
        if (covering.files().isEmpty()) {
            return steps;
        }
        if (covering.files().get() != image) {
            if (asked && !covering.readOnly() && named(found).equals(destination.endsWith("/") ? destination.substring(0, destination.length() - 1) : destination)) {
                return steps;
            }
            throw new UserException("container creation failed: %s does not exist in the container, and nothing can be made in %s, which is mounted from the host"
                    .formatted(RawName.display(destination), RawName.display(covering.at())));
        }
        if (missing == Missing.REFUSE) {
            throw new UserException("container creation failed: %s does not exist in the image".formatted(RawName.display(destination)),
                    "Make it in the image, or leave out --writable.");
        }
        // The overlay's own root is there already.
        if (missing == Missing.MAKE && (made.containsKey(directory) || directory.equals("/") || image.copiesUp(directory))) {
            return steps;
        }
        if (!made.containsKey(directory)) {
            underlays.add(directory);
        }
        return early;
    }

    /**
     * All steps, in order.
     *
     * @param mounted where the image is a directory of the host
     * @param readOnly whether writing to that directory must be prevented
     */
    List<Mount> mounts(Path mounted, boolean readOnly) throws IOException {
        List<Mount> all = new ArrayList<>();
        if (!underlays.contains("/")) {
            all.add(new Bind(mounted, "/", readOnly, false));
        }
        List<Mount> waiting = new ArrayList<>(early);
        for (String directory : underlays) {
            all.add(new Tmpfs(directory, 0755, OptionalLong.empty()));
            List<Mount> binds = new ArrayList<>();
            rebind(directory, mounted, readOnly, all, binds);
            waiting.removeIf(step -> {
                boolean here = isIn(step.destination(), directory) && !inLaterUnderlay(step.destination(), directory);
                if (here) {
                    all.add(step);
                }
                return here;
            });
            all.addAll(binds);
        }
        all.addAll(steps);
        for (String directory : underlays) {
            all.add(new Seal(directory));
        }
        return all;
    }

    private boolean inLaterUnderlay(String path, String directory) {
        for (String later : underlays.tailSet(directory, false)) {
            if (isIn(path, later)) {
                return true;
            }
        }
        return false;
    }

    /** What the image has in a directory, to be seen again in the memory that covers it. */
    private void rebind(String directory, Path mounted, boolean readOnly, List<Mount> makes, List<Mount> binds) throws IOException {
        List<String> names = image.list(directory);
        if (names.size() > MOST_IN_UNDERLAY) {
            throw new UserException("container creation failed: a mount point is missing in %s of the image, which has too many entries (%d) to make it beside them"
                    .formatted(RawName.display(directory), names.size()), "Mount somewhere else, or make the mount point in the image.");
        }
        for (String name : names) {
            String path = directory.equals("/") ? "/" + name : directory + "/" + name;
            Optional<Entry> entry = image.entry(path);
            Optional<Path> source = HostFiles.path(path.substring(1)).map(mounted::resolve);
            if (entry.isEmpty() || source.isEmpty()) {
                continue;
            }
            switch (entry.get().kind()) {
                case LINK -> makes.add(new MakeSymlink(path, entry.get().target()));
                case DIRECTORY -> makes.add(new MakeDirectory(path, 0755));
                case FILE, OTHER -> makes.add(new MakeFile(path));
            }
            if (entry.get().kind() != Kind.LINK && !coveredLater(path)) {
                binds.add(new Bind(source.get(), path, readOnly, false));
            }
        }
    }

    /** Whether binding something is in vain, because it gets out of sight at once. */
    private boolean coveredLater(String path) {
        if (underlays.contains(path)) {
            return true;
        }
        for (Mount step : steps) {
            if (step.destination().equals(path) && !(step instanceof Bind bind && bind.optional())) {
                return true;
            }
        }
        return false;
    }
}
