package io.sifter.spi.launch;

import static io.sifter.spi.launch.ShellText.quote;

import io.sifter.spi.error.ExternalException;
import io.sifter.spi.launch.LaunchPlan.Footing;
import io.sifter.spi.tree.RawName;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.EnumSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/**
 * A runtime that puts the container's tree together with mount(8), in the private mount namespace that its plan asks for. What
 * extends it says how the command comes into that tree. Its shell texts know {@code $r}, where the tree is, {@code $s}, a directory in memory
 * for files of their own, and {@code fail}, which ends with a reason.
 *
 * <p>With a pid namespace two processes stay beside the command: a parent that hands signals on, and process 1, which dies with
 * that parent.
 */
public abstract class ScriptedRuntime implements Runtime {
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
                # A signal may have come together with the end, whose code is still to be had then.
                wait "$one"
                last=$?
                [ "$last" -eq 127 ] || code=$last
            fi
            # A program may have ended by itself with the code of a signal that only stops, from 19 to 22.
            if [ "$code" -gt 128 ] && [ "$code" -le 192 ] && { [ "$code" -lt 147 ] || [ "$code" -gt 150 ]; }; then
                [ "$code" -eq 137 ] || trap - "$((code - 128))"
                kill "-$((code - 128))" $$
            fi
            exit "$code"
            """;
    /**
     * Process 1. A shell has something to say when what it waits for is killed, so it is given nowhere to say it. A terminal interrupts
     * it along with the command, after which it would end by the signal although the command caught it.
     */
    private static final String INIT = """
            trap : INT QUIT
            for d in 9 8 7 6 5 4 3; do [ -e "/proc/self/fd/$d" ] || free=$d; done
            eval "exec $free>&2 2>/dev/null"
            (eval 'exec "$@" 2>&'"$free $free>&-")
            exit "$?"
            """;

    private static final String WAIT = "[ -z \"$job\" ] || wait \"$job\" || fail 'no namespace'\n";

    protected final RuntimeContext context;

    protected ScriptedRuntime(RuntimeContext context) {
        this.context = context;
    }

    /** Why the tree cannot be put together here, if it cannot. */
    protected final Optional<String> obstacle() {
        for (String name : NEEDED) {
            if (context.program(name).isEmpty()) {
                return Optional.of("'%s' is not in the search path; it belongs to util-linux or coreutils".formatted(name));
            }
        }
        Path unshare = context.program("unshare").orElseThrow();
        if (!knows(unshare, "map-user")) {
            return Optional.of("%s is too old: it does not know --map-user (util-linux 2.36)".formatted(unshare));
        }
        if (!context.privileged()) {
            if ("0".equals(RuntimeContext.kernelSetting("user/max_user_namespaces"))) {
                return Optional.of("user namespaces are switched off (user.max_user_namespaces = 0)");
            }
            if ("0".equals(RuntimeContext.kernelSetting("kernel/unprivileged_userns_clone"))) {
                return Optional.of("users may not make user namespaces (kernel.unprivileged_userns_clone = 0)");
            }
            if ("1".equals(RuntimeContext.kernelSetting("kernel/apparmor_restrict_unprivileged_userns"))) {
                return Optional.of("AppArmor takes the power out of users' namespaces (kernel.apparmor_restrict_unprivileged_userns = 1)");
            }
        }
        return Optional.empty();
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

    /** The namespaces of a launch, besides one for mounts and one for users, that the script makes; the rest is left to {@link #last}. */
    protected Set<Namespace> made(Launch launch) {
        return launch.namespaces();
    }

    /**
     * Shell text that is run before anything changes its namespaces: once, at the beginning. What it starts beside the other steps it
     * names {@code $job}: that has ended well when {@link #last} is run.
     */
    protected abstract String first(Launch launch) throws IOException;

    /** Shell text that comes into the tree at {@code $r} and becomes the command, which is {@code "$@"}. */
    protected abstract String last(Launch launch) throws IOException;

    /** What the process that runs the texts has in its environment; what {@link #last} becomes starts with it. */
    protected Map<String, String> environment(Launch launch) throws IOException {
        return launch.environment();
    }

    @Override
    public LaunchPlan plan(Launch launch) throws IOException {
        Set<Namespace> made = EnumSet.noneOf(Namespace.class);
        made.addAll(made(launch));
        // It comes with the footing.
        made.remove(Namespace.USER);
        String first = names() + quoted("mount") + " -i -n -t tmpfs -o mode=755 sifter \"$s\" || fail 'no memory for the session'\n" + first(launch);
        String tree = tree(launch, made) + WAIT + last(launch);
        if (made.isEmpty()) {
            return plan(ShellText.command(program("sh"), first + tree, launch.command()), environment(launch));
        }
        // What must be outside is made before process ids change their meaning. The text of the rest is no argument, lest it be seen in
        // the container as that of process 1.
        List<String> rest = new ArrayList<>(namespaces(made));
        if (made.contains(Namespace.PID)) {
            rest.addAll(List.of(program("sh"), "-c", PARENT, "sifter", program("env"), "--default-signal=INT,QUIT",
                    program("setpriv"), "--pdeathsig", "KILL", program("sh"), "-c", INIT, "init"));
        }
        rest.addAll(List.of(program("sh"), "-c", "eval \"$SIFTER_TREE\"", "sifter"));
        rest.addAll(launch.command());
        Map<String, String> environment = new LinkedHashMap<>(environment(launch));
        environment.put("SIFTER_TREE", "unset SIFTER_TREE\n" + names() + tree);
        return plan(ShellText.command(program("sh"), first + WAIT + "exec \"$@\"\n", rest), environment);
    }

    private static LaunchPlan plan(List<String> command, Map<String, String> environment) {
        return new LaunchPlan(command, environment, Footing.PRIVATE_MOUNTS);
    }

    /** The program that enters further namespaces before the tree is put together. */
    private List<String> namespaces(Set<Namespace> made) throws ExternalException {
        List<String> command = new ArrayList<>(List.of(program("unshare")));
        for (Namespace namespace : made) {
            command.add(switch (namespace) {
                case PID -> "--pid";
                case IPC -> "--ipc";
                case NETWORK -> "--net";
                case UTS -> "--uts";
                case CGROUP -> "--cgroup";
                case USER -> throw new AssertionError(namespace);
            });
        }
        return command;
    }

    private String names() {
        return "fail() { printf 'FATAL:   container creation failed: %s\\n' \"$1\" >&2; exit 255; }\n"
                + "r=" + quote(raw(context.libexec().resolve("mnt/root"))) + " s=" + quote(raw(context.libexec().resolve("mnt/session"))) + " job=\n";
    }

    private String tree(Launch launch, Set<Namespace> made) throws IOException {
        var tools = new TreeScript.Tools(quoted("mount"), quoted("umount"), quoted("mkdir"), quoted("ln"));
        HostMounts host = readsHostMounts(launch) ? HostMounts.read() : HostMounts.parse("");
        StringBuilder text = new StringBuilder();
        if (launch.hostname().isPresent() && made.contains(Namespace.UTS)) {
            text.append(quoted("hostname")).append(' ').append(quote(launch.hostname().get())).append(" || fail 'no host name'\n");
        }
        Optional<Path> ip = context.program("ip");
        if (made.contains(Namespace.NETWORK) && ip.isPresent()) {
            text.append(quote(raw(ip.get()))).append(" link set lo up\n");
        }
        return text.append(new TreeScript(tools, context.privileged() && inFirstUserNamespace(), host, context.libexec().resolve("mnt/root"), context.libexec().resolve("mnt/session"))
                .of(launch.mounts())).toString();
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

    /** A program of the host, ready for a shell text. */
    protected final String quoted(String name) throws ExternalException {
        return quote(program(name));
    }

    /** @throws ExternalException if the host has no such program */
    protected final String program(String name) throws ExternalException {
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
