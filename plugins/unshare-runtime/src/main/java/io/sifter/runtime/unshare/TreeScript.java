package io.sifter.runtime.unshare;

import static io.sifter.spi.launch.ShellText.quote;

import io.sifter.runtime.unshare.HostMounts.HostMount;
import io.sifter.spi.launch.Mount;
import io.sifter.spi.launch.Mount.Bind;
import io.sifter.spi.launch.Mount.Data;
import io.sifter.spi.launch.Mount.Dev;
import io.sifter.spi.launch.Mount.MakeDirectory;
import io.sifter.spi.launch.Mount.MakeSymlink;
import io.sifter.spi.launch.Mount.Proc;
import io.sifter.spi.launch.Mount.Tmpfs;
import io.sifter.spi.tree.RawName;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;

/**
 * The part of the script that puts the tree together at {@code $r}, with files of its own at {@code $s}. Starting mount(8)
 * costs a millisecond, so as many mounts as possible are given to one as a table in the form of fstab(5).
 */
final class TreeScript {
    private static final List<String> DEVICES = List.of("null", "zero", "full", "random", "urandom", "tty");

    private final Tools tools;
    private final boolean privileged;
    private final HostMounts host;
    private final String root;
    private final String session;
    private final StringBuilder text = new StringBuilder();
    private final StringBuilder table = new StringBuilder();
    private final StringBuilder lenient = new StringBuilder();
    private final Set<String> madeByMount = new HashSet<>();
    private final List<Mount> taken = new ArrayList<>();
    private int files;

    /** Programs of the host, ready for a shell text: the search path is the container's. */
    record Tools(String mount, String mkdir, String ln) {}

    /**
     * @param privileged whether mounts can be given stricter flags than their sources at will
     * @param root directory that stands for {@code /}
     * @param session directory for own files
     */
    TreeScript(Tools tools, boolean privileged, HostMounts host, Path root, Path session) {
        this.tools = tools;
        this.privileged = privileged;
        this.host = host;
        this.root = RawName.of(root.toString());
        this.session = RawName.of(session.toString());
    }

    /** Shell text that takes all steps, in order. It calls {@code fail} with the reason if one cannot be taken. */
    String of(List<Mount> mounts) {
        for (int i = 0; i < mounts.size(); i++) {
            take(mounts.get(i), mounts.subList(i + 1, mounts.size()));
            taken.add(mounts.get(i));
        }
        flush();
        return text.toString();
    }

    private void take(Mount step, List<Mount> later) {
        switch (step) {
            case Bind bind -> bind(bind);
            case Tmpfs tmpfs -> line("sifter", tmpfs.destination(), "tmpfs", "nosuid,nodev,mode=" + Integer.toOctalString(tmpfs.mode())
                    + (tmpfs.size().isPresent() ? ",size=" + tmpfs.size().getAsLong() : ""));
            case Proc proc -> line("proc", proc.destination(), "proc", "nosuid,nodev,noexec");
            case Dev dev -> devices(dev.destination());
            case MakeDirectory directory -> directory(directory, later);
            case MakeSymlink link -> {
                flush();
                text.append(tools.ln()).append(" -s -- ").append(quote(link.target())).append(' ')
                        .append(inside(link.destination())).append(" || fail ").append(quote("no symbolic link " + link.destination())).append('\n');
            }
            case Data data -> data(data);
        }
    }

    private void bind(Bind bind) {
        String source = RawName.of(bind.source().toString());
        boolean device = bind.destination().equals("/dev") || bind.destination().startsWith("/dev/");
        String restrictions = "";
        if (privileged) {
            restrictions = bind.destination().equals("/") ? ",nodev" : device ? ",nosuid" : ",nosuid,nodev";
        }
        StringBuilder lines = bind.optional() ? lenient : table;
        if (!bind.readOnly()) {
            line(lines, source, bind.destination(), "none", "rbind" + restrictions + madeHere(bind.destination()));
            return;
        }
        line(lines, source, bind.destination(), "none", "rbind,ro" + merged(restrictions, host.restrictions(source)) + madeHere(bind.destination()));
        for (HostMount inner : host.below(source)) {
            String below = inner.point().substring(source.equals("/") ? 0 : source.length());
            String destination = bind.destination().equals("/") ? below : bind.destination() + below;
            line(lines, inner.point(), destination, "none", "rbind,ro" + merged(restrictions, inner.restrictions()));
        }
    }

    private static String merged(String one, String other) {
        StringBuilder all = new StringBuilder(one);
        for (String option : other.split(",")) {
            if (!option.isEmpty() && !one.contains("," + option)) {
                all.append(',').append(option);
            }
        }
        return all.toString();
    }

    /** If the mount point is to be made along with the mount: how. */
    private String madeHere(String destination) {
        return madeByMount.contains(destination) ? ",x-mount.mkdir=0755" : "";
    }

    /** A directory that a mount will cover is left to mount(8), which then needs no further process. */
    private void directory(MakeDirectory directory, List<Mount> later) {
        for (Mount step : later) {
            String destination = step.destination();
            if (destination.equals(directory.destination()) && step instanceof Bind) {
                madeByMount.add(directory.destination());
                return;
            }
            if (destination.startsWith(directory.destination() + "/")) {
                break;
            }
        }
        flush();
        text.append(tools.mkdir()).append(" -p -m ").append(Integer.toOctalString(directory.mode())).append(" -- ").append(inside(directory.destination()))
                .append(" || fail ").append(quote("no directory " + directory.destination())).append('\n');
    }

    private void data(Data data) {
        String print = "printf %s " + quote(data.content()) + " >";
        if (inMemory(data.destination())) {
            flush();
            text.append("(umask 022; ").append(print).append(inside(data.destination())).append(") || fail ")
                    .append(quote("no file " + data.destination())).append('\n');
        } else {
            String file = "data" + ++files;
            text.append("(umask 022; ").append(print).append("\"$s/").append(file).append("\") || fail 'no room in memory'\n");
            line(session + "/" + file, data.destination(), "none", "bind");
        }
    }

    private void devices(String at) {
        line("sifter", at, "tmpfs", "nosuid,mode=755");
        flush();
        text.append("(umask 022; cd ").append(inside(at)).append(" && ").append(tools.mkdir()).append(" -m 1777 shm mqueue && ").append(tools.mkdir()).append(" pts");
        for (String device : DEVICES) {
            text.append(" && : >").append(device);
        }
        for (String link : List.of("/proc/self/fd fd", "/proc/self/fd/0 stdin", "/proc/self/fd/1 stdout", "/proc/self/fd/2 stderr",
                "pts/ptmx ptmx")) {
            text.append(" && ").append(tools.ln()).append(" -s ").append(link);
        }
        text.append(") || fail 'no devices'\n");
        for (String device : DEVICES) {
            line("/dev/" + device, at + "/" + device, "none", "bind");
        }
        line("sifter", at + "/shm", "tmpfs", "nosuid,nodev,mode=1777");
        line("devpts", at + "/pts", "devpts", "nosuid,noexec,newinstance,mode=620,ptmxmode=666");
        // Allowed only with an IPC namespace of one's own; the host's is as good where there is none.
        line(lenient, "/dev/mqueue", at + "/mqueue", "none", "bind");
    }

    /** Whether the file system that a path lies in was made empty by an earlier step. */
    private boolean inMemory(String path) {
        Mount innermost = null;
        for (Mount step : taken) {
            String at = step.destination();
            boolean mounts = step instanceof Bind || step instanceof Tmpfs || step instanceof Proc || step instanceof Dev;
            if (mounts && (at.equals("/") || path.startsWith(at + "/")) && (innermost == null || at.length() >= innermost.destination().length())) {
                innermost = step;
            }
        }
        return innermost instanceof Tmpfs || innermost instanceof Dev;
    }

    private void line(String source, String destination, String type, String options) {
        line(table, source, destination, type, options);
    }

    private void line(StringBuilder lines, String source, String destination, String type, String options) {
        lines.append(HostMounts.escape(source)).append(' ')
                .append(HostMounts.escape(destination.equals("/") ? root : root + destination))
                .append(' ').append(type).append(' ').append(options).append(" 0 0\n");
    }

    /** Performs the mounts that have gathered. */
    private void flush() {
        perform(table, " || fail 'a mount failed'\n");
        perform(lenient, " 2>/dev/null\n");
    }

    private void perform(StringBuilder lines, String otherwise) {
        if (lines.isEmpty()) {
            return;
        }
        text.append("printf '%s' ").append(quote(lines.toString())).append(" >\"$s/table\" && ").append(tools.mount())
                .append(" -i -n -a -T \"$s/table\"").append(otherwise);
        lines.setLength(0);
    }

    private static String inside(String destination) {
        return "\"$r\"" + quote(destination);
    }
}
