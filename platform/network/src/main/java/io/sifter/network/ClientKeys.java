package io.sifter.network;

import io.sifter.spi.error.ExternalException;
import java.io.IOException;
import java.net.ConnectException;
import java.net.Socket;
import java.net.SocketException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.security.KeyStore;
import java.security.Principal;
import java.security.PrivateKey;
import java.security.cert.X509Certificate;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import javax.net.ssl.KeyManagerFactory;
import javax.net.ssl.SSLException;
import javax.net.ssl.SSLHandshakeException;
import javax.net.ssl.SSLSession;
import javax.net.ssl.SSLSocket;
import javax.net.ssl.X509ExtendedKeyManager;
import javax.net.ssl.X509KeyManager;
import okhttp3.HttpUrl;

/**
 * The certificates that the client shows, and who asked for one in vain: such a server may say why it hangs up too late for anybody to
 * read it. Safe for any thread.
 */
final class ClientKeys extends X509ExtendedKeyManager {
    /** A server hung up on a client that had no certificate to show. */
    static final class Wanted extends SSLHandshakeException {
        private Wanted(IOException cause) {
            super(cause.getMessage());
            initCause(cause);
        }
    }

    private final Optional<X509KeyManager> keys;
    private final Set<String> disappointed = ConcurrentHashMap.newKeySet();
    /** Those who answer all the same. */
    private final Set<String> content = ConcurrentHashMap.newKeySet();

    private ClientKeys(Optional<X509KeyManager> keys) {
        this.keys = keys;
    }

    /** @param pairs keys by certificates, files in PEM form; without any the client shows none */
    static ClientKeys of(Map<Path, Path> pairs) throws IOException, GeneralSecurityException {
        if (pairs.isEmpty()) {
            return new ClientKeys(Optional.empty());
        }
        KeyStore store = KeyStore.getInstance(KeyStore.getDefaultType());
        store.load(null, null);
        for (Map.Entry<Path, Path> pair : pairs.entrySet()) {
            Path file = pair.getKey();
            Path key = pair.getValue();
            if (!Files.exists(key)) {
                throw new ExternalException("The key %s of the certificate %s is missing".formatted(key, file),
                        "Put the key there, or name the file .crt if it is an authority's certificate.");
            }
            store.setKeyEntry(file.toString(), Certificates.readKey(key), new char[0], Certificates.read(file).toArray(X509Certificate[]::new));
        }
        KeyManagerFactory factory = KeyManagerFactory.getInstance(KeyManagerFactory.getDefaultAlgorithm());
        factory.init(store, new char[0]);
        return new ClientKeys(Optional.of((X509KeyManager) factory.getKeyManagers()[0]));
    }

    /** A server answered: it can do without a certificate. */
    void answered(HttpUrl url) {
        if (disappointed.contains(server(url.host(), url.port()))) {
            content.add(server(url.host(), url.port()));
        }
    }

    /** The failure of a request, told apart if it is for want of a certificate. */
    IOException explain(HttpUrl url, IOException failure) {
        String server = server(url.host(), url.port());
        boolean broken = failure instanceof SSLException || failure instanceof SocketException && !(failure instanceof ConnectException);
        return broken && disappointed.contains(server) && !content.contains(server) ? new Wanted(failure) : failure;
    }

    private static String server(String host, int port) {
        return host + ":" + port;
    }

    @Override
    public String chooseClientAlias(String[] types, Principal[] issuers, Socket socket) {
        String alias = keys.map(own -> own.chooseClientAlias(types, issuers, socket)).orElse(null);
        if (alias == null && socket instanceof SSLSocket secure) {
            SSLSession session = secure.getHandshakeSession();
            disappointed.add(server(session.getPeerHost(), session.getPeerPort()));
        }
        return alias;
    }

    @Override
    public String[] getClientAliases(String type, Principal[] issuers) {
        return keys.map(own -> own.getClientAliases(type, issuers)).orElse(null);
    }

    @Override
    public X509Certificate[] getCertificateChain(String alias) {
        return keys.map(own -> own.getCertificateChain(alias)).orElse(null);
    }

    @Override
    public PrivateKey getPrivateKey(String alias) {
        return keys.map(own -> own.getPrivateKey(alias)).orElse(null);
    }

    @Override
    public String[] getServerAliases(String type, Principal[] issuers) {
        return null;
    }

    @Override
    public String chooseServerAlias(String type, Principal[] issuers, Socket socket) {
        return null;
    }
}
