package io.sifter.network;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.sifter.spi.Web;
import io.sifter.spi.error.CorruptDataException;
import io.sifter.spi.error.ExternalException;
import io.sifter.spi.error.UnreachableException;
import io.sifter.spi.event.Event;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.Optional;
import java.util.concurrent.atomic.LongAdder;
import mockwebserver3.MockResponse;
import mockwebserver3.MockWebServer;
import mockwebserver3.RecordedRequest;
import mockwebserver3.SocketEffect;
import okio.Buffer;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** The HTTP client that agents are lent. */
class WebTest extends Fixture {
    private static final String SECRET = "Bearer token-that-nobody-sees";

    private MockWebServer server;
    private Web web;

    @BeforeEach
    void start() throws IOException {
        server = new MockWebServer();
        server.start();
        closing(server::close);
        web = closing(Network.open(settings())).web(events::add);
    }

    private URI url(String path) {
        return server.url(path).uri();
    }

    private static MockResponse.Builder answer(int status, String body) {
        return new MockResponse.Builder().code(status).body(body);
    }

    private static MockResponse bytes(int status, byte[] body, String... headers) {
        MockResponse.Builder builder = new MockResponse.Builder().code(status).body(new Buffer().write(body));
        for (int i = 0; i < headers.length; i += 2) {
            builder.addHeader(headers[i], headers[i + 1]);
        }
        return builder.build();
    }

    private byte[] download(String path) throws IOException, InterruptedException {
        try (InputStream in = web.download(Web.Request.get(url(path))).open(0)) {
            return in.readAllBytes();
        }
    }

    @Test
    void yieldsAnswersOfEveryStatusWithHeadersAndBody() throws Exception {
        server.enqueue(answer(404, "{\"error\":{}}").addHeader("X-Name", "value").build());

        Web.Response response = web.send(Web.Request.get(url("/v1/images/none?arch=amd64")).with("Accept", "application/json"));

        assertThat(response.status()).isEqualTo(404);
        assertThat(response.header("x-name")).contains("value");
        assertThat(response.text()).isEqualTo("{\"error\":{}}");
        RecordedRequest request = server.takeRequest();
        assertThat(request.getTarget()).isEqualTo("/v1/images/none?arch=amd64");
        assertThat(request.getHeaders().get("Accept")).isEqualTo("application/json");
    }

    @Test
    void signsTheServerThatWasAskedAndNoOther() throws Exception {
        try (MockWebServer storage = new MockWebServer()) {
            storage.start();
            server.enqueue(answer(307, "").addHeader("Location", "/here").build());
            server.enqueue(answer(307, "").addHeader("Location", storage.url("/there?X-Signature=abc").toString()).build());
            storage.enqueue(answer(200, "found").build());

            Web.Response response = web.send(Web.Request.get(url("/start")).withAuthorization(Optional.of(SECRET)));

            assertThat(response.text()).isEqualTo("found");
            assertThat(server.takeRequest().getHeaders().get("Authorization")).isEqualTo(SECRET);
            assertThat(server.takeRequest().getHeaders().get("Authorization")).isEqualTo(SECRET);
            RecordedRequest there = storage.takeRequest();
            assertThat(there.getHeaders().get("Authorization")).isNull();
            assertThat(there.getTarget()).isEqualTo("/there?X-Signature=abc");
        }
        assertThat(events.toString()).doesNotContain("nobody-sees").doesNotContain("abc");
    }

    @Test
    void signsNoTransferToAnotherServerEither() throws Exception {
        byte[] file = bytes(1 << 20);
        try (MockWebServer storage = new MockWebServer()) {
            storage.start();
            String there = storage.url("/there?X-Signature=abc").toString();
            server.enqueue(answer(302, "").addHeader("Location", there).build());
            storage.enqueue(bytes(200, file));
            server.enqueue(answer(307, "").addHeader("Location", there).build());
            storage.enqueue(answer(200, "").build());

            try (InputStream in = web.download(Web.Request.get(url("/file")).withAuthorization(Optional.of(SECRET))).open(0)) {
                assertThat(in.readAllBytes()).isEqualTo(file);
            }
            web.upload(Web.Request.of("PUT", url("/put")).withAuthorization(Optional.of(SECRET)),
                    offset -> new ByteArrayInputStream(file, (int) offset, file.length), file.length, _ -> { });

            for (int i = 0; i < 2; i++) {
                assertThat(server.takeRequest().getHeaders().get("Authorization")).isEqualTo(SECRET);
                assertThat(storage.takeRequest().getHeaders().toString()).doesNotContain("Authorization", "nobody-sees", "Referer");
            }
        }
        assertThat(events.toString()).doesNotContain("nobody-sees").doesNotContain("abc");
    }

    @Test
    void repeatsWhatIsHarmlessToRepeat() throws Exception {
        server.enqueue(answer(503, "").build());
        server.enqueue(answer(502, "").build());
        server.enqueue(answer(200, "well").build());

        assertThat(web.send(Web.Request.get(url("/"))).text()).isEqualTo("well");
    }

    @Test
    void postsAgainOnlyWhereTheServerDidNothing() throws Exception {
        server.enqueue(answer(429, "").build());
        server.enqueue(answer(201, "made").build());
        server.enqueue(answer(502, "").build());
        Web.Request post = Web.Request.of("POST", url("/v1/entities")).withBody("{}".getBytes(StandardCharsets.UTF_8));

        assertThat(web.send(post).text()).isEqualTo("made");
        assertThat(web.send(post).status()).isEqualTo(502);
        assertThat(server.getRequestCount()).isEqualTo(3);
    }

    @Test
    void aDocumentWithoutEndIsRefused() {
        server.enqueue(bytes(200, new byte[(16 << 20) + 1]));

        assertThatThrownBy(() -> web.send(Web.Request.get(url("/")))).isInstanceOf(CorruptDataException.class);
    }

    @Test
    void nobodyThereIsToldFromARefusal() throws Exception {
        URI url = url("/");
        server.close();

        assertThatThrownBy(() -> web.send(Web.Request.get(url))).isInstanceOf(UnreachableException.class);
    }

    @Test
    void aBrokenDownloadGoesOnWhereItBroke() throws Exception {
        byte[] file = bytes(3 << 20);
        server.enqueue(new MockResponse.Builder().body(new Buffer().write(file)).addHeader("ETag", "\"one\"")
                .onResponseBody(new SocketEffect.CloseSocket()).build());
        server.setDispatcher(new mockwebserver3.Dispatcher() {
            private boolean cut;

            @Override
            public MockResponse dispatch(RecordedRequest request) {
                String range = request.getHeaders().get("Range");
                int from = range == null ? 0 : Integer.parseInt(range.replaceAll("\\D", ""));
                byte[] rest = Arrays.copyOfRange(file, from, file.length);
                MockResponse.Builder answer = new MockResponse.Builder().code(from == 0 ? 200 : 206)
                        .body(new Buffer().write(rest)).addHeader("ETag", "\"one\"");
                if (from > 0) {
                    answer.addHeader("Content-Range", "bytes %d-%d/%d".formatted(from, file.length - 1, file.length));
                }
                if (!cut) {
                    cut = true;
                    answer.onResponseBody(new SocketEffect.CloseSocket());
                }
                return answer.build();
            }
        });

        assertThat(download("/file")).isEqualTo(file);
        server.takeRequest();
        assertThat(server.takeRequest().getHeaders().get("Range")).startsWith("bytes=").isNotEqualTo("bytes=0-");
    }

    @Test
    void aFileThatIsReplacedWhileItTravelsIsNotGluedTogether() {
        byte[] file = bytes(3 << 20);
        server.enqueue(new MockResponse.Builder().body(new Buffer().write(file)).addHeader("ETag", "\"one\"")
                .onResponseBody(new SocketEffect.CloseSocket()).build());
        server.enqueue(bytes(200, file, "ETag", "\"two\""));

        assertThatThrownBy(() -> download("/file")).isInstanceOf(CorruptDataException.class).hasMessageContaining("changed");
    }

    @Test
    void aRefusedDownloadSaysWhatTheServerSaidWithoutTheQuery() {
        server.enqueue(answer(404, "").build());

        assertThatThrownBy(() -> download("/file.sif?token=secret"))
                .isInstanceOf(ExternalException.class)
                .hasMessageContaining("404").hasMessageContaining("/file.sif").hasMessageNotContaining("secret");
    }

    @Test
    void uploadsAreStreamedCountedOnceAndBegunAnewAfterFailures() throws Exception {
        byte[] file = bytes(3 << 20);
        server.enqueue(answer(500, "").build());
        server.enqueue(answer(200, "").build());
        LongAdder sent = new LongAdder();

        Web.Response response = web.upload(Web.Request.of("PUT", url("/put?sig=1")).with("Content-Type", "application/octet-stream"),
                offset -> new ByteArrayInputStream(file, (int) offset, file.length), file.length, sent::add);

        assertThat(response.status()).isEqualTo(200);
        assertThat(sent.sum()).isEqualTo(file.length);
        server.takeRequest();
        RecordedRequest second = server.takeRequest();
        assertThat(second.getHeaders().get("Content-Length")).isEqualTo(Integer.toString(file.length));
        assertThat(second.getBody().toByteArray()).isEqualTo(file);
    }

    @Test
    void aFileThatShrinksWhileItIsUploadedFails() {
        server.enqueue(answer(200, "").build());

        assertThatThrownBy(() -> web.upload(Web.Request.of("PUT", url("/put")), _ -> new ByteArrayInputStream(new byte[10]), 11, _ -> { }))
                .isInstanceOf(CorruptDataException.class).hasMessageContaining("11").hasMessageContaining("10");
    }

    @Test
    void secretsAreInNoTextOfRequestsAndResponses() {
        Web.Request request = Web.Request.get(url("/a?sig=secret")).withAuthorization(Optional.of(SECRET));

        assertThat(request.toString()).doesNotContain("secret").doesNotContain("nobody-sees");
        assertThat(events).noneMatch(event -> event instanceof Event.Logged logged && logged.message().contains("secret"));
    }
}
