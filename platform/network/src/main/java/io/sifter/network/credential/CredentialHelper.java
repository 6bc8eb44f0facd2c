package io.sifter.network.credential;

import io.sifter.image.document.Json;
import io.sifter.network.json.JsonObject;
import io.sifter.spi.error.ExternalException;
import io.sifter.spi.event.Event;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.LinkedHashMap;
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

    /** How a helper says that it knows no login (docker-credential-helpers). */
    private static final String NOT_FOUND = "credentials not found in native keychain";

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
            return ask(found.get(), program, server);
        } catch (IOException e) {
            return without(program, "it could not be run");
        }
    }

    /** Keeps a login, in place of any that it has for the server. */
    void store(String name, String server, Credential.Password login) throws IOException, InterruptedException {
        Map<String, Object> entry = new LinkedHashMap<>();
        entry.put("ServerURL", server);
        entry.put("Username", login.user());
        entry.put("Secret", login.secret());
        change(name, "store", Json.compact(entry));
    }

    /** Forgets the login for a server. */
    void erase(String name, String server) throws IOException, InterruptedException {
        change(name, "erase", server.getBytes(StandardCharsets.UTF_8));
    }

    private void change(String name, String action, byte[] question) throws IOException, InterruptedException {
        String program = "docker-credential-" + name;
        String reason;
        try {
            Optional<Path> found = NAME.matcher(name).matches() ? locate(program) : Optional.empty();
            if (found.isEmpty()) {
                reason = "it is not in PATH";
            } else {
                int exit = call(found.get(), action, question).exit;
                if (exit == 0) {
                    return;
                }
                // What it says is not repeated, since nobody knows what is in it.
                reason = "'%s' ended with %d".formatted(action, exit);
            }
        } catch (TimeoutException e) {
            reason = e.getMessage();
        } catch (IOException e) {
            reason = "it could not be run";
        }
        throw new ExternalException("The credential helper %s cannot be used: %s".formatted(program, reason),
                "Repair it, or name another file with --authfile.");
    }

    private Optional<Credential> ask(Path file, String program, String server) throws IOException, InterruptedException {
        try {
            Reply reply = call(file, "get", server.getBytes(StandardCharsets.UTF_8));
            if (reply.exit != 0) {
                // To know no login is no fault. What else it says is not repeated, since nobody knows what is in it.
                return new String(reply.output, StandardCharsets.UTF_8).strip().equals(NOT_FOUND) ? Optional.empty()
                        : without(program, "'get' ended with " + reply.exit);
            }
            Optional<JsonObject> object = JsonObject.parse(reply.output);
            if (object.isEmpty()) {
                return without(program, "it did not answer with a JSON object");
            }
            String user = object.get().text("Username").orElse("");
            return object.get().text("Secret").map(secret ->
                    user.equals(TOKEN_USER) ? new Credential.IdentityToken(secret) : new Credential.Password(user, secret));
        } catch (TimeoutException e) {
            return without(program, e.getMessage());
        }
    }

    private record Reply(int exit, byte[] output) {}

    /** Secrets travel by standard input alone: command lines are open to everybody on the machine. */
    private Reply call(Path file, String action, byte[] question) throws IOException, InterruptedException, TimeoutException {
        ProcessBuilder builder = new ProcessBuilder(file.toString(), action).redirectError(ProcessBuilder.Redirect.DISCARD);
        builder.environment().clear();
        builder.environment().putAll(environment);
        Process process = builder.start();
        try {
            // A helper that never reads its input or never closes its output must not hold the pull.
            CompletableFuture<byte[]> answer = CompletableFuture.supplyAsync(() -> converse(process, question),
                    Thread.ofPlatform().name("credential helper").daemon()::start);
            byte[] output;
            try {
                output = answer.get(patience.toMillis(), TimeUnit.MILLISECONDS);
            } catch (TimeoutException e) {
                throw new TimeoutException("it did not answer within " + patience.toSeconds() + " s");
            } catch (ExecutionException e) {
                throw new IOException("its answer could not be read", e);
            }
            if (!process.waitFor(patience.toMillis(), TimeUnit.MILLISECONDS)) {
                throw new TimeoutException("it did not end within " + patience.toSeconds() + " s");
            }
            return new Reply(process.exitValue(), output);
        } finally {
            process.destroyForcibly();
        }
    }

    private static byte[] converse(Process process, byte[] text) {
        try (InputStream answer = process.getInputStream()) {
            try (OutputStream question = process.getOutputStream()) {
                question.write(text);
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
