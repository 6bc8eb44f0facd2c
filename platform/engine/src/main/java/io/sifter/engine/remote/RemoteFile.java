package io.sifter.engine.remote;

import io.sifter.spi.error.UserException;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
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

    private final Map<String, Object> root;

    private RemoteFile(Map<String, Object> root) {
        this.root = root;
    }

    /** @throws UserException if there is a file that cannot be understood; shows nothing of it */
    static RemoteFile read(Path path) throws IOException {
        if (!Files.exists(path)) {
            return new RemoteFile(new LinkedHashMap<>());
        }
        try {
            if (Files.size(path) > SIZE_LIMIT) {
                throw new UserException("%s is larger than %d bytes".formatted(path, SIZE_LIMIT), "Repair it or remove it.");
            }
            Object content = new Load(LoadSettings.builder().setLabel(path.toString()).build()).loadFromString(Files.readString(path));
            return new RemoteFile(map(content == null ? Map.of() : content)
                    .orElseThrow(() -> new UserException("%s holds no remotes".formatted(path), "Repair it or remove it.")));
        } catch (YamlEngineException | java.nio.charset.CharacterCodingException e) {
            throw new UserException("%s is no YAML".formatted(path), "Repair it or remove it.");
        }
    }

    Optional<String> active() {
        return text(root, "Active");
    }

    /** Whether it says which remote is in use, be it none. */
    boolean decided() {
        return root.containsKey("Active");
    }

    void activate(String name) {
        root.put("Active", name);
    }

    /** The remotes by name; changing the map changes the file. */
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

    /** What stands in it, with all changes. */
    byte[] content() {
        return new Dump(DumpSettings.builder().setDefaultFlowStyle(FlowStyle.BLOCK).setIndent(4).setWidth(8192).build()).dumpToString(root)
                .getBytes(StandardCharsets.UTF_8);
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
