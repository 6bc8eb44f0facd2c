package io.sifter.runtime.bubblewrap;

import static io.sifter.spi.launch.ShellText.quote;

import io.sifter.spi.error.ExternalException;
import io.sifter.spi.error.UserException;
import io.sifter.spi.launch.Capabilities;
import io.sifter.spi.launch.Launch;
import io.sifter.spi.launch.LaunchPlan;
import io.sifter.spi.launch.LaunchPlan.Footing;
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
import io.sifter.spi.launch.Namespace;
import io.sifter.spi.launch.Privileges;
import io.sifter.spi.launch.Readiness;
import io.sifter.spi.launch.Runtime;
import io.sifter.spi.launch.RuntimeContext;
import io.sifter.spi.launch.ShellText;
import io.sifter.spi.tree.RawName;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/**
 * Starts containers with bubblewrap. bubblewrap waits outside for the command: it returns the command's exit code, or 128
 * plus the signal that ended it. A signal sent to the launcher's process alone ends bubblewrap, and with it, by SIGKILL, the
 * command; signals to the process group, as terminals and batch systems send them, reach the command itself.
 */
public final class BubblewrapRuntime implements Runtime {
    /** Stands for the number of a descriptor, which is known in the shell only. No argument holds a NUL. */
    private static final String DESCRIPTOR = "\0";

    private final RuntimeContext context;

    public BubblewrapRuntime(RuntimeContext context) {
        this.context = context;
    }

    @Override
    public Readiness probe() {
        Optional<Path> found = context.program("bwrap");
        if (found.isEmpty() || context.program("sh").isEmpty() || context.program("rm").isEmpty()) {
            return Readiness.missing("'bwrap' is not in the search path");
        }
        Path bwrap = found.get();
        if (!context.privileged() && !setUid(bwrap)) {
            if ("0".equals(RuntimeContext.kernelSetting("user/max_user_namespaces"))) {
                return Readiness.missing("user namespaces are switched off (user.max_user_namespaces = 0)");
            }
            if ("0".equals(RuntimeContext.kernelSetting("kernel/unprivileged_userns_clone"))) {
                return Readiness.missing("users may not make user namespaces (kernel.unprivileged_userns_clone = 0)");
            }
            if ("1".equals(RuntimeContext.kernelSetting("kernel/apparmor_restrict_unprivileged_userns")) && !hasAppArmorProfile()) {
                return Readiness.missing("AppArmor takes the power out of users' namespaces and has no profile for bwrap"
                        + " (kernel.apparmor_restrict_unprivileged_userns = 1)");
            }
        }
        return Readiness.ready("bubblewrap: " + bwrap);
    }

    private static boolean setUid(Path program) {
        try {
            int mode = (Integer) Files.getAttribute(program, "unix:mode");
            int owner = (Integer) Files.getAttribute(program, "unix:uid");
            return (mode & 04000) != 0 && owner == 0;
        } catch (IOException | UnsupportedOperationException unknown) {
            return false;
        }
    }

    /** Distributions that restrict user namespaces ship a profile of this name where bubblewrap may have them. */
    private static boolean hasAppArmorProfile() {
        return Files.exists(Path.of("/etc/apparmor.d/bwrap-userns-restrict"), LinkOption.NOFOLLOW_LINKS)
                || Files.exists(Path.of("/etc/apparmor.d/bwrap"), LinkOption.NOFOLLOW_LINKS);
    }

    @Override
    public LaunchPlan plan(Launch launch) throws IOException {
        List<String> arguments = new ArrayList<>(List.of(program("bwrap"), "--die-with-parent"));
        identity(launch, arguments);
        namespaces(launch, arguments);
        List<Data> files = new ArrayList<>();
        List<Mount> taken = new ArrayList<>();
        for (Mount mount : launch.mounts()) {
            step(mount, arguments, files, taken);
            taken.add(mount);
        }
        arguments.addAll(List.of("--chdir", launch.workingDirectory(), "--"));
        List<String> command;
        if (files.isEmpty()) {
            arguments.addAll(launch.command());
            command = arguments;
        } else {
            command = ShellText.command(program("sh"), withFiles(arguments, files), launch.command());
        }
        return new LaunchPlan(command, launch.environment(), launch.privileges().subordinates() ? Footing.PRIVATE_MOUNTS : Footing.HOST);
    }

    private void identity(Launch launch, List<String> arguments) throws UserException {
        launch.confinement().refuse("bubblewrap");
        Privileges wanted = launch.privileges();
        boolean ownNamespace = !context.privileged() || launch.namespaces().contains(Namespace.USER);
        if (wanted.subordinates()) {
            // Only one id can be mapped here, so the namespace comes with the footing.
            ownNamespace = false;
        } else if (ownNamespace) {
            arguments.addAll(List.of("--unshare-user", "--uid", Long.toString(wanted.uid()), "--gid", Long.toString(wanted.gid())));
        } else if (wanted.uid() != context.uid() || wanted.gid() != context.gid() || wanted.groups().isPresent()) {
            throw new UserException("The runtime 'bubblewrap' cannot act with other ids on the host", "Choose another runtime, or use --userns.");
        }
        if (wanted.capabilities().isPresent()) {
            arguments.addAll(List.of("--cap-drop", "ALL"));
            for (String name : wanted.capabilities().get().within(Capabilities.upTo(RuntimeContext.kernelSetting("kernel/cap_last_cap"))).names()) {
                arguments.addAll(List.of("--cap-add", name));
            }
        } else if (ownNamespace) {
            arguments.addAll(List.of("--cap-add", "ALL"));
        }
    }

    private static void namespaces(Launch launch, List<String> arguments) {
        for (Namespace namespace : Namespace.values()) {
            if (launch.namespaces().contains(namespace)) {
                switch (namespace) {
                    case PID -> arguments.add("--unshare-pid");
                    case IPC -> arguments.add("--unshare-ipc");
                    case NETWORK -> arguments.add("--unshare-net");
                    case UTS -> arguments.add("--unshare-uts");
                    case CGROUP -> arguments.add("--unshare-cgroup");
                    case USER -> { }
                }
            }
        }
        if (launch.hostname().isPresent()) {
            arguments.addAll(List.of("--hostname", launch.hostname().get()));
        }
    }

    /** No switch over patterns: linking one takes longer than all the rest of planning. */
    private void step(Mount mount, List<String> arguments, List<Data> files, List<Mount> taken) {
        String at = mount.destination();
        if (mount instanceof Bind bind) {
            boolean device = at.equals("/dev") || at.startsWith("/dev/");
            String option = bind.readOnly() ? "--ro-bind" : device ? "--dev-bind" : "--bind";
            arguments.addAll(List.of(bind.optional() ? option + "-try" : option, RawName.of(bind.source().toString()), at));
        } else if (mount instanceof Tmpfs tmpfs) {
            mode(tmpfs.mode(), arguments);
            if (tmpfs.size().isPresent()) {
                arguments.addAll(List.of("--size", Long.toString(tmpfs.size().getAsLong())));
            }
            arguments.addAll(List.of("--tmpfs", at));
        } else if (mount instanceof MakeDirectory directory) {
            mode(directory.mode(), arguments);
            arguments.addAll(List.of("--dir", at));
        } else if (mount instanceof MakeSymlink link) {
            arguments.addAll(List.of("--symlink", link.target(), at));
        } else if (mount instanceof Data data) {
            files.add(data);
            if (context.privileged()) {
                mode(0644, arguments);
            }
            arguments.addAll(List.of(Mount.inMemory(at, taken) ? "--file" : "--ro-bind-data", DESCRIPTOR, at));
        } else if (mount instanceof Seal) {
            arguments.addAll(List.of("--remount-ro", at));
        } else if (mount instanceof Proc) {
            arguments.addAll(List.of("--proc", at));
        } else if (mount instanceof Dev) {
            arguments.addAll(List.of("--dev", at));
        } else if (!(mount instanceof MakeFile)) {
            // bubblewrap makes the files that it mounts on.
            throw new AssertionError(mount);
        }
    }

    /** Versions before 0.5 know only this mode, and not the option. */
    private static void mode(int mode, List<String> arguments) {
        if (mode != 0755) {
            arguments.addAll(List.of("--perms", Integer.toOctalString(mode)));
        }
    }

    /**
     * bubblewrap takes contents from descriptors. They must not be the caller's, so the shell looks for numbers that are free,
     * and no process may be left that feeds them, so they are files without a name.
     */
    private String withFiles(List<String> arguments, List<Data> files) throws IOException {
        StringBuilder text = new StringBuilder("fail() { printf 'FATAL:   container creation failed: %s\\n' \"$1\" >&2; exit 255; }\n");
        text.append("free=\nfor d in 9 8 7 6 5 4 3; do [ -e /proc/$$/fd/$d ] || free=\"$free $d\"; done\n");
        text.append("f=${XDG_RUNTIME_DIR:-${TMPDIR:-/tmp}}/.sifter-$$; [ -w \"${f%/*}\" ] || f=/tmp/.sifter-$$\n");
        text.append("next() { [ -n \"$free\" ] || fail 'all descriptors from 3 to 9 are in use'; free=${free# }; d=${free%% *}; free=${free#\"$d\"}; }\n");
        for (int i = 0; i < files.size(); i++) {
            text.append("next; d").append(i).append("=$d\n(umask 077; set -C; printf %s ").append(quote(files.get(i).content()))
                    .append(" >\"$f-").append(i).append("\") || fail 'no room for a file'\neval \"exec $d<\\\"\\$f-").append(i).append("\\\"\"\n");
        }
        text.append(quote(program("rm"))).append(" -f --");
        for (int i = 0; i < files.size(); i++) {
            text.append(" \"$f-").append(i).append('"');
        }
        text.append("\nexec");
        int file = 0;
        for (String argument : arguments) {
            text.append(' ').append(argument.equals(DESCRIPTOR) ? "\"$d" + file++ + '"' : quote(argument));
        }
        return text.append(" \"$@\"\n").toString();
    }

    private String program(String name) throws ExternalException {
        Optional<Path> found = context.program(name);
        if (found.isEmpty()) {
            throw new ExternalException("Could not plan the container: the program '%s' is not in the search path".formatted(name),
                    "Install it, or choose another runtime.");
        }
        return RawName.of(found.get().toString());
    }
}
