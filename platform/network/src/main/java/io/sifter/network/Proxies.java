package io.sifter.network;

import io.sifter.spi.error.UserException;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.Proxy;
import java.net.ProxySelector;
import java.net.SocketAddress;
import java.net.URI;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import okhttp3.Authenticator;
import okhttp3.Credentials;
import okhttp3.HttpUrl;

/**
 * Proxies as {@code http_proxy}, {@code https_proxy} and {@code no_proxy} name them, in either case. This machine is
 * never reached through a proxy.
 */
final class Proxies extends ProxySelector {
    /** A proxy and the {@code Proxy-Authorization} it wants. */
    private record Way(Proxy proxy, Optional<String> authorization) {}

    private static final Way DIRECT = new Way(Proxy.NO_PROXY, Optional.empty());

    private final Way http;
    private final Way https;
    private final List<String> exceptions;

    private Proxies(Way http, Way https, List<String> exceptions) {
        this.http = http;
        this.https = https;
        this.exceptions = exceptions;
    }

    static Proxies of(Map<String, String> environment) throws UserException {
        // A web server's request header "Proxy" becomes HTTP_PROXY in the environment of a CGI program.
        boolean cgi = environment.containsKey("REQUEST_METHOD");
        return new Proxies(
                parse(cgi ? List.of("http_proxy") : List.of("HTTP_PROXY", "http_proxy"), environment),
                parse(List.of("HTTPS_PROXY", "https_proxy"), environment),
                first(List.of("NO_PROXY", "no_proxy"), environment)
                        .map(list -> Arrays.stream(list.toLowerCase(Locale.ROOT).split("[,\\s]+"))
                                .filter(entry -> !entry.isEmpty()).toList())
                        .orElse(List.of()));
    }

    private static Optional<String> first(List<String> names, Map<String, String> environment) {
        return names.stream().map(name -> environment.getOrDefault(name, "").strip()).filter(value -> !value.isEmpty()).findFirst();
    }

    private static Way parse(List<String> names, Map<String, String> environment) throws UserException {
        Optional<String> value = first(names, environment);
        if (value.isEmpty()) {
            return DIRECT;
        }
        String text = value.get().contains("://") ? value.get() : "http://" + value.get();
        String scheme = text.substring(0, text.indexOf("://")).toLowerCase(Locale.ROOT);
        boolean socks = scheme.equals("socks5") || scheme.equals("socks5h");
        HttpUrl url = HttpUrl.parse("http" + text.substring(scheme.length()));
        if (url == null || !socks && !scheme.equals("http")) {
            // The value may hold a password.
            throw new UserException("The variable %s does not name a proxy that can be used".formatted(names.getLast()),
                    "Write it as http://host:port or socks5://host:port.");
        }
        // HttpUrl takes a missing port for 80; the usual port of SOCKS is 1080.
        boolean portless = !text.substring(scheme.length() + 3).replaceAll("^[^/]*@", "").matches("(\\[[^]]*]|[^:/]*):\\d+.*");
        InetSocketAddress address = InetSocketAddress.createUnresolved(url.host(), socks && portless ? 1080 : url.port());
        Optional<String> authorization = url.username().isEmpty() ? Optional.empty()
                : Optional.of(Credentials.basic(url.username(), url.password()));
        return new Way(new Proxy(socks ? Proxy.Type.SOCKS : Proxy.Type.HTTP, address), authorization);
    }

    @Override
    public List<Proxy> select(URI uri) {
        return List.of(way(uri.getScheme(), uri.getHost(), uri.getPort()).proxy);
    }

    /** The proxy that a connection goes through, for messages. */
    Optional<String> describe(HttpUrl url) {
        Proxy proxy = way(url.scheme(), url.host(), url.port()).proxy;
        return proxy.address() instanceof InetSocketAddress address
                ? Optional.of(address.getHostString() + ":" + address.getPort()) : Optional.empty();
    }

    /** Answers a proxy that asks who is there. */
    Authenticator authenticator() {
        return (route, response) -> {
            HttpUrl url = response.request().url();
            Optional<String> authorization = way(url.scheme(), url.host(), url.port()).authorization;
            boolean answered = response.request().header("Proxy-Authorization") != null;
            return answered || authorization.isEmpty() ? null
                    : response.request().newBuilder().header("Proxy-Authorization", authorization.get()).build();
        };
    }

    private Way way(String scheme, String bracketedHost, int port) {
        if (bracketedHost == null) {
            return DIRECT;
        }
        String host = bracketedHost.replace("[", "").replace("]", "").toLowerCase(Locale.ROOT);
        boolean secure = "https".equals(scheme);
        if (Hosts.isThisMachine(host) || excepted(host, port == -1 ? (secure ? 443 : 80) : port)) {
            return DIRECT;
        }
        return secure ? https : http;
    }

    private boolean excepted(String host, int port) {
        return exceptions.stream().anyMatch(entry -> matches(entry, host, port));
    }

    private static boolean matches(String entry, String host, int port) {
        if (entry.equals("*")) {
            return true;
        }
        if (entry.contains("/")) {
            return inNetwork(entry, host);
        }
        String name = entry;
        int colon = entry.lastIndexOf(':');
        if (entry.startsWith("[")) {
            name = entry.substring(1, Math.max(1, entry.indexOf(']')));
        }
        if (colon > entry.lastIndexOf(']') && (entry.startsWith("[") || entry.indexOf(':') == colon)) {
            if (!entry.substring(colon + 1).equals(Integer.toString(port))) {
                return false;
            }
            name = entry.startsWith("[") ? name : entry.substring(0, colon);
        }
        if (name.startsWith("*.")) {
            name = name.substring(1);
        }
        // ".example.org" means hosts below it alone, "example.org" the host as well.
        return name.startsWith(".") ? host.endsWith(name) : host.equals(name) || host.endsWith("." + name);
    }

    /** Whether an address written as such lies in {@code network/bits}; names are not resolved for it. */
    private static boolean inNetwork(String network, String host) {
        int slash = network.indexOf('/');
        Optional<byte[]> base = Hosts.address(network.substring(0, slash)).map(InetAddress::getAddress);
        Optional<byte[]> address = Hosts.address(host).map(InetAddress::getAddress);
        if (base.isEmpty() || address.isEmpty() || base.get().length != address.get().length
                || !network.substring(slash + 1).matches("\\d{1,3}")) {
            return false;
        }
        int bits = Integer.parseInt(network.substring(slash + 1));
        if (bits > base.get().length * 8) {
            return false;
        }
        for (int bit = 0; bit < bits; bit++) {
            int mask = 0x80 >> bit % 8;
            if ((base.get()[bit / 8] & mask) != (address.get()[bit / 8] & mask)) {
                return false;
            }
        }
        return true;
    }

    @Override
    public void connectFailed(URI uri, SocketAddress address, IOException failure) {
        // There is one way only; the request fails with the reason.
    }
}
