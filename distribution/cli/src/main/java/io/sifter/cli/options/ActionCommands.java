package io.sifter.cli.options;

import static io.sifter.cli.options.Option.flag;
import static io.sifter.cli.options.Option.lines;
import static io.sifter.cli.options.Option.list;
import static io.sifter.cli.options.Option.number;
import static io.sifter.cli.options.Option.pairs;
import static io.sifter.cli.options.Option.text;

import io.sifter.cli.options.Command.Arity;

/** The commands that start something in an image. */
final class ActionCommands {
    private static final String NO_ENCRYPTION = "encrypted images cannot be opened yet";
    static final String NO_NVCCLI = "nvidia-container-cli is not used";
    static final String USE_NV = "Use --nv, which finds the libraries itself.";
    private static final String NO_CNI = "containers share the host's network or have none";
    private static final String USE_NONE = "Use --net --network none for a container without a network.";
    private static final String FOR_INSTANCES = "it belongs to instance start and instance run";
    private static final String NO_OCI_MODE = "there is no OCI mode; images run in the native mode";

    private static final Option PID_FILE = text("pid-file", "file that takes the process id of an instance").from("PID_FILE");

    private ActionCommands() {}

    static Command run() {
        return Command.of("run", "[run options...] <container> [args...]", Arity.atLeast(1),
                        "Run the image's own command", options())
                .describe("""
                        Runs what the image says shall run by default: its runscript, or what its ENTRYPOINT and
                        CMD say. Arguments after the image go to that command.

                        <container> is a SIF file, a SquashFS file, a sandbox directory, or a URI such as
                        docker://alpine, which is converted once and kept in the cache.""")
                .examples("run docker://alpine", "run --bind /data lolcow_latest.sif");
    }

    static Command exec() {
        return Command.of("exec", "[exec options...] <container> <command>", Arity.atLeast(2),
                        "Run a command within an image", options())
                .describe("""
                        Runs the given command in the image. Options end at the image; everything after it belongs
                        to the command.

                        <container> is a SIF file, a SquashFS file, a sandbox directory, or a URI such as
                        docker://alpine, which is converted once and kept in the cache.""")
                .examples("exec lolcow_latest.sif cowsay moo", "exec docker://alpine cat /etc/os-release");
    }

    static Command shell() {
        return Command.of("shell", "[shell options...] <container>", Arity.atLeast(1),
                        "Start a shell within an image", options())
                .with(text("shell", "shell to start").letter('s').from("SHELL"))
                .describe("""
                        Starts a shell in the image: the one named by --shell, else bash, else sh.""")
                .examples("shell lolcow_latest.sif", "shell docker://alpine");
    }

    static Command test() {
        return Command.of("test", "[exec options...] <image path>", Arity.atLeast(1),
                        "Run the image's own tests", options())
                .describe("""
                        Runs the test script that the image brings, if it brings one.""")
                .examples("test lolcow_latest.sif");
    }

    static Command instanceStart() {
        return Command.of("instance start", "[start options...] <container path> <instance name> [startscript args...]", Arity.atLeast(2),
                        "Start a container in the background", instanceOptions())
                .describe("""
                        Starts the image in the background, under a name, and in it the image's start script, if it
                        has one. The instance lives until it is stopped, also when that script has ended.

                        Its output is added to NAME.out and NAME.err in ~/.singularity/instances/logs. Commands get into
                        it by instance://NAME in the place of an image. It has process ids of its own.""")
                .examples("instance start db.sif db1", "exec instance://db1 psql", "instance stop db1");
    }

    static Command instanceRun() {
        return Command.of("instance run", "[run options...] <container path> <instance name> [runscript args...]", Arity.atLeast(2),
                        "Start a container in the background with its own command", instanceOptions())
                .describe("""
                        The same as instance start, with the image's runscript in the place of its start script.""")
                .examples("instance run docker://nginx web");
    }

    private static Option[] instanceOptions() {
        Option[] options = options();
        for (int i = 0; i < options.length; i++) {
            if (options[i].name().equals(PID_FILE.name())) {
                options[i] = PID_FILE;
            }
        }
        return options;
    }

    private static Option[] options() {
        return new Option[] {
            list("add-caps", "capabilities to add, by name, or all").from("ADD_CAPS"),
            flag("allow-setuid", "let set-uid programs gain privileges (root only)").from("ALLOW_SETUID")
                    .refuse("set-uid programs never gain privileges in a container"),
            text("app", "run an app of the image (SCIF)").from("APP", "APPNAME"),
            text("apply-cgroups", "file with limits, TOML").from("APPLY_CGROUPS"),
            Shared.authFile(),
            list("bind", "mount src[:dest[:opts]] of the host; opts are ro and rw, dest is src unless given")
                    .letter('B').from("BIND", "BINDPATH").appending(),
            number("blkio-weight", "relative weight of block I/O, 10 to 1000").from("BLKIO_WEIGHT"),
            list("blkio-weight-device", "relative weight of block I/O of a device, device:weight").from("BLKIO_WEIGHT_DEVICE"),
            flag("boot", "start init as process 1").from("BOOT").refuse("init systems are not started in containers", "Start the services with the image's start script."),
            list("cdi-dirs", "directories of CDI device specifications").refuse("CDI devices are not supported yet"),
            flag("cleanenv", "start with hardly any of the host's environment").letter('e').from("CLEANENV"),
            flag("compat", "behave like other container tools: --containall --no-init --no-umask --no-eval --writable-tmpfs")
                    .from("COMPAT"),
            flag("contain", "private /dev, /tmp, /var/tmp and home instead of the host's").letter('c').from("CONTAIN"),
            flag("containall", "--contain, and own process ids, IPC and environment").letter('C').from("CONTAINALL"),
            list("containlibs", "libraries of the host to put into the container").from("CONTAINLIBS").hide()
                    .refuse("libraries are not collected automatically", "Bind them with --bind."),
            number("cpu-shares", "relative share of CPU time, 2 to 262144").from("CPU_SHARES"),
            text("cpus", "most CPU time, as a number of CPUs such as 1.5").from("CPUS"),
            text("cpuset-cpus", "which CPUs, such as 0-3,5").from("CPUSET_CPUS"),
            text("cpuset-mems", "which memory nodes, such as 0").from("CPUSET_MEMS"),
            text("cwd", "directory in the container where the command starts").from("CWD", "TARGET_CWD"),
            list("data", "mount a data container").refuse("data containers are not supported yet"),
            list("device", "CDI devices").refuse("CDI devices are not supported yet"),
            Shared.disableCache(),
            text("dmtcp-launch", "start under checkpointing").from("DMTCP_LAUNCH").refuse("checkpoints are not supported yet"),
            text("dmtcp-restart", "continue from a checkpoint").from("DMTCP_RESTART").refuse("checkpoints are not supported yet"),
            text("dns", "name servers for the container, separated by commas").from("DNS"),
            Shared.dockerHost(),
            Shared.dockerLogin(),
            Shared.dockerPassword(),
            Shared.dockerUsername(),
            list("drop-caps", "capabilities to drop, by name, or all").from("DROP_CAPS"),
            pairs("env", "variables for the command"),
            list("env-file", "file with variables for the command").from("ENV_FILE"),
            flag("fakeroot", "appear as root").letter('f').from("FAKEROOT"),
            list("fusemount", "mount a FUSE file system in the container").from("FUSESPEC").refuse("FUSE mounts in containers are not supported yet",
                    "Mount it on the host and bind it with --bind."),
            text("home", "home directory: src of the host, or src:dest").letter('H').from("HOME"),
            text("hostname", "host name in the container, implies --uts").from("HOSTNAME"),
            flag("ignore-fakeroot-command", "do without the program fakeroot").from("IGNORE_FAKEROOT_COMMAND").hide()
                    .moot("the program fakeroot is never used"),
            flag("ignore-subuid", "do without subordinate ids").from("IGNORE_SUBUID").hide(),
            flag("ignore-userns", "do without user namespaces").from("IGNORE_USERNS").hide()
                    .refuse("containers of users need a user namespace"),
            flag("ipc", "own IPC").letter('i').from("IPC", "UNSHARE_IPC"),
            flag("keep-layers", "keep layers apart in an OCI-SIF").from("KEEP_LAYERS").refuse(NO_OCI_MODE),
            flag("keep-privs", "let root keep its privileges (root only)").from("KEEP_PRIVS"),
            text("memory", "most memory, such as 512m or 2g").from("MEMORY"),
            text("memory-reservation", "memory that is left to it when others want it").from("MEMORY_RESERVATION"),
            text("memory-swap", "most memory and swap space together; -1 for no limit").from("MEMORY_SWAP"),
            lines("mount", "mount in the form type=bind,source=src,destination=dest[,ro]").from("MOUNT").appending(),
            flag("net", "own network").letter('n').from("NET", "UNSHARE_NET"),
            text("netns-path", "join a network namespace").from("NETNS_PATH").refuse(NO_CNI, USE_NONE),
            text("network", "kind of network, none is the only one; implies --net").from("NETWORK"),
            list("network-args", "arguments for CNI plugins").from("NETWORK_ARGS").refuse(NO_CNI, USE_NONE),
            flag("no-compat", "keep native defaults in OCI mode").from("NO_COMPAT").moot("native defaults always hold"),
            flag("no-eval", "let no shell evaluate variables and arguments").from("NO_EVAL"),
            flag("no-home", "do not mount the home directory").from("NO_HOME"),
            Shared.noHttps(),
            flag("no-init", "start no helper process with --pid").from("NOSHIMINIT").moot("a shell is process 1 wherever process ids are the container's own"),
            list("no-mount", "leave out default mounts by name, or a bind by its destination").from("NO_MOUNT"),
            flag("no-nv", "no NVIDIA GPUs, even if the site says so").from("NV_OFF", "NO_NV").hide(),
            flag("no-oci", "use the native mode").from("NO_OCI").moot("there is no other mode"),
            flag("no-pid", "do not give own process ids, even if another option implies them").from("NO_PID"),
            flag("no-privs", "drop all privileges, also root's").from("NO_PRIVS"),
            flag("no-rocm", "no AMD GPUs, even if the site says so").from("ROCM_OFF", "NO_ROCM").hide(),
            flag("no-setgroups", "forbid changing groups").from("NO_SETGROUPS").moot("a container of a user can never change groups"),
            flag("no-tmp-sandbox", "never unpack an image to a temporary directory").from("NO_TMP_SANDBOX"),
            flag("no-umask", "start with umask 0022 instead of the caller's").from("NO_UMASK"),
            flag("nohttps", "older spelling of --no-https").deprecate("use --no-https"),
            flag("nv", "use NVIDIA GPUs, with libraries and devices of the host").from("NV"),
            flag("nvccli", "NVIDIA GPUs through nvidia-container-cli").from("NVCCLI").refuse(NO_NVCCLI, USE_NV),
            flag("oci", "OCI mode").from("OCI").refuse(NO_OCI_MODE),
            flag("oom-kill-disable", "do not end the command when memory runs out").from("OOM_KILL_DISABLE").refuse("control groups of version 2 have no such switch"),
            list("overlay", "directory or file system over the image that keeps what is written, path[:ro]").letter('o').from("OVERLAY", "OVERLAYIMAGE"),
            flag("passphrase", "ask for the passphrase of an encrypted image").refuse(NO_ENCRYPTION),
            text("pem-path", "key file of an encrypted image").refuse(NO_ENCRYPTION),
            flag("pid", "own process ids").letter('p').from("PID", "UNSHARE_PID"),
            PID_FILE.refuse(FOR_INSTANCES, "Leave it out, or start an instance."),
            number("pids-limit", "most processes").from("PIDS_LIMIT"),
            text("proot", "program proot").from("PROOT").hide().refuse("proot is never used"),
            text("pwd", "older spelling of --cwd").from("PWD", "TARGET_PWD").hide(),
            flag("rocm", "use AMD GPUs, with libraries and devices of the host").from("ROCM"),
            text("runscript-timeout", "limit of the time to evaluate the environment").from("RUNSCRIPT_TIMEOUT")
                    .refuse("the environment is evaluated in the container, without a limit"),
            text("runtime", "what starts the container: auto, or a name that 'runtime list' shows").from("RUNTIME"),
            list("scratch", "empty writable directory in the container, below --workdir if that is given").letter('S')
                    .from("SCRATCH", "SCRATCHDIR"),
            list("security", "uid:N, gid:N[:N...] of the command; seccomp:FILE, apparmor:PROFILE, selinux:LABEL (runtime oci)").from("SECURITY"),
            flag("sharens", "share the container with others of the same parent").from("SHARENS").refuse("containers do not share namespaces yet"),
            flag("sif-fuse", "mount images with FUSE").from("SIF_FUSE").deprecate("images are mounted with FUSE where that is needed")
                    .moot("images are mounted with FUSE where that is needed"),
            flag("tmp-sandbox", "always unpack the image to a temporary directory").from("TMP_SANDBOX"),
            Shared.temporaryDirectory(),
            flag("underlay", "prefer underlay over overlay").from("UNDERLAY").deprecate("mount points are made where they are missing")
                    .moot("mount points are made where they are missing"),
            flag("unsquash", "unpack the image to a temporary directory").from("UNSQUASH"),
            flag("userns", "own user namespace").letter('u').from("USERNS", "UNSHARE_USERNS"),
            flag("uts", "own host name").from("UTS", "UNSHARE_UTS"),
            text("workdir", "directory of the host that holds /tmp, /var/tmp and scratch directories with --contain").letter('W').from("WORKDIR"),
            flag("writable", "write to the image itself; it must be a sandbox").letter('w').from("WRITABLE"),
            flag("writable-tmpfs", "make the image writable; what is written is lost at the end").from("WRITABLE_TMPFS"),
        };
    }
}
