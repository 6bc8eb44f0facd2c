package io.sifter.network.credential;

import io.sifter.image.document.Json;
import io.sifter.network.json.JsonObject;
import io.sifter.spi.error.ExternalException;
import io.sifter.spi.error.UserException;
import io.sifter.spi.event.Event;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Base64;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeSet;
import java.util.function.Consumer;

/**
 * A file of logins that is changed, in Docker's format, so that Docker, Podman and Singularity read what is stored here.
 * A login goes to the credential helper that the file names for its registry, else into the file. The file is replaced
 * whole, readable by its owner alone, and keeps what others wrote into it. Several processes may change it at a time.
 */
public final class LoginFile {
    private final Path file;
    private final CredentialHelper helper;

    /** @param environment of the helper programs, {@code PATH} included */
    public LoginFile(Path file, Map<String, String> environment, Consumer<Event> events) {
        this.file = file.toAbsolutePath();
        this.helper = new CredentialHelper(environment, events);
    }

    /**
     * Keeps a login, in place of any there is.
     *
     * @param registry {@code host[:port]}, or that and the path of the repositories that the login is for
     */
    public void store(String registry, Credential.Password login) throws IOException, InterruptedException {
        change((document, auths) -> {
            keys(auths, registry).forEach(auths::remove);
            Optional<String> program = helper(document, registry);
            if (program.isPresent()) {
                helper.store(program.get(), key(registry), login);
                // So Docker marks what a helper keeps.
                auths.put(key(registry), new LinkedHashMap<>());
            } else {
                Map<String, Object> entry = new LinkedHashMap<>();
                entry.put("auth", Base64.getEncoder().encodeToString((login.user() + ":" + login.secret()).getBytes(StandardCharsets.UTF_8)));
                auths.put(key(registry), entry);
            }
            return true;
        });
    }

    /** Forgets a login; false if there is none. */
    public boolean remove(String registry) throws IOException, InterruptedException {
        return Files.exists(file) && change((document, auths) -> {
            List<String> keys = keys(auths, registry);
            Optional<String> program = helper(document, registry);
            if (program.isPresent() && !keys.isEmpty()) {
                helper.erase(program.get(), key(registry));
            }
            keys.forEach(auths::remove);
            return !keys.isEmpty();
        });
    }

    /** The registries that there are logins for, each as {@link #store} takes it. */
    public List<String> registries() throws IOException {
        var registries = new TreeSet<String>();
        for (String key : auths(read()).keySet()) {
            String name = key.contains("://") ? CredentialFile.hostOf(key) : key;
            registries.add(CredentialFile.HUB_NAMES.contains(name) ? "docker.io" : name);
        }
        return List.copyOf(registries);
    }

    /** What is done to the members of the file; false if nothing was changed. */
    private interface Change {
        boolean make(JsonObject document, Map<String, Object> auths) throws IOException, InterruptedException;
    }

    private boolean change(Change change) throws IOException, InterruptedException {
        PrivateFile kept = new PrivateFile(file);
        try (var _ = kept.hold()) {
            Map<String, Object> members = read();
            Map<String, Object> auths = auths(members);
            members.put("auths", auths);
            boolean changed = change.make(new JsonObject(members), auths);
            if (changed) {
                kept.replace(Json.indented(members, "\t"));
            }
            return changed;
        } catch (ExternalException | UserException known) {
            throw known;
        } catch (IOException e) {
            throw new ExternalException("Cannot write the logins in " + file, "Check the permissions of the file and its directory.", e);
        }
    }

    private Map<String, Object> read() throws IOException {
        byte[] content;
        try (InputStream in = Files.newInputStream(file)) {
            content = in.readNBytes(CredentialFile.SIZE_LIMIT);
        } catch (NoSuchFileException absent) {
            return new LinkedHashMap<>();
        }
        if (content.length == 0) {
            return new LinkedHashMap<>();
        }
        return JsonObject.parse(content).map(object -> new LinkedHashMap<>(object.members())).orElseThrow(() -> damaged("it does not hold a JSON object"));
    }

    private Map<String, Object> auths(Map<String, Object> members) throws UserException {
        Object auths = members.get("auths");
        if (auths != null && !(auths instanceof Map)) {
            throw damaged("its 'auths' are no object");
        }
        return new LinkedHashMap<>(new JsonObject(members).child("auths").members());
    }

    private UserException damaged(String reason) {
        return new UserException("The logins in %s cannot be used: %s".formatted(file, reason),
                "Correct the file or move it away; nothing was changed in it.");
    }

    private static Optional<String> helper(JsonObject document, String registry) {
        return registry.contains("/") ? Optional.empty()
                : CredentialFile.helperFor(document, isHub(registry) ? List.copyOf(CredentialFile.HUB_NAMES) : List.of(registry));
    }

    private static boolean isHub(String registry) {
        return CredentialFile.HUB_NAMES.contains(registry);
    }

    /** The member that a login is kept under. */
    private static String key(String registry) {
        return isHub(registry) ? CredentialFile.HUB_KEY : registry;
    }

    /** The members that are logins for a registry, old spellings among them. */
    private static List<String> keys(Map<String, Object> auths, String registry) {
        var keys = new ArrayList<String>();
        for (String key : auths.keySet()) {
            String name = key.contains("://") ? CredentialFile.hostOf(key) : key;
            if (name.equals(registry) || isHub(registry) && isHub(name)) {
                keys.add(key);
            }
        }
        return keys;
    }
}
