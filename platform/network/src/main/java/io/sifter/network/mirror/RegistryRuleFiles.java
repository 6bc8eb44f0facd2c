package io.sifter.network.mirror;

import io.sifter.spi.error.ExternalException;
import io.sifter.spi.error.UserException;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.stream.Stream;
import tools.jackson.core.JacksonException;
import tools.jackson.dataformat.toml.TomlMapper;

/**
 * Where rules are written. Nothing is read before {@link #read}.
 *
 * @param files {@code registries.conf} and its kind; missing ones count as empty
 * @param directories of drop-ins, {@code *.conf} in the order of their names, after the files
 * @param own tables of our own configuration, after all of them; keys as in {@code registries.conf}
 */
public record RegistryRuleFiles(List<Path> files, List<Path> directories, List<Map<String, Object>> own) {
    public static final RegistryRuleFiles NONE = new RegistryRuleFiles(List.of(), List.of(), List.of());
    private static final int SIZE_LIMIT = 4 << 20;

    public RegistryRuleFiles {
        files = List.copyOf(files);
        directories = List.copyOf(directories);
        own = List.copyOf(own);
    }

    /** The places of containers-registries.conf(5): the user's file in place of the host's, and the drop-ins of both. */
    public static RegistryRuleFiles of(Map<String, String> environment) {
        Path site = Path.of("/etc/containers");
        String home = environment.getOrDefault("HOME", "");
        if (home.isEmpty()) {
            return new RegistryRuleFiles(List.of(site.resolve("registries.conf")), List.of(site.resolve("registries.conf.d")), List.of());
        }
        Path user = Path.of(home, ".config/containers");
        Path chosen = Files.exists(user.resolve("registries.conf")) ? user : site;
        return new RegistryRuleFiles(List.of(chosen.resolve("registries.conf")),
                List.of(site.resolve("registries.conf.d"), user.resolve("registries.conf.d")), List.of());
    }

    public RegistryRuleFiles withOwn(List<Map<String, Object>> tables) {
        return new RegistryRuleFiles(files, directories, Objects.requireNonNull(tables));
    }

    /** @throws UserException if a file is not TOML, or says what makes no sense: what was blocked may not be fetched by mistake */
    public RegistryRules read() throws IOException {
        List<Path> all = new ArrayList<>(files);
        for (Path directory : directories) {
            if (Files.isDirectory(directory)) {
                try (Stream<Path> entries = Files.list(directory)) {
                    all.addAll(entries.filter(entry -> entry.toString().endsWith(".conf")).sorted().toList());
                }
            }
        }
        List<RegistryRule> rules = new ArrayList<>();
        for (Path file : all) {
            if (Files.isRegularFile(file)) {
                rules.addAll(read(file));
            }
        }
        rules.addAll(new RuleReader("network.registries in the configuration", true).rules(own));
        return RegistryRules.of(rules);
    }

    private static List<RegistryRule> read(Path file) throws IOException {
        byte[] content;
        try (InputStream in = Files.newInputStream(file)) {
            content = in.readNBytes(SIZE_LIMIT);
        } catch (IOException e) {
            throw new ExternalException("Cannot read the rules for registries in " + file, "Check its permissions.", e);
        }
        String text = new String(content, StandardCharsets.UTF_8);
        // Most hosts have files without a rule in them, with short names or with places to search; to load a parser for those would take
        // longer than to ask a registry.
        if (!mayHaveRules(text)) {
            return List.of();
        }
        Map<?, ?> document;
        try {
            document = new TomlMapper().readValue(text, Map.class);
        } catch (JacksonException e) {
            throw new UserException("%s is not TOML: %s (line %d)".formatted(file, e.getOriginalMessage(),
                    e.getLocation() == null ? 0 : e.getLocation().getLineNr()), "Correct the file; without it nobody knows which registries may be used.", e);
        }
        RuleReader reader = new RuleReader(file.toString(), false);
        List<RegistryRule> rules = new ArrayList<>(reader.rules(document.get("registry")));
        rules.addAll(reader.oldRules(document.get("registries")));
        return rules;
    }

    private static boolean mayHaveRules(String text) {
        boolean aliases = false;
        for (String line : text.split("\n")) {
            String key = line.split("[#=]", 2)[0].strip();
            if (key.startsWith("[")) {
                aliases = key.equals("[aliases]");
            }
            if (!aliases && key.contains("regist") && !key.startsWith("unqualified")) {
                return true;
            }
        }
        return false;
    }
}
