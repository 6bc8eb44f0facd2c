package io.sifter.network;

import io.sifter.network.json.JsonObject;
import io.sifter.spi.error.CorruptDataException;
import io.sifter.spi.error.ExternalException;
import io.sifter.spi.error.UnreachableException;
import io.sifter.spi.error.UserException;
import java.io.FilterInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.net.ConnectException;
import java.net.InetAddress;
import java.net.NoRouteToHostException;
import java.net.SocketException;
import java.net.SocketTimeoutException;
import java.net.URLEncoder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.time.Duration;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import java.util.regex.Pattern;
import javax.net.ssl.KeyManager;
import javax.net.ssl.SSLContext;
import javax.net.ssl.SSLException;
import javax.net.ssl.X509ExtendedTrustManager;
import okhttp3.HttpUrl;
import okhttp3.OkHttpClient;
import okhttp3.Protocol;
import okhttp3.Request;
import okhttp3.Response;

/**
 * A Docker daemon, or Podman's service that speaks the same (Docker Engine API), through a Unix socket or TCP, with TLS where the
 * environment asks for it. Nothing is asked before the first call. Safe for any thread.
 */
public final class DockerDaemon {
    /** Where the daemon listens unless told otherwise. */
    public static final String USUAL = "unix:///var/run/docker.sock";

    /** Docker's own ports, where an address names none. */
    private static final int PLAIN_PORT = 2375;
    private static final int TLS_PORT = 2376;
    private static final Pattern PORT = Pattern.compile(":\\d+/?$");

    private static final Duration CONNECT = Duration.ofSeconds(15);
    /** Before it sends the first byte of an image, a daemon copies all of it to its own disk. */
    private static final Duration PATIENCE = Duration.ofMinutes(30);
    private static final int ANSWER_LIMIT = 16 << 20;
    /** Newest version of the API that was looked at; what is used of it has not changed since 1.24. */
    private static final String NEWEST = "1.47";

    private final String address;
    private final HttpUrl base;
    private final OkHttpClient client;
    private final Duration stall;
    private final Optional<String> version;

    private DockerDaemon(String address, HttpUrl base, OkHttpClient client, Duration stall, Optional<String> version) {
        this.address = address;
        this.base = base;
        this.client = client;
        this.stall = stall;
        this.version = version;
    }

    /**
     * @param address {@code unix:///path}, {@code tcp://host:port}, {@code http://…} or {@code https://…}
     * @param environment where {@code DOCKER_CERT_PATH}, {@code DOCKER_TLS_VERIFY}, {@code DOCKER_API_VERSION} and {@code HOME} are
     * @param stall how long an answer that has begun may stay without a byte
     * @throws UserException if the address cannot be one
     */
    public static DockerDaemon at(String address, Map<String, String> environment, Duration stall) throws IOException {
        OkHttpClient.Builder builder = new OkHttpClient.Builder().protocols(List.of(Protocol.HTTP_1_1))
                .proxy(java.net.Proxy.NO_PROXY).followRedirects(false).retryOnConnectionFailure(false)
                .connectTimeout(CONNECT).readTimeout(stall).writeTimeout(stall);
        Optional<String> version = Optional.of(environment.getOrDefault("DOCKER_API_VERSION", "")).filter(text -> !text.isEmpty());
        if (address.startsWith("unix://")) {
            Path socket = Path.of(address.substring("unix://".length()));
            if (socket.toString().isEmpty()) {
                throw unusable(address);
            }
            builder.socketFactory(new UnixSockets(socket)).dns(_ -> List.of(InetAddress.getLoopbackAddress()));
            return new DockerDaemon(address, HttpUrl.get("http://docker"), builder.build(), stall, version);
        }
        String certificates = environment.getOrDefault("DOCKER_CERT_PATH", "");
        boolean verified = !environment.getOrDefault("DOCKER_TLS_VERIFY", "").isEmpty();
        String scheme = address.substring(0, Math.max(0, address.indexOf("://")));
        boolean secure = scheme.equals("https") || scheme.equals("tcp") && (verified || !certificates.isEmpty());
        if (!List.of("tcp", "http", "https").contains(scheme)) {
            throw unusable(address);
        }
        String whole = scheme.equals("tcp") && !PORT.matcher(address).find()
                ? address.replaceFirst("/?$", ":" + (secure ? TLS_PORT : PLAIN_PORT)) : address;
        HttpUrl base = HttpUrl.parse((secure ? "https" : "http") + whole.substring(scheme.length()));
        if (base == null) {
            throw unusable(address);
        }
        if (secure) {
            Path directory = certificates.isEmpty() ? Path.of(environment.getOrDefault("HOME", "/"), ".docker") : Path.of(certificates);
            encrypt(builder, directory, verified);
        }
        return new DockerDaemon(whole, base, builder.socketFactory(new BufferedSockets()).build(), stall, version);
    }

    private static UserException unusable(String address) {
        return new UserException("Not the address of a Docker daemon: '%s'".formatted(Printable.of(address)),
                "Write unix:///path/of/socket or tcp://host:port. For ssh://, forward the socket: ssh -L /tmp/docker.sock:/var/run/docker.sock HOST.");
    }

    /** Docker's names in the directory: ca.pem, cert.pem, key.pem, each of which may be missing. */
    private static void encrypt(OkHttpClient.Builder builder, Path directory, boolean verified) throws IOException {
        Path authority = directory.resolve("ca.pem");
        X509ExtendedTrustManager trust = verified
                ? new Trust(Map.of(), Files.isRegularFile(authority) ? List.of(authority) : List.of()) : new Trust.Blind();
        Path certificate = directory.resolve("cert.pem");
        try {
            SSLContext context = SSLContext.getInstance("TLS");
            ClientKeys keys = ClientKeys.of(Files.isRegularFile(certificate) ? Map.of(certificate, directory.resolve("key.pem")) : Map.of());
            context.init(new KeyManager[] {keys}, new X509ExtendedTrustManager[] {trust}, null);
            builder.sslSocketFactory(context.getSocketFactory(), trust);
            if (!verified) {
                builder.hostnameVerifier((_, _) -> true);
            }
        } catch (GeneralSecurityException e) {
            throw new ExternalException("TLS cannot be set up with the files in %s: %s".formatted(directory, e.getMessage()),
                    "DOCKER_CERT_PATH names the directory with ca.pem, cert.pem and key.pem.", e);
        }
    }

    public String address() {
        return address;
    }

    /**
     * What the daemon says about an image: the JSON of {@code docker image inspect}, unparsed.
     *
     * @param name with its tag or digest, or an id
     * @throws UserException if there is no such image
     */
    public byte[] inspect(String name) throws IOException, InterruptedException {
        try (Response response = ask("/images/" + path(name) + "/json", stall)) {
            require(response, name);
            return body(response);
        }
    }

    /**
     * The image as {@code docker save} writes it; the daemon sends it once, from front to end.
     *
     * @throws UserException if there is no such image
     */
    public InputStream save(String name) throws IOException, InterruptedException {
        Response response = ask("/images/" + path(name) + "/get", PATIENCE);
        try {
            require(response, name);
            response.body().source().timeout().timeout(stall.toMillis(), TimeUnit.MILLISECONDS);
            return new FilterInputStream(response.body().byteStream()) {
                @Override
                public int read(byte[] target, int offset, int length) throws IOException {
                    try {
                        return in.read(target, offset, length);
                    } catch (IOException e) {
                        throw broken(e);
                    }
                }

                @Override
                public int read() throws IOException {
                    byte[] one = new byte[1];
                    return read(one, 0, 1) < 0 ? -1 : one[0] & 0xFF;
                }

                @Override
                public long skip(long count) throws IOException {
                    try {
                        return in.skip(count);
                    } catch (IOException e) {
                        throw broken(e);
                    }
                }

                @Override
                public void close() {
                    // Not read to its end: OkHttp would read on for a while to keep the connection.
                    response.close();
                    client.connectionPool().evictAll();
                }
            };
        } catch (IOException | RuntimeException e) {
            response.close();
            throw e;
        }
    }

    private static String path(String name) {
        // Slashes are part of the path, as Docker's own client has it.
        return URLEncoder.encode(name, StandardCharsets.UTF_8).replace("%2F", "/").replace("%3A", ":").replace("%40", "@").replace("+", "%20");
    }

    private Response ask(String path, Duration patience) throws IOException, InterruptedException {
        return send(prefix() + path, patience);
    }

    /** Daemons refuse what is newer than they are, and some what has no version. */
    private String prefix() throws IOException, InterruptedException {
        if (version.isPresent()) {
            return "/v" + version.get();
        }
        try (Response response = send("/_ping", stall)) {
            String known = response.header("Api-Version");
            return known == null || !known.matches("\\d{1,3}\\.\\d{1,3}") ? "" : "/v" + (older(known, NEWEST) ? known : NEWEST);
        }
    }

    private static boolean older(String one, String other) {
        String[] a = one.split("\\.");
        String[] b = other.split("\\.");
        int major = Integer.compare(Integer.parseInt(a[0]), Integer.parseInt(b[0]));
        return major < 0 || major == 0 && Integer.parseInt(a[1]) < Integer.parseInt(b[1]);
    }

    private Response send(String path, Duration patience) throws IOException, InterruptedException {
        HttpUrl url = base.resolve(path);
        OkHttpClient patient = client.newBuilder().readTimeout(patience).build();
        try {
            return patient.newCall(new Request.Builder().url(url).header("Accept-Encoding", "identity").build()).execute();
        } catch (IOException e) {
            throw unreachable(e);
        }
    }

    private IOException unreachable(IOException e) throws InterruptedException {
        Courier.heed();
        String said = said(e);
        if (said.contains("permission denied")) {
            return new ExternalException("permission denied while trying to connect to the Docker daemon socket at " + address,
                    "Only root and the members of the group docker may use it: put sudo before the command, or have yourself added to the group "
                            + "(sudo usermod -aG docker $USER) and log in again.", e);
        }
        // A daemon that wants a certificate hangs up before anybody reads why.
        boolean hungUp = e instanceof SocketException && !(e instanceof ConnectException) && !(e instanceof NoRouteToHostException);
        if (e instanceof SSLException || base.isHttps() && hungUp) {
            return new ExternalException("TLS with the Docker daemon at %s failed: %s".formatted(address, Printable.of(String.valueOf(e.getMessage()))),
                    "DOCKER_CERT_PATH names the directory with ca.pem, cert.pem and key.pem; DOCKER_TLS_VERIFY asks for the daemon's to be verified.", e);
        }
        if (e instanceof SocketTimeoutException) {
            return new UnreachableException("The Docker daemon at %s does not answer".formatted(address), "Look whether it is well: docker version.", e);
        }
        return new UnreachableException("Cannot connect to the Docker daemon at %s. Is the docker daemon running?".formatted(address),
                "Start it, or say where it is with --docker-host or DOCKER_HOST. (%s)".formatted(Printable.of(said)), e);
    }

    private static String said(IOException e) {
        Throwable root = e;
        while (root.getCause() != null) {
            root = root.getCause();
        }
        return String.valueOf(root.getMessage()).toLowerCase(Locale.ROOT);
    }

    private IOException broken(IOException e) {
        if (Thread.currentThread().isInterrupted()) {
            return Courier.interrupted();
        }
        if (e instanceof SocketTimeoutException) {
            return new ExternalException("The Docker daemon at %s stopped sending the image: nothing came for %d seconds".formatted(address, stall.toSeconds()),
                    "Run the command again; layers that came whole are kept.", e);
        }
        return new ExternalException("The connection to the Docker daemon at %s broke while it sent the image".formatted(address),
                "Look whether the daemon is well, and run the command again; layers that came whole are kept.", e);
    }

    private void require(Response response, String name) throws IOException {
        if (response.code() == 200) {
            return;
        }
        byte[] body = body(response);
        Optional<String> said = JsonObject.parse(body).flatMap(answer -> answer.text("message")).map(Printable::of);
        // In the words of Go's server, which Docker's and Podman's are made of.
        if (response.code() == 400 && new String(body, StandardCharsets.UTF_8).contains("HTTP request to an HTTPS server")) {
            throw new UserException("The Docker daemon at %s wants TLS".formatted(address),
                    "Set DOCKER_TLS_VERIFY=1, and DOCKER_CERT_PATH to the directory with ca.pem, cert.pem and key.pem.");
        }
        if (response.code() == 404 && said.isPresent()) {
            throw new UserException("no such image in the Docker daemon: %s (%s)".formatted(name, said.get()),
                    "See what is there with 'docker images', or get it with 'docker pull %s'.".formatted(name));
        }
        throw new ExternalException("The Docker daemon at %s answered with status %d: %s".formatted(address, response.code(),
                said.orElse("and no reason that could be understood")),
                said.isPresent() ? "Look into the daemon's log." : "Perhaps something else than a Docker daemon listens there.");
    }

    private byte[] body(Response response) throws IOException {
        try {
            byte[] content = response.body().byteStream().readNBytes(ANSWER_LIMIT + 1);
            if (content.length > ANSWER_LIMIT) {
                throw new CorruptDataException("The Docker daemon at %s answered with more than %d bytes".formatted(address, ANSWER_LIMIT));
            }
            return content;
        } catch (CorruptDataException e) {
            throw e;
        } catch (IOException e) {
            throw broken(e);
        }
    }
}
