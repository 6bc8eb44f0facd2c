package io.sifter.engine;

import com.google.inject.Guice;
import com.google.inject.Injector;
import com.google.inject.ProvisionException;
import io.sifter.engine.build.Base;
import io.sifter.engine.build.Container;
import io.sifter.engine.build.DefinitionBuild;
import io.sifter.engine.build.DefinitionOptions;
import io.sifter.engine.build.HostPrograms;
import io.sifter.engine.build.ImageBuilder;
import io.sifter.engine.build.LocalImage;
import io.sifter.engine.build.Reassembly;
import io.sifter.engine.build.Recipe;
import io.sifter.engine.build.StageResults;
import io.sifter.engine.build.StageRoot;
import io.sifter.engine.cache.BuildResults;
import io.sifter.engine.cache.Cache;
import io.sifter.engine.cache.CacheContents;
import io.sifter.engine.cache.FreeSpace;
import io.sifter.engine.cache.Locks;
import io.sifter.engine.cache.PackStore;
import io.sifter.engine.cache.ReadyFiles;
import io.sifter.engine.cache.SeenImages;
import io.sifter.engine.cache.SideFiles;
import io.sifter.engine.cache.Uses;
import io.sifter.engine.config.Configuration;
import io.sifter.engine.config.Locations;
import io.sifter.engine.definition.Definition;
import io.sifter.engine.definition.Stage;
import io.sifter.engine.launch.Host;
import io.sifter.engine.launch.Planner;
import io.sifter.engine.launch.RuntimeSurvey;
import io.sifter.engine.lint.Check;
import io.sifter.engine.lint.Lint;
import io.sifter.engine.lint.LintedImage;
import io.sifter.engine.lint.Report;
import io.sifter.engine.plugin.Extension;
import io.sifter.engine.plugin.Extension.Kind;
import io.sifter.engine.plugin.PluginHost;
import io.sifter.engine.plugin.PluginProblem;
import io.sifter.engine.remote.Remotes;
import io.sifter.image.document.Documents;
import io.sifter.image.document.ImageConfig;
import io.sifter.image.layer.MergePolicy;
import io.sifter.network.Network;
import io.sifter.network.credential.Credentials;
import io.sifter.network.credential.LoginFile;
import io.sifter.sif.SifImage;
import io.sifter.spi.Agent;
import io.sifter.spi.AgentContext;
import io.sifter.spi.Bootstrap;
import io.sifter.spi.BootstrapContext;
import io.sifter.spi.Header;
import io.sifter.spi.OpenOptions;
import io.sifter.spi.Publisher;
import io.sifter.spi.PublisherContext;
import io.sifter.spi.Registries;
import io.sifter.spi.Sink;
import io.sifter.spi.SinkContext;
import io.sifter.spi.SinkOptions;
import io.sifter.spi.Web;
import io.sifter.spi.error.CorruptDataException;
import io.sifter.spi.error.UnreachableException;
import io.sifter.spi.error.UserException;
import io.sifter.spi.event.Event;
import io.sifter.spi.event.Event.Level;
import io.sifter.spi.event.Event.Milestone;
import io.sifter.spi.launch.Runtime;
import io.sifter.spi.reference.Platform;
import io.sifter.spi.reference.Reference;
import io.sifter.spi.source.LayeredImage;
import io.sifter.spi.source.ReadyImage;
import io.sifter.spi.source.Source;
import io.sifter.spi.source.TreeSource;
import io.sifter.spi.tree.Compression;
import io.sifter.spi.tree.FileTree;
import io.sifter.squashfs.Codecs;
import io.sifter.squashfs.SquashFsOptions;
import io.sifter.squashfs.SquashFsWriter;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Instant;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.Set;
import java.util.TreeSet;
import java.util.UUID;
import java.util.concurrent.ExecutorService;
import java.util.function.Consumer;

/**
 * Sifter, wired: turns references and local images into SIF files and sandboxes. One instance serves any number of commands,
 * from any thread; an interrupted thread stops its command and leaves nothing behind. Closing it ends its threads.
 *
 * <p>What happens is told to the consumer of events; what goes wrong is a {@code SifterException} with a next step.
 */
public final class Sifter implements AutoCloseable {
    /** Transports whose agents begin with a question to another machine. */
    private static final Set<String> ASKING = Set.of("docker", "http", "https", "library", "oras");

    private final SifterSettings settings;
    private final Consumer<Event> events;
    private final Closing closing;
    private final Injector injector;

    private Sifter(SifterSettings settings, Consumer<Event> events, Closing closing, Injector injector) {
        this.settings = settings;
        this.events = events;
        this.closing = closing;
        this.injector = injector;
    }

    /** Wires everything, makes nothing: that happens when a command needs it. */
    public static Sifter open(SifterSettings settings, Consumer<Event> events) {
        Closing closing = new Closing();
        return new Sifter(settings, events, closing,
                Guice.createInjector(com.google.inject.Stage.DEVELOPMENT, new EngineModule(settings, events, closing)));
    }

    /**
     * Says that an image will be asked for soon. The code that connections take is loaded while the caller goes on.
     *
     * @param transport of its reference; nothing is done for those that ask no registry
     */
    public static void expect(String transport) {
        if (ASKING.contains(transport)) {
            Thread.ofPlatform().daemon().name("network-code").start(Network::load);
        }
    }

    /**
     * Pulls an image into a SIF file. Where {@code target} is that very image already, nothing is done.
     *
     * @param shownTarget how the target is called in messages
     * @throws UserException if something else stands at the target and may not be replaced
     */
    public void pull(Reference reference, Path target, String shownTarget, BuildOptions options) throws IOException, InterruptedException {
        requireDirectoryOf(target);
        boolean exists = Files.exists(target, LinkOption.NOFOLLOW_LINKS);
        if (exists && !options.force() && !SifImage.isSif(target)) {
            throw exists(shownTarget);
        }
        boolean built = ready(reference).isEmpty();
        if (built) {
            reached(Milestone.BUILD_STARTED, "");
            NativeCode.link(compression(options).codec());
        }
        boolean fresh = !exists || options.force();
        Optional<Reassembly> guess = built && fresh ? guess(reference, target, options) : Optional.empty();
        Source source;
        try {
            source = agent(reference).open(reference, options.open());
            if (guess.isPresent() && source instanceof LayeredImage image && take(guess.get(), reference, image, options)) {
                shrinkCache();
                reached(Milestone.BUILD_COMPLETE, shownTarget);
                return;
            }
        } finally {
            if (guess.isPresent()) {
                guess.get().close();
            }
        }
        pull(reference, source, target, shownTarget, options, exists);
    }

    private void pull(Reference reference, Source source, Path target, String shownTarget, BuildOptions options, boolean exists)
            throws IOException, InterruptedException {
        if (source instanceof ReadyImage image) {
            if (exists && !options.force()) {
                if (!ReadyFiles.same(image, target)) {
                    throw exists(shownTarget);
                }
                return;
            }
            download(reference, image, target);
            return;
        }
        if (exists && !options.force()) {
            if (!(source instanceof LayeredImage image) || !SifImage.idOf(target).equals(Optional.of(origin(reference, image, Documents.parseConfig(image.config()), options).id()))) {
                throw exists(shownTarget);
            }
            reached(Milestone.BUILD_COMPLETE, shownTarget);
            return;
        }
        write(reference, source, target, "sif", options);
        shrinkCache();
        reached(Milestone.BUILD_COMPLETE, shownTarget);
    }

    /** Begins to make what the reference led to last, if that is known, while nobody has answered yet what it leads to now. */
    private Optional<Reassembly> guess(Reference reference, Path target, BuildOptions options) throws IOException {
        if (!keepsImages() || options.openToOwner()) {
            return Optional.empty();
        }
        try {
            Cache cache = instance(Cache.class);
            Optional<Path> last = new SeenImages(cache).find(wish(reference, options)).filter(cache::trusted);
            return last.isEmpty() ? Optional.empty()
                    : instance(ImageBuilder.class).begin(last.get(), instance(PackStore.class), compression(options), target);
        } catch (IOException e) {
            events.accept(new Event.Logged(Level.VERBOSE, "Not begun with what %s led to last: %s".formatted(reference, e.getMessage())));
            return Optional.empty();
        }
    }

    /** Lets what was begun take its place, if it is what the reference leads to. */
    private boolean take(Reassembly guess, Reference reference, LayeredImage image, BuildOptions options) throws IOException, InterruptedException {
        ImageConfig config = Documents.parseConfig(image.config());
        String key = Recipe.key(origin(reference, image, config, options), options.open().platform());
        return instance(ImageBuilder.class).take(guess, key, image, config, instance(PackStore.class));
    }

    /** All of what is asked for that is known before anybody has answered. */
    private String wish(Reference reference, BuildOptions options) throws IOException {
        return String.join("|", "pull", reference.text(), options.open().platform().toString(), compression(options).toString());
    }

    /** Looks before anything is fetched whether the result can be put where it shall be. */
    private static void requireDirectoryOf(Path target) throws UserException {
        Path directory = directoryOf(target);
        if (!Files.isDirectory(directory)) {
            throw new UserException("Could not write %s in %s: no such file or directory".formatted(target.getFileName(), directory),
                    "Make the directory first, or choose another one.");
        }
        if (!Files.isWritable(directory)) {
            throw new UserException("Could not write %s in %s: permission denied".formatted(target.getFileName(), directory),
                    "Choose another directory, or ask its owner for permission.");
        }
    }

    private static UserException exists(String shownTarget) {
        return new UserException("Image file already exists: \"%s\" - will not overwrite".formatted(shownTarget),
                "Use --force to replace it, or give another file name.");
    }

    /** Builds from a reference into a SIF or, with {@code sink} {@code sandbox}, a directory. What stands at the target is replaced. */
    public void build(Reference reference, Path target, String shownTarget, String sink, BuildOptions options)
            throws IOException, InterruptedException {
        requireDirectoryOf(target);
        reached(Milestone.BUILD_STARTED, "");
        NativeCode.link(compression(options).codec());
        write(reference, agent(reference).open(reference, options.open()), target, sink, options);
        shrinkCache();
        reached(Milestone.BUILD_COMPLETE, shownTarget);
    }

    /** Builds from a SIF, a SquashFS image or a sandbox directory. A SIF made of a SIF is a copy, so that signatures survive. */
    public void build(LocalImage local, Path target, String shownTarget, String sink, BuildOptions options)
            throws IOException, InterruptedException {
        requireDirectoryOf(target);
        reached(Milestone.BUILD_STARTED, "");
        write(LocalImage.header(local.path()), local, target, sink, options);
        reached(Milestone.BUILD_COMPLETE, shownTarget);
    }

    /**
     * Builds a definition into a SIF or a directory. What stands at the target is replaced, when everything has gone well.
     *
     * @throws UserException if programs must run in the image and this process may not start them
     */
    public void build(Definition definition, Path target, String shownTarget, String sink, BuildOptions options, DefinitionOptions how)
            throws IOException, InterruptedException {
        requireDirectoryOf(target);
        boolean scripts = DefinitionBuild.needsDirectory(definition, how);
        boolean overlays = !sink.equals("sandbox") && !how.keep() && instance(Configuration.class).flag("build.overlay");
        Compression compression = compression(options);
        definition.warnings().forEach(warning -> events.accept(Event.warning(warning)));
        reached(Milestone.BUILD_STARTED, "");
        var bases = new Bases(definition, target, how, options, compression);
        if (scripts) {
            buildWithScripts(definition, bases, target, sink, options, how, overlays);
        } else {
            try (Base base = bases.base(definition.last(), !sink.equals("sandbox"))) {
                String identity = String.join("|", definition.text(), base.identity(), compression.toString(), "all-root=" + options.allRoot(),
                        Version.PRODUCT, base.created().toString(), Codecs.build(compression));
                Container.Origin origin = new Container.Origin(Map.of(), base.created(), identity, Version.PRODUCT, Codecs.build(compression));
                write(DefinitionBuild.describe(definition, base, how, origin, events), target, sink, compression, options.allRoot());
            }
        }
        shrinkCache();
        reached(Milestone.BUILD_COMPLETE, shownTarget);
    }

    /** What the build of one definition needs of this. */
    private final class Bases implements DefinitionBuild.Engine {
        private final Definition definition;
        private final Path target;
        private final DefinitionOptions how;
        private final BuildOptions options;
        private final Compression compression;

        Bases(Definition definition, Path target, DefinitionOptions how, BuildOptions options, Compression compression) {
            this.definition = definition;
            this.target = target;
            this.how = how;
            this.options = options;
            this.compression = compression;
        }

        @Override
        public Base base(Stage stage, boolean packed) throws IOException, InterruptedException {
            // What only becomes files is not compressed for it.
            PackStore packs = packed ? instance(PackStore.class) : instance(PackStore.class).passing();
            Optional<Path> existing = stage == definition.last() && how.update() && !how.force() ? Optional.of(target) : Optional.empty();
            return existing.isEmpty() && bootstraps(stage) ? made(stage) : Sifter.this.base(stage, existing, packs, options);
        }

        @Override
        public void unpack(Base base, Path directory) throws IOException, InterruptedException {
            sink("sandbox").write(base.tree(), base.settings(), directory, new SinkOptions(Profile.COMPAT.compression(0), false));
        }

        @Override
        public void pack(FileTree tree, Path file, boolean last) throws IOException, InterruptedException {
            Compression blocks = last ? compression : PackStore.stored(compression);
            try (FileChannel out = FileChannel.open(file, StandardOpenOption.CREATE_NEW, StandardOpenOption.READ, StandardOpenOption.WRITE)) {
                SquashFsWriter.write(tree, out, 0, SquashFsOptions.of(blocks, 0, file), instance(ExecutorService.class));
            }
        }

        @Override
        public Platform platform() {
            return options.open().platform();
        }

        @Override
        public String settings() throws IOException {
            return String.join("|", Version.PRODUCT, compression.toString(), Codecs.build(compression), "open-to-owner=" + options.openToOwner(), sourceDateEpoch().toString());
        }

        @Override
        public Optional<StageResults> results() throws IOException {
            boolean kept = keepsImages() && (how.keepResults() || instance(Configuration.class).flag("build.cache"));
            return kept ? Optional.of(new StageResults(instance(BuildResults.class), !how.anew(), events)) : Optional.empty();
        }

        /** What a bootstrap agent makes of a header, in a directory that goes when the base is closed. */
        private Base made(Stage stage) throws IOException, InterruptedException {
            Host host = Host.ofProcess(settings.distribution());
            requirePrivileges(host);
            requireNoFingerprints(stage);
            PluginHost plugins = instance(PluginHost.class);
            Extension extension = plugins.extensions(Kind.BOOTSTRAP).get(stage.bootstrap());
            BootstrapContext context = new BootstrapContext(new HostPrograms(host, how.beforeOutput()), web(), events,
                    instance(Configuration.class).plugin(extension.pluginId()), settings.environment());
            Workshop workshop = Workshop.open(sideFiles(), settings.temporaryDirectory(), target, how.keep());
            try {
                Path root = Files.createDirectory(workshop.path().resolve("rootfs"));
                Files.setPosixFilePermissions(root, PosixFilePermissions.fromString("rwxr-xr-x"));
                plugins.create(Kind.BOOTSTRAP, stage.bootstrap(), Bootstrap.class, context).make(new Header(stage.header()), root);
                return Base.fromTree(workshop.tree(root, events), Optional.empty(), options.open().platform(), sourceDateEpochOr(Instant.now()),
                        UUID.randomUUID().toString());
            } catch (IOException | InterruptedException | RuntimeException e) {
                leave(workshop, how);
                workshop.close();
                throw e;
            }
        }
    }

    /** Whether building a definition takes root, if only of a user namespace: programs run in the image, or they make it. */
    public boolean needsRoot(Definition definition, DefinitionOptions how) throws IOException {
        return DefinitionBuild.needsDirectory(definition, how) || !(how.update() && !how.force()) && bootstraps(definition.last());
    }

    /** Whether a plugin makes what a stage builds upon. */
    private boolean bootstraps(Stage stage) throws IOException {
        return instance(PluginHost.class).extensions(Kind.BOOTSTRAP).containsKey(stage.bootstrap());
    }

    /** After a failure, lets stay what the user wants to look at. */
    private void leave(Workshop workshop, DefinitionOptions how) {
        if (how.keep()) {
            workshop.keep();
            events.accept(Event.warning("Build performed with no clean up option, build bundle(s) located at: [%s]".formatted(workshop.path())));
        }
    }

    private static void requirePrivileges(Host host) throws UserException {
        if (!host.privileged()) {
            throw new UserException("Building this definition runs programs in the image, and only root may start them",
                    "Be root, or root of a user namespace.");
        }
    }

    private void buildWithScripts(Definition definition, DefinitionBuild.Engine bases, Path target, String sink, BuildOptions options,
                                  DefinitionOptions how, boolean overlays) throws IOException, InterruptedException {
        Host host = Host.ofProcess(settings.distribution());
        requirePrivileges(host);
        boolean directory = sink.equals("sandbox") && !options.allRoot();
        Path parent = directory ? directoryOf(target) : settings.temporaryDirectory();
        try (Workshop workshop = Workshop.open(sideFiles(), parent, target, how.keep())) {
            try {
                Instant now = sourceDateEpochOr(Instant.now());
                StageRoot made = DefinitionBuild.run(definition, how, launching(host), bases, workshop.path(), overlays, Version.PRODUCT, now, events);
                if (directory) {
                    reached(Milestone.CREATING_SANDBOX, "");
                    workshop.publish(made.path(), target);
                    return;
                }
                Compression compression = compression(options);
                try (FileTree tree = made.tree(events)) {
                    Container.Origin origin = new Container.Origin(Map.of(), now, UUID.randomUUID().toString(), Version.PRODUCT, Codecs.build(compression));
                    write(DefinitionBuild.container(definition, made, tree, origin), target, sink, compression, options.allRoot());
                }
            } catch (IOException | InterruptedException | RuntimeException e) {
                leave(workshop, how);
                throw e;
            }
        }
    }

    private DefinitionBuild.Launching launching(Host host) throws IOException {
        PluginHost plugins = instance(PluginHost.class);
        Configuration configuration = instance(Configuration.class);
        List<Planner.RuntimeKind> kinds = new ArrayList<>();
        plugins.extensions(Kind.RUNTIME).forEach((name, extension) -> {
            Planner.RuntimeKind kind = new Planner.RuntimeKind(name, plugins.maker(Kind.RUNTIME, name, Runtime.class),
                    configuration.plugin(extension.pluginId()));
            kinds.add(name.equals("unshare") ? 0 : kinds.size(), kind);
        });
        return new DefinitionBuild.Launching(host, kinds, configuration.runtime());
    }

    /**
     * What a stage of a definition builds upon.
     *
     * @param existing sandbox that stands for what the header says
     */
    private Base base(Stage stage, Optional<Path> existing, PackStore packs, BuildOptions options) throws IOException, InterruptedException {
        if (existing.isPresent()) {
            events.accept(Event.info("Building into existing container: " + existing.get().toAbsolutePath().normalize()));
            return base(LocalImage.open(existing.get(), events), options);
        }
        requireNoFingerprints(stage);
        switch (stage.bootstrap()) {
            case "scratch" -> {
                return Base.empty(options.open().platform(), sourceDateEpochOr(Instant.EPOCH));
            }
            case "localimage" -> {
                Path path = Path.of(new Header(stage.header()).require("From"));
                if (!Files.exists(path)) {
                    throw new UserException("unable to open file %s: no such file or directory".formatted(path), "Correct From:.");
                }
                events.accept(Event.info("Extracting local image..."));
                return base(LocalImage.open(path, events), options);
            }
            default -> { }
        }
        // A file of the web is pulled, and then built from as localimage.
        Set<String> agents = new TreeSet<>(instance(PluginHost.class).extensions(Kind.AGENT).keySet());
        agents.removeAll(List.of("http", "https"));
        if (!agents.contains(stage.bootstrap())) {
            agents.addAll(instance(PluginHost.class).extensions(Kind.BOOTSTRAP).keySet());
            agents.addAll(List.of("localimage", "scratch"));
            throw new UserException("invalid build source " + stage.bootstrap(), "Supported here: %s.".formatted(String.join(", ", agents)));
        }
        Reference reference = reference(stage);
        return switch (agent(reference).open(reference, options.open().withHeader(new Header(stage.header())))) {
            case LayeredImage image -> {
                Compression compression = compression(options);
                ImageConfig config = Documents.parseConfig(image.config());
                FileTree tree = instance(ImageBuilder.class).merge(image, config, packs, compression, policy(options));
                yield Base.fromImage(tree, config, stage.key("includecmd").isPresent(), options.open().platform(),
                        sourceDateEpochOr(config.created().orElse(Instant.EPOCH)), image.manifest().digest().toString());
            }
            case TreeSource tree -> Base.fromTree(tree.tree(), Optional.empty(), options.open().platform(), sourceDateEpochOr(Instant.EPOCH), reference.text());
            case ReadyImage ready -> base(LocalImage.open(fetched(reference, ready), events), options);
        };
    }

    private static void requireNoFingerprints(Stage stage) throws UserException {
        if (stage.key("fingerprints").isPresent()) {
            throw new UserException("%s: Fingerprints: who signed an image is not verified yet".formatted(stage.place("fingerprints")),
                    "Verify the image elsewhere, and leave the line out.");
        }
    }

    private Base base(LocalImage local, BuildOptions options) throws IOException {
        Container.Origin origin = local.origin(Map.of(), Version.PRODUCT, sourceDateEpoch(), "", "");
        return Base.fromTree(local.tree(), local.ociConfig(), options.open().platform(), origin.created(), origin.identity());
    }

    private static Reference reference(Stage stage) throws UserException {
        StringBuilder path = new StringBuilder();
        if (stage.bootstrap().equals("docker")) {
            stage.key("registry").ifPresent(registry -> path.append(registry).append('/'));
            stage.key("namespace").ifPresent(namespace -> path.append(namespace).append('/'));
        }
        path.append(new Header(stage.header()).require("From"));
        return Reference.parse(stage.bootstrap() + (path.toString().startsWith("//") ? ":" : "://") + path);
    }

    private MergePolicy policy(BuildOptions options) throws UserException {
        if (options.openToOwner()) {
            events.accept(Event.warning("The --fix-perms option modifies the filesystem permissions on the resulting container."));
        }
        return MergePolicy.STANDARD.withMtimeCeiling(sourceDateEpoch()).withOpenToOwner(options.openToOwner());
    }

    private void write(Map<String, String> header, LocalImage local, Path target, String sink, BuildOptions options)
            throws IOException, InterruptedException {
        if (sink.equals("sif") && local.sif() && options.compression().isEmpty() && !options.allRoot()) {
            reached(Milestone.CREATING_SIF, "");
            copy(local.path(), target);
        } else {
            Compression compression = compression(options);
            Container.Origin origin = local.origin(header, Version.PRODUCT, sourceDateEpoch(),
                    String.join("|", compression.toString(), "all-root=" + options.allRoot()), Codecs.build(compression));
            Container container = local.container(options.open().platform(), origin);
            try {
                write(container, target, sink, compression, options.allRoot());
            } catch (CorruptDataException e) {
                throw local.damaged(e);
            } finally {
                container.tree().close();
            }
        }
    }

    /**
     * The SIF that an action runs: the cached one if the reference still means it, a new one otherwise. Where nobody
     * answers, the image that the reference led to last is taken, with a warning.
     *
     * @param user the process that uses the file: as long as it lives, no command makes room by removing it
     */
    public Path prepare(Reference reference, BuildOptions options, ProcessHandle user) throws IOException, InterruptedException {
        Cache cache = instance(Cache.class);
        SeenImages seen = new SeenImages(cache);
        String wish = reference.text() + "|" + options.open().platform();
        Source source;
        try {
            source = agent(reference).open(reference, options.open());
        } catch (UnreachableException e) {
            Optional<Path> last = seen.find(wish).filter(file -> Files.isRegularFile(file) && cache.trusted(file));
            if (last.isEmpty()) {
                throw e;
            }
            events.accept(Event.warning("%s; going on with the cached image".formatted(e.getMessage())));
            return last.get();
        }
        if (source instanceof ReadyImage image) {
            Path file = fetched(reference, image);
            if (!LocalImage.is(file)) {
                throw new UserException("%s is no image that can be run".formatted(reference),
                        "Pull it to a file; an OCI archive is then built from with oci-archive:FILE.");
            }
            seen.remember(wish, file);
            inUse(file, user);
            return file;
        }
        if (!(source instanceof LayeredImage image)) {
            throw new UserException("%s is no image of layers; only those can be run from a reference".formatted(reference),
                    "Pull it to a file and run the file.");
        }
        Path sif = cache.ready(CacheContents.Type.OCI_TMP, image.manifest().digest().hex(), FileNames.of(reference));
        if (!usable(sif)) {
            try (Locks.Held _ = instance(Locks.class).take("sif-" + image.manifest().digest().hex(),
                    () -> events.accept(Event.info("Waiting for another process that converts " + reference)))) {
                if (!usable(sif)) {
                    reached(Milestone.CONVERTING, "");
                    reached(Milestone.BUILD_STARTED, "");
                    Files.createDirectories(sif.getParent(),
                            PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rwx------")));
                    try (SideFiles.SideFile part = sideFiles().in(sif.getParent(), sif.getFileName().toString())) {
                        write(reference, image, part.path(), "sif", options);
                        // Nobody looks into it again before it is run, so that it must be whole whatever happens to the machine.
                        try (FileChannel file = FileChannel.open(part.path(), StandardOpenOption.WRITE)) {
                            file.force(true);
                        }
                        Files.move(part.path(), sif, StandardCopyOption.ATOMIC_MOVE);
                    }
                    reached(Milestone.BUILD_COMPLETE, sif.toString());
                    reached(Milestone.CACHED_AS_SIF, sif.toString());
                }
            }
        }
        seen.remember(wish, sif);
        inUse(sif, user);
        return sif;
    }

    /** Keeps a file of the cache from being removed as long as its user lives, and makes room for it. */
    private void inUse(Path file, ProcessHandle user) throws IOException, InterruptedException {
        Cache.used(file);
        if (cacheLimit() > 0) {
            instance(Uses.class).add(file, user);
            shrinkCache();
        }
    }

    private boolean usable(Path sif) throws IOException {
        return Files.isRegularFile(sif) && instance(Cache.class).trusted(sif) && SifImage.isSif(sif);
    }

    /** Checks an image against best practices. What is fetched for it stays in the cache, as it does for a pull. */
    public Report lint(Reference reference, BuildOptions options, Set<Check> checks) throws IOException, InterruptedException {
        return switch (agent(reference).open(reference, options.open())) {
            case LayeredImage image -> {
                ImageConfig config = Documents.parseConfig(image.config());
                Compression compression = compression(options);
                PackStore packs = instance(PackStore.class);
                new FreeSpace().need(instance(Cache.class).root(), packs.need(image.layers(), compression)).require();
                try (FileTree tree = instance(ImageBuilder.class).merge(image, config, packs, compression, policy(options))) {
                    yield Lint.image(new LintedImage(reference.toString(), Optional.of(reference), tree.root(), Optional.of(config),
                            Documents.parseHistory(image.config()), image.layers().size()), checks);
                } finally {
                    shrinkCache();
                }
            }
            case TreeSource source -> {
                try (FileTree tree = source.tree()) {
                    yield Lint.image(new LintedImage(reference.toString(), Optional.of(reference), tree.root(), Optional.empty(), List.of(), 0), checks);
                }
            }
            case ReadyImage ready -> {
                try (LocalImage local = LocalImage.open(fetched(reference, ready), events)) {
                    yield Lint.image(reference.toString(), Optional.of(reference), local, checks);
                }
            }
        };
    }

    /** Unpacks a local image into a new directory as it is, nothing added. */
    public void unpack(LocalImage local, Path directory) throws IOException, InterruptedException {
        Container container = local.asIs();
        try {
            sink("sandbox").write(container.tree(), container.settings(), directory, new SinkOptions(Profile.COMPAT.compression(0), false));
        } finally {
            container.tree().close();
        }
    }

    /** Whether anything is kept between commands; without it {@link #prepare} makes what is gone when this is closed. */
    public boolean keepsImages() throws IOException {
        return EngineModule.kept(settings, instance(Configuration.class));
    }

    /** The user's stored logins to registries. */
    public Logins logins() {
        Path path = settings.authFile().orElseGet(() -> new Locations(settings.environment()).userDirectory().resolve(Credentials.FILE));
        return new Logins(path, new LoginFile(path, settings.environment(), events), () -> instance(Network.class), events);
    }

    /** What the cache holds. */
    public CacheContents cache() throws IOException {
        sideFiles();
        return new CacheContents(instance(Cache.class));
    }

    /** Plugins that are not used, and why. */
    public List<PluginProblem> pluginProblems() throws IOException {
        return instance(PluginHost.class).problems();
    }

    /** All transports, sinks or runtimes that plugins serve, by name. */
    public Map<String, Extension> plugins(Kind kind) throws IOException {
        return instance(PluginHost.class).extensions(kind);
    }

    /** The runtime of that name. */
    public Runtime runtime(String name, RuntimeSurvey survey) throws IOException {
        PluginHost plugins = instance(PluginHost.class);
        Extension extension = plugins.extensions(Kind.RUNTIME).get(name);
        Map<String, String> section = extension == null ? Map.of() : instance(Configuration.class).plugin(extension.pluginId());
        return plugins.create(Kind.RUNTIME, name, Runtime.class, survey.context(section));
    }

    /** The runtime that the configuration chooses, if it names one. */
    public Optional<String> chosenRuntime() throws IOException {
        return instance(Configuration.class).runtime();
    }

    /** What the engine is made of, made now if it is not there yet; a failure to make it is thrown as it is. */
    private <T> T instance(Class<T> type) throws IOException {
        try {
            return injector.getInstance(type);
        } catch (ProvisionException e) {
            if (e.getCause() instanceof UncheckedIOException known) {
                throw known.getCause();
            }
            throw e;
        }
    }

    private Agent agent(Reference reference) throws IOException {
        PluginHost plugins = instance(PluginHost.class);
        Extension extension = plugins.extensions(Kind.AGENT).get(reference.transport());
        if (extension == null) {
            throw new UserException("Unsupported transport type: " + reference.transport(),
                    "Supported here: %s.".formatted(String.join(", ", plugins.extensions(Kind.AGENT).keySet())));
        }
        Cache cache = instance(Cache.class);
        AgentContext context = new AgentContext(registries(), web(), instance(Remotes.class), digest -> cache.oci().find(digest),
                events, instance(Configuration.class).plugin(extension.pluginId()), settings.environment(), settings.temporaryDirectory());
        return plugins.create(Kind.AGENT, reference.transport(), Agent.class, context);
    }

    /** Uploads an image file to where {@code target} says. */
    public void push(Path file, Reference target, Publisher.PublishOptions options) throws IOException, InterruptedException {
        publisher(target.transport()).publish(file, target, options);
    }

    /** Deletes an image; how it is called. */
    public String delete(Reference image, String architecture, boolean plainHttp) throws IOException, InterruptedException {
        return publisher(image.transport()).delete(image, architecture, plainHttp);
    }

    /** Searches the library. */
    public List<Publisher.Found> search(String query, Publisher.SearchOptions options) throws IOException, InterruptedException {
        return publisher("library").search(query, options);
    }

    /** The remote endpoints that are known. */
    public Remotes remotes() throws IOException {
        return instance(Remotes.class);
    }

    private Publisher publisher(String transport) throws IOException {
        PluginHost plugins = instance(PluginHost.class);
        Extension extension = plugins.extensions(Kind.PUBLISHER).get(transport);
        if (extension == null) {
            String known = String.join(", ", plugins.extensions(Kind.PUBLISHER).keySet());
            throw new UserException(plugins.extensions(Kind.AGENT).containsKey(transport)
                    ? "%s:// can only be pulled from, not pushed to".formatted(transport) : "Unsupported transport type: " + transport,
                    known.isEmpty() ? "No plugin here uploads images." : "Images can be pushed to: %s.".formatted(known));
        }
        PublisherContext context = new PublisherContext(registries(), web(), instance(Remotes.class), events,
                instance(Configuration.class).plugin(extension.pluginId()));
        return plugins.create(Kind.PUBLISHER, transport, Publisher.class, context);
    }

    /** The network is made when somebody first asks for a registry. */
    private Registries registries() {
        return (host, plainHttp) -> instance(Registries.class).at(host, plainHttp);
    }

    private Web web() {
        return new LateWeb(() -> instance(Web.class));
    }

    private Sink sink(String name) throws IOException {
        return sink(name, events);
    }

    private Sink sink(String name, Consumer<Event> told) throws IOException {
        PluginHost plugins = instance(PluginHost.class);
        Extension extension = plugins.extensions(Kind.SINK).get(name);
        Map<String, String> section = extension == null ? Map.of()
                : instance(Configuration.class).plugin(extension.pluginId());
        return plugins.create(Kind.SINK, name, Sink.class, new SinkContext(instance(ExecutorService.class), told, section));
    }

    private void write(Reference reference, Source source, Path target, String sink, BuildOptions options)
            throws IOException, InterruptedException {
        switch (source) {
            case LayeredImage image -> {
                Compression compression = compression(options);
                MergePolicy policy = policy(options);
                ImageConfig config = Documents.parseConfig(image.config());
                boolean sif = sink.equals("sif");
                PackStore packs = sink.equals("sandbox") ? instance(PackStore.class).passing() : instance(PackStore.class);
                Container.Origin origin = origin(reference, image, config, options);
                ImageBuilder builder = instance(ImageBuilder.class);
                String key = Recipe.key(origin, options.open().platform());
                if (sif && builder.again(key, image, config, packs, compression, target)) {
                    remember(reference, options, key);
                    return;
                }
                requireSpace(image, packs, compression, target, sink);
                Recipe.Draft draft = sif && keepsImages() ? builder.draft(key) : Recipe.Draft.idle();
                Container container = builder.build(image, config, options.open().platform(), packs, compression, policy, origin, draft);
                try {
                    write(container, target, sink, new SinkOptions(compression, options.allRoot(), draft), events.andThen(draft::note));
                } finally {
                    container.tree().close();
                }
                if (sif) {
                    remember(reference, options, key);
                }
            }
            case TreeSource tree -> {
                try (var closed = tree.tree()) {
                    Compression compression = compression(options);
                    Container.Origin origin = new Container.Origin(header(reference), sourceDateEpochOr(Instant.EPOCH),
                            reference.text(), Version.PRODUCT, Codecs.build(compression));
                    write(Container.fromTree(closed, Optional.empty(), options.open().platform(), origin), target, sink,
                            compression, options.allRoot());
                }
            }
            case ReadyImage ready -> {
                try (LocalImage local = LocalImage.open(fetched(reference, ready), events)) {
                    write(header(reference), local, target, sink, options);
                }
            }
        }
    }

    /** Remembers for the next pull what the reference led to. */
    private void remember(Reference reference, BuildOptions options, String key) throws IOException {
        if (!keepsImages()) {
            return;
        }
        try {
            Optional<Path> recipe = instance(BuildResults.class).find(key);
            if (recipe.isPresent()) {
                new SeenImages(instance(Cache.class)).remember(wish(reference, options), recipe.get());
            }
        } catch (IOException e) {
            // The image is there.
            events.accept(new Event.Logged(Level.VERBOSE, "What %s leads to is not remembered: %s".formatted(reference, e.getMessage())));
        }
    }

    /** Looks for room before anything is fetched. */
    private void requireSpace(LayeredImage image, PackStore packs, Compression compression, Path target, String sink) throws IOException {
        long blobs = image.layers().stream().mapToLong(layer -> layer.size().orElse(0)).sum();
        new FreeSpace().need(instance(Cache.class).root(), packs.need(image.layers(), compression))
                // How far a layer unpacks is known when it is unpacked; less than twice is rare.
                .need(directoryOf(target), sink.equals("sandbox") ? 2 * blobs : FreeSpace.packed(blobs))
                .require();
    }

    /** Makes room in the cache, if it is to be no larger than some size. */
    private void shrinkCache() throws IOException, InterruptedException {
        if (cacheLimit() > 0 && keepsImages()) {
            cache().shrink(cacheLimit());
        }
    }

    private long cacheLimit() throws IOException {
        return instance(Configuration.class).bytes("cache.limit");
    }

    private void write(Container container, Path target, String sink, Compression compression, boolean allRoot)
            throws IOException, InterruptedException {
        write(container, target, sink, new SinkOptions(compression, allRoot), events);
    }

    /** @param told what the sink has to say */
    private void write(Container container, Path target, String sink, SinkOptions options, Consumer<Event> told) throws IOException, InterruptedException {
        reached(sink.equals("sandbox") ? Milestone.CREATING_SANDBOX : Milestone.CREATING_SIF, "");
        try (SideFiles.SideFile _ = sideFiles().beside(target)) {
            sink(sink, told).write(container.tree(), container.settings(), target, options);
        }
    }

    /** What the cache calls files that come ready; empty for transports whose images are converted. */
    private static Optional<CacheContents.Type> ready(Reference reference) {
        return switch (reference.transport()) {
            case "library" -> Optional.of(CacheContents.Type.LIBRARY);
            case "oras" -> Optional.of(CacheContents.Type.ORAS);
            case "http", "https" -> Optional.of(CacheContents.Type.NET);
            default -> Optional.empty();
        };
    }

    /** The file in the cache, fetched if it is not there. */
    private Path fetched(Reference reference, ReadyImage image) throws IOException, InterruptedException {
        CacheContents.Type type = ready(reference).orElse(CacheContents.Type.NET);
        ReadyFiles files = instance(ReadyFiles.class);
        Path place = files.place(type, image, reference.text());
        if (!files.holds(image, place)) {
            sayWhatComes(type);
            files.fetch(type, image, place);
            requireKind(type, image, place);
        }
        return place;
    }

    /** Fetches into the target; by way of the cache, where it is kept. */
    private void download(Reference reference, ReadyImage image, Path target) throws IOException, InterruptedException {
        if (keepsImages() && image.version().isPresent()) {
            CacheContents.Type type = ready(reference).orElse(CacheContents.Type.NET);
            Path place = instance(ReadyFiles.class).place(type, image, reference.text());
            boolean held = Files.isRegularFile(place);
            if (held && image.digest().isPresent() && !ReadyFiles.same(image, place)) {
                events.accept(Event.warning("The cached file %s is damaged, and is fetched again".formatted(place)));
                Files.deleteIfExists(place);
            } else if (held && type != CacheContents.Type.NET) {
                events.accept(Event.info("Using cached image"));
            }
            copy(fetched(reference, image), target);
            return;
        }
        CacheContents.Type type = ready(reference).orElse(CacheContents.Type.NET);
        sayWhatComes(type);
        try (SideFiles.SideFile part = sideFiles().in(directoryOf(target), target.getFileName().toString())) {
            instance(ReadyFiles.class).fetch(image, part.path());
            requireKind(type, image, part.path());
            Files.move(part.path(), target, StandardCopyOption.ATOMIC_MOVE);
        }
    }

    /** The user guide shows nothing but the bar for what is just a file. */
    private void sayWhatComes(CacheContents.Type type) {
        if (type != CacheContents.Type.NET) {
            events.accept(Event.info("Downloading %s image".formatted(type)));
        }
    }

    private static void requireKind(CacheContents.Type type, ReadyImage image, Path file) throws IOException {
        if (type != CacheContents.Type.NET && !SifImage.isSif(file)) {
            Files.deleteIfExists(file);
            throw new CorruptDataException("%s is no SIF file".formatted(image.name()), "Ask who put it there.");
        }
    }

    /** A copy that shares blocks with its original where the file system can do that. */
    private void copy(Path from, Path target) throws IOException {
        try (SideFiles.SideFile part = sideFiles().in(directoryOf(target), target.getFileName().toString())) {
            try (FileChannel in = FileChannel.open(from, StandardOpenOption.READ);
                    FileChannel out = FileChannel.open(part.path(), StandardOpenOption.CREATE_NEW, StandardOpenOption.WRITE)) {
                for (long at = 0, size = in.size(); at < size; ) {
                    at += in.transferTo(at, size - at, out);
                }
            }
            Files.setPosixFilePermissions(part.path(), Files.getPosixFilePermissions(from));
            Files.move(part.path(), target, StandardCopyOption.ATOMIC_MOVE);
        }
    }

    private SideFiles sideFiles() throws IOException {
        return instance(SideFiles.class);
    }

    private static Path directoryOf(Path target) {
        return target.toAbsolutePath().getParent();
    }

    private Compression compression(BuildOptions options) throws IOException {
        Configuration configuration = instance(Configuration.class);
        if (options.compression().isPresent()) {
            return options.compression().get();
        }
        try {
            return Profile.parse(configuration.text("convert.compression")).compression((int) configuration.bytes("convert.block-size"));
        } catch (IllegalArgumentException e) {
            throw new UserException("The configuration's section 'convert' cannot be used: " + e.getMessage(),
                    "Correct convert.compression or convert.block-size.", e);
        }
    }

    /** Everything that determines the file's bytes, so that the same image gets the same id. */
    private Container.Origin origin(Reference reference, LayeredImage image, ImageConfig config, BuildOptions options) throws IOException {
        Compression compression = compression(options);
        Map<String, String> header = header(reference);
        OptionalLong epoch = sourceDateEpoch();
        String identity = String.join("|", image.manifest().digest().toString(), header.toString(), compression.toString(),
                Codecs.build(compression), "all-root=" + options.allRoot(), "open-to-owner=" + options.openToOwner(), Version.PRODUCT, epoch.toString());
        Instant created = sourceDateEpochOr(config.created().orElse(Instant.EPOCH));
        return new Container.Origin(header, created, identity, Version.PRODUCT, Codecs.build(compression));
    }

    private static Map<String, String> header(Reference reference) {
        Map<String, String> header = new LinkedHashMap<>();
        header.put("bootstrap", reference.transport());
        header.put("from", reference.path());
        return header;
    }

    private Instant sourceDateEpochOr(Instant otherwise) throws UserException {
        OptionalLong epoch = sourceDateEpoch();
        return epoch.isPresent() ? Instant.ofEpochSecond(epoch.getAsLong()) : otherwise;
    }

    private OptionalLong sourceDateEpoch() throws UserException {
        String text = settings.environment().getOrDefault("SOURCE_DATE_EPOCH", "");
        if (text.isEmpty()) {
            return OptionalLong.empty();
        }
        try {
            return OptionalLong.of(Long.parseUnsignedLong(text));
        } catch (NumberFormatException e) {
            throw new UserException("SOURCE_DATE_EPOCH is no number of seconds: '%s'".formatted(text), "Correct or unset it.");
        }
    }

    private void reached(Milestone milestone, String detail) {
        events.accept(new Event.Reached(milestone, detail));
    }

    @Override
    public void close() throws IOException {
        closing.close();
    }
}
