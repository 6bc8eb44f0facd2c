package io.sifter.cli;

import io.sifter.cli.options.Values;
import io.sifter.cli.terminal.Level;
import io.sifter.engine.Sifter;
import io.sifter.engine.remote.Remote;
import io.sifter.engine.remote.Remotes;
import io.sifter.network.json.JsonObject;
import io.sifter.spi.error.ExternalException;
import io.sifter.spi.error.SifterException;
import io.sifter.spi.error.UserException;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.PrintStream;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/** {@code remote}: endpoints with services, and the tokens for them. */
final class RemoteCommands {
    /** What the reference takes for a token in a file. */
    private static final int SHORTEST = 200;
    private static final int LONGEST = 4096;

    private RemoteCommands() {}

    /** @param tokenFile where the token is read; without it the user is asked */
    record AddRequest(boolean insecure, boolean choose, boolean login, Optional<Path> tokenFile) {}

    static AddRequest addRequest(Values values) {
        return new AddRequest(values.flag("insecure"), !values.flag("no-default"), !values.flag("no-login"), tokenFile(values));
    }

    static Optional<Path> tokenFile(Values values) {
        return values.text("tokenfile").map(Path::of);
    }

    static void run(Session session) throws IOException, InterruptedException {
        List<String> arguments = session.invocation().arguments();
        Optional<String> name = arguments.stream().findFirst();
        String command = session.invocation().command().path();
        // The older names of what became commands of their own.
        if (command.equals("remote login") && name.filter(RegistryCommands::isRegistry).isPresent()) {
            RegistryCommands.login(session);
            return;
        }
        if (command.equals("remote logout") && name.filter(RegistryCommands::isRegistry).isPresent()) {
            RegistryCommands.logout(session);
            return;
        }
        try (Sifter sifter = Sifter.open(ImageOptions.plainSettings(session), session.terminal())) {
            Remotes remotes = sifter.remotes();
            switch (command) {
                case "remote add" -> add(session, remotes, arguments.get(0), arguments.get(1));
                case "remote get-login-password" -> session.caller().out().print(remotes.user(remotes.namedOrInUse(Optional.empty()))
                        .child("oidc_user_meta").text("secret").orElseThrow(() -> new ExternalException("the library gives out no password")) + "\n");
                case "remote list" -> list(session, remotes);
                case "remote login" -> {
                    requireNothingOfRegistries(session.values());
                    login(session, remotes, remotes.namedOrInUse(name), tokenFile(session.values()));
                }
                case "remote logout" -> {
                    remotes.keep(remotes.namedOrInUse(name), Optional.empty());
                    session.terminal().log(Level.INFO, "Logout succeeded");
                }
                case "remote remove" -> {
                    remotes.remove(name.orElseThrow());
                    session.terminal().log(Level.INFO, "Remote \"%s\" removed.".formatted(name.get()));
                }
                case "remote status" -> status(session, remotes, remotes.namedOrInUse(name));
                case "remote use" -> {
                    remotes.use(name.orElseThrow());
                    session.terminal().log(Level.INFO, "Remote \"%s\" now in use.".formatted(name.get()));
                }
                default -> throw new IllegalStateException(command);
            }
        }
    }

    /** An endpoint takes a token; what registries take is not passed over in silence. */
    private static void requireNothingOfRegistries(Values values) throws UserException {
        if (values.text("username").isPresent() | values.text("password").isPresent() | values.flag("password-stdin") | values.flag("insecure")) {
            throw new UserException("--username, --password, --password-stdin and --insecure are for registries",
                    "Name one, docker://registry.example.org; to an endpoint one logs in with --tokenfile.");
        }
    }

    private static void add(Session session, Remotes remotes, String name, String address) throws IOException, InterruptedException {
        AddRequest request = addRequest(session.values());
        remotes.add(name, address, request.insecure(), request.choose());
        session.terminal().log(Level.INFO, "Remote \"%s\" added.".formatted(name));
        if (request.login()) {
            login(session, remotes, remotes.named(name), request.tokenFile());
        }
    }

    private static void list(Session session, Remotes remotes) throws IOException {
        PrintStream out = session.caller().out();
        Optional<String> active = remotes.active().map(Remote::name);
        out.print(row("NAME", "URI", "DEFAULT?", "GLOBAL?", "EXCLUSIVE?", "SECURE?"));
        for (Remote remote : remotes.list().values()) {
            out.print(row(remote.name(), remote.uri(), mark(active.equals(Optional.of(remote.name()))), mark(remote.system()),
                    mark(remote.exclusive()), remote.insecure() ? "✗!" : "✓"));
        }
    }

    private static String mark(boolean set) {
        return set ? "✓" : "";
    }

    private static String row(String name, String uri, String chosen, String global, String exclusive, String secure) {
        return "%-15s %-28s %-9s %-8s %-11s %s".formatted(name, uri, chosen, global, exclusive, secure).stripTrailing() + "\n";
    }

    private static void login(Session session, Remotes remotes, Remote remote, Optional<Path> tokenFile) throws IOException, InterruptedException {
        if (tokenFile.isEmpty() && remote.token().isPresent() && session.caller().interactive()) {
            String answer = session.prompt().ask("An access token is already set for this remote. Replace it? [y/N] ").strip();
            if (!answer.equalsIgnoreCase("y")) {
                return;
            }
        }
        String token;
        if (tokenFile.isPresent()) {
            token = token(tokenFile.get());
        } else {
            session.terminal().log(Level.INFO, "Authenticating with remote: " + remote.name());
            token = session.prompt().askSecretly(
                    "Generate an access token at %s/auth/tokens, and paste it here.\nToken entered will be hidden for security.\nAccess Token: "
                            .formatted(remote.frontend())).strip();
            if (token.isEmpty()) {
                throw new UserException("no access token was given", "Paste the token, or name a file that holds it with --tokenfile.");
            }
        }
        requirePrintable(token);
        remotes.check(remote, token);
        session.terminal().log(Level.INFO, "Access Token Verified!");
        remotes.keep(remote, Optional.of(token));
        session.terminal().log(Level.INFO, "Token stored in " + remotes.file());
    }

    /** What cannot be a header must not become one. */
    private static void requirePrintable(String token) throws UserException {
        if (!token.chars().allMatch(c -> c > ' ' && c <= '~')) {
            throw new UserException("the access token holds characters that no token has", "Copy it again.");
        }
    }

    private static String token(Path file) throws IOException {
        String line;
        try (BufferedReader reader = Files.newBufferedReader(file)) {
            // No more than a token may have: the file may be any.
            char[] start = new char[LONGEST + 2];
            int read = Math.max(0, reader.read(start));
            line = new String(start, 0, read).split("\\R", 2)[0].strip();
        }
        if (line.length() < SHORTEST) {
            throw new UserException("token is too short to be valid: the first line of %s has %d characters".formatted(file, line.length()),
                    "A token has %d characters or more.".formatted(SHORTEST));
        }
        if (line.length() > LONGEST) {
            throw new UserException("token is too large to be valid: the first line of %s has more than %d characters".formatted(file, LONGEST), "Name the right file.");
        }
        return line;
    }

    private static void status(Session session, Remotes remotes, Remote remote) throws IOException, InterruptedException {
        PrintStream out = session.caller().out();
        session.terminal().log(Level.INFO, "Checking status of remote.");
        session.terminal().flush();
        out.print(line("SERVICE", "STATUS", "VERSION", "URI"));
        for (Map.Entry<String, URI> service : remotes.services(remote).entrySet()) {
            Optional<String> version = remotes.version(remote, service.getValue());
            String title = Character.toUpperCase(service.getKey().charAt(0)) + service.getKey().substring(1);
            out.print(line(title, version.isPresent() ? "OK" : "N/A", version.orElse(""), service.getValue().toString()));
        }
        if (remote.token().isEmpty()) {
            out.print("\nNo authentication token set (logged out).\n");
            return;
        }
        try {
            JsonObject user = remotes.user(remote);
            out.print("\nLogged in as: %s <%s>\n".formatted(user.text("username").orElse("?"), user.text("email").orElse("?")).replaceAll("[\\p{Cntrl}&&[^\\n]]", " "));
        } catch (SifterException unknown) {
            // Libraries need not know users; the token is checked below.
        }
        remotes.check(remote, remote.token().get());
        out.print("\nValid authentication token set (logged in).\n");
    }

    private static String line(String service, String status, String version, String uri) {
        return "%-12s %-7s %-16s %s\n".formatted(service, status, version, uri);
    }
}
