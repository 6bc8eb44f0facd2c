package io.sifter.engine.remote;

import io.sifter.spi.error.ExternalException;
import io.sifter.spi.error.UserException;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.attribute.FileAttribute;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;
import org.snakeyaml.engine.v2.api.Dump;
import org.snakeyaml.engine.v2.api.DumpSettings;
import org.snakeyaml.engine.v2.api.Load;
import org.snakeyaml.engine.v2.api.LoadSettings;
import org.snakeyaml.engine.v2.common.FlowStyle;
import org.snakeyaml.engine.v2.exceptions.YamlEngineException;

/**
 * A {@code remote.yaml}, shared with the reference: what this program does not know of it stays as it is. It holds tokens, so
 * nobody else may read it.
 */
final class RemoteFile {
    private static final int SIZE_LIMIT = 1 << 20;

    private final Path path;
    private final Map<String, Object> root;

    private RemoteFile(Path path, Map<String, Object> root) {
        this.path = path;
        this.root = root;
    }

    /** @throws UserException if there is a file that cannot be understood; shows nothing of it */
    static RemoteFile read(Path path) throws IOException {
        if (!Files.exists(path)) {
            return new RemoteFile(path, new LinkedHashMap<>());
        }
        try {
            if (Files.size(path) > SIZE_LIMIT) {
                throw new UserException("%s is larger than %d bytes".formatted(path, SIZE_LIMIT), "Repair it or remove it.");
            }
            Object content = new Load(LoadSettings.builder().setLabel(path.toString()).build()).loadFromString(Files.readString(path));
            return new RemoteFile(path, map(content == null ? Map.of() : content)
                    .orElseThrow(() -> new UserException("%s holds no remotes".formatted(path), "Repair it or remove it.")));
        } catch (YamlEngineException | java.nio.charset.CharacterCodingException e) {
            throw new UserException("%s is no YAML".formatted(path), "Repair it or remove it.");
        }
    }

    Path path() {
        return path;
    }

    Optional<String> active() {
        return text(root, "Active");
    }

    void activate(String name) {
        root.put("Active", name);
    }

    /** The remotes by name; changing the map changes the file when it is written. */
    Map<String, Object> remotes() {
        return child("Remotes");
    }

    private Map<String, Object> child(String name) {
        Map<String, Object> child = map(root.getOrDefault(name, Map.of())).orElseGet(LinkedHashMap::new);
        root.put(name, child);
        return child;
    }

    Optional<Remote> remote(String name) {
        return map(remotes().get(name)).flatMap(members -> text(members, "URI").map(uri -> new Remote(name, uri.replaceFirst("^(https?:)?//", ""),
                text(members, "Token"), flag(members, "System"), flag(members, "Exclusive"), flag(members, "Insecure"))));
    }

    void put(Remote remote) {
        Map<String, Object> members = map(remotes().getOrDefault(remote.name(), Map.of())).orElseThrow();
        members.put("URI", remote.uri());
        members.put("System", remote.system());
        members.put("Exclusive", remote.exclusive());
        if (remote.insecure()) {
            members.put("Insecure", true);
        }
        members.remove("Token");
        remote.token().ifPresent(token -> members.put("Token", token));
        remotes().put(remote.name(), members);
    }

    /** The file appears whole, readable by its owner alone from its first byte on. */
    void write() throws IOException {
        FileAttribute<?> directory = PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rwx------"));
        FileAttribute<?> file = PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rw-------"));
        String text = new Dump(DumpSettings.builder().setDefaultFlowStyle(FlowStyle.BLOCK).setIndent(4).setWidth(8192).build()).dumpToString(root);
        try {
            Files.createDirectories(path.toAbsolutePath().getParent(), directory);
            Path part = Files.createTempFile(path.toAbsolutePath().getParent(), ".remote", ".partial", file);
            try {
                Files.writeString(part, text, StandardCharsets.UTF_8);
                Files.move(part, path, StandardCopyOption.ATOMIC_MOVE);
            } finally {
                Files.deleteIfExists(part);
            }
        } catch (IOException e) {
            throw new ExternalException("Cannot write %s: %s".formatted(path, e.getMessage()), "Check its directory's permissions.", e);
        }
    }

    private static Optional<Map<String, Object>> map(Object value) {
        if (!(value instanceof Map<?, ?> members)) {
            return Optional.empty();
        }
        Map<String, Object> copy = new LinkedHashMap<>();
        members.forEach((name, member) -> copy.put(String.valueOf(name), member));
        return Optional.of(copy);
    }

    private static Optional<String> text(Map<String, Object> members, String name) {
        return members.get(name) instanceof String text && !text.isBlank() ? Optional.of(text) : Optional.empty();
    }

    private static boolean flag(Map<String, Object> members, String name) {
        return Boolean.TRUE.equals(members.get(name));
    }
}
