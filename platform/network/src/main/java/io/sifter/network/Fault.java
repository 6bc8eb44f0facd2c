package io.sifter.network;

import io.sifter.spi.error.ExternalException;
import io.sifter.spi.error.SifterException;
import io.sifter.spi.error.UnreachableException;
import java.io.IOException;
import java.net.ConnectException;
import java.net.NoRouteToHostException;
import java.net.SocketTimeoutException;
import java.net.UnknownHostException;
import java.security.cert.CertificateException;
import java.util.Optional;
import javax.net.ssl.SSLException;
import javax.net.ssl.SSLPeerUnverifiedException;
import okhttp3.HttpUrl;

/** Says in words why a connection failed. */
final class Fault {
    private Fault() {}

    static SifterException of(HttpUrl url, IOException cause, Optional<String> proxy, NetworkSettings settings) {
        String host = authority(url);
        String words = "%s cannot be reached: %s".formatted(host, words(url, cause, settings))
                + proxy.map(" (through the proxy %s)"::formatted).orElse("");
        if (isUntrusted(cause)) {
            return new ExternalException(words,
                    "Put the certificate of its authority into /etc/docker/certs.d/%s/ca.crt; or, if you accept the risk, use --no-https."
                            .formatted(host), cause);
        }
        if (cause instanceof ClientKeys.Wanted) {
            return new ExternalException(words,
                    "Put yours into ~/.config/containers/certs.d/%1$s/client.cert, and its key into client.key beside it.".formatted(host), cause);
        }
        if (isPlain(cause)) {
            return new ExternalException(words, "If you trust the network between, use --no-https.", cause);
        }
        return new UnreachableException(words, switch (cause) {
            case UnknownHostException _ -> "Check the spelling of the name, and the network.";
            case ConnectException _ -> "Check the name and the port, and whether a proxy is needed (https_proxy, http_proxy).";
            default -> "Try again later; check the network and whether a proxy is needed (https_proxy, http_proxy).";
        }, cause);
    }

    /** The failure in a few words, for one of several ways that were tried. */
    static String words(HttpUrl url, IOException cause, NetworkSettings settings) {
        return switch (cause) {
            case SifterException known -> known.getMessage();
            case UnknownHostException _ -> "no such host";
            case NoRouteToHostException _ -> "no route to the host";
            case ConnectException e -> refused(e) ? "connection refused" : "no connection";
            case SocketTimeoutException e -> Courier.duringConnect(e)
                    ? "no connection within %d s".formatted(settings.connectTimeout().toSeconds())
                    : "no answer within %d s".formatted(settings.stallTimeout().toSeconds());
            case SSLPeerUnverifiedException _ -> "its certificate is not for " + url.host();
            case SSLException e when isPlain(e) -> "it answers with plain HTTP where HTTPS is expected";
            case ClientKeys.Wanted _ -> "it wants a certificate of yours";
            case SSLException e when isUntrusted(e) -> "its certificate is not trusted (%s)".formatted(reason(e));
            case SSLException e -> "TLS failed (%s)".formatted(reason(e));
            default -> "the connection broke (%s)".formatted(reason(cause));
        };
    }

    private static boolean isUntrusted(IOException cause) {
        if (cause instanceof SSLPeerUnverifiedException) {
            return true;
        }
        for (Throwable e = cause; e != null; e = e.getCause()) {
            if (e instanceof CertificateException) {
                return true;
            }
        }
        return false;
    }

    /** What JSSE says when the first bytes are not TLS. */
    static boolean isPlain(IOException cause) {
        return cause instanceof SSLException && cause.getMessage() != null
                && cause.getMessage().startsWith("Unsupported or unrecognized SSL message");
    }

    private static boolean refused(ConnectException e) {
        for (Throwable cause = e; cause != null; cause = cause.getCause()) {
            if (cause.getMessage() != null && cause.getMessage().contains("refused")) {
                return true;
            }
        }
        return false;
    }

    private static String reason(Throwable e) {
        Throwable root = e;
        while (root.getCause() != null) {
            root = root.getCause();
        }
        return Printable.of(root.getMessage() == null ? root.getClass().getSimpleName() : root.getMessage());
    }

    static String authority(HttpUrl url) {
        String host = url.host().contains(":") ? "[" + url.host() + "]" : url.host();
        boolean usual = url.port() == HttpUrl.defaultPort(url.scheme());
        return usual ? host : host + ":" + url.port();
    }
}
