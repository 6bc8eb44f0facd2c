package io.sifter.cli;

import io.sifter.cli.options.Values;
import io.sifter.cli.terminal.Level;
import io.sifter.engine.Logins;
import io.sifter.engine.Sifter;
import io.sifter.engine.SifterSettings;
import io.sifter.spi.error.SifterException;
import io.sifter.spi.error.UserException;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.regex.Pattern;

/** {@code registry login}, {@code logout} and {@code list}, and the same by the older names {@code remote login} and {@code logout}. */
final class RegistryCommands {
    private static final Pattern URI = Pattern.compile("(?:docker|oras):(?://)?([^/@?#\\s]+(?:/[a-z0-9._/-]*[a-z0-9])?)/?");
    private static final int SECRET_LIMIT = 1 << 16;

    private RegistryCommands() {}

    /** Whether an argument names a registry, rather than a service by its name. */
    static boolean isRegistry(String argument) {
        return argument.startsWith("docker:") || argument.startsWith("oras:");
    }

    /** {@code host[:port][/path]} of a URI. */
    static String registry(String uri) throws UserException {
        var matcher = URI.matcher(uri);
        if (!matcher.matches()) {
            throw new UserException("%s does not name a registry".formatted(uri), "Write it as docker://registry.example.org[:port].");
        }
        String registry = matcher.group(1);
        // What Docker calls its own registry.
        return registry.equals("index.docker.io/v1") ? "docker.io" : registry;
    }

    /**
     * What is to be stored.
     *
     * @param secret as given; asked for where it is not
     */
    record Request(String uri, String registry, String user, String secret, boolean insecure) {
        @Override
        public String toString() {
            return "Request[" + uri + "]";
        }
    }

    static Request loginRequest(Session session) throws IOException {
        Values values = session.values();
        String uri = session.argument(0);
        String registry = registry(uri);
        boolean fromInput = values.flag("password-stdin");
        var given = values.text("password");
        boolean insecure = values.flag("insecure");
        String user = values.text("username").orElseThrow(() -> new UserException(
                "while login to %s: Docker/OCI registry requires a username".formatted(uri), "Name the user with --username."));
        if (fromInput && given.isPresent()) {
            throw new UserException("--password and --password-stdin cannot be used together", "Give the password once.");
        }
        String secret = fromInput ? input(session) : given.isPresent() ? given.get() : session.prompt().askSecretly("Password / Token: ");
        if (secret.isEmpty()) {
            throw new UserException("while login to %s: a password is required".formatted(uri), "Type it when asked, or give it by --password-stdin.");
        }
        return new Request(uri, registry, user, secret, insecure);
    }

    private static String input(Session session) throws IOException {
        String text = new String(session.caller().in().readNBytes(SECRET_LIMIT), StandardCharsets.UTF_8);
        return text.endsWith("\r\n") ? text.substring(0, text.length() - 2) : text.endsWith("\n") ? text.substring(0, text.length() - 1) : text;
    }

    static void login(Session session) throws IOException, InterruptedException {
        Request request = loginRequest(session);
        try (Sifter sifter = Sifter.open(ImageOptions.authSettings(session), session.terminal())) {
            Logins logins = sifter.logins();
            logins.login(request.registry, new SifterSettings.Login(request.user, request.secret), request.insecure);
            session.terminal().log(Level.INFO, "Token stored in " + logins.file());
        } catch (SifterException e) {
            throw Failures.prefixed("while login to " + request.uri + ": ", e);
        }
    }

    static void logout(Session session) throws IOException, InterruptedException {
        String uri = session.argument(0);
        String registry = registry(uri);
        try (Sifter sifter = Sifter.open(ImageOptions.authSettings(session), session.terminal())) {
            Logins logins = sifter.logins();
            if (logins.logout(registry)) {
                session.terminal().log(Level.INFO, "Token removed from " + logins.file());
            } else {
                session.terminal().log(Level.WARNING, "There is no existing login to registry \"%s\".".formatted(uri));
            }
            session.terminal().log(Level.INFO, "Logout succeeded");
        } catch (SifterException e) {
            throw Failures.prefixed("while logout from " + uri + ": ", e);
        }
    }

    static void list(Session session) throws IOException {
        try (Sifter sifter = Sifter.open(ImageOptions.authSettings(session), session.terminal())) {
            List<String> registries = sifter.logins().registries();
            StringBuilder text = new StringBuilder("\n");
            if (registries.isEmpty()) {
                text.append("(no registries with stored login information found)\n");
            } else {
                text.append("URI\n");
                registries.forEach(registry -> text.append("docker://").append(registry).append('\n'));
            }
            session.caller().out().print(text);
        }
    }
}
