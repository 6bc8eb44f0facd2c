package io.sifter.runtime.unshare;

import static io.sifter.spi.launch.ShellText.quote;

import io.sifter.spi.error.ExternalException;
import io.sifter.spi.error.UserException;
import io.sifter.spi.launch.Capabilities;
import io.sifter.spi.launch.Launch;
import io.sifter.spi.launch.Privileges;
import io.sifter.spi.launch.Readiness;
import io.sifter.spi.launch.RuntimeContext;
import io.sifter.spi.launch.ScriptedRuntime;
import java.io.IOException;
import java.util.List;
import java.util.Locale;
import java.util.Optional;

/**
 * Starts containers with util-linux: mount(8) builds the tree in the private mount namespace that the plan asks for, the
 * tree is moved over {@code /}, and nsenter(1) changes into it and becomes the command. For an ordinary caller a second user
 * namespace, made inside the first, gives the command the caller's ids back and takes every capability from it.
 */
public final class UnshareRuntime extends ScriptedRuntime {
    public UnshareRuntime(RuntimeContext context) {
        super(context);
    }

    @Override
    public Readiness probe() {
        Optional<String> obstacle = obstacle();
        return obstacle.isPresent() ? Readiness.missing(obstacle.get()) : Readiness.ready("util-linux: " + context.program("unshare").orElseThrow());
    }

    /** The user namespace that gives the caller's ids back. */
    @Override
    protected String first(Launch launch) throws IOException {
        if (ids(launch) != Ids.OF_NAMESPACE) {
            return "";
        }
        // Made beside the other steps, kept by its file. The mount namespace is for unshare(1) alone: only with one does it
        // make the file from outside, where it still may.
        return ": >\"$s/user\"\n" + quoted("unshare") + " --mount --propagation unchanged --user=\"$s/user\" --map-user=" + launch.privileges().uid()
                + " --map-group=" + launch.privileges().gid() + " " + quoted("true") + " &\njob=$!\n";
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

    /** Changes the root, takes the ids, leaves what the command may not do, becomes it. */
    @Override
    protected String last(Launch launch) throws IOException {
        Privileges wanted = launch.privileges();
        return "cd \"$r\" && " + quoted("mount") + " -i -n -c --move . / || fail 'no root'\n" + become(launch, wanted);
    }

    private String become(Launch launch, Privileges wanted) throws IOException {
        launch.confinement().refuse("unshare");
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
}
