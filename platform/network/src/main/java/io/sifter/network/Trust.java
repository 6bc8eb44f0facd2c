package io.sifter.network;

import java.io.IOException;
import java.net.Socket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.security.KeyStore;
import java.security.cert.CertificateException;
import java.security.cert.X509Certificate;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import javax.net.ssl.SSLEngine;
import javax.net.ssl.TrustManagerFactory;
import javax.net.ssl.X509ExtendedTrustManager;

/**
 * Trusts the authorities that the system trusts, and those added. Bundles are read when the first server shows a
 * certificate: reading them takes longer than a plain connection to a registry nearby.
 */
final class Trust extends X509ExtendedTrustManager {
    /** Where distributions keep the bundle of authorities; the first that exists. */
    private static final List<Path> SYSTEM_BUNDLES = Stream.of(
            "/etc/ssl/certs/ca-certificates.crt", "/etc/pki/tls/certs/ca-bundle.crt", "/etc/ssl/ca-bundle.pem",
            "/etc/pki/tls/cacert.pem", "/etc/pki/ca-trust/extracted/pem/tls-ca-bundle.pem", "/etc/ssl/cert.pem")
            .map(Path::of).toList();

    private final Map<String, String> environment;
    private final List<Path> added;
    private X509ExtendedTrustManager authorities;

    Trust(Map<String, String> environment, List<Path> added) {
        this.environment = environment;
        this.added = added;
    }

    private synchronized X509ExtendedTrustManager authorities() throws CertificateException {
        if (authorities == null) {
            try {
                authorities = load();
            } catch (IOException | GeneralSecurityException e) {
                throw new CertificateException(e.getMessage(), e);
            }
        }
        return authorities;
    }

    private X509ExtendedTrustManager load() throws IOException, GeneralSecurityException {
        List<Path> bundles = new ArrayList<>();
        String file = environment.getOrDefault("SSL_CERT_FILE", "");
        String directories = environment.getOrDefault("SSL_CERT_DIR", "");
        if (!file.isEmpty()) {
            bundles.add(Path.of(file));
        }
        if (!directories.isEmpty()) {
            Arrays.stream(directories.split(":")).map(Path::of).filter(Files::isDirectory).forEach(bundles::add);
        }
        if (bundles.isEmpty()) {
            SYSTEM_BUNDLES.stream().filter(Files::isReadable).findFirst().ifPresent(bundles::add);
        }
        KeyStore store = KeyStore.getInstance(KeyStore.getDefaultType());
        store.load(null, null);
        int count = 0;
        if (bundles.isEmpty()) {
            for (X509Certificate certificate : ofTheJdk()) {
                store.setCertificateEntry("authority-" + count++, certificate);
            }
        }
        bundles.addAll(added);
        for (Path bundle : bundles) {
            for (X509Certificate certificate : Certificates.read(bundle)) {
                store.setCertificateEntry("authority-" + count++, certificate);
            }
        }
        return manager(store);
    }

    private static List<X509Certificate> ofTheJdk() throws GeneralSecurityException {
        return List.of(manager(null).getAcceptedIssuers());
    }

    private static X509ExtendedTrustManager manager(KeyStore store) throws GeneralSecurityException {
        TrustManagerFactory factory = TrustManagerFactory.getInstance(TrustManagerFactory.getDefaultAlgorithm());
        factory.init(store);
        return (X509ExtendedTrustManager) factory.getTrustManagers()[0];
    }

    @Override
    public void checkServerTrusted(X509Certificate[] chain, String type, Socket socket) throws CertificateException {
        authorities().checkServerTrusted(chain, type, socket);
    }

    @Override
    public void checkServerTrusted(X509Certificate[] chain, String type, SSLEngine engine) throws CertificateException {
        authorities().checkServerTrusted(chain, type, engine);
    }

    @Override
    public void checkServerTrusted(X509Certificate[] chain, String type) throws CertificateException {
        authorities().checkServerTrusted(chain, type);
    }

    @Override
    public void checkClientTrusted(X509Certificate[] chain, String type, Socket socket) throws CertificateException {
        throw new CertificateException("This side never is the server");
    }

    @Override
    public void checkClientTrusted(X509Certificate[] chain, String type, SSLEngine engine) throws CertificateException {
        throw new CertificateException("This side never is the server");
    }

    @Override
    public void checkClientTrusted(X509Certificate[] chain, String type) throws CertificateException {
        throw new CertificateException("This side never is the server");
    }

    /** Empty: servers alone announce whom they accept, and OkHttp asks eagerly for pins, which are not used here. */
    @Override
    public X509Certificate[] getAcceptedIssuers() {
        return new X509Certificate[0];
    }

    /** Accepts every certificate: for registries that the user said are not to be verified. */
    static final class Blind extends X509ExtendedTrustManager {
        @Override
        public void checkServerTrusted(X509Certificate[] chain, String type, Socket socket) {}

        @Override
        public void checkServerTrusted(X509Certificate[] chain, String type, SSLEngine engine) {}

        @Override
        public void checkServerTrusted(X509Certificate[] chain, String type) {}

        @Override
        public void checkClientTrusted(X509Certificate[] chain, String type, Socket socket) {}

        @Override
        public void checkClientTrusted(X509Certificate[] chain, String type, SSLEngine engine) {}

        @Override
        public void checkClientTrusted(X509Certificate[] chain, String type) {}

        @Override
        public X509Certificate[] getAcceptedIssuers() {
            return new X509Certificate[0];
        }
    }
}
