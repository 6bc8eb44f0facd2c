package io.sifter.network;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.sifter.network.credential.Credential;
import io.sifter.network.credential.Credentials;
import io.sifter.spi.Registry;
import io.sifter.spi.error.ExternalException;
import io.sifter.spi.reference.Digest;
import io.sifter.spi.source.Document;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.util.concurrent.atomic.LongAdder;
import mockwebserver3.MockResponse;
import mockwebserver3.MockWebServer;
import mockwebserver3.RecordedRequest;
import mockwebserver3.SocketEffect;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** Uploads to registries, request by request (distribution specification, "Push"). */
class PushTest extends Fixture {
    private static final byte[] BLOB = bytes(3 << 20);
    private static final Digest DIGEST = Digest.sha256(BLOB);

    private MockWebServer server;
    private final LongAdder sent = new LongAdder();

    @BeforeEach
    void start() throws IOException {
        server = new MockWebServer();
        server.start();
        closing(server::close);
    }

    private Registry registry(Credentials credentials) throws IOException {
        return client("127.0.0.1:" + server.getPort(), credentials);
    }

    private void answer(int status, String... headers) {
        MockResponse.Builder builder = new MockResponse.Builder().code(status);
        for (int i = 0; i < headers.length; i += 2) {
            builder.addHeader(headers[i], headers[i + 1]);
        }
        server.enqueue(builder.build());
    }

    private void upload(Registry registry) throws IOException, InterruptedException {
        registry.upload(REPOSITORY, DIGEST, BLOB.length, offset -> new ByteArrayInputStream(BLOB, (int) offset, BLOB.length), sent::add);
    }

    private RecordedRequest next(String method, String target) throws InterruptedException {
        RecordedRequest request = server.takeRequest();
        assertThat(request.getMethod() + " " + request.getTarget()).isEqualTo(method + " " + target);
        return request;
    }

    @Test
    void aBlobTakesASessionOneRequestWithAllBytesAndItsDigest() throws Exception {
        answer(200);
        answer(202, "Location", "/v2/team/tool/blobs/uploads/1?_state=a");
        answer(202, "Location", "/v2/team/tool/blobs/uploads/1?_state=b");
        answer(201);

        upload(registry(Credentials.anonymous()));

        next("GET", "/v2/");
        assertThat(next("POST", "/v2/team/tool/blobs/uploads/").getHeaders().get("Content-Length")).isEqualTo("0");
        RecordedRequest patch = next("PATCH", "/v2/team/tool/blobs/uploads/1?_state=a");
        assertThat(patch.getBody().toByteArray()).isEqualTo(BLOB);
        assertThat(patch.getHeaders().get("Content-Type")).isEqualTo("application/octet-stream");
        next("PUT", "/v2/team/tool/blobs/uploads/1?_state=b&digest=" + DIGEST);
        assertThat(sent.sum()).isEqualTo(BLOB.length);
    }

    @Test
    void aBrokenUploadBeginsAnewAndCountsNoByteTwice() throws Exception {
        answer(200);
        answer(202, "Location", "/one");
        server.enqueue(new MockResponse.Builder().onResponseStart(new SocketEffect.CloseSocket()).build());
        answer(202, "Location", "/two");
        answer(500);
        answer(202, "Location", "/three");
        answer(202, "Location", "/three");
        answer(201);

        upload(registry(Credentials.anonymous()));

        assertThat(sent.sum()).isEqualTo(BLOB.length);
    }

    @Test
    void asksTheTokenServerForPushingFromTheStart() throws Exception {
        String realm = server.url("/token").toString();
        answer(401, "WWW-Authenticate", "Bearer realm=\"%s\",service=\"s\"".formatted(realm));
        server.enqueue(new MockResponse.Builder().body("{\"token\":\"granted\"}").build());
        answer(404);

        assertThat(registry(Credentials.of(new Credential.Password("joe", "hidden-word"))).has(REPOSITORY, DIGEST)).isFalse();

        next("GET", "/v2/");
        assertThat(next("GET", "/token?service=s&scope=repository%3Ateam%2Ftool%3Apush%2Cpull").getHeaders().get("Authorization"))
                .startsWith("Basic ");
        assertThat(next("HEAD", "/v2/team/tool/blobs/" + DIGEST).getHeaders().get("Authorization")).isEqualTo("Bearer granted");
        assertThat(events.toString()).doesNotContain("hidden-word").doesNotContain("granted");
    }

    @Test
    void aStorageServerElsewhereGetsTheBytesAndNoLogin() throws Exception {
        try (MockWebServer storage = new MockWebServer()) {
            storage.start();
            answer(401, "WWW-Authenticate", "Basic realm=\"r\"");
            answer(202, "Location", storage.url("/bucket?sig=1").toString());
            storage.enqueue(new MockResponse.Builder().code(202).addHeader("Location", "http://127.0.0.1:%d/done".formatted(server.getPort())).build());
            answer(201);

            upload(registry(Credentials.of(new Credential.Password("joe", "hidden-word"))));

            assertThat(storage.takeRequest().getHeaders().get("Authorization")).isNull();
            next("GET", "/v2/");
            assertThat(next("POST", "/v2/team/tool/blobs/uploads/").getHeaders().get("Authorization")).startsWith("Basic ");
            assertThat(next("PUT", "/done?digest=" + DIGEST).getHeaders().get("Authorization")).startsWith("Basic ");
        }
    }

    @Test
    void aManifestGoesUnderItsTagWithItsMediaType() throws Exception {
        answer(200);
        answer(201);

        registry(Credentials.anonymous()).put(REPOSITORY, "v1", Document.of("application/vnd.oci.image.manifest.v1+json", new byte[] {'{', '}'}));

        next("GET", "/v2/");
        RecordedRequest put = next("PUT", "/v2/team/tool/manifests/v1");
        assertThat(put.getHeaders().get("Content-Type")).isEqualTo("application/vnd.oci.image.manifest.v1+json");
        assertThat(put.getBody().utf8()).isEqualTo("{}");
    }

    @Test
    void whoMayNotPushIsToldToSignIn() {
        answer(200);
        server.enqueue(new MockResponse.Builder().code(403).body("{\"errors\":[{\"code\":\"DENIED\",\"message\":\"no\"}]}").build());

        assertThatThrownBy(() -> upload(registry(Credentials.anonymous()))).isInstanceOf(ExternalException.class)
                .hasMessageContaining("denied: no")
                .satisfies(e -> assertThat(((ExternalException) e).nextStep().orElseThrow()).contains("registry login"));
    }
}
