package io.sifter.network;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.sifter.network.credential.Credential;
import io.sifter.network.credential.Credentials;
import io.sifter.spi.Registry;
import io.sifter.spi.error.ExternalException;
import io.sifter.spi.error.UnreachableException;
import io.sifter.spi.error.UserException;
import io.sifter.spi.event.Event;
import io.sifter.spi.reference.Digest;
import io.sifter.testkit.registry.Fault;
import io.sifter.testkit.registry.ScriptedRegistry;
import io.sifter.testkit.registry.TestRegistry;
import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import mockwebserver3.MockResponse;
import mockwebserver3.MockWebServer;
import okio.Buffer;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** HTTPS or HTTP, certificates, proxies, and what is said when nobody answers. */
class TransportTest extends Fixture {
    @TempDir
    static Path shared;

    private static TestCertificate good;
    private static TestCertificate wrongName;
    private static TestCertificate client;

    @TempDir
    Path directory;

    @BeforeAll
    static void makeCertificates() throws Exception {
        good = TestCertificate.make(shared, "EC", "good", "dns:localhost,ip:127.0.0.1");
        wrongName = TestCertificate.make(shared, "EC", "other", "dns:other.example");
        client = TestCertificate.make(shared, "RSA", "client", "dns:client");
    }

    private ScriptedRegistry secure(TestCertificate certificate) throws Exception {
        ScriptedRegistry registry = closing(ScriptedRegistry.startTls(certificate.server(List.of())));
        registry.publish(REPOSITORY, "latest", image());
        return registry;
    }

    private Registry trusting(TestCertificate certificate, String host) throws Exception {
        Path file = certificate.writeCertificate(directory.resolve("ca.pem"));
        return client(settings().withCertificates(List.of(file)), host, false, Credentials.anonymous());
    }

    private static String localhost(TestRegistry registry) {
        return "localhost:" + registry.host().split(":")[1];
    }

    @Test
    void thisMachineIsReachedOverPlainHttpWithoutBeingAsked() throws Exception {
        ScriptedRegistry registry = registry();

        assertThat(client(registry).manifest(REPOSITORY, "latest").digest()).isEqualTo(image().manifest().digest());
        assertThat(client(localhost(registry), Credentials.anonymous()).manifest(REPOSITORY, "latest").digest())
                .isEqualTo(image().manifest().digest());
    }

    @Test
    void onlyThisMachineAndPrivateAddressesAreNear() {
        assertThat(List.of("localhost", "LOCALHOST", "a.localhost", "127.0.0.1", "127.1.2.3", "::1", "10.1.2.3", "172.16.0.1", "172.31.255.1", "192.168.1.1"))
                .allSatisfy(host -> assertThat(Hosts.isNear(host)).isTrue());
        assertThat(List.of("docker.io", "localhost.example", "registry.local", "8.8.8.8", "172.32.0.1", "169.254.169.254", "fe80::1", "127.0.0.1.example"))
                .allSatisfy(host -> assertThat(Hosts.isNear(host)).isFalse());
    }

    @Test
    void aServerThatSwallowsTlsDoesNotHoldPlainHttpBack() throws Exception {
        ScriptedRegistry registry = registry();
        // Reads what it is sent and says nothing unless it is HTTP: as servers do that wait for the end of a line.
        try (ServerSocket deaf = new ServerSocket(0, 10, InetAddress.getLoopbackAddress())) {
            Thread.ofVirtual().start(() -> relay(deaf, registry));
            NetworkSettings patient = settings().withTimeouts(Duration.ofSeconds(5), Duration.ofSeconds(30));

            long start = System.nanoTime();
            client(patient, "127.0.0.1:" + deaf.getLocalPort(), false, Credentials.anonymous()).manifest(REPOSITORY, "latest");

            assertThat(Duration.ofNanos(System.nanoTime() - start)).isLessThan(Duration.ofSeconds(5));
        }
    }

    private static void relay(ServerSocket server, ScriptedRegistry registry) {
        while (!server.isClosed()) {
            try {
                var socket = server.accept();
                Thread.ofVirtual().start(() -> {
                    try (socket; var target = new java.net.Socket("127.0.0.1", Integer.parseInt(registry.host().split(":")[1]))) {
                        int first = socket.getInputStream().read();
                        if (first == 0x16) {
                            socket.getInputStream().transferTo(java.io.OutputStream.nullOutputStream());
                            return;
                        }
                        target.getOutputStream().write(first);
                        Thread.ofVirtual().start(() -> {
                            try {
                                target.getInputStream().transferTo(socket.getOutputStream());
                            } catch (IOException gone) {
                                // The test is over.
                            }
                        });
                        socket.getInputStream().transferTo(target.getOutputStream());
                    } catch (IOException gone) {
                        // The test is over.
                    }
                });
            } catch (IOException closed) {
                return;
            }
        }
    }

    @Test
    void aPortThatSpeaksTlsIsFoundWhereBothAreAcceptable() throws Exception {
        ScriptedRegistry registry = secure(good);

        assertThat(trusting(good, registry.host()).manifest(REPOSITORY, "latest").digest()).isEqualTo(image().manifest().digest());
    }

    @Test
    void anUntrustedCertificateIsRefusedAndTheWayOutNamed() throws Exception {
        ScriptedRegistry registry = secure(good);

        assertThatThrownBy(() -> client(registry).manifest(REPOSITORY, "latest")).isInstanceOfSatisfying(ExternalException.class, e -> {
            assertThat(e).isNotInstanceOf(UnreachableException.class).hasMessageContaining("its certificate is not trusted");
            assertThat(e.nextStep().orElseThrow()).contains("/etc/docker/certs.d/" + registry.host() + "/ca.crt").contains("--no-https");
        });
    }

    @Test
    void aCertificateForAnotherHostIsRefused() throws Exception {
        ScriptedRegistry registry = secure(wrongName);

        assertThatThrownBy(() -> trusting(wrongName, registry.host()).manifest(REPOSITORY, "latest"))
                .isInstanceOf(ExternalException.class).hasMessageContaining("its certificate is not for 127.0.0.1");
    }

    @Test
    void noHttpsAcceptsAnyCertificate() throws Exception {
        for (TestCertificate certificate : List.of(good, wrongName)) {
            ScriptedRegistry registry = secure(certificate);
            Registry any = client(settings(), registry.host(), true, Credentials.anonymous());

            assertThat(any.manifest(REPOSITORY, "latest").digest()).isEqualTo(image().manifest().digest());
        }
    }

    @Test
    void authoritiesMayComeFromADirectory() throws Exception {
        ScriptedRegistry registry = secure(good);
        good.writeCertificate(directory.resolve("authorities/one.pem"));

        Registry trusting = client(settings().withCertificates(List.of(directory.resolve("authorities"))), registry.host(), false, Credentials.anonymous());

        assertThat(trusting.manifest(REPOSITORY, "latest").digest()).isEqualTo(image().manifest().digest());
    }

    @Test
    void authoritiesMayComeFromTheEnvironment() throws Exception {
        ScriptedRegistry registry = secure(good);
        Path file = good.writeCertificate(directory.resolve("bundle.pem"));
        NetworkSettings settings = NetworkSettings.of("1", Map.of("SSL_CERT_FILE", file.toString()));

        assertThat(client(settings, registry.host(), false, Credentials.anonymous()).manifest(REPOSITORY, "latest").digest())
                .isEqualTo(image().manifest().digest());
    }

    @Test
    void aMissingFileOfAuthoritiesIsNamed() throws Exception {
        ScriptedRegistry registry = secure(good);
        Registry trusting = client(settings().withCertificates(List.of(directory.resolve("absent.pem"))), registry.host(), false, Credentials.anonymous());

        assertThatThrownBy(() -> trusting.manifest(REPOSITORY, "latest")).isInstanceOf(ExternalException.class).hasMessageContaining("absent.pem");
    }

    @Test
    void aHostsOwnDirectoryHoldsItsAuthorityAndTheClientsCertificate() throws Exception {
        for (boolean bareRsa : new boolean[] {false, true}) {
            ScriptedRegistry registry = closing(ScriptedRegistry.startTls(good.server(List.of(client))));
            registry.publish(REPOSITORY, "latest", image());
            Path own = directory.resolve("certs.d").resolve(registry.host());
            good.writeCertificate(own.resolve("ca.crt"));
            client.writeCertificate(own.resolve("client.cert"));
            client.writeKey(own.resolve("client.key"), bareRsa);

            Registry known = client(settings().withHostCertificates(List.of(directory.resolve("certs.d"))), registry.host(), false, Credentials.anonymous());

            assertThat(known.manifest(REPOSITORY, "latest").digest()).isEqualTo(image().manifest().digest());
        }
    }

    @Test
    void documentsComeOverHttp2AndBlobsOverConnectionsOfTheirOwn() throws Exception {
        MockWebServer server = new MockWebServer();
        server.useHttps(good.server(List.of()).getSocketFactory());
        byte[] blob = bytes(3 << 20);
        server.enqueue(new MockResponse.Builder().code(200).build());
        server.enqueue(new MockResponse.Builder().code(200).body("{\"config\":{}}").build());
        server.enqueue(new MockResponse.Builder().code(200).body(new Buffer().write(blob)).build());
        server.start();
        closing(server::close);

        Registry trusting = trusting(good, "localhost:" + server.getPort());
        trusting.manifest(REPOSITORY, "latest");
        assertThat(read(trusting, Digest.sha256(blob))).isEqualTo(blob);

        assertThat(List.of(server.takeRequest().getVersion(), server.takeRequest().getVersion(), server.takeRequest().getVersion()))
                .containsExactly("HTTP/2", "HTTP/2", "HTTP/1.1");
    }

    @Test
    void aRedirectFromHttpsToHttpIsRefusedForManifestsAndAcceptedForBlobs() throws Exception {
        ScriptedRegistry plain = registry();
        ScriptedRegistry registry = secure(good);
        Digest blob = image().config().digest();
        registry.always("GET .*/manifests/.*", Fault.redirect(307, "http://%s/v2/%s/manifests/latest".formatted(plain.host(), REPOSITORY)));
        registry.always("GET .*/blobs/.*", Fault.redirect(307, "http://%s/v2/%s/blobs/%s".formatted(plain.host(), REPOSITORY, blob)));
        Registry trusting = trusting(good, registry.host());

        assertThatThrownBy(() -> trusting.manifest(REPOSITORY, "latest")).isInstanceOf(ExternalException.class)
                .hasMessageContaining("redirects from HTTPS to plain HTTP");
        assertThat(read(trusting, blob)).isEqualTo(image().config().content());
    }

    @Test
    void aTokenServerOnPlainHttpIsRefusedByASecureRegistry() throws Exception {
        ScriptedRegistry registry = secure(good).requireToken().realm("http://auth.example/token");

        assertThatThrownBy(() -> trusting(good, registry.host()).manifest(REPOSITORY, "latest"))
                .isInstanceOf(ExternalException.class).hasMessageContaining("names a token server on plain HTTP, auth.example");
    }

    @Test
    void nobodyThereIsUnreachableAndSaysWhatWasTried() throws Exception {
        int port;
        try (ServerSocket free = new ServerSocket(0)) {
            port = free.getLocalPort();
        }

        assertThatThrownBy(() -> client("127.0.0.1:" + port, Credentials.anonymous()).manifest(REPOSITORY, "latest"))
                .isInstanceOf(UnreachableException.class)
                .hasMessage("127.0.0.1:%d cannot be reached: HTTPS: connection refused; HTTP: connection refused".formatted(port));
        assertThatThrownBy(() -> client("no-such-host.invalid", Credentials.anonymous()).manifest(REPOSITORY, "latest"))
                .isInstanceOf(UnreachableException.class).hasMessage("no-such-host.invalid cannot be reached: no such host");
    }

    @Test
    void somethingElseThanARegistryIsCalledThat() throws Exception {
        ScriptedRegistry registry = registry();
        registry.always("GET /v2/", new Fault.Instead(404, Map.of("Content-Type", "text/html"), "<html>Not found</html>"));

        assertThatThrownBy(() -> client(registry).manifest(REPOSITORY, "latest"))
                .isInstanceOf(ExternalException.class).isNotInstanceOf(UnreachableException.class)
                .hasMessageContaining("HTTP: 404 Not Found, with a web page");
    }

    @Test
    void aRegistryThatIsOutOfOrderIsUnreachable() throws Exception {
        ScriptedRegistry registry = registry();
        registry.always("GET .*/manifests/.*", Fault.status(503));

        assertThatThrownBy(() -> client(registry).manifest(REPOSITORY, "latest")).isInstanceOf(UnreachableException.class);
    }

    @Test
    void namesThatAreNoHostsAreRefused() {
        for (String host : List.of("a b", "http://x", "x/y", "user@x", "x:port", "", "[::1", "x?y")) {
            assertThatThrownBy(() -> client(host, Credentials.anonymous())).isInstanceOf(UserException.class)
                    .hasMessageContaining("is not the name of a registry");
        }
    }

    @Test
    void plainRequestsGoThroughTheProxyOfTheEnvironmentAndSignInThere() throws Exception {
        MockWebServer proxy = new MockWebServer();
        proxy.enqueue(new MockResponse.Builder().code(502).build());
        proxy.enqueue(new MockResponse.Builder().code(407).addHeader("Proxy-Authenticate", "Basic realm=\"p\"").build());
        proxy.enqueue(new MockResponse.Builder().code(200).build());
        proxy.enqueue(new MockResponse.Builder().code(200).body("{\"config\":{}}").build());
        proxy.start();
        closing(proxy::close);
        NetworkSettings settings = NetworkSettings.of("1", Map.of("http_proxy", "http://me:pass%20word@127.0.0.1:" + proxy.getPort(),
                "https_proxy", "127.0.0.1:" + proxy.getPort()));

        client(settings, "registry.test", true, Credentials.anonymous()).manifest(REPOSITORY, "latest");

        assertThat(proxy.takeRequest().getRequestLine()).startsWith("CONNECT registry.test:443");
        assertThat(proxy.takeRequest().getRequestLine()).startsWith("GET http://registry.test/v2/ ");
        assertThat(proxy.takeRequest().getHeaders().get("Proxy-Authorization")).isEqualTo(ScriptedRegistry.basic("me", "pass word"));
    }

    @Test
    void thisMachineIsNeverReachedThroughAProxy() throws Exception {
        ScriptedRegistry registry = registry();
        NetworkSettings settings = NetworkSettings.of("1", Map.of("http_proxy", "127.0.0.1:1", "https_proxy", "127.0.0.1:1"));

        assertThat(client(settings, registry.host(), false, Credentials.anonymous()).manifest(REPOSITORY, "latest").digest())
                .isEqualTo(image().manifest().digest());
    }

    @Test
    void aProxyThatIsAwayIsNamed() throws Exception {
        NetworkSettings settings = NetworkSettings.of("1", Map.of("https_proxy", "127.0.0.1:1"));

        assertThatThrownBy(() -> client(settings, "registry.test", false, Credentials.anonymous()).manifest(REPOSITORY, "latest"))
                .isInstanceOf(UnreachableException.class).hasMessageEndingWith("(through the proxy 127.0.0.1:1)");
    }

    @Test
    void nothingSecretIsLogged() throws Exception {
        ScriptedRegistry registry = registry().requireToken("ann", "s3cret").identityToken("refresh-me");

        client(registry, new Credential.Password("ann", "s3cret")).manifest(REPOSITORY, "latest");
        client(registry, new Credential.IdentityToken("refresh-me")).manifest(REPOSITORY, "latest");

        assertThat(events).isNotEmpty().allSatisfy(event -> assertThat(event).isInstanceOf(Event.Logged.class));
        assertThat(events.toString()).doesNotContain("s3cret", "refresh-me", "token-1", "token-2",
                ScriptedRegistry.basic("ann", "s3cret").substring(6));
        assertThat(new Credential.Password("ann", "s3cret").toString()).doesNotContain("s3cret");
        assertThat(new Credential.IdentityToken("refresh-me").toString()).doesNotContain("refresh-me");
        assertThat(new Credential.RegistryToken("ready").toString()).doesNotContain("ready");
        assertThat(new Tokens.Token("t0ken", Duration.ZERO, Optional.of("r0")).toString()).doesNotContain("t0ken", "r0");
    }

    @Test
    void whatServersSayCannotMoveTheCursor() throws Exception {
        ScriptedRegistry registry = registry();
        registry.always("GET .*/manifests/.*", Fault.error(400, "\\u001b[2JBAD", "x\\u0007y\\n" + "z".repeat(2000)));

        assertThatThrownBy(() -> client(registry).manifest(REPOSITORY, "latest")).satisfies(e ->
                assertThat(e.getMessage()).doesNotContain("\u001b", "\u0007", "\n").hasSizeLessThan(600));
    }
}
