package io.sifter.network.credential;

import io.sifter.network.json.JsonObject;
import io.sifter.spi.event.Event;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.function.Consumer;
import java.util.regex.Pattern;

/** Programs that keep credentials for Docker, {@code docker-credential-<name>}: the name of a server in, JSON out. */
final class CredentialHelper {
    private static final Duration PATIENCE = Duration.ofSeconds(30);
    private static final int ANSWER_LIMIT = 1 << 20;
    /** The name comes from a file and becomes part of a file name. */
    private static final Pattern NAME = Pattern.compile("[A-Za-z0-9._-]+");
    /** The user name by which a helper says that its secret is an identity token. */
    private static final String TOKEN_USER = "<token>";

    private final Map<String, String> environment;
    private final Consumer<Event> events;
    private final Duration patience;

    CredentialHelper(Map<String, String> environment, Consumer<Event> events) {
        this(environment, events, PATIENCE);
    }

    CredentialHelper(Map<String, String> environment, Consumer<Event> events, Duration patience) {
        this.environment = Map.copyOf(environment);
        this.events = events;
        this.patience = patience;
    }

    Optional<Credential> get(String name, String server) throws InterruptedException {
        String program = "docker-credential-" + name;
        if (!NAME.matcher(name).matches()) {
            return without(program, "its name is not one of a program");
        }
        Optional<Path> found = locate(program);
        if (found.isEmpty()) {
            return without(program, "it is not in PATH");
        }
        try {
            return run(found.get(), program, server);
        } catch (IOException e) {
            return without(program, "it could not be run");
        }
    }

    private Optional<Credential> run(Path file, String program, String server) throws IOException, InterruptedException {
        ProcessBuilder builder = new ProcessBuilder(file.toString(), "get").redirectError(ProcessBuilder.Redirect.DISCARD);
        builder.environment().clear();
        builder.environment().putAll(environment);
        Process process = builder.start();
        try {
            // A helper that never reads its input or never closes its output must not hold the pull.
            CompletableFuture<byte[]> answer = CompletableFuture.supplyAsync(() -> converse(process, server), Thread::startVirtualThread);
            byte[] output = answer.get(patience.toMillis(), TimeUnit.MILLISECONDS);
            if (!process.waitFor(patience.toMillis(), TimeUnit.MILLISECONDS)) {
                return without(program, "it did not end within " + patience.toSeconds() + " s");
            }
            if (process.exitValue() != 0) {
                // Usually "credentials not found in native keychain": no login is no fault. What it says is not
                // repeated, since nobody knows what is in it.
                return Optional.empty();
            }
            Optional<JsonObject> object = JsonObject.parse(output);
            if (object.isEmpty()) {
                return without(program, "it did not answer with a JSON object");
            }
            String user = object.get().text("Username").orElse("");
            return object.get().text("Secret").map(secret ->
                    user.equals(TOKEN_USER) ? new Credential.IdentityToken(secret) : new Credential.Password(user, secret));
        } catch (TimeoutException e) {
            return without(program, "it did not answer within " + patience.toSeconds() + " s");
        } catch (ExecutionException e) {
            return without(program, "its answer could not be read");
        } finally {
            process.destroyForcibly();
        }
    }

    private static byte[] converse(Process process, String server) {
        try (InputStream answer = process.getInputStream()) {
            try (OutputStream question = process.getOutputStream()) {
                question.write(server.getBytes(StandardCharsets.UTF_8));
            } catch (IOException notRead) {
                // It may answer without having read the question; what it says decides.
            }
            return answer.readNBytes(ANSWER_LIMIT);
        } catch (IOException e) {
            throw new java.io.UncheckedIOException(e);
        }
    }

    private Optional<Path> locate(String program) {
        for (String directory : environment.getOrDefault("PATH", "").split(":")) {
            // An empty or relative entry would run what lies in the current directory.
            if (directory.startsWith("/")) {
                Path candidate = Path.of(directory, program);
                if (Files.isExecutable(candidate) && !Files.isDirectory(candidate)) {
                    return Optional.of(candidate);
                }
            }
        }
        return Optional.empty();
    }

    private Optional<Credential> without(String program, String reason) {
        events.accept(Event.warning("Going on without the credential helper " + program + ": " + reason));
        return Optional.empty();
    }
}
