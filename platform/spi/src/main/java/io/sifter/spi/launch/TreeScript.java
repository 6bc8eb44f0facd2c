package io.sifter.spi.launch;

import static io.sifter.spi.launch.ShellText.quote;

import io.sifter.spi.launch.HostMounts.HostMount;
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
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
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
    private final List<MakeDirectory> directories = new ArrayList<>();
    private final List<Data> contents = new ArrayList<>();
    private final List<MakeSymlink> links = new ArrayList<>();
    private final Set<String> madeByMount = new HashSet<>();
    private final List<Mount> taken = new ArrayList<>();
    private int files;

    /** Programs of the host, ready for a shell text: the search path is the container's. */
    record Tools(String mount, String umount, String mkdir, String ln) {}

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
        make();
        mount();
        forgetOwn(mounts);
        return text.toString();
    }

    /** A bind of a directory in which this program lies has brought its own mounts along. */
    private void forgetOwn(List<Mount> mounts) {
        String own = root.substring(0, root.lastIndexOf('/'));
        for (Mount step : mounts) {
            if (step instanceof Bind bind && !bind.destination().equals("/")) {
                String source = RawName.of(bind.source().toString());
                if (source.equals("/") || own.startsWith(source + "/")) {
                    String copy = inside(bind.destination()) + (source.equals("/") ? own : own.substring(source.length()));
                    text.append(tools.umount()).append(" -i -n -l ").append(quote(copy + "/image")).append(' ').append(quote(copy + "/root"))
                            .append(' ').append(quote(copy + "/session")).append(' ').append(quote(copy + "/overlay")).append(" 2>/dev/null\n");
                }
            }
        }
    }

    /** No switch over patterns: linking one takes longer than all the rest of planning. */
    private void take(Mount step, List<Mount> later) {
        if (step instanceof Bind bind) {
            bind(bind);
        } else if (step instanceof Tmpfs tmpfs) {
            line("sifter", tmpfs.destination(), "tmpfs", "nosuid,nodev,mode=" + Integer.toOctalString(tmpfs.mode())
                    + (tmpfs.size().isPresent() ? ",size=" + tmpfs.size().getAsLong() : ""));
        } else if (step instanceof Proc proc) {
            line("proc", proc.destination(), "proc", "nosuid,nodev,noexec");
        } else if (step instanceof Dev dev) {
            devices(dev.destination());
        } else if (step instanceof Seal seal) {
            make();
            mount();
            text.append(tools.mount()).append(" -i -n -o remount,bind,ro,nosuid,nodev ").append(quote(inside(seal.destination())))
                    .append(" || fail 'memory stays writable'\n");
        } else if (step instanceof MakeDirectory directory) {
            if (!madeWithMount(directory, later)) {
                mount();
                directories.add(directory);
            }
        } else if (step instanceof MakeSymlink link) {
            mount();
            links.add(link);
        } else if (step instanceof MakeFile file) {
            mount();
            contents.add(new Data("", file.destination()));
        } else if (step instanceof Data data) {
            if (Mount.inMemory(data.destination(), taken)) {
                mount();
                contents.add(data);
            } else {
                bindContent(data);
            }
        } else {
            throw new AssertionError(step);
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
    private boolean madeWithMount(MakeDirectory directory, List<Mount> later) {
        for (Mount step : later) {
            String destination = step.destination();
            if (destination.equals(directory.destination())) {
                if (step instanceof Bind) {
                    madeByMount.add(destination);
                    return true;
                }
                return false;
            }
            if (destination.startsWith(directory.destination() + "/")) {
                return false;
            }
        }
        return false;
    }

    private void bindContent(Data data) {
        String file = session + "/data" + ++files;
        text.append("(umask 022; printf %s ").append(quote(data.content())).append(" >").append(quote(file)).append(") || fail 'no room in memory'\n");
        line(file, data.destination(), "none", "bind");
    }

    private void devices(String at) {
        line("sifter", at, "tmpfs", "nosuid,mode=755");
        mount();
        text.append("(umask 022; cd ").append(quote(inside(at))).append(" && ").append(tools.mkdir()).append(" -m 1777 shm mqueue && ").append(tools.mkdir()).append(" pts");
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

    private void line(String source, String destination, String type, String options) {
        line(table, source, destination, type, options);
    }

    private void line(StringBuilder lines, String source, String destination, String type, String options) {
        make();
        lines.append(HostMounts.escape(source)).append(' ').append(HostMounts.escape(inside(destination)))
                .append(' ').append(type).append(' ').append(options).append(" 0 0\n");
    }

    /** Performs the mounts that have gathered. */
    private void mount() {
        if (table.isEmpty() && lenient.isEmpty()) {
            return;
        }
        if (lenient.isEmpty()) {
            mount(table.toString(), "");
        } else {
            // All at once; and only if something failed, again what must not fail: what is mounted already is passed over.
            mount(table.toString() + lenient, " 2>/dev/null");
            text.append(" ||\n");
            mount(table.toString(), "");
        }
        text.append(" || fail 'a mount failed'\n");
        table.setLength(0);
        lenient.setLength(0);
    }

    private void mount(String lines, String quietly) {
        text.append("{ printf '%s' ").append(quote(lines)).append(" >\"$s/table\" && ").append(tools.mount())
                .append(" -i -n -a -T \"$s/table\"").append(quietly).append("; }");
    }

    /** Makes the directories, files and links that have gathered. */
    private void make() {
        int mode = -1;
        for (MakeDirectory directory : directories) {
            if (directory.mode() != mode) {
                text.append(mode < 0 ? "" : " || fail 'no directory'\n").append(tools.mkdir()).append(" -p -m ")
                        .append(Integer.toOctalString(directory.mode())).append(" --");
                mode = directory.mode();
            }
            text.append(' ').append(quote(inside(directory.destination())));
        }
        text.append(mode < 0 ? "" : " || fail 'no directory'\n");
        if (!contents.isEmpty()) {
            text.append("(umask 022");
            for (Data data : contents) {
                String at = quote(inside(data.destination()));
                if (data.content().isEmpty() && !Mount.inMemory(data.destination(), taken)) {
                    // Others may be able to write there, and leave a link for us to follow.
                    text.append(" && { (set -C; : >").append(at).append(") 2>/dev/null || { [ -f ").append(at).append(" ] && [ ! -L ").append(at).append(" ]; }; }");
                } else {
                    text.append(data.content().isEmpty() ? " && : >>" : " && printf %s " + quote(data.content()) + " >").append(at);
                }
            }
            text.append(") || fail 'no file'\n");
        }
        makeLinks();
        directories.clear();
        contents.clear();
        links.clear();
    }

    /** ln(1) makes many links at once where they are called like their targets; the others are made beside one another. */
    private void makeLinks() {
        Map<String, List<String>> alike = new LinkedHashMap<>();
        boolean beside = false;
        for (MakeSymlink link : links) {
            int slash = link.destination().lastIndexOf('/');
            if (link.destination().substring(slash + 1).equals(link.target().substring(link.target().lastIndexOf('/') + 1))) {
                alike.computeIfAbsent(link.destination().substring(0, slash + 1), _ -> new ArrayList<>()).add(link.target());
            } else {
                text.append(beside ? "" : "links=\n").append(tools.ln()).append(" -s -T -- ").append(quote(link.target())).append(' ')
                        .append(quote(inside(link.destination()))).append(" & links=\"$links $!\"\n");
                beside = true;
            }
        }
        for (Map.Entry<String, List<String>> directory : alike.entrySet()) {
            text.append(tools.ln()).append(" -s -t ").append(quote(inside(directory.getKey()))).append(" --");
            for (String target : directory.getValue()) {
                text.append(' ').append(quote(target));
            }
            text.append(" || fail 'no symbolic link'\n");
        }
        if (beside) {
            text.append("for link in $links; do wait \"$link\" || fail 'no symbolic link'; done\n");
        }
    }

    private String inside(String destination) {
        return destination.equals("/") ? root : root + destination;
    }
}
