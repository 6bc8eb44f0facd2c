package io.sifter.engine.remote;

import io.sifter.network.credential.PrivateFile;
import io.sifter.network.json.JsonObject;
import io.sifter.spi.Services;
import io.sifter.spi.Web;
import io.sifter.spi.error.ExternalException;
import io.sifter.spi.error.SifterException;
import io.sifter.spi.error.UserException;
import java.io.IOException;
import java.net.URI;
import java.nio.file.Path;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.regex.Pattern;

/**
 * The endpoints that the user and the site know, and the services of the one that is chosen. The site's file is read, the
 * user's is changed, by one process at a time. Safe for any thread.
 */
public final class Remotes implements Services {
    /** What stands in where nothing is configured. */
    private static final Remote DEFAULT = new Remote("SylabsCloud", "cloud.sylabs.io", Optional.empty(), true, false, false);
    private static final Path SITE = Path.of("/etc/singularity/remote.yaml");
    private static final Pattern ADDRESS = Pattern.compile("[A-Za-z0-9](?:[A-Za-z0-9._-]*[A-Za-z0-9])?(?::\\d{1,5})?(?:/[A-Za-z0-9._~/-]*)?");

    private final Path file;
    private final Path site;
    private final Web web;
    private final Optional<String> library;

    /**
     * @param file the user's
     * @param library address of a library in place of the endpoint's
     */
    public Remotes(Path file, Web web, Optional<String> library) {
        this(file, SITE, web, library);
    }

    Remotes(Path file, Path site, Web web, Optional<String> library) {
        this.file = file;
        this.site = site;
        this.web = web;
        this.library = library;
    }

    /** Where the user's endpoints and tokens are kept. */
    public Path file() {
        return file;
    }

    /** All, by name: the site's say where they are, the user's file what token belongs to them. */
    public Map<String, Remote> list() throws IOException {
        RemoteFile own = RemoteFile.read(file);
        RemoteFile sites = RemoteFile.read(site);
        Map<String, Remote> remotes = new TreeMap<>();
        for (String name : own.remotes().keySet()) {
            own.remote(name).filter(remote -> !remote.system() || sites.remote(name).isPresent() || name.equals(DEFAULT.name()))
                    .ifPresent(remote -> remotes.put(name, remote));
        }
        for (String name : sites.remotes().keySet()) {
            sites.remote(name).ifPresent(remote -> remotes.put(name, new Remote(name, remote.uri(),
                    own.remote(name).flatMap(Remote::token), true, remote.exclusive(), remote.insecure())));
        }
        if (remotes.isEmpty() || sites.remotes().isEmpty() && !remotes.containsKey(DEFAULT.name())) {
            remotes.put(DEFAULT.name(), DEFAULT);
        }
        return remotes;
    }

    /** The endpoint that is used; a site's exclusive one before all others. */
    public Optional<Remote> active() throws IOException {
        Map<String, Remote> remotes = list();
        Optional<Remote> exclusive = remotes.values().stream().filter(Remote::exclusive).findFirst();
        if (exclusive.isPresent()) {
            return exclusive;
        }
        RemoteFile own = RemoteFile.read(file);
        Optional<String> chosen = own.active().or(() -> {
            try {
                return RemoteFile.read(site).active();
            } catch (IOException e) {
                return Optional.empty();
            }
        });
        return chosen.isPresent() ? Optional.ofNullable(remotes.get(chosen.get()))
                : own.decided() ? Optional.empty() : remotes.values().stream().filter(Remote::system).findFirst();
    }

    /** @throws UserException if there is none of that name */
    public Remote named(String name) throws IOException {
        Remote remote = list().get(name);
        if (remote == null) {
            throw new UserException("%s is not a remote".formatted(name), "Known: %s.".formatted(String.join(", ", list().keySet())));
        }
        return remote;
    }

    private Remote inUse() throws IOException {
        return active().orElseThrow(() -> {
            try {
                return new UserException("no default endpoint set: use 'singularity remote use <endpoint>', available endpoints are: "
                        + String.join(", ", list().keySet()));
            } catch (IOException e) {
                return new UserException("no default endpoint set: use 'singularity remote use <endpoint>'");
            }
        });
    }

    /** The named one, or the one in use. */
    public Remote namedOrInUse(Optional<String> name) throws IOException {
        return name.isPresent() ? named(name.get()) : inUse();
    }

    /**
     * Adds an endpoint.
     *
     * @param address {@code host[:port][/path]}; a scheme before it is passed over
     * @param insecure whether it is reached over plain HTTP
     * @param choose whether it is used from now on
     */
    public void add(String name, String address, boolean insecure, boolean choose) throws IOException {
        String uri = address.replaceFirst("^(?i)(https?:)?//", "").replaceFirst("/+$", "");
        if (!name.matches("[A-Za-z0-9][A-Za-z0-9._-]*")) {
            throw new UserException("'%s' cannot be the name of a remote".formatted(name), "Use letters, digits, '.', '_' and '-'.");
        }
        if (!ADDRESS.matcher(uri).matches()) {
            throw new UserException("'%s' is not the address of an endpoint".formatted(address), "It is written host[:port][/path].");
        }
        if (list().containsKey(name)) {
            throw new UserException("%s is already a remote".formatted(name), "Remove it first: remote remove " + name);
        }
        change(own -> {
            own.put(new Remote(name, uri, Optional.empty(), false, false, insecure));
            if (choose) {
                own.activate(name);
            }
        });
    }

    public void remove(String name) throws IOException {
        if (named(name).system()) {
            throw new UserException("%s is global and can't be removed".formatted(name), "Use another with 'remote use'.");
        }
        change(own -> {
            own.remotes().remove(name);
            if (own.active().equals(Optional.of(name))) {
                own.activate("");
            }
        });
    }

    public void use(String name) throws IOException {
        Remote remote = named(name);
        Optional<Remote> exclusive = list().values().stream().filter(Remote::exclusive).findFirst();
        if (exclusive.isPresent() && !exclusive.get().name().equals(name)) {
            throw new UserException("could not use %s: remote %s has been set exclusive by the system administrator".formatted(name, exclusive.get().name()));
        }
        change(own -> {
            own.put(remote);
            own.activate(name);
        });
    }

    /** Keeps a token that the endpoint accepts; without one it is signed out. */
    public void keep(Remote remote, Optional<String> token) throws IOException {
        change(own -> {
            own.put(new Remote(remote.name(), remote.uri(), token, remote.system(), remote.exclusive(), remote.insecure()));
            if (own.active().isEmpty() && active().map(used -> used.name().equals(remote.name())).orElse(false)) {
                own.activate(remote.name());
            }
        });
    }

    /** What is done to the user's file while nobody else changes it. */
    private interface Change {
        void make(RemoteFile own) throws IOException;
    }

    private void change(Change change) throws IOException {
        PrivateFile kept = new PrivateFile(file);
        try (var _ = kept.hold()) {
            RemoteFile own = RemoteFile.read(file);
            change.make(own);
            kept.replace(own.content());
        } catch (SifterException known) {
            throw known;
        } catch (IOException e) {
            throw new ExternalException("Cannot write %s: %s".formatted(file, e.getMessage()), "Check its directory's permissions.", e);
        }
    }

    /** Asks the endpoint whether a token is good; fails if not, and says why. */
    public void check(Remote remote, String token) throws IOException, InterruptedException {
        URI service = Optional.ofNullable(services(remote).get("token")).orElseThrow(() -> new UserException(
                "no authentication service found at " + remote.uri(), "Check the address of the remote."));
        Web.Response response = web.send(request(remote, below(service, "v1/token-status")).withAuthorization(Optional.of("Bearer " + token)));
        if (response.status() != 200) {
            throw new ExternalException("error response from server: " + switch (response.status()) {
                case 401, 404 -> "Invalid Credentials";
                case 500 -> "Internal Server Error";
                default -> "Unknown (%d)".formatted(response.status());
            }, "Get a new token at %s/auth/tokens, and log in with it.".formatted(remote.frontend()));
        }
    }

    /** What an endpoint offers, by name. */
    public Map<String, URI> services(Remote remote) throws IOException, InterruptedException {
        URI address = below(remote.frontend(), "assets/config/config.prod.json");
        Web.Response response = web.send(request(remote, address));
        Optional<JsonObject> document = response.status() == 200 ? JsonObject.parse(response.body()) : Optional.empty();
        if (document.isEmpty()) {
            throw new ExternalException("%s does not say what services it has: %s".formatted(remote.uri(), response.status() != 200
                    ? "status %d".formatted(response.status()) : response.isWebPage() ? "it answers with a web page" : "its answer cannot be read"),
                    "Check the address of the remote: remote list");
        }
        Map<String, URI> services = new TreeMap<>();
        for (String key : document.get().names()) {
            Optional<String> uri = document.get().child(key).text("uri");
            if (key.endsWith("API") && uri.isPresent() && uri.get().matches("https?://[^\\s/]+.*")) {
                String name = key.substring(0, key.length() - 3);
                services.put(name.equals("keystore") ? "keyserver" : name, URI.create(uri.get()));
            }
        }
        return services;
    }

    /** What a service says its version is; empty if it does not answer well. */
    public Optional<String> version(Remote remote, URI service) throws InterruptedException {
        try {
            Web.Response response = web.send(request(remote, below(service, "version")));
            return response.status() != 200 ? Optional.empty()
                    : Optional.of(JsonObject.parse(response.body()).flatMap(body -> body.child("data").text("version")).orElse(""));
        } catch (IOException unreachable) {
            return Optional.empty();
        }
    }

    /**
     * What the library knows of the user.
     *
     * @throws UserException if nobody is signed in
     */
    public JsonObject user(Remote remote) throws IOException, InterruptedException {
        URI service = Optional.ofNullable(services(remote).get("library")).orElseThrow(() -> new UserException("%s has no library".formatted(remote.name())));
        Web.Response response = web.send(request(remote, below(service, "v1/rbac/users/current")).withAuthorization(remote.token().map(token -> "Bearer " + token)));
        return switch (response.status()) {
            case 200 -> JsonObject.parse(response.body()).orElseThrow(() -> new ExternalException("the library's answer cannot be read"));
            case 401, 403 -> throw new UserException("must be logged in to retrieve user data", "Log in: remote login");
            case 404 -> throw new UserException("user endpoint not found", "This library knows no users.");
            default -> throw new ExternalException("error retrieving user data: status %d".formatted(response.status()), "Try again later.");
        };
    }

    @Override
    public Service find(String name) throws IOException, InterruptedException {
        if (name.equals("library") && library.isPresent()) {
            return at(name, address(library.get()));
        }
        Remote remote = inUse();
        URI service = services(remote).get(name);
        if (service == null) {
            throw new UserException("remote %s has no %s".formatted(remote.name(), name), "Choose another remote with 'remote use', or name a library with --library.");
        }
        return new Service(service, remote.token(), Optional.of(remote.frontend()));
    }

    @Override
    public Service at(String name, URI url) throws IOException {
        Optional<Remote> exclusive = list().values().stream().filter(Remote::exclusive).findFirst();
        if (exclusive.isPresent()) {
            throw new UserException("endpoint is set as exclusive by the system administrator: only \"%s\" can be used".formatted(exclusive.get().uri()));
        }
        return new Service(url, Optional.empty(), Optional.empty());
    }

    private static URI address(String text) throws UserException {
        if (!text.matches("https?://[A-Za-z0-9.:\\[\\]_-]+(/[A-Za-z0-9._~/-]*)?")) {
            throw new UserException("'%s' is not the address of a library".formatted(text), "It is written https://host[:port][/path].");
        }
        return URI.create(text);
    }

    private static Web.Request request(Remote remote, URI url) {
        return Web.Request.get(url).withPlainHttp(remote.insecure());
    }

    private static URI below(URI base, String path) {
        String text = base.toString();
        return URI.create((text.endsWith("/") ? text : text + "/") + path);
    }
}
