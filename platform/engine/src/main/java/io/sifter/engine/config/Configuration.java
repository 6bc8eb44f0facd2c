package io.sifter.engine.config;

import com.typesafe.config.Config;
import com.typesafe.config.ConfigException;
import com.typesafe.config.ConfigFactory;
import com.typesafe.config.ConfigObject;
import com.typesafe.config.ConfigParseOptions;
import com.typesafe.config.ConfigUtil;
import io.sifter.spi.error.UserException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;

/**
 * The settings of this host, user and distribution, in HOCON: what a distribution ships is overridden by the site, the
 * site by the user. Keys that nobody reads are problems that name the likely spelling, reported all together.
 *
 * <p>{@code reference.conf} of this module holds every key with its default and its meaning.
 */
public final class Configuration {
    /** Files that may say what a site allows. */
    private static final List<String> SITES = List.of("etc/sifter.conf", "etc/sifter/sifter.conf");
    /** Directives of the reference that mean nothing here. */
    private static final Map<String, String> MEANINGLESS = Map.ofEntries(Map.entry("allow setuid", "nothing here is set-uid"),
            Map.entry("max loop devices", "the kernel finds a free loop device, and frees it by itself"),
            Map.entry("shared loop devices", "loop devices are not shared"), Map.entry("memory fs type", "memory is always tmpfs"),
            Map.entry("enable overlay", "overlays are used where they are asked for"), Map.entry("enable underlay", "missing mount points are always made"),
            Map.entry("enable fusemount", "FUSE mounts in containers are not supported"), Map.entry("mount hostfs", "name what is to be mounted with 'bind path'"),
            Map.entry("mount devpts", "a minimal /dev always has its own"), Map.entry("mount slave", "mounts of the host always pass on, never back"),
            Map.entry("allow container extfs", "there are no such containers here"), Map.entry("allow container encrypted", "there are no such containers here"),
            Map.entry("systemd cgroups", "control groups are found by themselves"), Map.entry("mksquashfs procs", "use convert.jobs"),
            Map.entry("mksquashfs mem", "use convert.memory"),
            Map.entry("root default capabilities", "root asks for less, with --drop-caps"));

    private final Config config;

    private Configuration(Config config) {
        this.config = config;
    }

    /**
     * Reads the files that exist, later ones winning.
     *
     * @throws UserException if a file is not HOCON, holds an unknown key, or a value of the wrong kind
     */
    public static Configuration read(List<Path> files) throws UserException {
        Config defaults = ConfigFactory.parseResources(Configuration.class, "/io/sifter/engine/reference.conf",
                ConfigParseOptions.defaults().setAllowMissing(false));
        Config merged = defaults;
        List<String> problems = new ArrayList<>();
        for (Path file : files) {
            if (!Files.isReadable(file)) {
                continue;
            }
            try {
                Config layer = ConfigFactory.parseFile(file.toFile());
                check(file, layer, defaults, problems);
                merged = layer.withFallback(merged);
            } catch (ConfigException e) {
                problems.add("%s: %s".formatted(file, e.getMessage()));
            }
        }
        if (problems.isEmpty()) {
            try {
                return new Configuration(merged.resolve());
            } catch (ConfigException e) {
                problems.add(e.getMessage());
            }
        }
        throw new UserException("Configuration cannot be used:\n  " + String.join("\n  ", problems),
                "Correct the file; etc/sifter.conf of the distribution explains every key.");
    }

    private static void check(Path file, Config layer, Config defaults, List<String> problems) {
        for (var entry : layer.entrySet()) {
            String key = entry.getKey();
            if (key.startsWith("site.") && SITES.stream().noneMatch(file::endsWith)) {
                problems.add("%s: line %d: what the site allows is said in etc/sifter.conf of the distribution or /etc/sifter/sifter.conf, nowhere else"
                        .formatted(file, entry.getValue().origin().lineNumber()));
                continue;
            }
            if (key.startsWith("plugin.") || defaults.hasPathOrNull(key)) {
                continue;
            }
            String meaningless = MEANINGLESS.get(ConfigUtil.splitPath(key).getLast());
            if (key.startsWith("site.") && meaningless != null) {
                problems.add("%s: line %d: '%s' means nothing here: %s".formatted(file, entry.getValue().origin().lineNumber(), key.replace("\"", ""), meaningless));
                continue;
            }
            String last = ConfigUtil.splitPath(key).getLast();
            String near = defaults.entrySet().stream().map(Map.Entry::getKey)
                    .filter(known -> distance(ConfigUtil.splitPath(known).getLast(), last) <= 2).findFirst()
                    .map(known -> ", perhaps '%s' was meant".formatted(known)).orElse("");
            problems.add("%s: line %d: unknown key '%s'%s".formatted(file, entry.getValue().origin().lineNumber(), key, near));
        }
    }

    /** Levenshtein distance of two short words. */
    private static int distance(String a, String b) {
        int[] row = new int[b.length() + 1];
        for (int j = 0; j <= b.length(); j++) {
            row[j] = j;
        }
        for (int i = 1; i <= a.length(); i++) {
            int diagonal = row[0];
            row[0] = i;
            for (int j = 1; j <= b.length(); j++) {
                int above = row[j];
                row[j] = Math.min(Math.min(row[j] + 1, row[j - 1] + 1), diagonal + (a.charAt(i - 1) == b.charAt(j - 1) ? 0 : 1));
                diagonal = above;
            }
        }
        return row[b.length()];
    }

    public String text(String key) {
        return config.getString(key);
    }

    /** The runtime that must be used, if one is named. */
    public Optional<String> runtime() {
        return Optional.of(text("runtime.name")).filter(name -> !name.equals("auto"));
    }

    public int number(String key) {
        return config.getInt(key);
    }

    public long bytes(String key) {
        return config.getBytes(key);
    }

    public boolean flag(String key) {
        return config.getBoolean(key);
    }

    public List<String> list(String key) {
        return config.getStringList(key);
    }

    /** A list of objects, each as plain values by key. */
    public List<Map<String, Object>> objects(String key) {
        return config.getObjectList(key).stream().map(ConfigObject::unwrapped).toList();
    }

    /** The section {@code plugin.<id>}, flat. */
    public Map<String, String> plugin(String id) {
        String path = "plugin." + ConfigUtil.quoteString(id);
        Map<String, String> section = new TreeMap<>();
        if (config.hasPath(path)) {
            config.getConfig(path).entrySet().forEach(e -> section.put(e.getKey(), String.valueOf(e.getValue().unwrapped())));
        }
        return section;
    }
}
