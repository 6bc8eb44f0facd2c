package io.sifter.engine.launch;

import com.typesafe.config.ConfigException;
import com.typesafe.config.ConfigFactory;
import com.typesafe.config.ConfigParseOptions;
import com.typesafe.config.ConfigSyntax;
import io.sifter.spi.error.UserException;
import io.sifter.spi.launch.Capabilities;
import io.sifter.spi.launch.Confinement;
import io.sifter.spi.tree.RawName;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.function.Consumer;

/**
 * What {@code --security} says.
 *
 * @param uid of the command
 * @param groups of the command, its own first; empty if nothing is said
 */
record Security(Optional<Long> uid, List<Long> groups, Confinement confinement) {
    private static final int LARGEST_FILTER = 1 << 20;

    /**
     * @param settings {@code kind:value}, raw, one each
     * @param directory that the names of files begin at
     * @param kernel what the kernel tells about itself, {@code /sys}
     */
    static Security parse(List<String> settings, Path directory, Path kernel) throws IOException {
        Optional<String> seccomp = Optional.empty();
        Optional<String> apparmor = Optional.empty();
        Optional<String> selinux = Optional.empty();
        Optional<Long> uid = Optional.empty();
        List<Long> groups = new ArrayList<>();
        for (String setting : settings) {
            int colon = setting.indexOf(':');
            String kind = colon < 0 ? setting : setting.substring(0, colon);
            String value = setting.substring(colon + 1);
            switch (kind) {
                case "uid" -> uid = Optional.of(id(value, "UID"));
                case "gid" -> {
                    for (String group : value.split(":", -1)) {
                        groups.add(id(group, "GID"));
                    }
                }
                case "seccomp" -> seccomp = Optional.of(filter(value, directory));
                case "apparmor" -> apparmor = Optional.of(enabled(kind, value, isYes(kernel.resolve("module/apparmor/parameters/enabled"))));
                case "selinux" -> selinux = Optional.of(enabled(kind, value, Files.exists(kernel.resolve("fs/selinux/enforce"))));
                default -> throw new UserException("There is no security setting '%s'".formatted(RawName.display(kind)),
                        "There are uid:NUMBER, gid:NUMBER[:NUMBER...], seccomp:FILE, apparmor:PROFILE and selinux:LABEL.");
            }
        }
        return new Security(uid, groups, new Confinement(seccomp, apparmor, selinux));
    }

    private static String filter(String file, Path directory) throws IOException {
        Path path = HostFiles.path(file).filter(name -> !file.isEmpty()).map(directory::resolve).filter(Files::isReadable)
                .orElseThrow(() -> new UserException("open %s: no such file or directory".formatted(RawName.display(file)), "Name a filter of system calls in JSON."));
        if (Files.isDirectory(path)) {
            throw new UserException("read %s: is a directory".formatted(path), "Name a filter of system calls in JSON.");
        }
        if (Files.size(path) > LARGEST_FILTER) {
            throw new UserException("The filter of system calls %s is larger than %d bytes".formatted(path, LARGEST_FILTER));
        }
        // It becomes a part of what the runtime reads, whose complaints name no file of the user's.
        String text = Files.readString(path, StandardCharsets.ISO_8859_1).strip();
        try {
            ConfigFactory.parseString(text, ConfigParseOptions.defaults().setSyntax(ConfigSyntax.JSON));
        } catch (ConfigException e) {
            throw new UserException("decoding seccomp profile failed: %s: %s".formatted(path, e.getMessage()), "Write a JSON object, as the runtime specification of the OCI has it.");
        }
        return text;
    }

    /** What is built into a kernel may be switched off at its start. */
    private static boolean isYes(Path parameter) throws IOException {
        return Files.isReadable(parameter) && Files.readString(parameter).startsWith("Y");
    }

    private static String enabled(String kind, String value, boolean here) throws UserException {
        if (value.isEmpty()) {
            throw new UserException("The security setting %s names nothing".formatted(kind), "Write %s:NAME.".formatted(kind));
        }
        if (!here) {
            throw new UserException("failed to apply security configuration: %s requested, but is not enabled or supported on this system".formatted(kind),
                    "Leave it out here.");
        }
        return value;
    }

    private static long id(String text, String what) throws UserException {
        if (text.isEmpty() || text.length() > 10 || !text.chars().allMatch(c -> c >= '0' && c <= '9') || Long.parseLong(text) >= (1L << 32) - 1) {
            throw new UserException("Could not configure target UID/GID: failed to parse provided %s: \"%s\" is no number of that kind"
                    .formatted(what, RawName.display(text)), "Write uid:NUMBER or gid:NUMBER[:NUMBER...].");
        }
        return Long.parseLong(text);
    }

    boolean changesIds() {
        return uid.isPresent() || !groups.isEmpty();
    }

    /**
     * Capabilities by their names.
     *
     * @param verb what would have been done with an unknown one, which {@code warnings} is told
     * @param all what the name {@code all} means
     */
    static Capabilities capabilities(List<String> names, String verb, Capabilities all, Consumer<String> warnings) {
        Capabilities capabilities = Capabilities.NONE;
        for (String name : names) {
            String stripped = name.strip();
            Optional<Capabilities> one = stripped.equalsIgnoreCase("all") || stripped.equalsIgnoreCase("CAP_ALL") ? Optional.of(all) : Capabilities.named(stripped);
            if (one.isPresent()) {
                capabilities = capabilities.with(one.get());
            } else if (!stripped.isEmpty()) {
                String shown = RawName.display(stripped).toUpperCase(Locale.ROOT);
                warnings.accept("won't %s unknown capability: %s".formatted(verb, shown.startsWith("CAP_") ? shown : "CAP_" + shown));
            }
        }
        return capabilities;
    }
}
