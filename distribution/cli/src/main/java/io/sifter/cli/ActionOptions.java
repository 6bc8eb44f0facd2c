package io.sifter.cli;

import io.sifter.cli.options.Values;
import io.sifter.engine.launch.ActionRequest.Files;
import io.sifter.engine.launch.ActionRequest.Isolation;
import io.sifter.engine.launch.ActionRequest.Rights;
import io.sifter.engine.launch.ActionRequest.Unpacking;
import io.sifter.engine.launch.ActionRequest.Variables;
import io.sifter.engine.launch.Gpu;
import io.sifter.engine.launch.Limits;
import io.sifter.spi.error.UserException;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.EnumSet;
import java.util.Optional;
import java.util.Set;
import java.util.function.Consumer;

/**
 * Turns the options of run, exec, shell and test, raw, into what the planner takes. On the start-up path of containers.
 */
final class ActionOptions {
    private ActionOptions() {}

    static Files files(Values values) throws UserException {
        Optional<String> start = values.text("cwd");
        Optional<String> older = values.text("pwd");
        return new Files(values.list("bind"), values.list("mount"), values.text("home"), values.flag("no-home"),
                start.isPresent() ? start : older, values.list("scratch"), values.text("workdir"), values.list("no-mount"),
                values.flag("writable"), values.flag("writable-tmpfs"), values.list("overlay"), unpacking(values), gpus(values), kinds(values, "no-nv", "no-rocm"));
    }

    /** The GPUs whose drivers' files are asked for. */
    static Set<Gpu> gpus(Values values) {
        return kinds(values, "nv", "rocm");
    }

    private static Set<Gpu> kinds(Values values, String nv, String rocm) {
        Set<Gpu> gpus = EnumSet.noneOf(Gpu.class);
        if (values.flag(nv)) {
            gpus.add(Gpu.NV);
        }
        if (values.flag(rocm)) {
            gpus.add(Gpu.ROCM);
        }
        return gpus;
    }

    private static Unpacking unpacking(Values values) throws UserException {
        boolean always = values.flag("tmp-sandbox") | values.flag("unsquash");
        boolean never = values.flag("no-tmp-sandbox");
        if (always && never) {
            throw new UserException("--tmp-sandbox and --no-tmp-sandbox contradict each other", "Choose one.");
        }
        return always ? Unpacking.ALWAYS : never ? Unpacking.NEVER : Unpacking.IF_NEEDED;
    }

    static Variables variables(Values values) {
        var files = new ArrayList<Path>();
        for (String file : values.list("env-file")) {
            files.add(RawWords.path(file));
        }
        Optional<String> shell = values.hasOption("shell") ? values.text("shell") : Optional.empty();
        return new Variables(values.flag("cleanenv"), values.pairs("env"), files, !values.flag("no-eval"), values.text("app"), shell);
    }

    /** @param notes told what an option that was given implies */
    static Isolation isolation(Values values, Consumer<String> notes) {
        Optional<String> network = values.text("network");
        boolean implied = network.isPresent() && !values.flag("net");
        if (implied) {
            notes.accept("Setting --net (required by --network)");
        }
        return new Isolation(values.flag("contain"), values.flag("containall"), values.flag("compat"), values.flag("pid"),
                values.flag("no-pid"), values.flag("ipc"), values.flag("uts"), implied || values.flag("net"), network,
                values.flag("userns"), values.text("hostname"), values.text("dns"), !values.flag("no-umask"));
    }

    /** @param uid of the caller */
    static Rights rights(Values values, long uid) throws UserException {
        boolean keep = values.flag("keep-privs");
        if (keep && uid != 0 && !values.flag("fakeroot")) {
            throw new UserException("Could not configure --keep-privs: --keep-privs requires root privileges", "Leave it out, or be root.");
        }
        return new Rights(values.flag("fakeroot"), values.flag("ignore-subuid"), keep, values.flag("no-privs"), values.list("add-caps"),
                values.list("drop-caps"), values.list("security"));
    }

    /** The runtime that must be used; nothing for the first that works. */
    static Optional<String> runtime(Values values, Optional<String> configured) {
        Optional<String> named = values.text("runtime");
        return named.isEmpty() ? configured : named.filter(name -> !name.equals("auto"));
    }

    static Limits limits(Values values) throws IOException {
        return Limits.of(new Limits.Given(values.text("cpus"), values.number("cpu-shares"), values.text("cpuset-cpus"), values.text("cpuset-mems"),
                values.text("memory"), values.text("memory-reservation"), values.text("memory-swap"), values.number("pids-limit"),
                values.number("blkio-weight"), values.list("blkio-weight-device"), values.text("apply-cgroups").map(RawWords::path)));
    }

    /** The file that takes an instance's process id. */
    static Optional<Path> pidFile(Values values) {
        return values.text("pid-file").map(RawWords::path);
    }

    /** Whether the image's registry may be spoken to without TLS. */
    static boolean plainHttp(Values values) {
        return values.flag("no-https") | values.flag("nohttps");
    }
}
