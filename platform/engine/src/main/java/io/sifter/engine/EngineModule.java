package io.sifter.engine;

import com.google.inject.AbstractModule;
import com.google.inject.Provider;
import com.google.inject.Provides;
import com.google.inject.Singleton;
import io.sifter.engine.build.ImageBuilder;
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

    @Override
    protected void configure() {
        binder().requireExplicitBindings();
        binder().disableCircularProxies();
        binder().requireExactBindingAnnotations();
    }

    @Provides
    @Singleton
    Configuration configuration() throws IOException {
        return Configuration.read(locations.configurationFiles(settings.distribution(), settings.configuration()));
    }

    @Provides
    @Singleton
    PluginHost plugins(Configuration configuration) {
        List<Path> directories = new ArrayList<>(List.of(settings.distribution().resolve("plugins")));
        configuration.list("plugins.directories").forEach(directory -> directories.add(Path.of(directory)));
        directories.addAll(settings.plugins());
        return closing.later(new PluginHost(directories, Version.SPI));
    }

    /** Whether anything is kept between commands. */
    static boolean kept(SifterSettings settings, Configuration configuration) {
        return !settings.cacheDisabled() && !configuration.flag("cache.disabled");
    }

    @Provides
    @Singleton
    Cache cache(Configuration configuration) throws IOException {
        if (!kept(settings, configuration)) {
            Path directory = SideFiles.temporary(settings.temporaryDirectory());
            closing.later(() -> SideFiles.deleteTree(directory));
            return Cache.at(directory);
        }
        return Cache.at(locations.cacheDirectory(configuration.text("cache.directory")), Set.copyOf(configuration.list("cache.trusted-owners")));
    }

    @Provides
    @Singleton
    Locks locks(Cache cache) {
        return new Locks(cache);
    }

    @Provides
    @Singleton
    SideFiles sideFiles(Cache cache) throws IOException {
        SideFiles sideFiles = new SideFiles(cache);
        sideFiles.reap(settings.temporaryDirectory());
        return sideFiles;
    }

    @Provides
    @Singleton
    Uses uses(Cache cache) {
        return closing.later(new Uses(cache));
    }

    @Provides
    @Singleton
    Jobs jobs(Configuration configuration) {
        return Jobs.of(settings.jobs().orElse(configuration.number("convert.jobs")), java.lang.Runtime.getRuntime().availableProcessors(),
                settings.environment());
    }

    @Provides
    @Singleton
    ExecutorService workers(Jobs jobs) {
        ExecutorService workers = Executors.newFixedThreadPool(jobs.count(), Thread.ofPlatform().name("worker-", 0).daemon().factory());
        closing.later(workers::shutdownNow);
        return workers;
    }

    @Provides
    @Singleton
    BlockBuffers memory(Configuration configuration) {
        return new BlockBuffers(configuration.bytes("convert.memory"));
    }

    @Provides
    @Singleton
    PackStore packs(Cache cache, Locks locks, SideFiles sideFiles, ExecutorService workers, BlockBuffers memory, Uses uses,
                    Configuration configuration) {
        return new PackStore(cache, locks, sideFiles, workers, memory, LayerLimits.STANDARD.withBytes(maxUnpacked(configuration)),
                configuration.flag("cache.keep-blobs"), uses, events);
    }

    @Provides
    @Singleton
    ReadyFiles readyFiles(Cache cache, Locks locks) {
        return new ReadyFiles(cache, locks, events);
    }

    @Provides
    @Singleton
    ImageBuilder builder(Cache cache, Configuration configuration) {
        return new ImageBuilder(cache, configuration.number("convert.parallel-layers"), maxUnpacked(configuration), events);
    }

    private static long maxUnpacked(Configuration configuration) {
        long configured = configuration.bytes("convert.max-unpacked");
        return configured == 0 ? Long.MAX_VALUE : configured;
    }

    @Provides
    @Singleton
    Network network(Configuration configuration) throws IOException {
        String certificates = configuration.text("network.certificate-authorities");
        NetworkSettings defaults = NetworkSettings.of(Version.PRODUCT, settings.environment());
        return closing.later(Network.open(defaults
                .withRules(defaults.rules().withOwn(configuration.objects("network.registries")))
                .withCertificates(certificates.isEmpty() ? List.of() : List.of(Path.of(certificates)))
                .withParallelBlobs(configuration.number("convert.parallel-layers"))
                .withTimeouts(defaults.connectTimeout(), Duration.ofSeconds(configuration.number("network.stall-seconds")))
                .withRetries(configuration.number("network.attempts"), defaults.retryDelay(), defaults.retryAfterLimit())));
    }

    @Provides
    @Singleton
    Registries registries(Network network) {
        Credentials stored = Credentials.places(settings.authFile(), locations.userDirectory(), settings.environment(), events);
        Credentials given = settings.login()
                .map(login -> Credentials.of(new Credential.Password(login.user(), login.password())))
                .orElse(stored);
        return network.registries(given, stored, events);
    }

    @Provides
    @Singleton
    Remotes remotes(Provider<Web> web) {
        return new Remotes(locations.userDirectory().resolve("remote.yaml"), new LateWeb(web::get), settings.library());
    }

    @Provides
    @Singleton
    Web web(Network network) {
        return network.web(events);
    }
}
