package io.sifter.network;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.sifter.spi.error.UserException;
import java.net.InetSocketAddress;
import java.net.Proxy;
import java.net.URI;
import java.util.HashMap;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class ProxiesTest {
    private static String proxy(Map<String, String> environment, String url) throws UserException {
        Proxy proxy = Proxies.of(environment).select(URI.create(url)).getFirst();
        return proxy.address() instanceof InetSocketAddress address
                ? proxy.type() + " " + address.getHostString() + ":" + address.getPort() : "direct";
    }

    @ParameterizedTest
    @CsvSource({
        "http_proxy, proxy.example:3128, http://a.example/, HTTP proxy.example:3128",
        "HTTP_PROXY, http://proxy.example:3128/, http://a.example/, HTTP proxy.example:3128",
        "https_proxy, http://u:p@proxy.example:3128, https://a.example/, HTTP proxy.example:3128",
        "HTTPS_PROXY, proxy.example, https://a.example/, HTTP proxy.example:80",
        "https_proxy, socks5://proxy.example, https://a.example/, SOCKS proxy.example:1080",
        "https_proxy, socks5h://proxy.example:9, https://a.example/, SOCKS proxy.example:9",
        "https_proxy, '', https://a.example/, direct",
        "https_proxy, proxy.example:3128, http://a.example/, direct",
        "http_proxy, proxy.example:3128, http://localhost/, direct",
        "http_proxy, proxy.example:3128, http://127.0.0.1:5000/, direct",
        "http_proxy, proxy.example:3128, http://[::1]:5000/, direct",
    })
    void aVariableNamesTheProxyForItsScheme(String variable, String value, String url, String expected) throws Exception {
        assertThat(proxy(Map.of(variable, value), url)).isEqualTo(expected);
    }

    @ParameterizedTest
    @CsvSource({
        "*, a.example, true",
        "a.example, a.example, true",
        "a.example, b.a.example, true",
        "a.example, ba.example, false",
        ".a.example, b.a.example, true",
        ".a.example, a.example, false",
        "*.a.example, b.a.example, true",
        "A.EXAMPLE, a.example, true",
        "'x.example, a.example', a.example, true",
        "'x.example a.example', a.example, true",
        "a.example:443, a.example, true",
        "a.example:8443, a.example, false",
        "10.0.0.0/8, 10.200.3.4, true",
        "10.0.0.0/8, 11.0.0.1, false",
        "10.0.0.0/33, 10.0.0.1, false",
        "192.168.1.7, 192.168.1.7, true",
        "fd00::/8, [fd12::1], true",
        "'', a.example, false",
    })
    void noProxyNamesExceptions(String exceptions, String host, boolean direct) throws Exception {
        Map<String, String> environment = new HashMap<>(Map.of("https_proxy", "proxy.example:3128"));
        environment.put("no_proxy", exceptions);

        assertThat(proxy(environment, "https://" + host + "/").equals("direct")).isEqualTo(direct);
    }

    @Test
    void aCgiProgramDoesNotTakeItsProxyFromARequest() throws Exception {
        assertThat(proxy(Map.of("REQUEST_METHOD", "GET", "HTTP_PROXY", "evil.example:1"), "http://a.example/")).isEqualTo("direct");
    }

    @ParameterizedTest
    @ValueSource(strings = {"https://proxy.example", "ftp://proxy.example", "http://user:secret@", "http://pro xy"})
    void aProxyThatCannotBeUsedIsAnErrorWithoutItsPassword(String value) {
        assertThatThrownBy(() -> Proxies.of(Map.of("https_proxy", value))).isInstanceOf(UserException.class)
                .hasMessageContaining("https_proxy").hasMessageNotContaining("secret");
    }
}
