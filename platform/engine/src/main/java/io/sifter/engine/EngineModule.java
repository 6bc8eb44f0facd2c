package io.sifter.engine;

import com.google.inject.AbstractModule;
import com.google.inject.Provider;
import com.google.inject.Scopes;
import io.sifter.engine.build.ImageBuilder;
import io.sifter.engine.cache.BuildResults;
import io.sifter.engine.cache.Cache;
import io.sifter.engine.cache.Locks;
import io.sifter.engine.cache.PackStore;
import io.sifter.engine.cache.ReadyFiles;
import io.sifter.engine.cache.SideFiles;
import io.sifter.engine.cache.Uses;
import io.sifter.engine.config.Configuration;
import io.sifter.engine.config.Locations;
import io.sifter.engine.plugin.PluginHost;
import io.sifter.engine.remote.Remotes;
import io.sifter.image.layer.LayerLimits;
import io.sifter.network.Network;
import io.sifter.network.NetworkSettings;
import io.sifter.network.credential.Credential;
import io.sifter.network.credential.Credentials;
import io.sifter.spi.Registries;
import io.sifter.spi.Web;
import io.sifter.spi.event.Event;
import io.sifter.squashfs.BlockBuffers;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.function.Consumer;

/**
 * What the engine is made of. Everything is made when it is first asked for: a command that needs no network has none.
 */
final class EngineModule extends AbstractModule {
    private final SifterSettings settings;
    private final Consumer<Event> events;
    private final Closing closing;
    private final Locations locations;

    EngineModule(SifterSettings settings, Consumer<Event> events, Closing closing) {
        this.settings = settings;
        this.events = events;
        this.closing = closing;
        this.locations = new Locations(settings.environment());
    }

    /** Makes one of what the engine is made of. */
    @FunctionalInterface
    private interface Maker<T> {
        T make() throws IOException;
    }

    /** Said in code, not by annotations: Guice would take a tenth of a second of every command for reading those. */
    @Override
    protected void configure() {
        binder().requireExplicitBindings();
        binder().disableCircularProxies();
        binder().requireExactBindingAnnotations();
        Provider<Configuration> configuration = once(Configuration.class, this::configuration);
        Provider<Cache> cache = once(Cache.class, () -> cache(configuration.get()));
        Provider<Locks> locks = once(Locks.class, () -> new Locks(cache.get()));
        Provider<SideFiles> sideFiles = once(SideFiles.class, () -> sideFiles(cache.get()));
        Provider<Uses> uses = once(Uses.class, () -> closing.later(new Uses(cache.get())));
        Provider<Jobs> jobs = once(Jobs.class, () -> jobs(configuration.get()));
        Provider<ExecutorService> workers = once(ExecutorService.class, () -> workers(jobs.get()));
        Provider<BlockBuffers> memory = once(BlockBuffers.class, () -> new BlockBuffers(configuration.get().bytes("convert.memory")));
        once(PluginHost.class, () -> plugins(configuration.get()));
        once(PackStore.class, () -> new PackStore(cache.get(), locks.get(), sideFiles.get(), workers.get(), memory.get(),
                LayerLimits.STANDARD.withBytes(maxUnpacked(configuration.get())), configuration.get().flag("cache.keep-blobs"), uses.get(), events));
        once(ReadyFiles.class, () -> new ReadyFiles(cache.get(), locks.get(), events));
        Provider<BuildResults> results = once(BuildResults.class, () -> new BuildResults(cache.get(), sideFiles.get(), uses.get()));
        once(ImageBuilder.class, () -> new ImageBuilder(cache.get(), results.get(), sideFiles.get(),
                configuration.get().number("convert.parallel-layers"), maxUnpacked(configuration.get()), events));
        Provider<Network> network = once(Network.class, () -> network(configuration.get()));
        Provider<Web> web = once(Web.class, () -> network.get().web(events));
        once(Registries.class, () -> registries(network.get()));
        once(Remotes.class, () -> new Remotes(locations.userDirectory().resolve("remote.yaml"), new LateWeb(web::get), settings.library()));
    }

    /** @return what gives the one instance, made when first asked for; a failure to make it is the cause of what Guice throws */
    private <T> Provider<T> once(Class<T> type, Maker<T> maker) {
        Provider<T> provider = () -> {
            try {
                return maker.make();
            } catch (IOException e) {
                throw new UncheckedIOException(e);
            }
        };
        bind(type).toProvider(provider).in(Scopes.SINGLETON);
        return getProvider(type);
    }

    private Configuration configuration() throws IOException {
        return Configuration.read(locations.configurationFiles(settings.distribution(), settings.configuration()));
    }

    private PluginHost plugins(Configuration configuration) {
        List<Path> directories = new ArrayList<>(List.of(settings.distribution().resolve("plugins")));
        configuration.list("plugins.directories").forEach(directory -> directories.add(Path.of(directory)));
        directories.addAll(settings.plugins());
        return closing.later(new PluginHost(directories, Version.SPI));
    }

    /** Whether anything is kept between commands. */
    static boolean kept(SifterSettings settings, Configuration configuration) {
        return !settings.cacheDisabled() && !configuration.flag("cache.disabled");
    }

    private Cache cache(Configuration configuration) throws IOException {
        if (!kept(settings, configuration)) {
            Path directory = SideFiles.temporary(settings.temporaryDirectory());
            closing.later(() -> SideFiles.deleteTree(directory));
            return Cache.at(directory);
        }
        return Cache.at(locations.cacheDirectory(configuration.text("cache.directory")), Set.copyOf(configuration.list("cache.trusted-owners")));
    }

    private SideFiles sideFiles(Cache cache) throws IOException {
        SideFiles sideFiles = new SideFiles(cache);
        sideFiles.reap(settings.temporaryDirectory());
        return sideFiles;
    }

    private Jobs jobs(Configuration configuration) {
        return Jobs.of(settings.jobs().orElse(configuration.number("convert.jobs")), java.lang.Runtime.getRuntime().availableProcessors(),
                settings.environment());
    }

    private ExecutorService workers(Jobs jobs) {
        ExecutorService workers = Executors.newFixedThreadPool(jobs.count(), Thread.ofPlatform().name("worker-", 0).daemon().factory());
        closing.later(workers::shutdownNow);
        return workers;
    }

    private static long maxUnpacked(Configuration configuration) {
        long configured = configuration.bytes("convert.max-unpacked");
        return configured == 0 ? Long.MAX_VALUE : configured;
    }

    private Network network(Configuration configuration) throws IOException {
        String certificates = configuration.text("network.certificate-authorities");
        NetworkSettings defaults = NetworkSettings.of(Version.PRODUCT, settings.environment());
        return closing.later(Network.open(defaults
                .withRules(defaults.rules().withOwn(configuration.objects("network.registries")))
                .withCertificates(certificates.isEmpty() ? List.of() : List.of(Path.of(certificates)))
                .withParallelBlobs(configuration.number("convert.parallel-layers"))
                .withTimeouts(defaults.connectTimeout(), Duration.ofSeconds(configuration.number("network.stall-seconds")))
                .withRetries(configuration.number("network.attempts"), defaults.retryDelay(), defaults.retryAfterLimit())));
    }

    private Registries registries(Network network) {
        Credentials stored = Credentials.places(settings.authFile(), locations.userDirectory(), settings.environment(), events);
        Credentials given = settings.login()
                .map(login -> Credentials.of(new Credential.Password(login.user(), login.password())))
                .orElse(stored);
        return network.registries(given, stored, events);
    }
}
