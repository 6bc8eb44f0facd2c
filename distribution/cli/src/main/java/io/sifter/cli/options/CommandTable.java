package io.sifter.cli.options;

import static io.sifter.cli.options.Option.flag;
import static io.sifter.cli.options.Option.list;
import static io.sifter.cli.options.Option.lines;
import static io.sifter.cli.options.Option.number;
import static io.sifter.cli.options.Option.text;

import io.sifter.cli.options.Command.Arity;
import io.sifter.cli.options.Support.Supported;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;

/**
 * Every command and every option that the reference's users may type, and what becomes of it here. The one source of
 * both parsers, of help and of completion.
 */
public final class CommandTable {
    private static final String NO_BUILD_CONFIGURATION = "scripts of definition files always get a configuration of their own";
    private static final String NO_REMOTE = "remote builds are not supported";
    private static final String NO_ENCRYPTION = "encrypted images are not supported yet";
    private static final String ONLY_UNSIGNED = "signatures are not handled yet";

    private CommandTable() {}

    /** The program with its global options alone, as every start needs it. */
    public static Command program() {
        return program(List.of());
    }

    /** One of the commands that start something in an image: run, exec, shell, test. */
    public static Optional<Command> action(String name) {
        return switch (name) {
            case "run" -> Optional.of(ActionCommands.run());
            case "exec" -> Optional.of(ActionCommands.exec());
            case "shell" -> Optional.of(ActionCommands.shell());
            case "test" -> Optional.of(ActionCommands.test());
            default -> Optional.empty();
        };
    }

    /** One of the commands that start an image in the background: start, run. */
    public static Optional<Command> instanceAction(String name) {
        return switch (name) {
            case "start" -> Optional.of(ActionCommands.instanceStart());
            case "run" -> Optional.of(ActionCommands.instanceRun());
            default -> Optional.empty();
        };
    }

    /** The program with all its commands. */
    public static Command full() {
        return program(List.of(build(), cache(), capability(), checkpoint(), completion(), config(), convert(), data(), delete(),
                ActionCommands.exec(), help(), inspect(), instance(), key(), keyserver(), lint(), oci(), overlay(), plugin(),
                pull(), push(), registry(), remote(), ActionCommands.run(), runHelp(), runtime(), search(),
                ActionCommands.shell(), sif(), sign(), ActionCommands.test(), unpack(), verify(), version(), buildConfiguration(),
                generateConfiguration()));
    }

    private static Command program(List<Command> commands) {
        Option[] options = {
            flag("build-config", "use the configuration for building").refuse(NO_BUILD_CONFIGURATION),
            text("config", "configuration file to use instead of the site's").letter('c').from("CONFIG_FILE"),
            flag("debug", "tell everything").letter('d').from("DEBUG"),
            flag("nocolor", "never use colours").from("NOCOLOR"),
            text("progress", "how progress is told: auto, or json (an object a line, for programs)").from("PROGRESS").initially("auto"),
            flag("quiet", "tell nothing but warnings and errors").letter('q').from("QUIET"),
            flag("silent", "tell nothing but errors").letter('s').from("SILENT"),
            flag("verbose", "tell more").letter('v').from("VERBOSE"),
            flag("version", "show the version"),
        };
        Command command = Command.of("", "<command>", Arity.ANY, "Turns container images into single files, and runs them", options)
                .describe("""
                        Takes images from registries, archives and layouts, turns each into one SIF file (or a
                        sandbox directory) and runs programs in it. No root, no daemon.""")
                .examples("help <command> [<subcommand>]", "help build", "help cache clean");
        return new Command("", List.of(), command.synopsis(), command.brief(), command.description(), command.examples(),
                Arity.ANY, command.options(), commands, false, new Supported());
    }

    private static Command build() {
        Option[] own = {
            text("arch", "architecture of the image, such as arm64").from("BUILD_ARCH"),
            text("arch-variant", "variant of the architecture, such as 7").from("BUILD_ARCH_VARIANT"),
            Shared.authFile(),
            list("bind", "mounts for %post and %test").letter('B').from("BIND", "BINDPATH").appending(),
            list("build-arg", "variable of the definition file, key=value"),
            text("build-arg-file", "file with variables of the definition file"),
            flag("build-cache", "keep what stages come to, and use it").from("BUILD_CACHE"),
            text("builder", "address of a remote builder").from("BUILDER").refuse(NO_REMOTE),
            flag("detached", "return while the remote build goes on").letter('d').from("DETACHED").refuse(NO_REMOTE),
            Shared.disableCache(),
            Shared.dockerHost(),
            Shared.dockerLogin(),
            Shared.dockerPassword(),
            Shared.dockerUsername(),
            flag("encrypt", "encrypt the file system").letter('e').refuse(NO_ENCRYPTION),
            flag("fakeroot", "build as if root").letter('f').from("FAKEROOT").moot("who is not root becomes root of a user namespace where that is needed"),
            Shared.fixPermissions(),
            Shared.force("overwrite the target if it exists"),
            flag("ignore-fakeroot-command", "do without the program fakeroot").from("IGNORE_FAKEROOT_COMMAND").hide()
                    .moot("the program fakeroot is never used"),
            flag("ignore-subuid", "do without subordinate ids").from("IGNORE_SUBUID").hide(),
            flag("ignore-userns", "do without user namespaces").from("IGNORE_USERNS").hide().moot("user namespaces are used only where they are needed"),
            flag("json", "read the definition as JSON").from("JSON").refuse("definitions are not written in JSON"),
            Shared.keepLayers(),
            Shared.library(),
            text("mksquashfs-args", "arguments for mksquashfs").from("MKSQUASHFS_ARGS")
                    .refuse("mksquashfs is not used", "See --compression and --block-size."),
            lines("mount", "mounts for %post and %test").from("MOUNT").appending(),
            flag("no-cache", "run all stages again").from("NO_CACHE"),
            flag("no-cleanup", "keep what a failed build leaves").from("NO_CLEANUP"),
            Shared.noHttps(),
            Shared.noOci(),
            flag("no-setgroups", "forbid changing groups").from("NO_SETGROUPS").refuse("it would break most of what installs packages"),
            flag("notest", "do not run %test").letter('T').from("NOTEST"),
            flag("nv", "NVIDIA GPUs for %post and %test").from("NV"),
            flag("nvccli", "NVIDIA GPUs for %post and %test").from("NVCCLI").refuse(ActionCommands.NO_NVCCLI, ActionCommands.USE_NV),
            Shared.oci(),
            flag("passphrase", "ask for a passphrase and encrypt").refuse(NO_ENCRYPTION),
            text("pem-path", "key file to encrypt for").refuse(NO_ENCRYPTION),
            text("platform", "platform of the image, os/arch[/variant]").from("PLATFORM"),
            flag("remote", "build elsewhere").letter('r').from("REMOTE").refuse(NO_REMOTE, "Leave out --remote; building needs no root here."),
            flag("rocm", "AMD GPUs for %post and %test").from("ROCM"),
            flag("sandbox", "write a directory").letter('s').from("SANDBOX"),
            list("section", "sections of the definition file to run").from("SECTION").initially("all"),
            Shared.temporaryDirectory(),
            flag("update", "run a definition over an existing sandbox").letter('u').from("UPDATE"),
            flag("userns", "run %post in a user namespace").from("USERNS").moot("who is not root gets one anyway"),
            flag("warn-unused-build-args", "accept variables that the definition file does not use").moot("they are always accepted, with a warning"),
            flag("writable-tmpfs", "let %test write").from("WRITABLE_TMPFS"),
        };
        return Command.of("build", "[local options...] <IMAGE PATH> <BUILD SPEC>", Arity.exactly(2),
                        "Make a SIF file or a sandbox of an image", concat(own, Shared.compression()))
                .describe("""
                        Makes IMAGE PATH of BUILD SPEC, which is

                          a URI        docker://alpine, oci:/layout:name, docker-archive:file.tar…
                          a SIF file   or a SquashFS file
                          a directory  a sandbox
                          a text file  a definition: Bootstrap:, From:, %post, %runscript…

                        IMAGE PATH becomes a SIF file, or with --sandbox a directory. Neither needs root;
                        scripts of a definition run as root of a user namespace for who is not.""")
                .examples("build lolcow.sif docker://godlovedc/lolcow", "build lolcow.sif lolcow.def", "build --sandbox lolcow/ lolcow.sif",
                        "build lolcow.sif lolcow/", "build lolcow.sif docker-archive:lolcow.tar",
                        "build lolcow.sif docker-daemon:lolcow:latest");
    }

    private static Command convert() {
        return Command.of("convert", "<Dockerfile>", Arity.exactly(1), "Print the definition file that a Dockerfile is equivalent to")
                .describe("""
                        Prints a definition file that builds what the Dockerfile builds, and warns of each line that
                        has no equivalent. Build it where the Dockerfile lies: names of %files begin there.""")
                .examples("convert Dockerfile >tool.def");
    }

    private static Command pull() {
        Option[] own = {
            flag("allow-unauthenticated", "do not warn of images without signature").from("ALLOW_UNAUTHENTICATED").hide(),
            flag("allow-unsigned", "do not warn of images without signature").letter('U').from("ALLOW_UNSIGNED"),
            text("arch", "architecture of the image, such as arm64").from("PULL_ARCH", "ARCH"),
            text("arch-variant", "variant of the architecture, such as 7").from("PULL_ARCH_VARIANT"),
            Shared.authFile(),
            text("dir", "directory for the image").from("PULLDIR", "PULLFOLDER"),
            Shared.disableCache(),
            Shared.dockerHost(),
            Shared.dockerLogin(),
            Shared.dockerPassword(),
            Shared.dockerUsername(),
            Shared.fixPermissions(),
            Shared.force("overwrite the file if it exists"),
            Shared.keepLayers(),
            Shared.library(),
            text("name", "name of the file").from("PULL_NAME").hide(),
            flag("no-cleanup", "keep what a failed build leaves").from("NO_CLEANUP").moot("a build leaves nothing to look at"),
            Shared.noHttps(),
            Shared.noOci(),
            Shared.oci(),
            text("platform", "platform of the image, os/arch[/variant]").from("PLATFORM"),
            flag("sandbox", "write a directory").from("SANDBOX"),
            Shared.temporaryDirectory(),
            flag("with-cosign", "keep cosign signatures").from("WITH_COSIGN").refuse(ONLY_UNSIGNED),
        };
        return Command.of("pull", "[pull options...] [output file] <URI>", Arity.between(1, 2),
                        "Fetch an image by its URI", concat(own, Shared.compression()))
                .describe("""
                        Fetches the image and writes it to a SIF file, named after the image and its tag unless an
                        output file is given.

                          docker://[host/]name[:tag]      from a registry
                          oci:directory[:name]            from an OCI image layout
                          oci-archive:file[:name]         from an OCI image layout in a tar file
                          docker-archive:file[:name]      what 'docker save' writes; '-' is input
                          docker-daemon:name:tag          from a Docker daemon on this machine
                          library://[host/]name[:tag]     a SIF file of a library
                          oras://host/name[:tag]          a SIF file in a registry
                          https://host/file               a file as it is, such as an OCI archive

                        Transports are plugins; 'plugin list' shows what is there.""")
                .examples("pull docker://godlovedc/lolcow", "pull alpine.sif docker://alpine:3.19",
                        "pull --arch arm64 docker://alpine");
    }

    private static Command cache() {
        return Command.group("cache", "Look after the cache",
                Command.of("cache clean", "[clean options...]", Arity.ANY, "Remove what the cache holds",
                                flag("all", "everything").letter('a').moot("everything is cleaned unless types are chosen"),
                                number("days", "only what is older than this many days").letter('D'),
                                flag("dry-run", "tell what would be removed, and remove nothing").letter('n'),
                                flag("force", "do not ask").letter('f'),
                                list("name", "only entries of these names, as cache list --verbose shows them").letter('N'),
                                Shared.types("what to remove: library, oci-tmp, shub, oci, net, oras, pack, all"))
                        .describe("""
                                Removes everything, or some types, or what is old, or single entries. The cache
                                lies in $HOME/.singularity/cache, or in SINGULARITY_CACHEDIR/cache. Layers are kept
                                twice: as they were fetched (oci), and converted (pack).""")
                        .examples("cache clean", "cache clean --days 30", "cache clean --name lolcow_latest.sif", "cache clean --type oci-tmp,pack --dry-run"),
                Command.of("cache list", "[list options...]", Arity.ANY, "Tell what the cache holds",
                                flag("all", "all types").letter('a').moot("everything is told of unless types are chosen"),
                                flag("summary", "no line for each entry").letter('s').moot("entries have lines only with --verbose"),
                                Shared.types("what to tell of: library, oci-tmp, shub, oci, net, oras, pack, all"),
                                flag("verbose", "one line for each entry").letter('v'))
                        .examples("cache list", "cache list --verbose"));
    }

    private static Command inspect() {
        return Command.of("inspect", "[inspect options...] <image path>", Arity.exactly(1), "Show what an image says about itself",
                        flag("all", "everything, as JSON"),
                        text("app", "of an app of the image (SCIF)"),
                        flag("deffile", "definition").letter('d'),
                        flag("environment", "environment scripts").letter('e'),
                        flag("helpfile", "help text").letter('H'),
                        flag("json", "as JSON").letter('j'),
                        flag("labels", "labels; this is the default").letter('l'),
                        flag("list-apps", "names of the apps in the image"),
                        flag("runscript", "runscript").letter('r'),
                        flag("startscript", "start script").letter('s'),
                        flag("test", "test script").letter('t'))
                .describe("""
                        Shows the labels of a SIF file, a SquashFS file or a sandbox, or what the options choose.""")
                .examples("inspect lolcow_latest.sif", "inspect --runscript lolcow_latest.sif");
    }

    private static Command lint() {
        return Command.of("lint", "[lint options...] <IMAGE | DEFINITION | URI>", Arity.exactly(1), "Check an image or a definition against best practices",
                        text("arch", "architecture of the image, such as arm64").from("ARCH"),
                        text("arch-variant", "variant of the architecture, such as 7"),
                        Shared.authFile(),
                        list("build-arg", "variable of the definition file, key=value"),
                        text("build-arg-file", "file with variables of the definition file"),
                        list("check", "checks to make; all unless given"),
                        Shared.disableCache(),
                        Shared.dockerHost(),
                        Shared.dockerLogin(),
                        Shared.dockerPassword(),
                        Shared.dockerUsername(),
                        list("ignore", "checks to leave out"),
                        flag("json", "tell findings as JSON").letter('j'),
                        Shared.library(),
                        Shared.noHttps(),
                        text("platform", "platform of the image, os/arch[/variant]").from("PLATFORM"),
                        Shared.temporaryDirectory())
                .describe("""
                        Looks into a SIF file, a SquashFS file, a sandbox, a definition file or an image at any URI
                        for what does not keep to the best practices of the user guide, and says for each finding
                        where it is, why it matters and what to do instead. Nothing is run. The checks are

                          user         USER, sudo, changes of users, files that only owners read
                          source       images and repositories without version, scripts of the network
                          environment  variables in start-up files of shells
                          root-home    software in /root
                          read-only    scripts that write to the image, volumes
                          home-tmp     files in /home and /tmp
                          ldconfig     libraries that /etc/ld.so.cache does not know
                          secrets      passwords, tokens and keys in plain text
                          execution    no %runscript, or ENTRYPOINT and CMD that leave open what runs

                        Findings go to standard output. The exit code is 0 if there is none, 1 if there are some,
                        255 if something could not be checked.""")
                .examples("lint lolcow.def", "lint --ignore execution,source lolcow_latest.sif", "lint --json docker://godlovedc/lolcow");
    }

    private static Command runHelp() {
        return Command.of("run-help", "<image path>", Arity.exactly(1), "Show the help text of an image",
                text("app", "of an app of the image (SCIF)"));
    }

    private static Command sif() {
        String readOnly = "SIF files are only read yet";
        return Command.group("sif", "Look into SIF files",
                Command.of("sif add", "[add options...] <sif_path> <object_path>", Arity.exactly(2), "Add an object",
                        number("alignment", "alignment of the object"), number("datatype", "type of the object"),
                        text("filename", "name of the object"), number("groupid", "group of the object"),
                        number("link", "object it belongs to"), number("partarch", "architecture of a partition"),
                        number("partfs", "file system of a partition"), number("parttype", "type of a partition"),
                        text("sbomformat", "format of a bill of materials"), text("signentity", "who signed"),
                        number("signhash", "hash of a signature")).refuse(readOnly, ""),
                Command.of("sif del", "<id> <sif_path>", Arity.exactly(2), "Remove an object").refuse(readOnly, ""),
                Command.of("sif dump", "<id> <sif_path>", Arity.exactly(2), "Write an object's bytes to standard output"),
                Command.of("sif header", "<sif_path>", Arity.exactly(1), "Show the header"),
                Command.of("sif info", "<id> <sif_path>", Arity.exactly(2), "Show what is known about an object")
                        .refuse("objects are not shown one by one yet", "See 'sif list'."),
                Command.of("sif list", "<sif_path>", Arity.exactly(1), "List the objects"),
                Command.of("sif new", "<sif_path>", Arity.exactly(1), "Make an empty file").refuse(readOnly, ""),
                Command.of("sif setprim", "<id> <sif_path>", Arity.exactly(2), "Choose the system partition").refuse(readOnly, ""))
                .alias("siftool");
    }

    private static Command runtime() {
        return Command.group("runtime", "Show what starts containers",
                Command.of("runtime list", "", Arity.exactly(0), "List the runtimes, what works here and why not")
                        .describe("""
                                Lists what can start containers: whether it works for the caller on this machine, and what
                                it would refuse. The first that works and can do what is asked for is used, unless
                                --runtime of run, exec, shell and test or runtime.name in the configuration names one.
                                Runtimes of plugins are used only if they are named."""));
    }

    private static Command plugin() {
        String goPlugins = "plugins of the reference are Go code; plugins here are jars in the directory plugins";
        return Command.group("plugin", "Show the plugins",
                Command.of("plugin compile", "[compile options...] <path>", Arity.exactly(1), "Compile a plugin",
                        text("out", "file to write").letter('o')).refuse(goPlugins, ""),
                Command.of("plugin create", "<path> <name>", Arity.exactly(2), "Start a plugin's source").refuse(goPlugins, ""),
                Command.of("plugin disable", "<name>", Arity.exactly(1), "Switch a plugin off").refuse(goPlugins, "Move its jar away."),
                Command.of("plugin enable", "<name>", Arity.exactly(1), "Switch a plugin on").refuse(goPlugins, "Put its jar there."),
                Command.of("plugin inspect", "<name>", Arity.exactly(1), "Show a plugin").refuse(goPlugins, "See 'plugin list'."),
                Command.of("plugin install", "<path>", Arity.exactly(1), "Install a plugin").refuse(goPlugins, "Put its jar there."),
                Command.of("plugin list", "", Arity.exactly(0), "List the plugins and what they serve"),
                Command.of("plugin uninstall", "<name>", Arity.exactly(1), "Remove a plugin").refuse(goPlugins, "Remove its jar."))
                .alias("plugins");
    }

    private static Command completion() {
        String bashOnly = "completion is written for bash and zsh";
        return Command.group("completion", "Write a script that completes command lines",
                Command.of("completion bash", "", Arity.exactly(0), "For bash: source <(singularity completion bash)"),
                Command.of("completion fish", "", Arity.exactly(0), "For fish").refuse(bashOnly, ""),
                Command.of("completion powershell", "", Arity.exactly(0), "For PowerShell").refuse(bashOnly, ""),
                Command.of("completion zsh", "", Arity.exactly(0), "For zsh: source <(singularity completion zsh)"));
    }

    private static Command help() {
        return Command.of("help", "[command]", Arity.ANY, "Show help for a command");
    }

    private static Command version() {
        return Command.of("version", "", Arity.ANY, "Show the version");
    }

    /** What a plan calls for an image that cannot be mounted. */
    private static Command unpack() {
        return Command.of("__unpack", "<image> <directory>", Arity.exactly(2), "Unpack an image into an empty directory").hide();
    }

    private static Command buildConfiguration() {
        return Command.of("buildcfg", "[parameter]", Arity.between(0, 1), "Show paths fixed at compilation").hide()
                .refuse("no paths are fixed at compilation", "");
    }

    private static Command generateConfiguration() {
        return Command.of("confgen", "<old file> <new file>", Arity.ANY, "Rewrite the configuration file").hide()
                .refuse("the configuration is etc/sifter.conf", "");
    }

    private static Command capability() {
        String reason = "everybody may have every capability over his own containers, and nobody over the host: no set-uid program is here that could give it";
        String nextStep = "Users need no grant, and root needs none: use --add-caps.";
        return Command.group("capability", "Linux capabilities",
                Command.of("capability add", "[add options...] <capabilities>", Arity.exactly(1), "Grant capabilities",
                        text("group", "to this group").letter('g').from("CAP_GROUP"),
                        text("user", "to this user").letter('u').from("CAP_USER")).refuse(reason, nextStep),
                Command.of("capability avail", "[capabilities]", Arity.ANY, "Describe capabilities")
                        .describe("""
                                Describes capabilities: those that are named, separated by commas, or all.""")
                        .examples("capability avail", "capability avail net_raw,chown"),
                Command.of("capability drop", "[drop options...] <capabilities>", Arity.exactly(1), "Revoke capabilities",
                        text("group", "from this group").letter('g').from("CAP_GROUP"),
                        text("user", "from this user").letter('u').from("CAP_USER")).refuse(reason, nextStep),
                Command.of("capability list", "[user/group]", Arity.between(0, 1), "List granted capabilities"))
                .describe("""
                        With the reference a grant lets a set-uid program give a user a capability over the host.
                        There is none here. A user's container is a user namespace: capabilities in it are power over
                        what belongs to it, its mounts, network and processes, never over the host, and every user may
                        have all of them, with --add-caps. Root's containers have root's capabilities, as far as
                        --drop-caps and --no-privs leave them. So nothing is granted, and nothing needs to be.""")
                .alias("caps");
    }

    private static Command checkpoint() {
        String reason = "checkpoints are not supported";
        return Command.group("checkpoint", "Save and restore running containers",
                Command.of("checkpoint create", "<name>", Arity.exactly(1), "Create a checkpoint").refuse(reason, ""),
                Command.of("checkpoint delete", "<name>", Arity.exactly(1), "Delete a checkpoint").refuse(reason, ""),
                Command.of("checkpoint instance", "[instance options...] <name>", Arity.exactly(1), "Checkpoint a service",
                        text("home", "home directory").letter('H').from("HOME")).refuse(reason, ""),
                Command.of("checkpoint list", "", Arity.ANY, "List checkpoints").refuse(reason, ""));
    }

    private static Command config() {
        String reason = "the configuration is the file etc/sifter.conf";
        return Command.group("config", "Change the configuration",
                Command.of("config fakeroot", "<option> <user>", Arity.exactly(1), "Map subordinate ids",
                        flag("add", "add a mapping").letter('a'), flag("disable", "disable a mapping").letter('d'),
                        flag("enable", "enable a mapping").letter('e'), flag("remove", "remove a mapping").letter('r'))
                        .refuse("subordinate ids are never used", ""),
                Command.of("config global", "<option> <directive> [value,...]", Arity.ANY, "Change a directive",
                        flag("dry-run", "change nothing").letter('d'), flag("get", "show").letter('g'),
                        flag("reset", "restore the default").letter('r'), flag("set", "set").letter('s'),
                        flag("unset", "unset").letter('u')).refuse(reason, "Edit the file."));
    }

    private static Command data() {
        return Command.group("data", "Data containers",
                Command.of("data package", "<source file/dir> <data container>", Arity.exactly(2), "Make a data container")
                        .refuse("data containers are OCI-SIF files, which are not written", ""));
    }

    private static Command delete() {
        return Command.of("delete", "[arch] <imageRef>", Arity.exactly(1), "Delete an image of a library",
                        text("arch", "architecture").letter('A').from("ARCH"), Shared.force("do not ask"), Shared.library(),
                        Shared.noHttps(), number("timeout", "seconds to wait").letter('T').from("TIMEOUT").hide()
                                .moot("it is given up when the library stays silent"))
                .examples("delete --arch amd64 library://me/default/lolcow:1.0");
    }

    private static Command instance() {
        return Command.group("instance", "Containers in the background",
                Command.of("instance list", "[list options...] [<instance name glob>]", Arity.between(0, 1), "List instances",
                        flag("all", "all of the user").letter('a').from("ALL").moot("all instances of the user are always listed"),
                        flag("json", "as JSON").letter('j').from("JSON"), flag("logs", "with the files of their output").letter('l').from("LOGS"),
                        user())
                        .describe("""
                                Lists the instances that run on this host. * and ? in the name stand for any letters.""")
                        .examples("instance list", "instance list 'db*'"),
                ActionCommands.instanceRun(), ActionCommands.instanceStart(),
                Command.of("instance stats", "[stats options...] <instance name>", Arity.exactly(1), "Show what an instance uses",
                        flag("json", "as JSON, once").letter('j'),
                        flag("no-stream", "once, not again and again"), user())
                        .describe("""
                                Shows processor time, memory, block I/O and processes of an instance, every second until it ends
                                or is interrupted. The instance must have a control group of its own: root's have one where
                                the host has control groups of version 2, others' if they were started with a limit.""")
                        .examples("instance stats db1", "instance stats --json db1"),
                Command.of("instance stop", "[stop options...] [instance]", Arity.between(0, 1), "Stop instances",
                        flag("all", "all of the user").letter('a').from("ALL"), Shared.force("at once, with the signal KILL"),
                        text("signal", "signal to send, by name or number; INT unless given").letter('s').from("SIGNAL"),
                        number("timeout", "seconds until what still runs is killed").letter('t').initially("10"), user())
                        .describe("""
                                Sends a signal to everything in an instance, waits for the end, and kills what still runs
                                then. * and ? in the name stand for any letters.""")
                        .examples("instance stop db1", "instance stop --signal TERM 'db*'", "instance stop --all"));
    }

    private static Option user() {
        return text("user", "instances of this user (root only)").letter('u').from("USER");
    }

    private static Command key() {
        String reason = "signing and verifying are not supported yet";
        String nextStep = "Sign the file with gpg --detach-sign.";
        return Command.group("key", "Keys for signing",
                Command.of("key export", "[export options...] <output file>", Arity.exactly(1), "Export a key",
                        flag("armor", "as text").letter('a'), keyGlobal(), keysDirectory(), flag("private", "secret keys"),
                        flag("secret", "secret keys").letter('s')).refuse(reason, nextStep),
                Command.of("key generate-cosign-key-pair", "", Arity.exactly(0), "Make keys for cosign",
                        text("output-key-prefix", "start of the file names")).refuse(reason, nextStep),
                Command.of("key import", "[import options...] <input key>", Arity.exactly(1), "Import a key",
                        keyGlobal(), keysDirectory(), flag("new-password", "set a passphrase")).refuse(reason, nextStep),
                Command.of("key list", "", Arity.ANY, "List keys", keyGlobal(), keysDirectory(),
                        flag("private", "secret keys").from("SECRET"), flag("secret", "secret keys").letter('s').from("SECRET"))
                        .refuse(reason, nextStep),
                Command.of("key newpair", "", Arity.ANY, "Make a key pair", number("bit-length", "bits").letter('b'), keysDirectory(),
                        text("comment", "comment").letter('C'), text("email", "address").letter('E'), text("name", "name").letter('N'),
                        text("password", "passphrase").letter('P'), flag("push", "publish it").letter('U')).refuse(reason, nextStep),
                Command.of("key pull", "[pull options...] <fingerprint>", Arity.exactly(1), "Fetch a key", keyGlobal(), keysDirectory(), keyUrl())
                        .refuse(reason, nextStep),
                Command.of("key push", "[push options...] <fingerprint>", Arity.exactly(1), "Publish a key", keyGlobal(), keysDirectory(), keyUrl())
                        .refuse(reason, nextStep),
                Command.of("key remove", "<fingerprint>", Arity.exactly(1), "Remove a key", flag("both", "public and secret").letter('b'),
                        keyGlobal(), keysDirectory(), flag("private", "secret keys"), flag("public", "public keys").letter('p'),
                        flag("secret", "secret keys").letter('s')).refuse(reason, nextStep),
                Command.of("key search", "[search options...] <search_string>", Arity.exactly(1), "Search for keys",
                        flag("long-list", "in full").letter('l'), keyUrl()).refuse(reason, nextStep))
                .alias("keys");
    }

    private static Option keyGlobal() {
        return flag("global", "of the whole host").letter('g');
    }

    private static Option keysDirectory() {
        return text("keysdir", "directory of the keyring").letter('d');
    }

    private static Option keyUrl() {
        return text("url", "address of the key server").letter('u').from("URL");
    }

    private static Command keyserver() {
        String reason = "key servers are not supported yet";
        return Command.group("keyserver", "Servers of keys",
                Command.of("keyserver add", "[options] [remoteName] <keyserver_url>", Arity.between(1, 2), "Add a server",
                        flag("insecure", "without TLS").letter('i'), number("order", "place in the list").letter('o')).refuse(reason, ""),
                Command.of("keyserver list", "[remoteName]", Arity.between(0, 1), "List servers").refuse(reason, ""),
                Command.of("keyserver login", "[login options...] <keyserver>", Arity.exactly(1), "Log in", password(), passwordStdin(), username())
                        .refuse(reason, ""),
                Command.of("keyserver logout", "<keyserver>", Arity.exactly(1), "Log out").refuse(reason, ""),
                Command.of("keyserver remove", "[remoteName] <keyserver_url>", Arity.between(1, 2), "Remove a server").refuse(reason, ""))
                .with(remoteFile());
    }

    private static Option remoteFile() {
        return text("config", "file with remotes").letter('c').refuse("another file than the usual one is not supported yet", "Set SINGULARITY_CONFIGDIR.");
    }

    private static Option password() {
        return text("password", "password").letter('p').from("LOGIN_PASSWORD");
    }

    private static Option passwordStdin() {
        return flag("password-stdin", "read the password from standard input");
    }

    private static Option username() {
        return text("username", "user name").letter('u').from("LOGIN_USERNAME");
    }

    private static Command oci() {
        String reason = "OCI bundles are not run";
        String nextStep = "Use crun or runc.";
        Option bundle = text("bundle", "directory of the bundle").letter('b').from("BUNDLE");
        Option logFormat = text("log-format", "basic, kubernetes or json").from("LOG_FORMAT");
        Option logPath = text("log-path", "log file").letter('l').from("LOG_PATH");
        Option pidFile = text("pid-file", "file for the process id").from("PID_FILE");
        Option syncSocket = text("sync-socket", "socket for states").letter('s').from("SYNC_SOCKET");
        return Command.group("oci", "Low-level containers",
                Command.of("oci attach", "<container_ID>", Arity.exactly(1), "Attach to a container").refuse(reason, nextStep),
                Command.of("oci create", "-b <bundle_path> [create options...] <container_ID>", Arity.exactly(1), "Create a container",
                        bundle, logFormat, logPath, pidFile, syncSocket, flag("empty-process", "without a process").from("EMPTY_PROCESS"))
                        .refuse(reason, nextStep),
                Command.of("oci delete", "<container_ID>", Arity.exactly(1), "Delete a container").refuse(reason, nextStep),
                Command.of("oci exec", "<container_ID> <command> [args]", Arity.atLeast(1), "Run a command").refuse(reason, nextStep),
                Command.of("oci kill", "[kill options...] <container_ID> [signal]", Arity.between(1, 2), "Send a signal",
                        flag("force", "SIGKILL").letter('f').from("FORCE"), text("signal", "signal").letter('s').from("SIGNAL"),
                        number("timeout", "seconds to wait").letter('t')).refuse(reason, nextStep),
                Command.of("oci mount", "<sif_image> <bundle_path>", Arity.exactly(2), "Mount a bundle").refuse(reason, nextStep),
                Command.of("oci pause", "<container_ID>", Arity.exactly(1), "Suspend a container").refuse(reason, nextStep),
                Command.of("oci resume", "<container_ID>", Arity.exactly(1), "Resume a container").refuse(reason, nextStep),
                Command.of("oci run", "-b <bundle_path> [run options...] <container_ID>", Arity.exactly(1), "Create, start and delete",
                        bundle, logFormat, logPath, pidFile, syncSocket).refuse(reason, nextStep),
                Command.of("oci start", "<container_ID>", Arity.exactly(1), "Start a container").refuse(reason, nextStep),
                Command.of("oci state", "<container_ID>", Arity.exactly(1), "Show a container's state", syncSocket).refuse(reason, nextStep),
                Command.of("oci umount", "<bundle_path>", Arity.exactly(1), "Unmount a bundle").refuse(reason, nextStep),
                Command.of("oci update", "[update options...] <container_ID>", Arity.exactly(1), "Change limits",
                        text("from-file", "file with limits").letter('f').from("FROM_FILE")).refuse(reason, nextStep));
    }

    private static Command overlay() {
        String reason = "persistent overlays are not supported yet";
        String nextStep = "Use a sandbox with --writable.";
        return Command.group("overlay", "Writable overlays",
                Command.of("overlay create", "<options> image", Arity.exactly(1), "Make an overlay",
                        list("create-dir", "directories to make in it"), flag("fakeroot", "for --fakeroot").letter('f').from("FAKEROOT"),
                        number("size", "MiB").letter('s'), flag("sparse", "as a sparse file").letter('S').from("SPARSE")).refuse(reason, nextStep),
                Command.of("overlay seal", "<image>", Arity.exactly(1), "Seal an overlay").refuse(reason, nextStep),
                Command.of("overlay sync", "<image>", Arity.exactly(1), "Update an overlay's digest").refuse(reason, nextStep));
    }

    private static Command push() {
        String layers = "images of layers are not pushed";
        return Command.of("push", "[push options...] <image> <URI>", Arity.exactly(2), "Upload an image",
                        flag("allow-unsigned", "accept an image without signature").letter('U').from("ALLOW_UNSIGNED"),
                        Shared.authFile(), text("description", "what the image is, for people").letter('D'), Shared.dockerHost(), Shared.dockerPassword(),
                        Shared.dockerUsername(), text("layer-format", "squashfs or tar").from("LAYER_FORMAT").refuse(layers), Shared.library(),
                        Shared.noHttps(), Shared.temporaryDirectory(), flag("with-cosign", "with cosign signatures").from("WITH_COSIGN").refuse(ONLY_UNSIGNED))
                .describe("""
                        Uploads a SIF file to where others can pull it.

                          library://entity/collection/container[:tag]   a library ('remote login')
                          oras://host/name[:tag]                        a registry""")
                .examples("push -U lolcow.sif library://me/default/lolcow:1.0", "push lolcow.sif oras://registry.example.org/me/lolcow");
    }

    private static Command registry() {
        return Command.group("registry", "Logins to registries",
                Command.of("registry list", "[list options...]", Arity.exactly(0), "List the registries that there are logins for", Shared.authFile())
                        .examples("registry list"),
                Command.of("registry login", "[login options...] <registry_uri>", Arity.exactly(1), "Log in to a registry",
                                Shared.authFile(), insecure(), password(), passwordStdin(), username())
                        .describe("""
                                Asks the registry whether it takes the login, and stores it in
                                $HOME/.singularity/docker-config.json, in Docker's format; where that file names a
                                credential helper, there. Logins of docker, podman and skopeo count as well.
                                A path behind the registry's name makes it a login for the repositories below it.""")
                        .examples("registry login --username ilumb docker://docker.io",
                                "registry login -u '$oauthtoken' docker://nvcr.io"),
                Command.of("registry logout", "[logout options...] <registry_uri>", Arity.exactly(1), "Forget a login", Shared.authFile())
                        .examples("registry logout docker://docker.io"))
                .with(remoteFile());
    }

    private static Option insecure() {
        return flag("insecure", "accept plain HTTP, and certificates that nobody vouches for").letter('i').from("LOGIN_INSECURE");
    }

    private static Command remote() {
        String site = "the site's endpoints are changed by its administrator";
        String nextStep = "Edit /etc/singularity/remote.yaml.";
        String keyServers = "key servers are not supported yet";
        Option global = flag("global", "for the whole host").letter('g').refuse(site, nextStep);
        return Command.group("remote", "Endpoints with services, such as libraries",
                Command.of("remote add", "[add options...] <remote_name> <remote_URI>", Arity.exactly(2), "Add an endpoint, choose it and log in",
                        global, flag("insecure", "without TLS").letter('i').from("ADD_INSECURE"),
                        flag("no-default", "do not choose it").letter('n'), flag("no-login", "do not log in"), text("tokenfile", "file with a token")),
                Command.of("remote add-keyserver", "[options] [remoteName] <keyserver_url>", Arity.between(1, 2), "Add a server",
                        flag("insecure", "without TLS").letter('i').hide(), number("order", "place in the list").letter('o').hide())
                        .hide().refuse(keyServers, ""),
                Command.of("remote get-login-password", "", Arity.ANY, "Show the password for the registry of the library"),
                Command.of("remote list", "", Arity.ANY, "List endpoints"),
                Command.of("remote login", "[login options...] <remote_name|registry_uri>", Arity.between(0, 1),
                                "Log in to an endpoint, or a registry",
                                insecure(), password(), passwordStdin(), text("tokenfile", "file with a token"), username())
                        .examples("remote login --username ilumb docker://docker.io"),
                Command.of("remote logout", "<remote_name|registry_uri>", Arity.between(0, 1),
                                "Log out of an endpoint, or a registry")
                        .examples("remote logout docker://docker.io"),
                Command.of("remote remove", "[remove options...] <remote_name>", Arity.exactly(1), "Remove an endpoint", global),
                Command.of("remote remove-keyserver", "[remoteName] <keyserver_url>", Arity.between(1, 2), "Remove a server").hide()
                        .refuse(keyServers, ""),
                Command.of("remote status", "<remote_name>", Arity.between(0, 1), "Show the services of an endpoint"),
                Command.of("remote use", "[use options...] <remote_name>", Arity.exactly(1), "Choose an endpoint",
                        flag("exclusive", "for everyone").letter('e').refuse(site, nextStep), global))
                .with(remoteFile());
    }

    private static Command search() {
        return Command.of("search", "[search options...] <search_query>", Arity.exactly(1), "Search a library",
                        text("arch", "architecture, or several with commas").from("SEARCH_ARCH"), Shared.library(),
                        flag("signed", "signed images only").from("SEARCH_SIGNED"))
                .describe("""
                        Searches the library of the endpoint in use. Docker registries are not searched: use the
                        search box at Docker Hub.""")
                .examples("search lolcow", "search --arch arm64 lolcow");
    }

    private static Command sign() {
        return Command.of("sign", "[sign options...] <image path>", Arity.exactly(1), "Sign an image",
                flag("all", "everything").letter('a').deprecate("everything is the default"), flag("cosign", "for cosign").letter('c'),
                number("group-id", "a group of objects").letter('g'), number("groupid", "a group of objects").deprecate("use --group-id"),
                number("id", "an object").deprecate("use --sif-id"), text("key", "key file").from("SIGN_KEY"),
                number("keyidx", "place in the keyring").letter('k'), number("sif-id", "an object").letter('i'))
                .refuse("signing is not supported yet", "Sign the file with gpg --detach-sign.");
    }

    private static Command verify() {
        return Command.of("verify", "[verify options...] <image path>", Arity.exactly(1), "Check an image's signatures",
                flag("all", "everything").letter('a'), text("certificate", "certificate").from("VERIFY_CERTIFICATE"),
                text("certificate-intermediates", "intermediate certificates").from("VERIFY_INTERMEDIATES"),
                text("certificate-roots", "root certificates").from("VERIFY_ROOTS"), flag("cosign", "of cosign").letter('c'),
                number("group-id", "a group of objects").letter('g'), number("groupid", "a group of objects").deprecate("use --group-id"),
                number("id", "an object").deprecate("use --sif-id"), flag("json", "as JSON").letter('j'), text("key", "key file").from("VERIFY_KEY"),
                flag("legacy-insecure", "accept old signatures"), flag("local", "local keys only").letter('l').from("LOCAL_VERIFY"),
                flag("ocsp-verify", "ask whether certificates were revoked").from("VERIFY_OCSP"), number("sif-id", "an object").letter('i'), keyUrl())
                .refuse("verifying is not supported yet", "");
    }

    private static Option[] concat(Option[] one, Option[] other) {
        Option[] both = Arrays.copyOf(one, one.length + other.length);
        System.arraycopy(other, 0, both, one.length, other.length);
        return both;
    }

    /** Every command of the program, groups included, in depth. */
    public static List<Command> all() {
        var commands = new ArrayList<Command>();
        collect(full(), commands);
        return commands;
    }

    private static void collect(Command command, List<Command> into) {
        into.add(command);
        command.subcommands().forEach(child -> collect(child, into));
    }
}
