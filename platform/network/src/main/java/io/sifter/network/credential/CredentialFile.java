package io.sifter.network.credential;

import io.sifter.network.json.JsonObject;
import io.sifter.spi.event.Event;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.NotDirectoryException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Base64;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.function.Consumer;

/** A file in the format of Docker's {@code config.json} or Podman's {@code auth.json}. */
final class CredentialFile implements Credentials {
    /** What Docker calls Docker Hub in files of logins, and in what it asks of helpers. */
    static final String HUB_KEY = "https://index.docker.io/v1/";
    static final Set<String> HUB_NAMES =
            Set.of("docker.io", "index.docker.io", "registry-1.docker.io", "registry.hub.docker.com");
    static final int SIZE_LIMIT = 4 << 20;

    private final Path file;
    private final CredentialHelper helper;
    private final Consumer<Event> events;
    private final boolean expected;
    private JsonObject document;

    /** @param expected whether it is worth a warning if there is no such file */
    CredentialFile(Path file, boolean expected, CredentialHelper helper, Consumer<Event> events) {
        this.file = file;
        this.expected = expected;
        this.helper = helper;
        this.events = events;
    }

    @Override
    public Optional<Credential> find(String host, String repository) throws InterruptedException {
        JsonObject content = document();
        List<String> names = HUB_NAMES.contains(host)
                ? List.of("docker.io", "index.docker.io", "registry-1.docker.io", "registry.hub.docker.com")
                : List.of(host);
        JsonObject auths = content.child("auths");
        // A login kept in the file for this very path is more exact than a helper, which knows hosts alone.
        Optional<Credential> exact = inPaths(auths, names, repository);
        if (exact.isPresent()) {
            return exact;
        }
        Optional<String> program = helperFor(content, names);
        if (program.isPresent()) {
            Optional<Credential> found = helper.get(program.get(), HUB_NAMES.contains(host) ? HUB_KEY : host);
            if (found.isPresent()) {
                return found;
            }
        }
        return inHosts(auths, host, names);
    }

    /** {@code host/a/b}, then {@code host/a}. */
    private static Optional<Credential> inPaths(JsonObject auths, List<String> names, String repository) {
        for (String path = repository; !path.isEmpty(); path = path.substring(0, Math.max(0, path.lastIndexOf('/')))) {
            for (String name : names) {
                Optional<Credential> found = credential(auths.child(name + "/" + path));
                if (found.isPresent()) {
                    return found;
                }
            }
        }
        return Optional.empty();
    }

    private static Optional<Credential> inHosts(JsonObject auths, String host, List<String> names) {
        List<String> keys = new ArrayList<>();
        if (HUB_NAMES.contains(host)) {
            keys.add(HUB_KEY);
        }
        keys.addAll(names);
        for (String key : keys) {
            Optional<Credential> found = credential(auths.child(key));
            if (found.isPresent()) {
                return found;
            }
        }
        // Old logins are kept under a URL: "https://host/v1/".
        return auths.names().stream()
                .filter(key -> key.contains("://") && names.contains(hostOf(key)))
                .map(key -> credential(auths.child(key)))
                .flatMap(Optional::stream)
                .findFirst();
    }

    static String hostOf(String url) {
        String rest = url.substring(url.indexOf("://") + 3);
        int slash = rest.indexOf('/');
        return slash < 0 ? rest : rest.substring(0, slash);
    }

    static Optional<String> helperFor(JsonObject content, List<String> names) {
        JsonObject helpers = content.child("credHelpers");
        return names.stream()
                .map(helpers::text)
                .flatMap(Optional::stream)
                .findFirst()
                .or(() -> content.text("credsStore"));
    }

    private static Optional<Credential> credential(JsonObject entry) {
        return entry.text("registrytoken").<Credential>map(Credential.RegistryToken::new)
                .or(() -> entry.text("identitytoken").map(Credential.IdentityToken::new))
                .or(() -> entry.text("auth").flatMap(CredentialFile::decode))
                .or(() -> entry.text("username")
                        .map(user -> new Credential.Password(user, entry.text("password").orElse(""))));
    }

    private static Optional<Credential> decode(String auth) {
        String pair;
        try {
            pair = new String(Base64.getDecoder().decode(auth.strip()), StandardCharsets.UTF_8);
        } catch (IllegalArgumentException notBase64) {
            return Optional.empty();
        }
        int colon = pair.indexOf(':');
        if (colon < 0) {
            return Optional.empty();
        }
        int end = pair.length();
        while (end > colon + 1 && pair.charAt(end - 1) == '\0') {
            end--;
        }
        return Optional.of(new Credential.Password(pair.substring(0, colon), pair.substring(colon + 1, end)));
    }

    private synchronized JsonObject document() {
        if (document == null) {
            document = read();
        }
        return document;
    }

    private JsonObject read() {
        byte[] content;
        try (InputStream in = Files.newInputStream(file)) {
            content = in.readNBytes(SIZE_LIMIT);
        } catch (NoSuchFileException | NotDirectoryException absent) {
            if (expected) {
                events.accept(Event.warning("Unable to read credentials from " + file + ": there is no such file"));
            }
            return new JsonObject(Map.of());
        } catch (IOException e) {
            events.accept(Event.warning("Unable to read credentials from " + file + ": " + reason(e)));
            return new JsonObject(Map.of());
        }
        Optional<JsonObject> object = content.length == 0 ? Optional.of(new JsonObject(Map.of())) : JsonObject.parse(content);
        if (object.isEmpty()) {
            events.accept(Event.warning("Unable to read credentials from " + file + ": it does not hold a JSON object"));
        }
        return object.orElse(new JsonObject(Map.of()));
    }

    private static String reason(IOException e) {
        return e instanceof java.nio.file.AccessDeniedException ? "permission denied" : e.getClass().getSimpleName();
    }
}
