package io.sifter.runtime.oci;

import static io.sifter.spi.launch.ShellText.quote;

import io.sifter.spi.launch.Launch;
import io.sifter.spi.launch.Namespace;
import io.sifter.spi.launch.Readiness;
import io.sifter.spi.launch.RuntimeContext;
import io.sifter.spi.launch.ScriptedRuntime;
import io.sifter.spi.tree.RawName;
import java.io.IOException;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/**
 * Starts containers with crun or runc. Mounts are made before the OCI runtime starts, process ids by a shell that is process 1;
 * everything else the bundle says: ids, capabilities, confinement, the other namespaces. The bundle lies in memory that no other process
 * sees, and its text travels in the environment, for it holds the command's variables.
 *
 * <p>The OCI runtime waits outside for the command, hands signals on, and returns its exit code, or 128 plus the signal that ended it.
 */
public final class OciRuntime extends ScriptedRuntime {
    /** Linux takes no single variable of 128 KiB or more. */
    private static final int PIECE = 100_000;
    private static final String PIECES = "SIFTER_BUNDLE_";

    /** An OCI runtime that is killed leaves its container behind, so somebody waits who ends it then. */
    private static final String WATCH = """
            (setsid sh -c '
                exec </dev/null >/dev/null 2>&1 3<&- 4<&- 5<&- 6<&- 7<&- 8<&- 9<&-
                session=$1 runtime=$2
                shift 2
                cd "/proc/$runtime" && : >"$session/watched"
                while [ -e cwd/. ]; do sleep 0.5; done
                cd /
                # The command begins before the runtime notes that it does; then only its own note tells.
                "$@" kill container KILL || (
                    read -r process began <"$session/began" && read -r stat <"/proc/$process/stat" || exit
                    set -- ${stat##*) }
                    [ "${20}" != "$began" ] || kill -s KILL "$process"
                )
                exec "$@" delete --force container
            ' sifter "$s" $$ %s &)
            until [ -e "$s/watched" ]; do sleep 0.01; done
            """;
    /** crun gives its terminal the size that the bundle says, and none that the caller's terminal gets later. */
    private static final String WINDOW = """
            if [ -t 0 ] && [ -t 1 ] && [ -t 2 ]; then
                # No child of the runtime, which would wait for it.
                ( (
                    exec <&1
                    cd "/proc/$$" || exit
                    follow() {
                        read -r pid <"$s/pid"
                        size=$(stty size) && stty rows "${size% *}" cols "${size#* }" <"/proc/$pid/fd/0"
                    }
                    trap follow WINCH
                    while [ -e cwd/. ]; do
                        sleep 1 &
                        wait "$!"
                    done
                ) 2>/dev/null &)
            fi
            """;
    /** Fills what only the caller's process knows into the bundle, in the order of its gaps. */
    private static final String BUNDLE = """
            terminal=false
            if [ -t 0 ] && [ -t 1 ] && [ -t 2 ]; then
                terminal=true
                size=$(stty size 2>/dev/null)
                case $size in [1-9]*' '[1-9]*) terminal='true,"consoleSize":{"height":'${size% *}',"width":'${size#* }'}' ;; esac
            fi
            devices=
            while read -r a b c d point rest; do
                case $point in
                    "$r/dev/"*) devices=$devices,'{"destination":"'${point#"$r"}'","type":"bind","source":"'$point'","options":["rbind"]}' ;;
                esac
            done </proc/self/mountinfo
            set -f
            IFS=$(printf '\\001')
            set -- $config
            printf '%s' "$1$terminal$2$((0$(umask)))$3$devices$4" >"$s/bundle/config.json" || fail 'no room for a bundle'
            """;

    public OciRuntime(RuntimeContext context) {
        super(context);
    }

    @Override
    public Readiness probe() {
        Optional<String> obstacle = obstacle();
        Optional<Path> program = program();
        if (program.isEmpty()) {
            return Readiness.missing(context.privileged() || context.program("runc").isEmpty() ? "neither 'crun' nor 'runc' is in the search path"
                    : "'crun' is not in the search path, and runc cannot give an ordinary user's command its ids");
        }
        return obstacle.isPresent() ? Readiness.missing(obstacle.get()) : Readiness.ready("OCI runtime: " + program.get());
    }

    private Optional<Path> program() {
        Optional<Path> crun = context.program("crun");
        return crun.isPresent() || !context.privileged() ? crun : context.program("runc");
    }

    @Override
    protected Set<Namespace> made(Launch launch) {
        return launch.namespaces().contains(Namespace.PID) ? Set.of(Namespace.PID) : Set.of();
    }

    @Override
    protected String first(Launch launch) {
        return "";
    }

    @Override
    protected Map<String, String> environment(Launch launch) throws IOException {
        String config = new Bundle(launch, context).text();
        Map<String, String> environment = new LinkedHashMap<>();
        int pieces = 0;
        for (int at = 0; at < config.length(); at += PIECE) {
            environment.put(PIECES + pieces++, config.substring(at, Math.min(config.length(), at + PIECE)));
        }
        environment.put("PATH", "/usr/sbin:/usr/bin:/sbin:/bin");
        return environment;
    }

    @Override
    protected String last(Launch launch) throws IOException {
        Path program = program().orElseThrow();
        boolean crun = program.getFileName().toString().equals("crun");
        String oci = quote(RawName.of(program.toString())) + (crun ? " --cgroup-manager=disabled" : "") + " --root \"$s/state\"";
        StringBuilder text = new StringBuilder();
        text.append(quoted("mkdir")).append(" -m 700 \"$s/bundle\" || fail 'no room for a bundle'\n");
        // An OCI runtime opens it inside.
        text.append("[ ! -L \"$r/dev\" ] || fail 'an OCI runtime needs /dev in the container, not a link to elsewhere'\n");
        text.append("[ -c \"$r/dev/null\" ] || { [ -d \"$r/dev\" ] && ").append(quoted("mount")).append(" -i -n -t tmpfs -o nosuid,mode=755 sifter \"$r/dev\" && : >\"$r/dev/null\" && ")
                .append(quoted("mount")).append(" -i -n --bind /dev/null \"$r/dev/null\"; } || fail 'an OCI runtime needs /dev/null in the container'\n");
        text.append("config=");
        for (int i = 0; environment(launch).containsKey(PIECES + i); i++) {
            text.append("$").append(PIECES).append(i);
        }
        text.append('\n').append(BUNDLE);
        if (crun) {
            // It starts nothing where both versions of cgroups are mounted, even if it shall leave them alone.
            text.append("[ ! -d /sys/fs/cgroup/unified ] || ").append(quoted("mount")).append(" -i -n -t tmpfs sifter /sys/fs/cgroup || fail 'no cgroups'\n");
            text.append("keep=7\n");
        } else {
            // It takes only numbers without a gap.
            text.append("keep=0\nwhile [ -e \"/proc/$$/fd/$((keep + 3))\" ]; do keep=$((keep + 1)); done\n");
        }
        if (made(launch).isEmpty()) {
            text.append(WATCH.formatted(oci));
        }
        String window = crun ? WINDOW : "";
        if (made(launch).isEmpty()) {
            text.append(window).append("exec ");
        } else {
            // An OCI runtime reads about its children by their ids.
            text.append("exec ").append(quoted("unshare")).append(" --mount --propagation unchanged ").append(quoted("sh")).append(" -c ")
                    .append(quote(quoted("mount") + " -i -n -t proc proc /proc || exit\ns=$1\nshift\n" + window + "exec \"$@\"\n")).append(" sifter \"$s\" ");
        }
        return text.append(oci).append(" run --pid-file \"$s/pid\" --no-new-keyring --preserve-fds \"$keep\" --bundle \"$s/bundle\" container\n").toString();
    }
}
