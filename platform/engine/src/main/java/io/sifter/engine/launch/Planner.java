package io.sifter.engine.launch;

import io.sifter.engine.instance.Instance;
import io.sifter.engine.instance.NewInstance;
import io.sifter.engine.launch.ActionRequest.Rights;
import io.sifter.engine.launch.ActionRequest.Unpacking;
import io.sifter.engine.launch.ContainerTree.Found;
import io.sifter.engine.launch.ContainerTree.Missing;
import io.sifter.engine.launch.ImageFiles.Kind;
import io.sifter.engine.launch.LocatedImage.Sandbox;
import io.sifter.engine.launch.LocatedImage.SquashFs;
import io.sifter.spi.error.CorruptDataException;
import io.sifter.spi.error.ExternalException;
import io.sifter.spi.error.UserException;
import io.sifter.spi.launch.Launch;
import io.sifter.spi.launch.LaunchPlan;
import io.sifter.spi.launch.LaunchPlan.Footing;
import io.sifter.spi.launch.Namespace;
import io.sifter.spi.launch.Readiness;
import io.sifter.spi.launch.Runtime;
import io.sifter.spi.launch.RuntimeContext;
import io.sifter.spi.launch.ShellText;
import io.sifter.spi.tree.RawName;
import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.EnumSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.Set;
import java.util.function.Consumer;
import java.util.function.Function;

/**
 * Turns an action into text for the launcher's shell. Looks at the host and into the image; changes nothing but the memory of
 * which images are sound. One planner may plan many actions, one at a time.
 */
public final class Planner {
    /**
     * A kind of runtime that this program has.
     *
     * @param make from its context
     * @param settings its section of the configuration
     */
    public record RuntimeKind(String name, Function<RuntimeContext, Runtime> make, Map<String, String> settings) {}

    private final Host host;
    private final List<RuntimeKind> runtimes;
    private final Optional<String> wanted;
    private final Verdicts verdicts;
    private final Consumer<String> warnings;
    private final Limits limits;
    private final Site site;
    private final PlanMemory memory;

    /**
     * @param runtimes in order of preference
     * @param wanted name of the runtime to use, or nothing for the first that works here
     * @param memory directory in the cache where verdicts on images are kept; without one nothing is
     * @param warnings takes one line each, for the person who asked
     */
    public Planner(Host host, List<RuntimeKind> runtimes, Optional<String> wanted, Optional<Path> memory, Consumer<String> warnings) {
        this(host, List.copyOf(runtimes), wanted, new Verdicts(memory), warnings, Limits.NONE, Site.DEFAULT, PlanMemory.none());
    }

    private Planner(Host host, List<RuntimeKind> runtimes, Optional<String> wanted, Verdicts verdicts, Consumer<String> warnings, Limits limits, Site site,
                    PlanMemory memory) {
        this.host = host;
        this.runtimes = runtimes;
        this.wanted = wanted;
        this.verdicts = verdicts;
        this.warnings = warnings;
        this.limits = limits;
        this.site = site;
        this.memory = memory;
    }

    /** A planner that does what a site wants. */
    public Planner with(Site changed) {
        return new Planner(host, runtimes, wanted, verdicts, warnings, limits, changed, memory);
    }

    /** A planner whose containers may use no more than this. */
    public Planner with(Limits changed) {
        return new Planner(host, runtimes, wanted, verdicts, warnings, changed, site, memory);
    }

    /** A planner that tells what its plans rest upon. */
    public Planner with(PlanMemory changed) {
        return new Planner(host, runtimes, wanted, verdicts, warnings, limits, site, changed);
    }

    /**
     * Plans an action on an image of this host.
     *
     * @throws UserException if it asks for something that cannot be, or that this program cannot do
     * @throws ExternalException if the host lacks what it needs
     */
    public String plan(ActionRequest request) throws IOException {
        return plan(request, Optional.empty());
    }

    /**
     * Plans the start of an image of this host in the background.
     *
     * @throws UserException if an instance of that name runs, or as {@link #plan(ActionRequest)} does
     */
    public String start(ActionRequest request, NewInstance instance) throws IOException {
        if (instance.instances().find(Instance.requireName(instance.name())).isPresent()) {
            throw new UserException("instance %s already exists".formatted(instance.name()),
                    "Choose another name, or stop it first: singularity instance stop " + instance.name());
        }
        return plan(request, Optional.of(instance));
    }

    /**
     * Plans an action in a running instance. What the container itself is made of was decided when it started, so options
     * about that change nothing.
     */
    public String join(ActionRequest request, Instance instance) throws IOException {
        var rights = request.rights();
        if (rights.none() || !rights.add().isEmpty() || !rights.drop().isEmpty() || !rights.security().isEmpty()) {
            throw new UserException("--no-privs, --add-caps, --drop-caps and --security are for the start of an instance, not for commands in it", "Leave them out.");
        }
        var joined = new Sandbox(HostFiles.path(instance.image()).orElse(Path.of("/")));
        return new Planning(request, Standing.decide(host, request.with(Rights.DEFAULT), warnings), joined, new HostFiles(new Joining(instance, false).root()), List.of(), Optional.empty()).joining(instance);
    }

    private String plan(ActionRequest request, Optional<NewInstance> instance) throws IOException {
        List<String> overlays = request.files().overlays();
        if (!overlays.isEmpty() && request.files().writable()) {
            throw new UserException("you could not use --overlay in conjunction with --writable", "Leave one of them out.");
        }
        // Only what most starts are is kept: the more a plan rests upon, the less can be told of it by a shell.
        if (instance.isPresent() || !overlays.isEmpty() || request.temporaryImage() || !limits.settings().isEmpty() || !request.rights().usual()
                || !request.variables().files().isEmpty() || site.restrictsPaths()) {
            memory.once();
        }
        Standing standing = Standing.decide(host, request, warnings);
        List<Overlay> layers = overlays.isEmpty() ? List.of() : Overlay.parse(overlays, absolute(Path.of(".")), standing.privileged(), canServe());
        memory.file(absolute(request.image()));
        LocatedImage image = LocatedImage.of(absolute(request.image()));
        site.require(image, host);
        if (image instanceof Sandbox sandbox) {
            memory.once();
            if (request.files().writable() && !Files.isWritable(sandbox.path())) {
                throw notWritable(sandbox.path());
            }
            return new Planning(request, standing, image, layered(files(sandbox, standing), layers), layers, instance).text();
        }
        SquashFs file = (SquashFs) image;
        if (request.files().writable()) {
            throw notWritable(file.path());
        }
        try (SquashFsFiles files = new SquashFsFiles(FileChannel.open(file.path(), StandardOpenOption.READ), file.offset(), file.size())) {
            return new Planning(request, standing, image, files, layers, instance).text();
        } catch (CorruptDataException e) {
            throw new CorruptDataException("The image %s is damaged: %s".formatted(file.path(), e.getMessage()), "Get the image again.", e);
        }
    }

    private HostFiles files(Sandbox sandbox, Standing standing) {
        return standing.privileged() || !standing.subordinates().isEmpty() ? new HostFiles(sandbox.path()) : HostFiles.knownTo(host.uid(), host.gid(), sandbox.path());
    }

    private boolean canServe() {
        return host.program("fuse2fs").isPresent() && Files.isWritable(Path.of("/dev/fuse"));
    }

    private static ImageFiles layered(ImageFiles image, List<Overlay> overlays) {
        List<Path> directories = new ArrayList<>();
        for (Overlay overlay : overlays) {
            if (overlay.kind() == Overlay.Kind.DIRECTORY) {
                Path upper = overlay.path().resolve("upper");
                directories.add(overlay.writable() || Files.isDirectory(upper) ? upper : overlay.path());
            }
        }
        return directories.isEmpty() ? image : new LayeredFiles(image, directories);
    }

    private static UserException notWritable(Path image) {
        return new UserException("could not use %s for writing, you don't have write permissions".formatted(image),
                "Only a directory can be written to; make one with 'build --sandbox', or use --writable-tmpfs.");
    }

    private Path absolute(Path path) {
        return HostFiles.path(host.directory()).orElse(Path.of("/")).resolve(path).normalize();
    }

    /** The plan of one action. */
    private final class Planning {
        private final ActionRequest request;
        private final Standing standing;
        private final LocatedImage image;
        private final ImageFiles files;
        private final List<Overlay> overlays;
        private final Path libexec = host.home().resolve("libexec");
        private final boolean contained;
        /** Whether the root is an overlay, and whether what the image lacks can be made in it. */
        private final boolean overlay;
        private final boolean overlayWritable;
        private final boolean privileged;
        private final Optional<NewInstance> starting;
        /** Ways to mount the image, in the order they are tried; empty if there is none, or nothing to mount. */
        private String kinds = "";

        Planning(ActionRequest request, Standing standing, LocatedImage image, ImageFiles files, List<Overlay> overlays, Optional<NewInstance> starting)
                throws UserException {
            var isolation = request.isolation();
            this.request = request;
            this.standing = standing;
            this.image = image;
            this.files = files;
            this.overlays = overlays;
            this.starting = starting;
            this.contained = isolation.contain() || isolation.all() || isolation.compat();
            boolean persistent = isAnyWritable(overlays);
            if (persistent && request.files().writableTmpfs()) {
                throw new UserException("you could not use --writable-tmpfs in conjunction with a writable overlay",
                        "Leave one out, or use the overlay with :ro.");
            }
            boolean inMemory = (request.files().writableTmpfs() || isolation.compat()) && !persistent && !request.files().writable();
            this.overlay = inMemory || !overlays.isEmpty();
            this.overlayWritable = inMemory || persistent;
            if (request.files().writableTmpfs() && request.files().writable()) {
                warnings.accept("Disabling --writable-tmpfs, as it is mutually exclusive with --writable");
            }
            this.privileged = standing.privileged();
            if (isolation.hostname().isPresent() && !isHostname(isolation.hostname().get())) {
                throw new UserException("container creation failed: unable to add %1$s to hostname file: %1$s is not a valid hostname"
                        .formatted(RawName.display(isolation.hostname().get())), "A name of a host has letters, digits, hyphens and dots, 64 at most.");
            }
            if (isolation.net() && !isolation.network().orElse("").equals("none")) {
                throw new UserException("A network of the container's own is not supported: containers share the host's network or have none",
                        "Use --net --network none for a container without a network.");
            }
        }

        private static boolean isHostname(String name) {
            return name.length() <= 64 && name.matches("[A-Za-z0-9]([A-Za-z0-9-]*[A-Za-z0-9])?(\\.[A-Za-z0-9]([A-Za-z0-9-]*[A-Za-z0-9])?)*");
        }

        String text() throws IOException {
            kinds = image instanceof SquashFs file ? mountKinds(file) : "";
            Optional<Path> unpacked = unpackedTo();
            RuntimeContext context = new RuntimeContext(host.uid(), host.gid(), privileged, host.searchPath(), libexec, Map.of());
            ContainerTree tree = new ContainerTree(files instanceof SquashFsFiles ? layered(files, overlays) : files, overlayWritable ? Missing.MAKE : request.files().writable() ? Missing.REFUSE : Missing.UNDERLAY, memory);
            boolean ownProcesses = ownProcesses();
            Mounting.Result mounting = new Mounting(standing.host(), site, request.files(), request.isolation(), contained, tree, warnings, memory).decide(ownProcesses, request.rights().fakeRoot());
            Optional<Command> command = command(tree, mounting, starting.map(NewInstance::name));
            if (command.isEmpty()) {
                return (request.quiet() ? "" : "echo 'INFO:    No test script found in container, exiting' >&2\n")
                        + "echo 'No test script found in container, exiting'\n" + PlanText.exit(0);
            }
            Launch launch = launch(tree, root(unpacked), command.get(), ownProcesses);
            Planned planned = planned(launch, context);
            LaunchPlan plan = planned.plan();
            boolean privateMounts = overlay || privileged || plan.footing() == Footing.PRIVATE_MOUNTS;
            Optional<Path> hostMount = Optional.empty();
            if (image instanceof SquashFs && unpacked.isEmpty() && !kinds.startsWith("kernel") && (!privateMounts || !servesPrivateMounts())) {
                // The image is mounted among the host's mounts; only now is known where.
                hostMount = Optional.of(session("mount"));
                if (!overlay) {
                    plan = planned.runtime().plan(launch(tree, new Root(hostMount.get().resolve("image"), false), command.get(), ownProcesses));
                }
            }
            return text(plan, privateMounts, unpacked, hostMount);
        }

        private String text(LaunchPlan plan, boolean privateMounts, Optional<Path> unpacked, Optional<Path> hostMount) throws IOException {
            List<String> command = privateMounts ? inPrivateMounts(plan.command(), unpacked.or(() -> hostMount)) : plan.command();
            List<List<String>> before = new ArrayList<>();
            if (unpacked.isPresent()) {
                SquashFs file = (SquashFs) image;
                before.add(List.of(raw(program("sh")), raw(libexec.resolve("unpack-image")), raw(unpacked.get()), searchPath(),
                        raw(file.path()), request.temporaryImage() ? "remove" : "", request.quiet() ? "" : "tell"));
                command = inSession("unpacked", unpacked.get(), command);
            } else if (hostMount.isPresent()) {
                command = inSession("fuse", hostMount.get(), command);
            }
            command = inGroup(command, plan.environment());
            memory.program(command.getFirst());
            memory.program(plan.command().getFirst());
            if (starting.isPresent()) {
                command = inBackground(starting.get(), plan.environment(), command);
            }
            return execute(command, plan.environment(), before);
        }

        private String execute(List<String> command, Map<String, String> environment, List<List<String>> before) {
            boolean callersUmask = request.isolation().callersUmask() && !request.isolation().compat();
            String note = standing.note().isEmpty() || request.quiet() ? "" : "echo 'INFO:    " + standing.note() + "' >&2\n";
            LaunchPlan plan = new LaunchPlan(command, environment, Footing.HOST);
            if (PlanText.tellsSecrets(plan, host.environment())) {
                memory.once();
            }
            return note + PlanText.execute(plan, host.environment(),
                    callersUmask ? OptionalInt.empty() : OptionalInt.of(0022), before);
        }

        private record Planned(Runtime runtime, LaunchPlan plan) {}

        /** The plan of the first runtime that works here and can do what is asked for. */
        private Planned planned(Launch launch, RuntimeContext context) throws IOException {
            UserException unable = null;
            StringBuilder reasons = new StringBuilder();
            for (RuntimeKind kind : runtimes) {
                if (wanted.isPresent() && !wanted.get().equals(kind.name())) {
                    continue;
                }
                Runtime runtime = kind.make().apply(new RuntimeContext(context.uid(), context.gid(), context.privileged(),
                        context.searchPath(), context.libexec(), kind.settings()));
                Readiness readiness = runtime.probe();
                if (!readiness.ready()) {
                    reasons.append("; ").append(kind.name()).append(": ").append(readiness.reason());
                    continue;
                }
                try {
                    return new Planned(runtime, runtime.plan(launch));
                } catch (UserException e) {
                    // The first one's reason is told if no other can do it either.
                    unable = unable == null ? e : unable;
                }
            }
            if (unable != null) {
                throw unable;
            }
            if (reasons.isEmpty()) {
                throw new UserException("There is no runtime '%s'".formatted(wanted.orElse("")), "'runtime list' shows those that there are.");
            }
            if (wanted.isPresent()) {
                throw new ExternalException("The runtime '%s' cannot start containers here: %s".formatted(wanted.get(), reasons.substring(reasons.indexOf(": ") + 2)),
                        "Install what is missing, or choose another: 'runtime list' shows those that work.");
            }
            throw new ExternalException("No runtime can start containers here" + reasons, "Install util-linux or bubblewrap, or let users make user namespaces.");
        }

        /**
         * What the container's root is made from.
         *
         * @param protect whether writing to it must be prevented
         */
        private record Root(Path path, boolean protect) {}

        private Root root(Optional<Path> unpacked) {
            if (overlay || image instanceof SquashFs && unpacked.isEmpty()) {
                // An overlay without a writable layer is read-only by itself.
                return new Root(libexec.resolve("mnt/image"), false);
            }
            return new Root(unpacked.isPresent() ? unpacked.get().resolve("image") : image.path(), !request.files().writable());
        }

        private Launch launch(ContainerTree tree, Root root, Command command, boolean ownProcesses) throws IOException {
            return new Launch(tree.mounts(root.path(), root.protect()), command.words(), command.environment(), command.directory(),
                    namespaces(ownProcesses), request.isolation().hostname(), standing.privileges(), standing.confinement());
        }

        /** Text that becomes a command in an instance. Nothing is looked at in there, for some file systems show themselves to nobody outside. */
        String joining(Instance instance) throws IOException {
            var given = new Mounting(host, site, request.files(), request.isolation(), contained, new ContainerTree(files, Missing.REFUSE), warnings, memory);
            String home = request.files().home().isPresent() ? given.home(request.rights().fakeRoot()) : instance.home();
            Optional<String> wanted = request.files().startDirectory();
            String directory = wanted.isPresent() ? wanted.get().startsWith("/") ? wanted.get() : "/" + wanted.get() : contained ? home : host.directory();
            Variables variables = variables(new Mounting.Result(home, given.givenBinds(), directory), Optional.of(instance.name()));
            Command command = byShell(variables, arguments(), directory);
            Map<String, String> environment = new LinkedHashMap<>(command.environment());
            if (wanted.isPresent()) {
                environment.compute("SIFTER_SCRIPT", (name, script) -> """
                        cd -- "$SIFTER_DIRECTORY" 2>&- || {
                            printf 'FATAL:   failed to set working directory: chdir %%s: no such file or directory\\n' %s >&2
                            exit 255
                        }
                        """.formatted(ShellText.quote(wanted.get())) + script);
            }
            if (!limits.settings().isEmpty()) {
                throw new UserException("Limits are set when an instance starts", "Leave them out; commands in an instance share its limits.");
            }
            var joining = new Joining(instance, privileged);
            List<String> words = joining.enter(tools(), command.words(), command.directory());
            Optional<Path> group = ControlGroup.of(instance.pid());
            if (group.isPresent() && Files.isWritable(group.get().resolve("cgroup.procs"))) {
                words.addAll(0, List.of(raw(program("sh")), raw(libexec.resolve("in-cgroup")), raw(group.get()), "join", "", searchPath(), ""));
            }
            return execute(words, environment, List.of());
        }

        private Joining.Tools tools() {
            return new Joining.Tools() {
                @Override
                public String program(String name) throws ExternalException {
                    return raw(Planning.this.program(name));
                }

                @Override
                public String helper(String name) {
                    return raw(libexec.resolve(name));
                }

                @Override
                public String searchPath() {
                    return Planning.this.searchPath();
                }
            };
        }

        /** In a control group of its own, if there are limits; an instance also without, so that what it uses can be told. */
        private List<String> inGroup(List<String> command, Map<String, String> environment) throws IOException {
            boolean limited = !limits.settings().isEmpty();
            if (!limited && (starting.isEmpty() || !host.privileged())) {
                return command;
            }
            ControlGroup.Place place;
            Set<String> controllers = limits.controllers();
            try {
                place = ControlGroup.place(host, controllers);
            } catch (UserException none) {
                if (limited) {
                    throw none;
                }
                return command;
            }
            if (starting.isPresent()) {
                controllers = place.counting(controllers);
            }
            List<String> all = new ArrayList<>();
            if (place.service()) {
                // It finds the service manager by a variable of the caller's, and hands it on.
                String runtime = "XDG_RUNTIME_DIR";
                all.addAll(List.of(raw(program("env")), runtime + "=" + host.environment().get(runtime), raw(program("systemd-run")), "--user", "--scope", "--quiet",
                        "--collect", "--property=Delegate=yes", "--", raw(program("env"))));
                all.addAll(environment.containsKey(runtime) ? List.of(runtime + "=" + environment.get(runtime)) : List.of("-u", runtime));
            }
            all.addAll(List.of(raw(program("sh")), raw(libexec.resolve("in-cgroup")), raw(place.parent()), place.service() ? "here" : place.own() ? "own" : "given",
                    String.join(" ", controllers), searchPath(), limits.text()));
            all.addAll(command);
            return all;
        }

        private List<String> inBackground(NewInstance instance, Map<String, String> environment, List<String> command) throws ExternalException {
            String name = instance.name();
            var instances = instance.instances();
            List<String> all = new ArrayList<>(List.of(raw(program("sh")), raw(libexec.resolve("start-instance")), raw(instances.file(name)), name,
                    instances.about(name, raw(image.path()), environment.getOrDefault("HOME", "/")), raw(instances.log(name, "out")), raw(instances.log(name, "err")),
                    instance.pidFile().map(file -> raw(absolute(file))).orElse(""), searchPath(), request.quiet() ? "" : "tell"));
            all.addAll(command);
            return all;
        }

        private boolean ownProcesses() throws UserException {
            if (starting.isPresent()) {
                if (!site.allows(Namespace.PID)) {
                    throw new UserException("An instance needs process ids of its own, and the site's configuration says 'allow pid ns = no'");
                }
                return true;
            }
            if (!site.allows(Namespace.PID)) {
                return false;
            }
            var isolation = request.isolation();
            return isolation.pid() || (isolation.all() || isolation.compat()) && !isolation.noPid();
        }

        private Set<Namespace> namespaces(boolean ownProcesses) {
            var isolation = request.isolation();
            Set<Namespace> namespaces = EnumSet.noneOf(Namespace.class);
            if (ownProcesses) {
                namespaces.add(Namespace.PID);
            }
            if (isolation.ipc() || isolation.all() || isolation.compat()) {
                namespaces.add(Namespace.IPC);
            }
            if (isolation.uts() || isolation.hostname().isPresent()) {
                namespaces.add(Namespace.UTS);
            }
            if (isolation.net()) {
                namespaces.add(Namespace.NETWORK);
            }
            if (isolation.userNamespace()) {
                namespaces.add(Namespace.USER);
            }
            namespaces.removeIf(namespace -> !site.allows(namespace));
            return namespaces;
        }

        /** What is executed in the container. */
        private record Command(List<String> words, Map<String, String> environment, String directory) {}

        /** Nothing if there is nothing to be done. */
        private Optional<Command> command(ContainerTree tree, Mounting.Result mounting, Optional<String> instance) throws IOException {
            Variables variables = variables(mounting, instance);
            Found shell = tree.find("/bin/sh");
            if (shell.entry().isPresent() && shell.entry().get().kind() == Kind.FILE && shell.entry().get().executable()) {
                return Optional.of(byShell(variables, arguments(), mounting.directory()));
            }
            if (starting.isPresent()) {
                throw new UserException("/bin/sh does not exist in container, and nothing else can keep an instance",
                        "Start a program of the image with 'run' or 'exec' and the shell's &.");
            }
            if (request.action() == Action.TEST && tree.find("/.singularity.d/test").entry().isEmpty()) {
                return Optional.empty();
            }
            Found directory = tree.find(mounting.directory());
            String start = directory.entry().isPresent() ? directory.path() : "/";
            Shellless.Start shellless = new Shellless(tree, variables.all(), start).start(request.action(), arguments());
            return Optional.of(new Command(shellless.words(), shellless.environment(), start));
        }

        /** @param evaluated whether those that a person sets see one round of shell evaluation */
        private record Variables(CommandEnvironment all, boolean evaluated) {}

        private Variables variables(Mounting.Result mounting, Optional<String> instance) throws IOException {
            var isolation = request.isolation();
            boolean clean = request.variables().clean() || isolation.all() || isolation.compat();
            boolean evaluated = request.variables().evaluated() && !isolation.compat();
            CommandEnvironment variables = CommandEnvironment.of(host, request, clean, warnings);
            describe(variables.container(), mounting, evaluated);
            instance.ifPresent(name -> variables.container().put("SINGULARITY_INSTANCE", name));
            return new Variables(variables, evaluated);
        }

        private List<String> arguments() {
            if (request.action() == Action.SHELL && !request.arguments().isEmpty()) {
                warnings.accept("Parameters to shell command are ignored");
                return List.of();
            }
            return request.arguments();
        }

        private Command byShell(Variables variables, List<String> arguments, String directory) {
            var prepared = ActionScript.prepare(request.action(), variables.all(), variables.evaluated(), request.quiet(), directory, starting.isPresent());
            List<String> words = new ArrayList<>(prepared.command());
            words.addAll(arguments);
            return new Command(words, prepared.environment(), "/");
        }

        private void describe(Map<String, String> variables, Mounting.Result mounting, boolean evaluated) {
            variables.put("HOME", mounting.home());
            variables.put("SINGULARITY_CONTAINER", raw(image.path()));
            variables.put("SINGULARITY_NAME", raw(image.path().getFileName() == null ? image.path() : image.path().getFileName()));
            variables.put("SINGULARITY_BIND", binds(mounting.binds()));
            variables.put("SINGULARITY_COMMAND", request.action().word());
            variables.put("SINGULARITY_ENVIRONMENT", "/.singularity.d/env/91-environment.sh");
            variables.put("SINGULARITY_APPNAME", request.variables().app().orElse(""));
            if (!evaluated) {
                variables.put("SINGULARITY_NO_EVAL", "1");
            }
            if (request.variables().shell().isPresent()) {
                variables.put("SINGULARITY_SHELL", request.variables().shell().get());
            }
        }

        private static String binds(List<BindPath> binds) {
            StringBuilder text = new StringBuilder();
            for (BindPath bind : binds) {
                text.append(text.isEmpty() ? "" : ",").append(bind.source());
                if (!bind.destination().equals(bind.source()) || bind.readOnly()) {
                    text.append(':').append(bind.destination()).append(bind.readOnly() ? ":ro" : "");
                }
            }
            return text.toString();
        }

        /**
         * Programs that give the command a mount namespace of its own, with the image in it if that must be mounted.
         *
         * @param elsewhere session in which the image is mounted or unpacked already
         */
        private List<String> inPrivateMounts(List<String> command, Optional<Path> elsewhere) throws IOException {
            List<String> all = new ArrayList<>();
            if (!standing.subordinates().isEmpty()) {
                all.addAll(List.of(raw(program("sh")), raw(libexec.resolve("with-ids")), searchPath(), standing.subordinates().uids(), standing.subordinates().gids()));
            } else {
                all.add(raw(program("unshare")));
                if (!privileged) {
                    all.addAll(List.of("--user", "--map-root-user"));
                }
                all.addAll(List.of("--mount", "--propagation", "slave"));
            }
            boolean mountsImage = image instanceof SquashFs && elsewhere.isEmpty();
            if (mountsImage || overlay) {
                all.addAll(List.of(raw(program("sh")), raw(libexec.resolve("with-image")), searchPath()));
                if (mountsImage) {
                    SquashFs file = (SquashFs) image;
                    all.addAll(List.of(kinds, raw(file.path()), Long.toString(file.offset()), Long.toString(file.size())));
                } else {
                    all.addAll(List.of("directory", raw(elsewhere.isPresent() ? elsewhere.get().resolve("image") : image.path()), "", ""));
                }
                all.add(overlay ? "size=" + site.memory() + "m" + (privileged ? "" : ",userxattr") : "");
                if (overlay) {
                    boolean memory = overlayWritable && !isAnyWritable(overlays);
                    all.add(Integer.toString(overlays.size() + (memory ? 1 : 0)));
                    for (Overlay layer : overlays) {
                        all.addAll(List.of(layer.word(), raw(layer.path())));
                    }
                    if (memory) {
                        all.addAll(List.of("memory", ""));
                    }
                }
                all.add(mountsImage && request.temporaryImage() ? "remove" : "");
            }
            all.addAll(command);
            return all;
        }

        private static boolean isAnyWritable(List<Overlay> overlays) {
            for (Overlay overlay : overlays) {
                if (overlay.writable()) {
                    return true;
                }
            }
            return false;
        }

        private String mountKinds(SquashFs file) throws IOException {
            List<String> kinds = new ArrayList<>();
            if (privileged && files instanceof SquashFsFiles squashfs && verdicts.soundForKernel(file, squashfs)) {
                kinds.add("kernel");
            }
            if (canMountWithFuse()) {
                kinds.add("fuse");
            }
            return String.join(" ", kinds);
        }

        private boolean canMountWithFuse() {
            Optional<Path> server = find("squashfuse_ll").or(() -> find("squashfuse"));
            boolean can = server.isPresent() && Files.isWritable(Path.of("/dev/fuse"));
            if (can) {
                memory.program(raw(server.get()));
                memory.writable(Path.of("/dev/fuse"));
            }
            return can;
        }

        /** Whether squashfuse can serve a mount that is made for it, as it can with libfuse 3 (3.3). Else it mounts by itself. */
        private boolean servesPrivateMounts() {
            Optional<Path> server = find("squashfuse_ll").or(() -> find("squashfuse"));
            try {
                return server.isEmpty() || !Files.readString(server.get(), StandardCharsets.ISO_8859_1).contains("libfuse.so.2");
            } catch (IOException closed) {
                return true;
            }
        }

        /** The directory for the unpacked image, if it must be unpacked. */
        private Optional<Path> unpackedTo() throws UserException {
            Unpacking unpacking = request.files().unpacking();
            // What is mounted outside the user namespace belongs to ids that it does not know, so nothing can be written over it.
            boolean mountable = !kinds.isEmpty() && (!overlay || privileged || servesPrivateMounts());
            if (!(image instanceof SquashFs) || unpacking != Unpacking.ALWAYS && mountable) {
                return Optional.empty();
            }
            if (unpacking == Unpacking.NEVER || !site.unpacks()) {
                throw new UserException("unpacking image to temporary sandbox dir required, but is prohibited by 'tmp sandbox = no' in sifter.conf or --no-tmp-sandbox command-line flag",
                        "Install squashfuse, and make sure that /dev/fuse can be opened.");
            }
            return Optional.of(session("rootfs"));
        }

        private Path temporary() {
            for (String name : List.of("SINGULARITY_TMPDIR", "APPTAINER_TMPDIR", "SINGULARITY_LOCALCACHEDIR", "SINGULARITY_CACHEDIR", "TMPDIR")) {
                Optional<Path> directory = HostFiles.path(host.environment().getOrDefault(name, "")).filter(Path::isAbsolute).filter(Files::isDirectory);
                if (directory.isPresent()) {
                    return directory.get();
                }
            }
            return Path.of("/tmp");
        }

        /** A name for a directory that lives as long as the container. */
        private Path session(String kind) {
            memory.once();
            Path directory = temporary();
            if (kind.equals("mount")) {
                directory = HostFiles.path(host.environment().getOrDefault("XDG_RUNTIME_DIR", "")).filter(Path::isAbsolute).filter(Files::isWritable)
                        .orElse(directory);
            }
            String unique = Long.toHexString(System.nanoTime()) + Long.toHexString(ProcessHandle.current().pid());
            return directory.resolve("sifter-%s-%d-%s".formatted(kind, host.uid(), unique));
        }

        private List<String> inSession(String kind, Path session, List<String> command) throws IOException {
            List<String> all = new ArrayList<>(List.of(raw(program("sh")), raw(libexec.resolve("with-session")), kind, raw(session), searchPath(),
                    request.quiet() ? "" : "tell"));
            if (kind.equals("fuse")) {
                SquashFs file = (SquashFs) image;
                all.addAll(List.of(raw(file.path()), Long.toString(file.offset()), request.temporaryImage() ? "remove" : ""));
            }
            all.addAll(command);
            return all;
        }

        private String searchPath() {
            StringBuilder path = new StringBuilder();
            for (Path directory : host.searchPath()) {
                path.append(path.isEmpty() ? "" : ":").append(raw(directory));
            }
            return path.toString();
        }

        private Path program(String name) throws ExternalException {
            Optional<Path> found = find(name);
            if (found.isEmpty()) {
                throw new ExternalException("Could not plan the container: the program '%s' is not in the search path".formatted(name), "Install it.");
            }
            return found.get();
        }

        private Optional<Path> find(String name) {
            return new RuntimeContext(host.uid(), host.gid(), privileged, host.searchPath(), libexec, Map.of()).program(name);
        }
    }

    private static String raw(Path path) {
        return HostFiles.raw(path);
    }
}
