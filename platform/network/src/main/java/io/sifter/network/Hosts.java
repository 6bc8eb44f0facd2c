package io.sifter.network;

import io.sifter.spi.error.UserException;
import java.net.Inet4Address;
import java.net.InetAddress;
import java.util.Locale;
import java.util.Optional;
import java.util.Set;
import okhttp3.HttpUrl;

/** What can be told of a host by its name alone; nothing is resolved here. */
final class Hosts {
    static final String HUB = "docker.io";
    private static final Set<String> HUB_NAMES = Set.of(HUB, "index.docker.io", "registry-1.docker.io", "registry.hub.docker.com");

    private Hosts() {}

    /** The registry's one name, for messages and keys: all names of Docker Hub are {@code docker.io}. */
    static String display(String host) {
        return HUB_NAMES.contains(host) ? HUB : host;
    }

    /** The host that answers requests to a registry. */
    static String contacted(String host) {
        return HUB_NAMES.contains(host) ? "registry-1.docker.io" : host;
    }

    /** @throws UserException if the text is not {@code host[:port]} and nothing more */
    static HttpUrl url(String scheme, String host) throws UserException {
        HttpUrl url = host.matches("[A-Za-z0-9._\\-]+(:\\d{1,5})?|\\[[0-9A-Fa-f:.]+](:\\d{1,5})?")
                ? HttpUrl.parse(scheme + "://" + host + "/") : null;
        if (url == null) {
            throw new UserException("'%s' is not the name of a registry".formatted(Printable.of(host)),
                    "A registry is named by its host, and a port where it needs one: registry.example.org:5000.");
        }
        return url;
    }

    /** Loopback by name or address. {@code host} has neither port nor brackets. */
    static boolean isThisMachine(String host) {
        String name = host.toLowerCase(Locale.ROOT);
        return name.equals("localhost") || name.endsWith(".localhost")
                || address(name).map(InetAddress::isLoopbackAddress).orElse(false);
    }

    /** Where plain HTTP is acceptable without being asked for: this machine, and private networks named by address. */
    static boolean isNear(String host) {
        return isThisMachine(host)
                || address(host).map(address -> address instanceof Inet4Address && address.isSiteLocalAddress()).orElse(false);
    }

    /** An address that only has a meaning near the one who speaks of it: no business of a remote server. */
    static boolean isInternal(String host) {
        return address(host).map(address -> address.isLoopbackAddress() || address.isLinkLocalAddress()
                || address.isSiteLocalAddress() || address.isAnyLocalAddress() || isUniqueLocal(address)).orElse(false);
    }

    private static boolean isUniqueLocal(InetAddress address) {
        byte[] bytes = address.getAddress();
        return bytes.length == 16 && (bytes[0] & 0xfe) == 0xfc;
    }

    /** The address that a literal spells; empty for names. */
    static Optional<InetAddress> address(String literal) {
        try {
            return Optional.of(InetAddress.ofLiteral(literal));
        } catch (IllegalArgumentException name) {
            return Optional.empty();
        }
    }
}
