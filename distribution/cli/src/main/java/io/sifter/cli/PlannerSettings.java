package io.sifter.cli;

import io.sifter.engine.Version;
import io.sifter.engine.config.Configuration;
import io.sifter.engine.config.Locations;
import io.sifter.engine.instance.Instances;
import io.sifter.engine.launch.Gpu;
import io.sifter.engine.launch.Host;
import io.sifter.engine.launch.PlanMemory;
import io.sifter.engine.launch.Planner.RuntimeKind;
import io.sifter.engine.launch.Site;
import io.sifter.engine.plugin.Extension;
import io.sifter.engine.plugin.PluginHost;
import io.sifter.spi.error.UserException;
import io.sifter.spi.launch.Namespace;
import io.sifter.spi.launch.Runtime;
import io.sifter.spi.tree.RawName;
import java.io.BufferedReader;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.EnumSet;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/**
 * What planning needs of the configuration. As long as no file says anything, none is parsed: that takes longer than all the
 * rest of a start.
 */
final class PlannerSettings {
    private final Optional<Configuration> configuration;
    private final Locations locations;
    private final Site site;
    /** That were read, and some that decide with them. */
    private final Set<Path> files;

    private PlannerSettings(Optional<Configuration> configuration, Locations locations, Site site, Set<Path> files) {
        this.configuration = configuration;
        this.locations = locations;
        this.site = site;
        this.files = files;
    }

    /**
     * Reads the distribution's file and then either {@code chosen} or the site's and the user's.
     *
     * @param environment of the caller, raw
     */
    static PlannerSettings read(Path distribution, Optional<String> chosen, Map<String, String> environment) throws IOException {
        Map<String, String> text = new HashMap<>();
        for (Map.Entry<String, String> variable : environment.entrySet()) {
            text.put(variable.getKey(), RawWords.text(variable.getValue()));
        }
        var locations = new Locations(text);
        List<Path> files = locations.configurationFiles(distribution,
                chosen.isPresent() ? Optional.of(RawWords.path(chosen.get())) : Optional.empty());
        Optional<Configuration> configuration = readAny(files);
        // What the site allows holds whatever other file is chosen.
        Optional<Configuration> site = readAny(locations.siteFiles(distribution));
        var all = new LinkedHashSet<Path>(files);
        all.addAll(locations.siteFiles(distribution));
        // Another version of this program plans in another way.
        for (String part : List.of("lib/sifter-cli.jar", "lib/sifter-engine.jar", "lib/sifter-spi.jar", "plugins/unshare-runtime.jar", "plugins/bubblewrap-runtime.jar",
                "plugins/oci-runtime.jar")) {
            all.add(distribution.resolve(part));
        }
        return new PlannerSettings(configuration, locations, site.isPresent() ? site(site.get()) : Site.DEFAULT, all);
    }

    private static Optional<Configuration> readAny(List<Path> files) throws IOException {
        for (Path file : files) {
            if (saysAnything(file)) {
                return Optional.of(Configuration.read(files));
            }
        }
        return Optional.empty();
    }

    /** What the site allows and mounts. */
    Site site() {
        return site;
    }

    private static Site site(Configuration configuration) throws UserException {
        var images = new HashSet<String>();
        for (String kind : List.of("sif", "squashfs", "dir")) {
            if (configuration.flag("site.allow container " + kind)) {
                images.add(kind);
            }
        }
        var without = new HashSet<String>();
        for (String name : List.of("proc", "sys", "home", "tmp")) {
            if (!configuration.flag("site.mount " + name)) {
                without.add(name);
            }
        }
        String devices = configuration.text("site.mount dev");
        if (devices.equals("no") || devices.equals("false")) {
            without.add("dev");
        }
        for (String name : List.of("passwd", "group", "resolv_conf")) {
            if (!configuration.flag("site.config " + name)) {
                without.add("/etc/" + name.replace('_', '.'));
            }
        }
        var shared = EnumSet.noneOf(Namespace.class);
        for (Namespace namespace : List.of(Namespace.PID, Namespace.IPC, Namespace.UTS)) {
            if (!configuration.flag("site.allow " + namespace.name().toLowerCase(Locale.ROOT) + " ns")) {
                shared.add(namespace);
            }
        }
        var gpus = EnumSet.noneOf(Gpu.class);
        for (Gpu gpu : Gpu.values()) {
            if (configuration.flag("site.always use " + gpu.name().toLowerCase(Locale.ROOT))) {
                gpus.add(gpu);
            }
        }
        return new Site(images, configuration.list("site.limit container owners"), configuration.list("site.limit container groups"),
                configuration.list("site.limit container paths").stream().map(Path::of).toList(),
                configuration.list("site.bind path").stream().map(RawName::of).toList(), configuration.flag("site.user bind control"), without,
                devices.equals("minimal"), configuration.number("site.sessiondir max size"), configuration.flag("site.tmp sandbox"), shared, gpus);
    }

    private static boolean saysAnything(Path file) throws IOException {
        if (!Files.isReadable(file)) {
            return false;
        }
        try (BufferedReader lines = Files.newBufferedReader(file, StandardCharsets.ISO_8859_1)) {
            for (String line = lines.readLine(); line != null; line = lines.readLine()) {
                String text = line.strip();
                if (!text.isEmpty() && text.charAt(0) != '#') {
                    return true;
                }
            }
        }
        return false;
    }

    /** The runtime that must be used, if the configuration names one. */
    Optional<String> runtime() {
        return configuration.flatMap(Configuration::runtime);
    }

    /** A plugin's section. */
    Map<String, String> plugin(String id) {
        return configuration.isEmpty() ? Map.of() : configuration.get().plugin(id);
    }

    /** The caller's instances. */
    Instances instances(Host host) throws IOException {
        return Instances.of(locations.userDirectory(), RawWords.text(host.user()), host.uid());
    }

    /**
     * The runtime of a plugin that does not come with the program.
     *
     * @throws UserException if there is none of that name
     */
    RuntimeKind pluginRuntime(Path distribution, String name) throws IOException {
        List<Path> directories = new ArrayList<>(List.of(distribution.resolve("plugins")));
        if (configuration.isPresent()) {
            configuration.get().list("plugins.directories").forEach(directory -> directories.add(Path.of(directory)));
        }
        var plugins = new PluginHost(directories, Version.SPI);
        Extension extension = plugins.extensions(Extension.Kind.RUNTIME).get(name);
        if (extension == null) {
            throw new UserException("There is no runtime '%s'".formatted(name), "'runtime list' shows those that there are.");
        }
        return new RuntimeKind(name, plugins.maker(Extension.Kind.RUNTIME, name, Runtime.class), plugin(extension.pluginId()));
    }

    /**
     * The memory for the plan that is to be made now.
     *
     * @param key of the launcher's, or empty
     * @param uid of the caller
     * @param told whether something was said already that a kept plan would not say
     */
    PlanMemory plans(String key, long uid, boolean told) {
        if (told || configuration.isPresent() && configuration.get().flag("cache.disabled")) {
            return PlanMemory.none();
        }
        var memory = PlanMemory.in(locations.plans(), key, uid);
        files.forEach(memory::file);
        return memory;
    }

    /**
     * Where the planner remembers what it found out about images.
     *
     * @param cacheDisabled what the command line says
     * @return nothing where nothing is kept
     */
    Optional<Path> memory(boolean cacheDisabled) {
        if (cacheDisabled || configuration.isPresent() && configuration.get().flag("cache.disabled")) {
            return Optional.empty();
        }
        String configured = configuration.isEmpty() ? "" : configuration.get().text("cache.directory");
        return Optional.of(locations.cacheDirectory(configured).resolve("sound"));
    }
}
