package io.sifter.engine.launch;

import io.sifter.spi.launch.Capabilities;
import io.sifter.spi.launch.RuntimeContext;
import io.sifter.spi.tree.RawName;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * The host as the caller's process sees it.
 *
 * @param groups of the caller, its own first
 * @param privileged whether mounting needs no user namespace
 * @param capabilities of the caller
 * @param groupNames of those groups that have one
 * @param environment of the caller, raw
 * @param directory the caller's, physical, raw
 * @param umask of the caller
 * @param searchPath where programs of the host are looked for
 * @param home of the distribution
 */
public record Host(long uid, long gid, List<Long> groups, boolean privileged, Capabilities capabilities, Account account, Map<Long, String> groupNames,
                   Map<String, String> environment, String directory, int umask, List<Path> searchPath, Path home) {
    private static final int CAP_SYS_ADMIN = 21;
    private static final String USUAL = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

    public Host {
        groups = List.copyOf(groups);
        groupNames = Map.copyOf(groupNames);
        environment = Map.copyOf(environment);
        searchPath = List.copyOf(searchPath);
    }

    /** The first program of that name on the search path. */
    public Optional<Path> program(String name) {
        return RuntimeContext.program(name, searchPath);
    }

    /** Name of the caller, raw. */
    public String user() {
        return account.name();
    }

    /**
     * Looks at this process.
     *
     * @param home of the distribution
     */
    public static Host ofProcess(Path home) throws IOException {
        Status status = Status.read();
        Map<String, String> environment = callersEnvironment();
        List<Path> searchPath = new ArrayList<>();
        for (String directory : (environment.getOrDefault("PATH", "") + ":" + USUAL).split(":")) {
            Optional<Path> path = HostFiles.path(directory);
            if (path.isPresent() && path.get().isAbsolute() && !searchPath.contains(path.get())) {
                searchPath.add(path.get());
            }
        }
        Names names = Names.of(status.uid(), status.gid(), status.groups());
        return new Host(status.uid(), status.gid(), status.groups(), status.uid() == 0 && (status.capabilities() >> CAP_SYS_ADMIN & 1) == 1,
                new Capabilities(status.capabilities()), names.account(), names.groups(), environment, RawName.of(System.getProperty("user.dir")), status.umask(), searchPath, home);
    }

    /**
     * The same host for a command that runs as somebody else. The home directory stays the caller's.
     *
     * @param otherGroups its own first; if empty, the one of its account
     */
    Host as(long otherUid, List<Long> otherGroups) throws IOException {
        Account other = Names.of(otherUid, gid, otherGroups).account();
        List<Long> all = otherGroups.isEmpty() ? List.of(other.gid()) : otherGroups;
        Account there = new Account(other.name(), otherUid, other.gid(), other.gecos(), account.home(), other.shell());
        return new Host(uid, gid, all, privileged, capabilities, there, Names.of(otherUid, gid, all).groups(), environment, directory, umask,
                searchPath, home);
    }

    /**
     * The caller's environment, whatever the locale. The launcher may have set LC_ALL for this process alone; the property
     * {@code sifter.lc_all} then holds what it was, empty if it was not set.
     */
    private static Map<String, String> callersEnvironment() throws IOException {
        Map<String, String> environment = new LinkedHashMap<>();
        for (String entry : RawName.of(Files.readAllBytes(Path.of("/proc/self/environ"))).split("\0")) {
            int equals = entry.indexOf('=');
            if (equals > 0) {
                environment.put(entry.substring(0, equals), entry.substring(equals + 1));
            }
        }
        String before = System.getProperty("sifter.lc_all");
        if (before != null) {
            environment.remove("LC_ALL");
            if (!before.isEmpty()) {
                environment.put("LC_ALL", RawName.of(before));
            }
        }
        return environment;
    }

    /** The arguments of this process as they were given: the last so many of its command line, raw. */
    public static List<String> arguments(int number) throws IOException {
        String[] all = RawName.of(Files.readAllBytes(Path.of("/proc/self/cmdline"))).split("\0", -1);
        // The last one ends with a NUL, too.
        return List.of(all).subList(all.length - 1 - number, all.length - 1);
    }

    /** The part of proc_pid_status(5) that matters. */
    private record Status(long uid, long gid, List<Long> groups, long capabilities, int umask) {
        static Status read() throws IOException {
            long uid = 0;
            long gid = 0;
            long capabilities = 0;
            int umask = 0022;
            List<Long> groups = new ArrayList<>();
            for (String line : Files.readString(Path.of("/proc/self/status"), StandardCharsets.ISO_8859_1).split("\n")) {
                String[] words = line.replace('\t', ' ').split(" ");
                switch (words[0]) {
                    case "Uid:" -> uid = Long.parseLong(words[2]);
                    case "Gid:" -> gid = Long.parseLong(words[2]);
                    case "Umask:" -> umask = Integer.parseInt(words[1], 8);
                    case "CapEff:" -> capabilities = Long.parseUnsignedLong(words[1], 16);
                    case "Groups:" -> {
                        for (int i = 1; i < words.length; i++) {
                            groups.add(Long.parseLong(words[i]));
                        }
                    }
                    default -> { }
                }
            }
            groups.remove((Long) gid);
            groups.addFirst(gid);
            return new Status(uid, gid, groups, capabilities, umask);
        }
    }

    /** Names of ids: from the files if they are there, else from whatever service the host asks. */
    private record Names(Account account, Map<Long, String> groups) {
        static Names of(long uid, long gid, List<Long> wanted) throws IOException {
            Account account = Account.find(text("/etc/passwd"), uid);
            Map<Long, String> groups = new LinkedHashMap<>();
            addGroups(text("/etc/group"), wanted, groups);
            if (account == null || !groups.keySet().containsAll(wanted)) {
                StringBuilder ask = new StringBuilder("getent passwd " + uid + "; echo --; getent group");
                wanted.forEach(group -> ask.append(' ').append(group));
                String[] answer = answer(ask.toString()).split("--\n", 2);
                account = account != null ? account : Account.find(answer[0], uid);
                addGroups(answer.length > 1 ? answer[1] : "", wanted, groups);
            }
            if (account == null) {
                String home = System.getenv("HOME");
                account = new Account("user", uid, gid, "", RawName.of(home == null ? "/" : home), "/bin/sh");
            }
            return new Names(account, groups);
        }

        private static String text(String file) {
            try {
                return Files.readString(Path.of(file), StandardCharsets.ISO_8859_1);
            } catch (IOException none) {
                return "";
            }
        }

        private static void addGroups(String text, List<Long> wanted, Map<Long, String> names) {
            for (String line : text.split("\n")) {
                String[] fields = line.split(":", -1);
                if (fields.length >= 3) {
                    for (Long gid : wanted) {
                        if (fields[2].equals(gid.toString())) {
                            names.putIfAbsent(gid, fields[0]);
                        }
                    }
                }
            }
        }

        private static String answer(String question) throws IOException {
            Process process = new ProcessBuilder("sh", "-c", question).redirectError(ProcessBuilder.Redirect.DISCARD)
                    .redirectInput(ProcessBuilder.Redirect.from(Path.of("/dev/null").toFile())).start();
            return RawName.of(process.getInputStream().readAllBytes());
        }
    }
}
