package io.sifter.network;

import io.sifter.spi.error.ExternalException;
import io.sifter.spi.error.SifterException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import javax.net.ssl.KeyManager;
import javax.net.ssl.SSLContext;
import javax.net.ssl.X509ExtendedTrustManager;
import okhttp3.ConnectionPool;
import okhttp3.ConnectionSpec;
import okhttp3.CookieJar;
import okhttp3.Dispatcher;
import okhttp3.HttpUrl;
import okhttp3.OkHttpClient;
import okhttp3.Protocol;

/**
 * OkHttp's clients: one pool of connections under all of them. What concerns TLS is set up when the first secure
 * connection is made. Safe for any thread.
 */
final class Clients {
    /** Which TLS a connection gets, and whether it carries one large answer at a time. */
    private record Kind(String host, boolean verified, boolean bulk) {}

    private final NetworkSettings settings;
    private final OkHttpClient plain;
    private final Map<Kind, OkHttpClient> secure = new ConcurrentHashMap<>();
    private final List<ClientKeys> keys = new CopyOnWriteArrayList<>();
    private final Trust trust;

    Clients(NetworkSettings settings, Proxies proxies) {
        this.settings = settings;
        this.trust = new Trust(settings.environment(), settings.certificates());
        this.plain = new OkHttpClient.Builder()
                .dispatcher(new Dispatcher())
                .connectionPool(new ConnectionPool(16, 1, TimeUnit.MINUTES))
                .connectionSpecs(List.of(ConnectionSpec.CLEARTEXT))
                .socketFactory(new BufferedSockets())
                .proxySelector(proxies)
                .proxyAuthenticator(proxies.authenticator())
                .cookieJar(CookieJar.NO_COOKIES)
                .followRedirects(false)
                .followSslRedirects(false)
                .connectTimeout(settings.connectTimeout())
                .readTimeout(settings.stallTimeout())
                .writeTimeout(settings.stallTimeout())
                .build();
    }

    /**
     * @param verified whether the server's certificate has to be trusted
     * @param bulk whether a large answer is expected: then HTTP/1.1 is spoken even where the server knows HTTP/2. Several
     *     connections carry more than one, and unpacking the frames of HTTP/2 takes as long as decrypting what is in them
     */
    OkHttpClient client(HttpUrl url, boolean verified, boolean bulk) throws IOException {
        if (!url.isHttps()) {
            return plain;
        }
        String host = url.host() + (url.port() == 443 ? "" : ":" + url.port());
        List<Path> own = settings.hostCertificates().stream()
                .map(directory -> directory.resolve(host))
                .filter(Files::isDirectory)
                .toList();
        // Hosts without a directory share one client.
        Kind kind = new Kind(own.isEmpty() ? "" : host, verified, bulk);
        OkHttpClient existing = secure.get(kind);
        if (existing != null) {
            return existing;
        }
        // Both share what TLS remembers of a server, so that further handshakes are short.
        OkHttpClient made = bulk
                ? client(url, verified, false).newBuilder().protocols(List.of(Protocol.HTTP_1_1)).build()
                : secure(own, verified);
        OkHttpClient raced = secure.putIfAbsent(kind, made);
        return raced == null ? made : raced;
    }

    private OkHttpClient secure(List<Path> directories, boolean verified) throws IOException {
        List<Path> authorities = new ArrayList<>(settings.certificates());
        for (Path directory : directories) {
            authorities.addAll(list(directory, ".crt"));
        }
        X509ExtendedTrustManager manager = !verified ? new Trust.Blind()
                : directories.isEmpty() ? trust : new Trust(settings.environment(), authorities);
        try {
            ClientKeys own = keys(directories);
            keys.add(own);
            SSLContext context = SSLContext.getInstance("TLS");
            context.init(new KeyManager[] {own}, new X509ExtendedTrustManager[] {manager}, null);
            OkHttpClient.Builder builder = plain.newBuilder()
                    .connectionSpecs(List.of(ConnectionSpec.MODERN_TLS))
                    .sslSocketFactory(context.getSocketFactory(), manager);
            return (verified ? builder : builder.hostnameVerifier((_, _) -> true)).build();
        } catch (GeneralSecurityException e) {
            throw new ExternalException("TLS cannot be set up: " + e.getMessage(), e);
        }
    }

    /** The client's own certificates: pairs of {@code name.cert} and {@code name.key}. */
    private static ClientKeys keys(List<Path> directories) throws IOException, GeneralSecurityException {
        Map<Path, Path> pairs = new LinkedHashMap<>();
        for (Path directory : directories) {
            for (Path file : list(directory, ".cert")) {
                pairs.put(file, file.resolveSibling(file.getFileName().toString().replaceAll("\\.cert$", ".key")));
            }
        }
        return ClientKeys.of(pairs);
    }

    private static List<Path> list(Path directory, String suffix) throws IOException {
        try (Stream<Path> files = Files.list(directory)) {
            return files.filter(file -> file.getFileName().toString().endsWith(suffix)).sorted().toList();
        } catch (SifterException known) {
            throw known;
        } catch (IOException e) {
            throw new ExternalException("Cannot read the directory of certificates " + directory,
                    "Check its permissions.", e);
        }
    }

    /** A server answered a request. */
    void answered(HttpUrl url) {
        keys.forEach(own -> own.answered(url));
    }

    /** The failure of a request, told apart if it is for want of a certificate of the client's. */
    IOException explain(HttpUrl url, IOException failure) {
        return keys.stream().map(own -> own.explain(url, failure)).filter(ClientKeys.Wanted.class::isInstance).findFirst().orElse(failure);
    }

    void close() {
        plain.dispatcher().cancelAll();
        plain.connectionPool().evictAll();
    }
}
