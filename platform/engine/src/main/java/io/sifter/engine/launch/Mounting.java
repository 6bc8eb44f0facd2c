package io.sifter.engine.launch;

import io.sifter.engine.launch.ActionRequest.Files;
import io.sifter.engine.launch.ActionRequest.Isolation;
import io.sifter.engine.launch.ContainerTree.Found;
import io.sifter.engine.launch.ImageFiles.Kind;
import io.sifter.spi.error.ExternalException;
import io.sifter.spi.error.UserException;
import io.sifter.spi.tree.RawName;
import java.io.IOException;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import java.util.function.Consumer;

/** Decides what is mounted over an image, in the order of the reference: the kernel's trees, the site's binds, home, the user's. */
final class Mounting {
    private static final Set<String> NAMES = Set.of("proc", "sys", "dev", "devpts", "home", "tmp", "hostfs", "cwd", "bind-paths");
    /** Directories of an operating system: the image's own are wanted there, even when the caller stands in the host's. */
    private static final Set<String> SYSTEM = Set.of("/", "/bin", "/boot", "/etc", "/lib", "/lib32", "/lib64", "/libx32", "/mnt", "/opt", "/sbin",
            "/srv", "/usr", "/var");
    private static final List<String> VIRTUAL = List.of("/dev", "/proc", "/sys");
    private static final String LOCAL_HOSTS = """
            127.0.0.1   localhost
            ::1         localhost ip6-localhost ip6-loopback
            ff02::1     ip6-allnodes
            ff02::2     ip6-allrouters
            """;
    /** Where the loader looks for libraries of the host. */
    private static final String LIBRARIES = "/.singularity.d/libs";
    private static final int MOST_ACCOUNTS = 1 << 20;

    private final Host host;
    private final Site site;
    private final Files wanted;
    private final Isolation isolation;
    private final boolean contained;
    private final ContainerTree tree;
    private final Consumer<String> warnings;
    private final PlanMemory memory;
    private final Set<String> left = new HashSet<>();
    private final List<BindPath> binds = new ArrayList<>();
    private String homeSource;
    private String home;

    Mounting(Host host, Site site, Files wanted, Isolation isolation, boolean contained, ContainerTree tree, Consumer<String> warnings,
             PlanMemory memory) {
        this.host = host;
        this.site = site;
        this.wanted = wanted;
        this.isolation = isolation;
        this.contained = contained;
        this.tree = tree;
        this.warnings = warnings;
        this.memory = memory;
    }

    /** What has been decided besides the tree. */
    record Result(String home, List<BindPath> binds, String directory) {}

    /** What the user asks to be bound, whether it can be or not. */
    List<BindPath> givenBinds() throws IOException {
        if (binds.isEmpty()) {
            for (String bind : BindPath.joined(wanted.binds())) {
                binds.add(BindPath.parse(bind));
            }
            for (String mount : wanted.mounts()) {
                if (!mount.isEmpty()) {
                    binds.add(BindPath.parseMount(mount));
                }
            }
        }
        return binds;
    }

    /** Where the account lives in the container. */
    String home(boolean fakeRoot) throws IOException {
        findHome(fakeRoot);
        return home;
    }

    Result decide(boolean ownProcesses, boolean fakeRoot) throws IOException {
        leaveOut();
        givenBinds();
        if (!site.userBinds() && !binds.isEmpty()) {
            for (BindPath bind : binds) {
                warnings.accept("Ignoring %s bind mount: user bind control disabled by system administrator".formatted(RawName.display(bind.source())));
            }
            binds.clear();
        }
        findHome(fakeRoot);
        kernel(ownProcesses);
        siteBinds();
        temporary();
        home();
        tree.asked(true);
        usersBinds();
        scratch();
        tree.asked(false);
        gpus();
        accounts(fakeRoot);
        String directory = directory();
        return new Result(home, binds, directory);
    }

    private void leaveOut() {
        for (String name : wanted.noMount()) {
            if (!NAMES.contains(name) && !name.startsWith("/")) {
                warnings.accept("Ignoring unknown mount type '%s'".formatted(RawName.display(name)));
            }
            left.add(name);
        }
        left.addAll(site.without());
    }

    private void kernel(boolean ownProcesses) throws IOException {
        if (!left.contains("proc")) {
            if (ownProcesses) {
                tree.processes("/proc");
            } else {
                unasked("/proc", "kernel", () -> tree.bind(Path.of("/proc"), "/proc", false, false));
            }
        }
        if (!left.contains("sys")) {
            unasked("/sys", "kernel", () -> tree.bind(Path.of("/sys"), "/sys", false, false));
        }
        if (!left.contains("dev")) {
            if (contained || site.minimalDevices()) {
                tree.devices("/dev");
            } else {
                unasked("/dev", "kernel", () -> tree.bind(Path.of("/dev"), "/dev", false, false));
            }
        }
    }

    private void siteBinds() throws IOException {
        for (String line : site.binds()) {
            BindPath asked = BindPath.parse(line);
            String bind = asked.destination();
            if (bind.equals("/etc/hosts") && contained && isolation.net() && !bound(bind)) {
                // The names of the host's network mean nothing here.
                tree.data(LOCAL_HOSTS, bind);
            } else if (!left.contains("bind-paths") && !left.contains(bind) && !bound(bind) && exists(Path.of(asked.source()))) {
                // What a link leads to, so that a later change of the link on the host changes nothing here.
                unasked(bind, "binds", () -> lenient(bind, () -> tree.bind(real(Path.of(asked.source())), bind, asked.readOnly(), true)));
            }
        }
    }

    private void temporary() throws IOException {
        if (left.contains("tmp")) {
            return;
        }
        for (String directory : List.of("/tmp", "/var/tmp")) {
            if (bound(directory)) {
                continue;
            }
            if (!contained) {
                if (isDirectory(Path.of(directory))) {
                    unasked(directory, "tmp", () -> tree.bind(Path.of(directory), directory, false, false));
                }
            } else if (wanted.workdir().isPresent()) {
                tree.bind(inWorkdir(directory.substring(1).replace('/', '_')), directory, false, false);
            } else {
                tree.memory(directory, 01777);
            }
        }
    }

    private boolean exists(Path path) {
        memory.kind(path);
        return java.nio.file.Files.exists(path);
    }

    private boolean isDirectory(Path path) {
        memory.kind(path);
        return java.nio.file.Files.isDirectory(path);
    }

    private Path real(Path path) throws IOException {
        Path real = path.toRealPath();
        memory.same(path, real, true);
        return real;
    }

    /** A directory in {@code --workdir}, made if it is not there. */
    private Path inWorkdir(String name) throws IOException {
        memory.once();
        Path workdir = hostPath(wanted.workdir().orElseThrow(), "--workdir");
        if (!java.nio.file.Files.isDirectory(workdir)) {
            throw new UserException("container creation failed: the directory %s of --workdir does not exist".formatted(workdir));
        }
        Path directory = workdir.resolve(name);
        try {
            if (!java.nio.file.Files.isDirectory(directory)) {
                java.nio.file.Files.createDirectories(directory);
                java.nio.file.Files.setPosixFilePermissions(directory, PosixFilePermissions.fromString("rwxrwxrwx"));
            }
        } catch (IOException e) {
            throw new ExternalException("Could not make %s in --workdir: %s".formatted(directory, e.getMessage()), e);
        }
        return directory;
    }

    private Path hostPath(String raw, String what) throws UserException {
        Optional<Path> path = HostFiles.path(raw);
        if (path.isEmpty()) {
            throw new UserException("The path %s of %s is not in UTF-8".formatted(RawName.display(raw), what));
        }
        return HostFiles.path(host.directory()).orElse(Path.of("/")).resolve(path.get()).normalize();
    }

    private void findHome(boolean fakeRoot) throws UserException {
        homeSource = host.account().home();
        home = fakeRoot ? "/root" : homeSource;
        if (wanted.home().isPresent() && !site.userBinds()) {
            warnings.accept("Ignoring --home: user bind control disabled by system administrator");
        } else if (wanted.home().isPresent()) {
            String[] parts = wanted.home().get().split(":", -1);
            if (parts.length > 2) {
                throw new UserException("While setting home directory: home argument has incorrect number of elements: %d".formatted(parts.length));
            }
            homeSource = HostFiles.raw(hostPath(parts[0], "--home"));
            home = parts.length == 2 ? parts[1] : homeSource;
            if (!home.startsWith("/")) {
                throw new UserException("container creation failed: failed to add %s as session directory: path %s is not an absolute path"
                        .formatted(RawName.display(homeSource), RawName.display(home)));
            }
        }
        if (home.isEmpty()) {
            home = "/";
        }
    }

    private void home() throws IOException {
        if (wanted.noHome() || left.contains("home")) {
            return;
        }
        if (home.equals("/")) {
            warnings.accept("Skipping impossible home directory mount to '/'");
            return;
        }
        if (bound(home)) {
            return;
        }
        if (contained && wanted.home().isEmpty()) {
            if (wanted.workdir().isPresent()) {
                tree.bind(inWorkdir("home"), home, false, false);
            } else {
                tree.memory(home, 0755);
            }
            return;
        }
        Path source = hostPath(homeSource, "--home");
        if (!isDirectory(source)) {
            if (wanted.home().isPresent()) {
                throw new UserException("container creation failed: the home directory %s %s".formatted(source, exists(source) ? "is no directory" : "does not exist"));
            }
            // As with the reference: somewhere to write, lost at the end.
            if (!wanted.writable() || tree.find(home).entry().isPresent()) {
                tree.memory(home, 0755);
            }
        } else if (!tree.shows(home, source)) {
            tree.bind(source, home, false, false);
        }
    }

    private void usersBinds() throws IOException {
        for (BindPath bind : binds) {
            if (!bind.destination().startsWith("/")) {
                throw new UserException("container creation failed: unable to add %s to mount list: destination must be an absolute path"
                        .formatted(RawName.display(bind.source())));
            }
            Path source = hostPath(bind.source(), "--bind");
            if (!exists(source)) {
                throw new UserException("container creation failed: mount hook function failure: mount %s->%s error: while mounting %s: mount source %s doesn't exist"
                        .formatted(source, RawName.display(bind.destination()), source, source));
            }
            if (isDirectory(source) && isRoot("bind mount of " + source, bind.destination())) {
                continue;
            }
            tree.bind(source, bind.destination(), bind.readOnly(), false);
        }
    }

    /** Whether a destination is the root of the container, over which nobody sees anything mounted with the reference. Says so. */
    private boolean isRoot(String what, String destination) throws IOException {
        boolean root = tree.find(destination).path().equals("/");
        if (root) {
            warnings.accept("Skipping impossible %s to '%s': that is the root of the container, which is the image's; name a directory in it, like /mnt"
                    .formatted(what, RawName.display(destination)));
        }
        return root;
    }

    /** Whether the user mounts something at this very place. */
    private boolean bound(String destination) {
        for (BindPath bind : binds) {
            if (stripped(bind.destination()).equals(destination)) {
                return true;
            }
        }
        return false;
    }

    private static String stripped(String path) {
        return path.length() > 1 && path.endsWith("/") ? path.substring(0, path.length() - 1) : path;
    }

    private void scratch() throws IOException {
        for (String scratch : wanted.scratch()) {
            String destination = scratch.startsWith("/") ? scratch : "/" + scratch;
            if (isRoot("mount of a scratch directory", destination)) {
                continue;
            }
            if (wanted.workdir().isPresent()) {
                tree.bind(inWorkdir("scratch" + destination), destination, false, false);
            } else {
                tree.memory(destination, 0755);
            }
        }
    }

    private void gpus() throws IOException {
        Map<Gpu, GpuFiles> found = new EnumMap<>(Gpu.class);
        for (Gpu gpu : Gpu.values()) {
            if (wanted.gpus().contains(gpu) || site.gpus().contains(gpu) && !wanted.noGpus().contains(gpu)) {
                found.put(gpu, filesOf(gpu));
            }
        }
        if (found.isEmpty()) {
            return;
        }
        // Drivers are looked for in many places.
        memory.once();
        Map<String, Path> libraries = new LinkedHashMap<>();
        Map<Path, String> others = new LinkedHashMap<>();
        found.forEach((gpu, files) -> {
            files.libraries().forEach(libraries::putIfAbsent);
            files.programs().forEach((name, path) -> others.put(path, "/usr/bin/" + name));
            files.others().forEach(path -> others.put(path, HostFiles.raw(path)));
            if (wanted.writable() && !(files.programs().isEmpty() && files.others().isEmpty())) {
                warnings.accept("%s files may not be bound with --writable".formatted(gpu.word()));
            }
        });
        if (!site.userBinds()) {
            warnings.accept("Ignoring libraries bind request: user bind control disabled by system administrator");
        } else {
            if (!libraries.isEmpty()) {
                lenient(LIBRARIES, () -> tree.gather(libraries, LIBRARIES));
            }
            for (Map.Entry<Path, String> other : others.entrySet()) {
                lenient(other.getValue(), () -> tree.bind(other.getKey(), other.getValue(), true, true));
            }
        }
        devices(found.keySet());
    }

    private GpuFiles filesOf(Gpu gpu) {
        GpuFiles files;
        try {
            files = GpuFiles.find(GpuFiles.list(gpu, host.home()), GpuFiles.cache(host.searchPath()), host.searchPath(), Path.of("/proc/self/exe"));
        } catch (IOException e) {
            warnings.accept("While finding %s bind points: %s".formatted(gpu.word(), e.getMessage()));
            return new GpuFiles(Map.of(), Map.of(), Set.of());
        }
        if (files.isEmpty()) {
            warnings.accept("Could not find any %s files on this host!".formatted(gpu.word()));
        } else if (files.libraries().isEmpty()) {
            warnings.accept("Could not find any %s libraries on this host!".formatted(gpu.word()));
        }
        return files;
    }

    /** A {@code /dev} that is not the host's lacks them. */
    private void devices(Set<Gpu> gpus) throws IOException {
        if (left.contains("dev") || !(contained || site.minimalDevices())) {
            return;
        }
        for (String name : new HostFiles(Path.of("/dev")).list("/")) {
            for (Gpu gpu : gpus) {
                if (gpu.owns(name)) {
                    lenient("/dev/" + name, () -> tree.bind(Path.of("/dev", name), "/dev/" + name, false, true));
                }
            }
        }
    }

    /** Nobody asked for this one: where a root that is written to itself lacks the mount point, the rest is there still. */
    private void unasked(String destination, String kind, Step step) throws IOException {
        if (wanted.writable() && tree.find(destination).entry().isEmpty()) {
            warnings.accept("Skipping mount %1$s [%2$s]: %1$s doesn't exist in container".formatted(RawName.display(destination), kind));
        } else {
            step.take();
        }
    }

    /** What is nice to have, but no reason to start nothing. */
    private interface Step {
        void take() throws IOException;
    }

    private void lenient(String destination, Step step) throws IOException {
        try {
            step.take();
        } catch (UserException inTheWay) {
            warnings.accept("Could not mount %s: %s".formatted(RawName.display(destination), inTheWay.getMessage()));
        }
    }

    private void accounts(boolean fakeRoot) throws IOException {
        if (isolation.dns().isPresent()) {
            tree.data(nameServers(isolation.dns().get()), "/etc/resolv.conf");
        } else if (!left.contains("/etc/resolv.conf") && !bound("/etc/resolv.conf") && exists(Path.of("/etc/resolv.conf"))) {
            unasked("/etc/resolv.conf", "files", () -> tree.bind(real(Path.of("/etc/resolv.conf")), "/etc/resolv.conf", false, true));
        }
        if (!fakeRoot && !left.contains("/etc/passwd") && !bound("/etc/passwd")) {
            Optional<String> passwd = tree.read("/etc/passwd", MOST_ACCOUNTS);
            if (passwd.isPresent()) {
                tree.data(host.account().addTo(passwd.get(), home), "/etc/passwd");
            } else {
                warnings.accept("passwd file doesn't exist in container, not updating");
            }
        }
        if (!fakeRoot && !left.contains("/etc/group") && !bound("/etc/group")) {
            Optional<String> group = tree.read("/etc/group", MOST_ACCOUNTS);
            if (group.isPresent()) {
                tree.data(groups(group.get()), "/etc/group");
            } else {
                warnings.accept("group file doesn't exist in container, not updating");
            }
        }
        if (isolation.hostname().isPresent()) {
            tree.data(isolation.hostname().get() + "\n", "/etc/hostname");
        }
    }

    private static String nameServers(String list) throws UserException {
        StringBuilder servers = new StringBuilder();
        for (String server : list.split(",")) {
            if (!isAddress(server.strip())) {
                throw new UserException("container creation failed: dns ip %s is not a valid IP address".formatted(RawName.display(server)));
            }
            servers.append("nameserver ").append(server.strip()).append('\n');
        }
        return servers.toString();
    }

    /** Whether a text is an address in numbers, of IPv4 or IPv6. Roughly: it decides about a line for the resolver only. */
    private static boolean isAddress(String text) {
        int colons = 0;
        int dots = 0;
        for (int i = 0; i < text.length(); i++) {
            char c = text.charAt(i);
            colons += c == ':' ? 1 : 0;
            dots += c == '.' ? 1 : 0;
            boolean digit = c >= '0' && c <= '9';
            boolean letter = c >= 'a' && c <= 'f' || c >= 'A' && c <= 'F';
            if (!digit && c != ':' && c != '.' && !(letter && text.indexOf(':') >= 0)) {
                return false;
            }
        }
        return colons >= 2 || colons == 0 && dots == 3;
    }

    /** The image's group(5) with the caller's groups; doubles stay, as with the reference. */
    private String groups(String image) {
        StringBuilder text = new StringBuilder(image);
        if (!image.isEmpty() && !image.endsWith("\n")) {
            text.append('\n');
        }
        for (Long gid : new TreeSet<>(host.groups())) {
            String name = host.groupNames().get(gid);
            if (name != null) {
                text.append(name).append(":x:").append(gid).append(':').append(host.account().name()).append('\n');
            }
        }
        return text.toString();
    }

    /** Where the command starts; mounts the caller's directory if it is not there anyway. */
    private String directory() throws IOException {
        if (wanted.startDirectory().isPresent()) {
            String directory = wanted.startDirectory().get();
            directory = directory.startsWith("/") ? directory : "/" + directory;
            Found found = tree.find(directory);
            if (found.entry().isEmpty() || found.entry().get().kind() != Kind.DIRECTORY) {
                throw new UserException("failed to set working directory: chdir %s: %s".formatted(RawName.display(directory),
                        found.entry().isEmpty() ? "no such file or directory" : "not a directory"));
            }
            return directory;
        }
        if (contained) {
            return home;
        }
        String here = host.directory();
        Optional<Path> source = HostFiles.path(here);
        if (source.isPresent() && site.userBinds() && !left.contains("cwd") && !SYSTEM.contains(here) && !virtual(here) && !tree.shows(here, source.get())) {
            try {
                tree.bind(source.get(), here, false, false);
            } catch (UserException noMountPoint) {
                // The command then starts at home.
                return home;
            }
        }
        return logical(here, source);
    }

    private static boolean virtual(String directory) {
        for (String top : VIRTUAL) {
            if (directory.equals(top) || directory.startsWith(top + "/")) {
                return true;
            }
        }
        return false;
    }

    /** The caller's own name for the directory, if it leads to the same place in the container. */
    private String logical(String physical, Optional<Path> source) throws IOException {
        String shown = host.environment().getOrDefault("PWD", "");
        if (!shown.startsWith("/") || shown.equals(physical) || source.isEmpty()) {
            return physical;
        }
        return tree.shows(shown, source.get()) ? shown : physical;
    }
}
