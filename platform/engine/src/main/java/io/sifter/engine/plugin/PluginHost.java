package io.sifter.engine.plugin;

import io.sifter.engine.plugin.Extension.Kind;
import io.sifter.spi.error.ExternalException;
import io.sifter.spi.error.UserException;
import io.sifter.spi.launch.Runtime;
import java.io.IOException;
import java.io.InputStream;
import java.io.InputStreamReader;
import java.io.Reader;
import java.io.UncheckedIOException;
import java.lang.reflect.Constructor;
import java.lang.reflect.InvocationTargetException;
import java.nio.charset.StandardCharsets;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Properties;
import java.util.TreeMap;
import java.util.function.Function;
import java.util.zip.ZipEntry;
import java.util.zip.ZipFile;
import org.pf4j.DefaultPluginManager;
import org.pf4j.PluginClassLoader;
import org.pf4j.PluginDescriptor;
import org.pf4j.PluginDescriptorFinder;
import org.pf4j.PluginLoader;
import org.pf4j.PluginManager;
import org.pf4j.PluginRuntimeException;
import org.pf4j.PluginState;
import org.pf4j.PluginWrapper;
import org.pf4j.PropertiesPluginDescriptorFinder;

/**
 * Finds plugins and makes their extensions. A plugin is a jar with {@code plugin.properties} at its root, or a directory
 * with that file and jars in {@code lib}. The file holds PF4J's keys ({@code plugin.id}, {@code plugin.version},
 * {@code plugin.requires}) and one line for each extension, {@code agent.docker=com.example.DockerAgent}. These lines
 * are the index: no plugin is opened before a command needs one of its extensions.
 *
 * <p>A plugin that cannot be used is a {@link PluginProblem}, never a failure of the host, unless a command needs just
 * that plugin. Later directories win over earlier ones, so that a site can replace a bundled plugin; but the runtimes of the first
 * directory stay what they are, because starts take those without looking for plugins. Safe for any thread.
 */
public final class PluginHost implements AutoCloseable {
    private static final String INDEX = PropertiesPluginDescriptorFinder.DEFAULT_PROPERTIES_FILE_NAME;

    private final List<Path> directories;
    private final String spiVersion;
    private final ClassLoader host;
    private final List<PluginProblem> problems = new ArrayList<>();
    private final Map<Kind, Map<String, Extension>> index = new HashMap<>();
    private boolean indexed;
    private Manager manager;

    /**
     * @param directories where plugins lie; missing ones are passed over
     * @param spiVersion what {@code plugin.requires} is checked against
     */
    public PluginHost(List<Path> directories, String spiVersion) {
        this.directories = List.copyOf(directories);
        this.spiVersion = spiVersion;
        this.host = PluginHost.class.getClassLoader();
    }

    /** All usable extensions of a kind, by name. */
    public synchronized Map<String, Extension> extensions(Kind kind) {
        readIndexes();
        return new TreeMap<>(index.getOrDefault(kind, Map.of()));
    }

    /** Plugins that are not used, and why; complete for those that were opened. */
    public synchronized List<PluginProblem> problems() {
        readIndexes();
        return List.copyOf(problems);
    }

    /** As {@link #create}, for a context that comes later; what it throws comes in an {@link UncheckedIOException}. */
    public <C, T> Function<C, T> maker(Kind kind, String name, Class<T> type) {
        return context -> {
            try {
                return create(kind, name, type, context);
            } catch (IOException e) {
                throw new UncheckedIOException(e);
            }
        };
    }

    /**
     * Makes the extension that serves {@code name}, by its constructor that takes the kind's context.
     *
     * @throws UserException if no plugin serves the name
     * @throws ExternalException if the plugin that does is broken or needs another version of the contract
     */
    public synchronized <T> T create(Kind kind, String name, Class<T> type, Object context) throws IOException {
        readIndexes();
        Extension extension = index.getOrDefault(kind, Map.of()).get(name);
        if (extension == null) {
            String known = String.join(", ", extensions(kind).keySet());
            throw new UserException("No plugin serves %s '%s'".formatted(kind.key(), name),
                    known.isEmpty() ? "No %s plugin was found in %s".formatted(kind.key(), directories)
                            : "Known: %s. Plugins are read from %s.".formatted(known, directories));
        }
        ClassLoader loader = open(extension);
        Thread thread = Thread.currentThread();
        ClassLoader before = thread.getContextClassLoader();
        thread.setContextClassLoader(loader);
        try {
            Constructor<?> constructor = loader.loadClass(extension.className()).getConstructor(context.getClass());
            T made = type.cast(constructor.newInstance(context));
            return made instanceof Runtime runtime ? type.cast(new GuardedRuntime(runtime, extension)) : made;
        } catch (InvocationTargetException e) {
            if (e.getCause() instanceof IOException known) {
                throw known;
            }
            throw broken(extension, "its constructor failed: " + e.getCause(), e.getCause());
        } catch (NoSuchMethodException e) {
            throw broken(extension, "%s has no public constructor that takes %s"
                    .formatted(extension.className(), context.getClass().getSimpleName()), e);
        } catch (ClassCastException e) {
            throw broken(extension, "%s is no %s".formatted(extension.className(), type.getSimpleName()), e);
        } catch (ReflectiveOperationException | LinkageError e) {
            throw broken(extension, e.toString(), e);
        } finally {
            thread.setContextClassLoader(before);
        }
    }

    private ExternalException broken(Extension extension, String reason, Throwable cause) {
        problems.add(new PluginProblem(extension.path(), reason));
        return new ExternalException(
                "Plugin %s (%s) cannot be used: %s".formatted(extension.pluginId(), extension.path(), reason),
                "Update the plugin or remove it from the plugins directory.", cause);
    }

    /** Opens the plugin with PF4J, which checks the version that it requires. */
    private ClassLoader open(Extension extension) throws ExternalException {
        if (manager == null) {
            manager = new Manager(spiVersion, new HostClasses(host));
        }
        PluginWrapper wrapper = manager.getPlugin(extension.pluginId());
        if (wrapper == null) {
            try {
                manager.loadPlugin(extension.path());
            } catch (PluginRuntimeException e) {
                throw broken(extension, e.getMessage(), e);
            }
            wrapper = manager.getPlugin(extension.pluginId());
            if (wrapper.getPluginState() == PluginState.DISABLED) {
                throw broken(extension, "it requires version %s of the plugin contract, this is %s"
                        .formatted(wrapper.getDescriptor().getRequires(), spiVersion), wrapper.getFailedException());
            }
        } else if (wrapper.getPluginState() == PluginState.DISABLED) {
            throw broken(extension, "it was refused before", wrapper.getFailedException());
        }
        return wrapper.getPluginClassLoader();
    }

    private void readIndexes() {
        if (indexed) {
            return;
        }
        indexed = true;
        for (Path directory : directories) {
            if (!Files.isDirectory(directory)) {
                continue;
            }
            List<Path> candidates = new ArrayList<>();
            try (DirectoryStream<Path> entries = Files.newDirectoryStream(directory)) {
                entries.forEach(candidates::add);
            } catch (IOException e) {
                problems.add(new PluginProblem(directory, "cannot be listed: " + e.getMessage()));
            }
            candidates.sort(null);
            for (Path candidate : candidates) {
                if (candidate.getFileName().toString().startsWith(".")) {
                    continue;
                }
                boolean jar = candidate.getFileName().toString().endsWith(".jar") && Files.isRegularFile(candidate);
                if (jar || Files.isDirectory(candidate)) {
                    readIndex(candidate);
                }
            }
        }
    }

    private void readIndex(Path plugin) {
        Properties lines;
        try {
            lines = readProperties(plugin);
        } catch (IOException | IllegalArgumentException e) {
            problems.add(new PluginProblem(plugin, "cannot be read: " + e.getMessage()));
            return;
        }
        String id = lines.getProperty(PropertiesPluginDescriptorFinder.PLUGIN_ID, "").strip();
        if (id.isEmpty()) {
            problems.add(new PluginProblem(plugin, "has no %s with plugin.id".formatted(INDEX)));
            return;
        }
        boolean serves = false;
        for (String key : lines.stringPropertyNames()) {
            for (Kind kind : Kind.values()) {
                if (key.startsWith(kind.key() + ".")) {
                    String name = key.substring(kind.key().length() + 1);
                    Map<String, Extension> named = index.computeIfAbsent(kind, _ -> new HashMap<>());
                    if (kind == Kind.RUNTIME && named.containsKey(name) && named.get(name).path().startsWith(directories.getFirst())) {
                        problems.add(new PluginProblem(plugin, "the runtime '%s' comes with this program; give this one another name".formatted(name)));
                        serves = true;
                        continue;
                    }
                    named.put(name, new Extension(kind, name, lines.getProperty(key).strip(), id, plugin));
                    serves = true;
                }
            }
        }
        if (!serves) {
            problems.add(new PluginProblem(plugin, "names no extension this host knows"));
        }
    }

    private static Properties readProperties(Path plugin) throws IOException {
        Properties lines = new Properties();
        if (Files.isDirectory(plugin)) {
            Path file = plugin.resolve(INDEX);
            if (Files.exists(file)) {
                try (Reader reader = Files.newBufferedReader(file)) {
                    lines.load(reader);
                }
            }
            return lines;
        }
        try (ZipFile jar = new ZipFile(plugin.toFile())) {
            ZipEntry entry = jar.getEntry(INDEX);
            if (entry != null) {
                try (InputStream in = jar.getInputStream(entry); Reader reader = new InputStreamReader(in, StandardCharsets.UTF_8)) {
                    lines.load(reader);
                }
            }
        }
        return lines;
    }

    @Override
    public synchronized void close() {
        if (manager != null) {
            manager.unloadPlugins();
            manager = null;
        }
    }

    /** PF4J, with the host's window as the parent of every plugin. */
    private static final class Manager extends DefaultPluginManager {
        private final HostClasses window;

        Manager(String spiVersion, HostClasses window) {
            super(List.of());
            this.window = window;
            setSystemVersion(spiVersion);
        }

        @Override
        protected PluginDescriptorFinder createPluginDescriptorFinder() {
            return new PluginDescriptorFinder() {
                @Override
                public boolean isApplicable(Path path) {
                    return true;
                }

                @Override
                public PluginDescriptor find(Path path) {
                    return new PropertiesPluginDescriptorFinder() {
                        @Override
                        public PluginDescriptor find(Path plugin) {
                            try {
                                return createPluginDescriptor(PluginHost.readProperties(plugin));
                            } catch (IOException e) {
                                throw new PluginRuntimeException(e, "Cannot read {}", plugin);
                            }
                        }
                    }.find(path);
                }
            };
        }

        @Override
        protected PluginLoader createPluginLoader() {
            // Called by the superclass's constructor, before this object has a window: so the window is asked for late.
            PluginManager self = this;
            return new PluginLoader() {
                @Override
                public boolean isApplicable(Path path) {
                    return true;
                }

                @Override
                public ClassLoader loadPlugin(Path path, PluginDescriptor descriptor) {
                    PluginClassLoader loader = new PluginClassLoader(self, descriptor, window) {
                        @Override
                        protected boolean shouldDelegateToParent(String className) {
                            return HostClasses.shared(className);
                        }
                    };
                    if (Files.isDirectory(path)) {
                        loader.addFile(path.resolve("classes").toFile());
                        try (DirectoryStream<Path> jars = Files.newDirectoryStream(path.resolve("lib"), "*.jar")) {
                            jars.forEach(jar -> loader.addFile(jar.toFile()));
                        } catch (IOException e) {
                            throw new PluginRuntimeException(e, "Cannot read the libraries of {}", path);
                        }
                    } else {
                        loader.addFile(path.toFile());
                    }
                    return loader;
                }
            };
        }
    }
}
