package io.sifter.runtime.unshare;

import static io.sifter.spi.launch.ShellText.quote;

import io.sifter.spi.error.ExternalException;
import io.sifter.spi.error.UserException;
import io.sifter.spi.launch.Capabilities;
import io.sifter.spi.launch.Launch;
import io.sifter.spi.launch.LaunchPlan;
import io.sifter.spi.launch.LaunchPlan.Footing;
import io.sifter.spi.launch.Mount;
import io.sifter.spi.launch.Namespace;
import io.sifter.spi.launch.Privileges;
import io.sifter.spi.launch.Readiness;
import io.sifter.spi.launch.Runtime;
import io.sifter.spi.launch.RuntimeContext;
import io.sifter.spi.launch.ShellText;
import io.sifter.spi.tree.RawName;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;

/**
 * Starts containers with util-linux: mount(8) builds the tree in the private mount namespace that the plan asks for, the
 * tree is moved over {@code /}, and nsenter(1) changes into it and becomes the command. For an ordinary caller a second user
 * namespace, made inside the first, gives the command the caller's ids back and takes every capability from it.
 *
 * <p>With a pid namespace two processes stay beside the command: a parent that hands signals on, and process 1, which dies with
 * that parent.
 */
public final class UnshareRuntime implements Runtime {
    private static final List<String> NEEDED = List.of("sh", "unshare", "mount", "umount", "nsenter", "setpriv", "mkdir", "ln", "true");

    /**
     * With a pid namespace, the caller's process cannot become the command, for it stays outside. It starts process 1, which is
     * a shell that waits; it hands signals on to what process 1 started, and ends as that ends. Whoever kills it takes process 1
     * along, and with it the namespace. A shell takes standard input and two signals from what it starts in the background, so
     * input goes by another descriptor, and the signals are given back. What a terminal sends, the command gets by itself.
     */
    private static final String PARENT = """
            fail() { printf 'FATAL:   container creation failed: %s\\n' "$1" >&2; exit 255; }
            free=
            for d in 9 8 7 6 5 4 3; do [ -e "/proc/$$/fd/$d" ] || free=$d; done
            [ "$free" ] || fail 'all descriptors from 3 to 9 are in use'
            tell() {
                # A kernel that does not say who the children are leaves one way only.
                [ -e "/proc/$one/task/$one/children" ] || kill -s KILL "$one"
                read -r child more <"/proc/$one/task/$one/children" || [ "$child" ] && kill -s "$1" "$child"
            } 2>/dev/null
            foreground() { read -r a b c d group e f terminal more <"/proc/$$/stat" && [ "$group" = "$terminal" ]; }
            for signal in HUP TERM USR1 USR2; do trap "tell $signal" "$signal"; done
            for signal in INT QUIT; do trap "foreground || tell $signal" "$signal"; done
            eval "exec $free<&0"
            eval '"$@" <&'"$free $free<&- &"
            one=$!
            eval "exec $free<&-"
            while :; do
                wait "$one"
                code=$?
                kill -s 0 "$one" 2>/dev/null || break
            done
            if [ "$code" -gt 128 ]; then
                [ "$code" -eq 137 ] || trap - "$((code - 128))"
                kill "-$((code - 128))" $$
            fi
            exit "$code"
            """;
    /** Process 1. A shell has something to say when what it waits for is killed, so it is given nowhere to say it. */
    private static final String INIT = """
            for d in 9 8 7 6 5 4 3; do [ -e "/proc/self/fd/$d" ] || free=$d; done
            eval "exec $free>&2 2>/dev/null"
            (eval 'exec "$@" 2>&'"$free $free>&-")
            exit "$?"
            """;
    private static final String WAIT = "[ -z \"$user\" ] || wait \"$user\" || fail 'no user namespace'\n";

    private final RuntimeContext context;

    public UnshareRuntime(RuntimeContext context) {
        this.context = context;
    }

    @Override
    public Readiness probe() {
        for (String name : NEEDED) {
            if (context.program(name).isEmpty()) {
                return Readiness.missing("'%s' is not in the search path; it belongs to util-linux or coreutils".formatted(name));
            }
        }
        Path unshare = context.program("unshare").orElseThrow();
        if (!knows(unshare, "map-user")) {
            return Readiness.missing("%s is too old: it does not know --map-user (util-linux 2.36)".formatted(unshare));
        }
        if (!context.privileged()) {
            if ("0".equals(RuntimeContext.kernelSetting("user/max_user_namespaces"))) {
                return Readiness.missing("user namespaces are switched off (user.max_user_namespaces = 0)");
            }
            if ("0".equals(RuntimeContext.kernelSetting("kernel/unprivileged_userns_clone"))) {
                return Readiness.missing("users may not make user namespaces (kernel.unprivileged_userns_clone = 0)");
            }
            if ("1".equals(RuntimeContext.kernelSetting("kernel/apparmor_restrict_unprivileged_userns"))) {
                return Readiness.missing("AppArmor takes the power out of users' namespaces (kernel.apparmor_restrict_unprivileged_userns = 1)");
            }
        }
        return Readiness.ready("util-linux: " + unshare);
    }

    /** Whether a program has an option, told by its text, since asking would start a process. */
    private static boolean knows(Path program, String option) {
        try {
            return Files.readString(program, StandardCharsets.ISO_8859_1).contains(option);
        } catch (IOException closed) {
            // It may be executed but not read; then it is taken at its word.
            return true;
        }
    }

    @Override
    public LaunchPlan plan(Launch launch) throws IOException {
        boolean callersIds = ids(launch) == Ids.OF_NAMESPACE;
        List<String> namespaces = namespaces(launch);
        if (namespaces.isEmpty()) {
            return plan(ShellText.command(program("sh"), session(launch, true, callersIds) + tree(launch, callersIds), launch.command()), launch.environment());
        }
        // The second user namespace is made before process ids change their meaning. The text of the rest is no argument, lest it
        // be seen in the container as that of process 1.
        List<String> rest = new ArrayList<>(namespaces);
        if (launch.namespaces().contains(Namespace.PID)) {
            rest.addAll(List.of(program("sh"), "-c", PARENT, "sifter", program("env"), "--default-signal=INT,QUIT",
                    program("setpriv"), "--pdeathsig", "KILL", program("sh"), "-c", INIT, "init"));
        }
        rest.addAll(List.of(program("sh"), "-c", "eval \"$SIFTER_TREE\"", "sifter"));
        rest.addAll(launch.command());
        Map<String, String> environment = new LinkedHashMap<>(launch.environment());
        environment.put("SIFTER_TREE", "unset SIFTER_TREE\n" + session(launch, false, callersIds) + tree(launch, callersIds));
        return plan(ShellText.command(program("sh"), session(launch, true, callersIds) + (callersIds ? WAIT : "") + "exec \"$@\"\n", rest), environment);
    }

    private static LaunchPlan plan(List<String> command, Map<String, String> environment) {
        return new LaunchPlan(command, environment, Footing.PRIVATE_MOUNTS);
    }

    /** Programs that enter further namespaces before the script. */
    private List<String> namespaces(Launch launch) throws ExternalException {
        List<String> command = new ArrayList<>();
        for (Namespace namespace : Namespace.values()) {
            // A user namespace comes with the footing.
            if (launch.namespaces().contains(namespace) && namespace != Namespace.USER) {
                command.add(switch (namespace) {
                    case PID -> "--pid";
                    case IPC -> "--ipc";
                    case NETWORK -> "--net";
                    case UTS -> "--uts";
                    case CGROUP -> "--cgroup";
                    case USER -> throw new AssertionError(namespace);
                });
            }
        }
        if (!command.isEmpty()) {
            command.addFirst(program("unshare"));
        }
        return command;
    }

    /** Names, and at first the memory for own files and the user namespace that gives the caller's ids back. */
    private String session(Launch launch, boolean first, boolean callersIds) throws ExternalException {
        StringBuilder text = new StringBuilder();
        text.append("fail() { printf 'FATAL:   container creation failed: %s\\n' \"$1\" >&2; exit 255; }\n");
        text.append("r=").append(quote(raw(root()))).append(" s=").append(quote(raw(sessionDirectory()))).append(" user=\n");
        if (first) {
            text.append(quoted("mount")).append(" -i -n -t tmpfs -o mode=755 sifter \"$s\" || fail 'no memory for the session'\n");
        }
        if (first && callersIds) {
            // Made beside the other steps, kept by its file. The mount namespace is for unshare(1) alone: only with one does it
            // make the file from outside, where it still may.
            text.append(": >\"$s/user\"\n").append(quoted("unshare")).append(" --mount --propagation unchanged --user=\"$s/user\" --map-user=")
                    .append(launch.privileges().uid()).append(" --map-group=").append(launch.privileges().gid()).append(' ').append(quoted("true")).append(" &\nuser=$!\n");
        }
        return text.toString();
    }

    private String tree(Launch launch, boolean callersIds) throws IOException {
        var tools = new TreeScript.Tools(quoted("mount"), quoted("umount"), quoted("mkdir"), quoted("ln"));
        HostMounts host = readsHostMounts(launch) ? HostMounts.read() : HostMounts.parse("");
        StringBuilder text = new StringBuilder();
        if (launch.hostname().isPresent()) {
            text.append(quoted("hostname")).append(' ').append(quote(launch.hostname().get())).append(" || fail 'no host name'\n");
        }
        Optional<Path> ip = context.program("ip");
        if (launch.namespaces().contains(Namespace.NETWORK) && ip.isPresent()) {
            text.append(quote(raw(ip.get()))).append(" link set lo up\n");
        }
        text.append(new TreeScript(tools, context.privileged() && inFirstUserNamespace(), host, root(), sessionDirectory()).of(launch.mounts()));
        if (callersIds) {
            text.append(WAIT);
        }
        text.append("cd \"$r\" && ").append(tools.mount()).append(" -i -n -c --move . / || fail 'no root'\n");
        return text.append(becoming(launch)).toString();
    }

    /** How the command comes by its ids. */
    private enum Ids {
        /** They are those of the process that puts the tree together. */
        ALREADY,
        /** By a second user namespace, inside the first. */
        OF_NAMESPACE,
        /** They are others of the host. */
        CHANGED
    }

    private Ids ids(Launch launch) {
        Privileges wanted = launch.privileges();
        if (context.privileged()) {
            boolean same = wanted.uid() == context.uid() && wanted.gid() == context.gid() && wanted.groups().isEmpty();
            return same ? Ids.ALREADY : Ids.CHANGED;
        }
        return wanted.uid() == 0 && wanted.gid() == 0 ? Ids.ALREADY : Ids.OF_NAMESPACE;
    }

    /** Whether the last steps are left to capsh(1): it takes a program by its path only, and starts it in the root. */
    private boolean usesCapsh(Launch launch) {
        return context.program("capsh").isPresent() && launch.workingDirectory().equals("/") && launch.command().getFirst().startsWith("/");
    }

    /** The last steps: change the root, take the ids, leave what the command may not do, become it. */
    private String becoming(Launch launch) throws IOException {
        Privileges wanted = launch.privileges();
        StringBuilder text = new StringBuilder("exec");
        if (!wanted.gains()) {
            text.append(' ').append(quoted("setpriv")).append(" --no-new-privs");
        }
        switch (ids(launch)) {
            case OF_NAMESPACE -> {
                if (!wanted.capabilities().equals(Optional.of(Capabilities.NONE))) {
                    // They would have to be dropped, after the root is changed, by a program that begins with them all: nothing starts it so.
                    throw new UserException("The runtime 'unshare' cannot give capabilities to an ordinary user's command",
                            "Install bubblewrap or crun, which can: --runtime bubblewrap.");
                }
                // nsenter(1) takes the directory from before it changes the root, unshare(1) from after.
                text.append(' ').append(quoted("nsenter")).append(" --user=\"$s/user\" --preserve-credentials --root=. --wd=")
                        .append(quote("." + launch.workingDirectory()));
            }
            case CHANGED -> {
                if (!usesCapsh(launch)) {
                    throw new UserException("The runtime 'unshare' cannot act with other ids on the host without 'capsh' of libcap, nor in an image without a shell",
                            "Install libcap2-bin or libcap, or choose another runtime.");
                }
                return "program=$1\nshift\n" + text.append(' ').append(capsh(wanted, true)).append(" --shell=\"$program\" -- \"$@\"\n");
            }
            case ALREADY -> {
                if (wanted.capabilities().isPresent() && usesCapsh(launch)) {
                    // It drops what changing the root needs after the root is changed, which nothing of util-linux does.
                    return "program=$1\nshift\n" + text.append(' ').append(capsh(wanted, false)).append(" --shell=\"$program\" -- \"$@\"\n");
                }
                if (wanted.capabilities().isPresent()) {
                    text.append(wanted.gains() ? " " + quoted("setpriv") : "").append(" --inh-caps=-all --bounding-set=-all,+sys_chroot");
                    for (String name : wanted.capabilities().get().names()) {
                        text.append(",+").append(name.substring(4).toLowerCase(Locale.ROOT));
                    }
                }
                text.append(' ').append(quoted("unshare")).append(" --root=. --wd=").append(quote(launch.workingDirectory()));
            }
        }
        return text.append(" -- \"$@\"\n").toString();
    }

    private String capsh(Privileges wanted, boolean changesIds) throws ExternalException {
        Capabilities kept = wanted.capabilities().orElse(Capabilities.ALL);
        StringBuilder text = new StringBuilder(quoted("capsh")).append(" --chroot=.");
        Capabilities last = Capabilities.upTo(RuntimeContext.kernelSetting("kernel/cap_last_cap"));
        String dropped = kept.isEmpty() ? "all" : String.join(",", last.without(kept).names()).toLowerCase(Locale.ROOT);
        if (!dropped.isEmpty()) {
            text.append(" --drop=").append(dropped);
        }
        if (changesIds) {
            StringBuilder groups = new StringBuilder();
            for (Long group : wanted.groups().orElse(List.of())) {
                groups.append(groups.isEmpty() ? "" : ",").append(group);
            }
            text.append(" --groups=").append(groups).append(" --gid=").append(wanted.gid()).append(" --cap-uid=").append(wanted.uid());
        }
        String names = String.join(",", kept.within(last).names()).toLowerCase(Locale.ROOT);
        text.append(" --inh=").append(names);
        if (wanted.uid() != 0 && !names.isEmpty()) {
            text.append(" --addamb=").append(names);
        }
        return text.toString();
    }

    private Path root() {
        return context.libexec().resolve("mnt/root");
    }

    private Path sessionDirectory() {
        return context.libexec().resolve("mnt/session");
    }

    /** Elsewhere even root must leave mounts as restricted as they are outside. */
    private static boolean inFirstUserNamespace() throws IOException {
        return Files.readString(Path.of("/proc/self/uid_map")).strip().matches("0\\s+0\\s+4294967295");
    }

    private static boolean readsHostMounts(Launch launch) {
        for (Mount mount : launch.mounts()) {
            if (mount instanceof Mount.Bind bind && bind.readOnly()) {
                return true;
            }
        }
        return false;
    }

    private String quoted(String name) throws ExternalException {
        return quote(program(name));
    }

    private String program(String name) throws ExternalException {
        Optional<Path> found = context.program(name);
        if (found.isEmpty()) {
            throw new ExternalException("Could not plan the container: the program '%s' is not in the search path".formatted(name),
                    "Install it, or choose another runtime.");
        }
        return raw(found.get());
    }

    private static String raw(Path path) {
        return RawName.of(path.toString());
    }
}
