package io.sifter.network;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.sifter.network.credential.Credentials;
import io.sifter.spi.Registry;
import io.sifter.spi.error.CorruptDataException;
import io.sifter.spi.error.ExternalException;
import io.sifter.spi.error.UnreachableException;
import io.sifter.spi.event.Event;
import io.sifter.spi.reference.Digest;
import io.sifter.testkit.registry.Fault;
import io.sifter.testkit.registry.ScriptedRegistry;
import java.io.IOException;
import java.io.InputStream;
import java.io.InterruptedIOException;
import java.time.Duration;
import java.time.ZoneOffset;
import java.time.ZonedDateTime;
import java.time.format.DateTimeFormatter;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicReference;
import java.util.concurrent.atomic.LongAdder;
import mockwebserver3.Dispatcher;
import mockwebserver3.MockResponse;
import mockwebserver3.MockWebServer;
import mockwebserver3.RecordedRequest;
import okio.Buffer;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class BlobTest extends Fixture {
    private static final String BLOBS = "GET .*/blobs/.*";

    private final byte[] content = image().blobs().values().iterator().next();
    private final Digest layer = Digest.sha256(content);

    private List<String> ranges(ScriptedRegistry registry) {
        return registry.received(BLOBS).stream().map(request -> request.header("Range").orElse("")).toList();
    }

    @Test
    void aBlobArrivesWhole() throws Exception {
        ScriptedRegistry registry = registry();

        assertThat(read(client(registry), layer)).isEqualTo(content);
        assertThat(registry.received(BLOBS)).hasSize(1);
    }

    @Test
    void nothingIsRequestedBeforeItIsOpened() throws Exception {
        ScriptedRegistry registry = registry();

        client(registry).blob(REPOSITORY, layer);

        assertThat(registry.received()).isEmpty();
    }

    @Test
    void largeReadsAreFilled() throws Exception {
        ScriptedRegistry registry = registry();
        byte[] buffer = new byte[256 << 10];

        int reads = 0;
        try (InputStream in = client(registry).blob(REPOSITORY, layer).open(0)) {
            while (in.read(buffer) >= 0) {
                reads++;
            }
        }

        assertThat(reads).isLessThan(60);
    }

    @Test
    void openingInTheMiddleAsksForTheRest() throws Exception {
        ScriptedRegistry registry = registry();

        try (InputStream in = client(registry).blob(REPOSITORY, layer).open(1_000_000)) {
            assertThat(in.readAllBytes()).isEqualTo(Arrays.copyOfRange(content, 1_000_000, content.length));
        }
        assertThat(ranges(registry)).containsExactly("bytes=1000000-");
    }

    @Test
    void openingAtTheEndYieldsNothing() throws Exception {
        ScriptedRegistry registry = registry();

        try (InputStream in = client(registry).blob(REPOSITORY, layer).open(content.length)) {
            assertThat(in.read()).isEqualTo(-1);
        }
    }

    @Test
    void openingBeyondTheEndIsAnError() throws Exception {
        ScriptedRegistry registry = registry();

        assertThatThrownBy(() -> client(registry).blob(REPOSITORY, layer).open(content.length + 1)).isInstanceOf(ExternalException.class);
        registry.always(BLOBS, new Fault.IgnoreRange());
        assertThatThrownBy(() -> client(registry).blob(REPOSITORY, layer).open(content.length + 1))
                .isInstanceOf(CorruptDataException.class).hasMessageContaining("ends at byte " + content.length);
    }

    @ParameterizedTest
    @ValueSource(longs = {0, 1, 8191, 8192, 100_000, 3 << 20, (3 << 20) - 1})
    void aConnectionThatBreaksIsTakenUpWhereItBroke(long after) throws Exception {
        ScriptedRegistry registry = registry();
        registry.once(BLOBS, new Fault.CutAfter(after));

        assertThat(read(client(registry), layer)).isEqualTo(content);
        if (after > 0 && after < content.length) {
            assertThat(ranges(registry)).startsWith("").last().asString().matches("bytes=\\d+-");
        }
    }

    @Test
    void aServerWithoutRangesIsReadFromTheStartAgain() throws Exception {
        ScriptedRegistry registry = registry();
        registry.once(BLOBS, new Fault.CutAfter(1_500_000));
        registry.always(BLOBS, new Fault.IgnoreRange());

        assertThat(read(client(registry), layer)).isEqualTo(content);
    }

    @ParameterizedTest
    @ValueSource(strings = {"bytes 0-3145727/3145728", "bytes 1-3145727/3145728", "nonsense", ""})
    void anotherRangeThanAskedForIsNotTaken(String range) throws Exception {
        ScriptedRegistry registry = registry();
        registry.once(BLOBS, new Fault.CutAfter(1_500_000));
        registry.always(BLOBS, new Fault.Headers(Map.of("Content-Range", range)));

        assertThatThrownBy(() -> read(client(registry), layer)).isInstanceOf(CorruptDataException.class)
                .hasMessageContaining("asked for the bytes from");
    }

    @Test
    void aBlobThatChangesItsSizeIsCorrupt() throws Exception {
        ScriptedRegistry registry = registry();
        registry.once(BLOBS, new Fault.CutAfter(1_500_000));
        registry.once(BLOBS, new Fault.Headers(Map.of("Content-Range", "bytes 1500000-3145999/3146000")));
        InputStream in = client(registry).blob(REPOSITORY, layer).open(0);

        assertThatThrownBy(() -> {
            try (in) {
                in.skipNBytes(1_500_000);
                in.readAllBytes();
            }
        }).isInstanceOf(CorruptDataException.class);
    }

    @Test
    void aStalledConnectionIsReplaced() throws Exception {
        ScriptedRegistry registry = registry();
        registry.once(BLOBS, new Fault.StallAfter(2_000_000));

        assertThat(read(client(registry), layer)).isEqualTo(content);
        // On a busy machine a connection may seem silent before it is.
        assertThat(ranges(registry)).startsWith("").hasSizeGreaterThan(1).last().asString().matches("bytes=\\d+-");
    }

    /** Takes longer than the limit for silence altogether, without ever being silent for a tenth of it. */
    @Test
    void aSlowConnectionIsNotAStalledOne() throws Exception {
        byte[] slow = bytes(200 << 10);
        try (MockWebServer server = new MockWebServer()) {
            server.start();
            LongAdder requests = new LongAdder();
            server.setDispatcher(new Dispatcher() {
                @Override
                public MockResponse dispatch(RecordedRequest request) {
                    if (!request.getTarget().contains("/blobs/")) {
                        return new MockResponse.Builder().build();
                    }
                    requests.increment();
                    return new MockResponse.Builder().body(new Buffer().write(slow)).throttleBody(8 << 10, 100, TimeUnit.MILLISECONDS).build();
                }
            });
            NetworkSettings settings = settings().withTimeouts(Duration.ofSeconds(5), Duration.ofSeconds(2));

            assertThat(read(client(settings, "127.0.0.1:" + server.getPort(), false, Credentials.anonymous()), Digest.sha256(slow))).isEqualTo(slow);

            assertThat(requests.sum()).isEqualTo(1);
        }
    }

    @Test
    void aConnectionThatBringsNothingAnyMoreIsGivenUp() throws Exception {
        ScriptedRegistry registry = registry();
        registry.always(BLOBS, new Fault.CutAfter(100));

        assertThatThrownBy(() -> read(client(registry), layer))
                .isInstanceOf(ExternalException.class)
                .hasMessageContaining("the connection broke").hasMessageContaining("of " + content.length);
        assertThat(registry.received(BLOBS)).hasSize(5);
    }

    @Test
    void aConnectionThatKeepsBreakingButBringsMuchIsNotGivenUp() throws Exception {
        ScriptedRegistry registry = registry();
        byte[] large = bytes(12 << 20);
        Digest digest = registry.blob(large);
        registry.always(BLOBS, new Fault.CutAfter(1_100_000));

        assertThat(Digest.sha256(read(client(registry), digest))).isEqualTo(digest);
        assertThat(registry.received(BLOBS).size()).isGreaterThan(8);
    }

    @Test
    void theReasonOfAStallIsTold() throws Exception {
        ScriptedRegistry registry = registry();
        registry.always(BLOBS, new Fault.StallAfter(10));
        // Long enough for the first bytes on a busy machine too.
        NetworkSettings hasty = settings().withRetries(2, Duration.ofMillis(2), Duration.ofSeconds(2));

        assertThatThrownBy(() -> read(client(hasty, registry.host(), false, Credentials.anonymous()), layer))
                .isInstanceOf(ExternalException.class).hasMessageContaining("no byte came for");
    }

    @ParameterizedTest
    @ValueSource(ints = {408, 429, 500, 502, 503, 504})
    void faultsThatPassAreWaitedOut(int status) throws Exception {
        ScriptedRegistry registry = registry();
        registry.once(BLOBS, Fault.status(status)).once(BLOBS, Fault.status(status));

        assertThat(read(client(registry), layer)).isEqualTo(content);
        assertThat(registry.received(BLOBS)).hasSize(3);
    }

    @ParameterizedTest
    @ValueSource(ints = {400, 403, 404, 405, 410, 501})
    void faultsThatStayAreNotRepeated(int status) throws Exception {
        ScriptedRegistry registry = registry();
        registry.always(BLOBS, Fault.status(status));

        assertThatThrownBy(() -> read(client(registry), layer)).isInstanceOf(ExternalException.class)
                .hasMessageStartingWith("Error reading blob %s in %s/%s: %d".formatted(layer, registry.host(), REPOSITORY, status));
        assertThat(registry.received(BLOBS)).hasSize(1);
    }

    @Test
    void attemptsAreFew() throws Exception {
        ScriptedRegistry registry = registry();
        registry.always(BLOBS, Fault.status(503));

        assertThatThrownBy(() -> read(client(registry), layer)).isInstanceOf(UnreachableException.class);
        assertThat(registry.received(BLOBS)).hasSize(4);
    }

    @ParameterizedTest
    @ValueSource(ints = {500, 502, 503, 504})
    void aStormInTheMiddleIsWaitedOut(int status) throws Exception {
        ScriptedRegistry registry = registry();
        registry.once(BLOBS, new Fault.CutAfter(1_500_000));
        for (int i = 0; i < 3; i++) {
            registry.once(BLOBS, Fault.status(status));
        }

        assertThat(read(client(registry), layer)).isEqualTo(content);
        assertThat(registry.received(BLOBS)).hasSize(5);
    }

    @ParameterizedTest
    @ValueSource(ints = {500, 502, 503, 504})
    void aStormInTheMiddleThatDoesNotEndIsGivenUp(int status) throws Exception {
        ScriptedRegistry registry = registry();
        registry.once(BLOBS, new Fault.CutAfter(1_500_000));
        registry.always(BLOBS, Fault.status(status));

        assertThatThrownBy(() -> read(client(registry), layer)).isInstanceOfSatisfying(ExternalException.class, e -> {
            assertThat(e).hasMessageContaining("Error reading blob " + layer).hasMessageContaining(Integer.toString(status));
            assertThat(e.nextStep().orElseThrow()).containsIgnoringCase("try again later");
        });
        assertThat(registry.received(BLOBS)).hasSize(5);
    }

    @Test
    void aPageInPlaceOfABlobIsSaidToBeOne() throws Exception {
        ScriptedRegistry registry = registry();
        registry.once(BLOBS, Fault.html());

        assertThatThrownBy(() -> read(client(registry), layer)).isInstanceOf(ExternalException.class)
                .hasMessageStartingWith("Error reading blob " + layer).hasMessageEndingWith("the answer is a web page");

        registry.once(BLOBS, new Fault.CutAfter(1_500_000)).once(BLOBS, Fault.html());
        assertThatThrownBy(() -> read(client(registry), layer)).isInstanceOf(ExternalException.class).hasMessageEndingWith("the answer is a web page");
    }

    @ParameterizedTest
    @ValueSource(strings = {"x", "{\"errors\":[{\"code\":\"DENIED\",\"message\":\"no\"},", "<html>"})
    void anErrorWithoutEndIsNotReadToItsEndAndNotShown(String start) throws Exception {
        ScriptedRegistry registry = registry();
        registry.always(BLOBS, new Fault.Instead(403, Map.of(), start + "{\"code\":\"X\"},".repeat(1 << 20)));

        assertThatThrownBy(() -> read(client(registry), layer)).isInstanceOfSatisfying(ExternalException.class,
                e -> assertThat(e.getMessage()).contains("403").hasSizeLessThan(1000));
    }

    @Test
    void retryAfterInSecondsIsHonoured() throws Exception {
        ScriptedRegistry registry = registry();
        registry.once(BLOBS, Fault.tooManyRequests(Optional.of("1")));

        long start = System.nanoTime();
        read(client(registry), layer);

        assertThat(Duration.ofNanos(System.nanoTime() - start)).isGreaterThan(Duration.ofMillis(990));
    }

    @Test
    void retryAfterAsADateIsHonoured() throws Exception {
        ScriptedRegistry registry = registry();
        String date = DateTimeFormatter.RFC_1123_DATE_TIME.format(ZonedDateTime.now(ZoneOffset.UTC).plusSeconds(2));
        registry.once(BLOBS, Fault.tooManyRequests(Optional.of(date)));

        long start = System.nanoTime();
        read(client(registry), layer);

        assertThat(Duration.ofNanos(System.nanoTime() - start)).isGreaterThan(Duration.ofMillis(900));
    }

    @Test
    void aWaitLongerThanPatienceIsNotBegun() throws Exception {
        ScriptedRegistry registry = registry();
        registry.always(BLOBS, Fault.tooManyRequests(Optional.of("3600")));

        long start = System.nanoTime();
        assertThatThrownBy(() -> read(client(registry), layer)).isInstanceOfSatisfying(ExternalException.class, e -> {
            assertThat(e).hasMessageEndingWith("toomanyrequests: You have reached your pull rate limit.");
            assertThat(e.nextStep().orElseThrow()).contains("Wait 60 min").contains("--docker-login");
        });
        assertThat(Duration.ofNanos(System.nanoTime() - start)).isLessThan(Duration.ofSeconds(2));
    }

    @Test
    void aRefusalWhileResumingIsToldWithTheRegistrysWords() throws Exception {
        ScriptedRegistry registry = registry();
        registry.once(BLOBS, new Fault.CutAfter(1_500_000));
        registry.always(BLOBS, Fault.error(403, "DENIED", "quota exceeded"));

        assertThatThrownBy(() -> read(client(registry), layer)).isInstanceOf(ExternalException.class)
                .hasMessageEndingWith("denied: quota exceeded");
    }

    @Test
    void aTokenThatExpiresDuringTheTransferIsReplaced() throws Exception {
        ScriptedRegistry registry = registry().requireToken();
        registry.once(BLOBS, new Fault.CutAfter(1_500_000));
        Registry client = client(registry);

        try (InputStream in = client.blob(REPOSITORY, layer).open(0)) {
            byte[] start = in.readNBytes(1_000_000);
            registry.expireTokens();
            assertThat(Digest.sha256(concat(start, in.readAllBytes()))).isEqualTo(layer);
        }
        assertThat(registry.received("GET /token")).hasSize(2);
    }

    @Test
    void aBlobWithoutALengthEndsWithItsConnection() throws Exception {
        ScriptedRegistry registry = registry();
        registry.always(BLOBS, new Fault.Unsized());

        assertThat(read(client(registry), layer)).isEqualTo(content);
    }

    @Test
    void aLengthThatIsTooLargeIsNoticed() throws Exception {
        ScriptedRegistry registry = registry();
        registry.once(BLOBS, new Fault.Headers(Map.of("Content-Length", Integer.toString(content.length + 5))));

        assertThatThrownBy(() -> read(client(registry), layer)).isInstanceOf(CorruptDataException.class)
                .hasMessageContaining("had %d bytes before and now has %d".formatted(content.length + 5, content.length));
    }

    @Test
    void aLengthThatIsTooSmallIsTheEnd() throws Exception {
        ScriptedRegistry registry = registry();
        registry.once(BLOBS, new Fault.Headers(Map.of("Content-Length", "1000")));
        Registry client = client(registry);

        assertThat(read(client, layer)).isEqualTo(Arrays.copyOf(content, 1000));
        assertThat(read(client, layer)).isEqualTo(content);
    }

    @Test
    void wrongBytesAreDeliveredForTheReaderToFind() throws Exception {
        ScriptedRegistry registry = registry();
        registry.always(BLOBS, new Fault.Corrupt(1234));

        byte[] read = read(client(registry), layer);

        assertThat(read).hasSize(content.length).isNotEqualTo(content);
    }

    @Test
    void aBlobMayComeFromTheUrlsOfItsDescriptorWithoutCredentials() throws Exception {
        ScriptedRegistry registry = registry().requireBasic("ann", "s3cret");
        ScriptedRegistry elsewhere = registry();
        registry.always(BLOBS, Fault.error(404, "BLOB_UNKNOWN", "blob unknown to registry"));
        List<String> urls = List.of("nonsense", "http://%s/gone".formatted(elsewhere.host()),
                "http://%s/v2/x/blobs/%s".formatted(elsewhere.host(), layer));
        Registry client = client(registry, new io.sifter.network.credential.Credential.Password("ann", "s3cret"));

        try (InputStream in = client.blob(REPOSITORY, layer, urls).open(0)) {
            assertThat(in.readAllBytes()).isEqualTo(content);
        }
        assertThat(elsewhere.received()).hasSize(2).allSatisfy(request -> assertThat(request.header("Authorization")).isEmpty());
    }

    @Test
    void whereNoUrlHelpsTheRegistrysAnswerIsTold() throws Exception {
        ScriptedRegistry registry = registry();
        registry.always(BLOBS, Fault.error(404, "BLOB_UNKNOWN", "blob unknown to registry"));

        assertThatThrownBy(() -> client(registry).blob(REPOSITORY, layer, List.of("http://127.0.0.1:1/x")).open(0))
                .isInstanceOf(ExternalException.class).hasMessageEndingWith("blob unknown: blob unknown to registry");
    }

    @Test
    void onlySoManyBlobsAreOpenAtATime() throws Exception {
        ScriptedRegistry registry = registry();
        Registry client = client(settings().withParallelBlobs(2), registry.host(), false, Credentials.anonymous());
        InputStream first = client.blob(REPOSITORY, layer).open(0);
        InputStream second = client.blob(REPOSITORY, layer).open(0);

        CompletableFuture<InputStream> third = CompletableFuture.supplyAsync(() -> {
            try {
                return client.blob(REPOSITORY, layer).open(0);
            } catch (IOException | InterruptedException e) {
                throw new IllegalStateException(e);
            }
        });

        assertThat(third).isNotCompleted();
        assertThatThrownBy(() -> third.get(200, TimeUnit.MILLISECONDS)).isInstanceOf(java.util.concurrent.TimeoutException.class);
        first.close();
        first.close();
        third.get(5, TimeUnit.SECONDS).close();
        second.close();
    }

    @Test
    void aFailedOpenGivesItsPlaceBack() throws Exception {
        ScriptedRegistry registry = registry();
        for (int i = 0; i < 3; i++) {
            registry.once(BLOBS, Fault.status(404));
        }
        Registry client = client(settings().withParallelBlobs(1), registry.host(), false, Credentials.anonymous());

        for (int i = 0; i < 3; i++) {
            assertThatThrownBy(() -> client.blob(REPOSITORY, layer).open(0)).isInstanceOf(ExternalException.class);
        }
        assertThat(read(client, layer)).hasSize(content.length);
    }

    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void anInterruptionEndsAReadAtOnce(boolean virtual) throws Exception {
        ScriptedRegistry registry = registry();
        registry.always(BLOBS, new Fault.StallAfter(1_000_000));
        NetworkSettings patient = settings().withTimeouts(Duration.ofSeconds(5), Duration.ofSeconds(60));
        InputStream in = client(patient, registry.host(), false, Credentials.anonymous()).blob(REPOSITORY, layer).open(0);
        AtomicReference<Throwable> thrown = new AtomicReference<>();

        Thread reader = thread(virtual).start(() -> {
            try (in) {
                in.readAllBytes();
            } catch (Throwable e) {
                thrown.set(e);
            }
        });
        Thread.sleep(300);
        reader.interrupt();
        reader.join(3000);

        assertThat(reader.isAlive()).isFalse();
        assertThat(thrown.get()).isInstanceOf(InterruptedIOException.class).hasMessage("Interrupted");
        assertThat(registry.received(BLOBS)).hasSize(1);
    }

    private static Thread.Builder thread(boolean virtual) {
        return virtual ? Thread.ofVirtual() : Thread.ofPlatform();
    }

    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void anInterruptionEndsAWaitForARequest(boolean virtual) throws Exception {
        ScriptedRegistry registry = registry();
        registry.always("GET .*/manifests/.*", new Fault.Delay(Duration.ofSeconds(30)));
        NetworkSettings patient = settings().withTimeouts(Duration.ofSeconds(5), Duration.ofSeconds(60));
        Registry client = client(patient, registry.host(), false, Credentials.anonymous());
        AtomicReference<Throwable> thrown = new AtomicReference<>();

        Thread asker = thread(virtual).start(() -> {
            try {
                client.manifest(REPOSITORY, "latest");
            } catch (Throwable e) {
                thrown.set(e);
            }
        });
        Thread.sleep(300);
        asker.interrupt();
        asker.join(3000);

        assertThat(asker.isAlive()).isFalse();
        assertThat(thrown.get()).isInstanceOf(InterruptedException.class);
    }

    @Test
    void waitingIsTold() throws Exception {
        ScriptedRegistry registry = registry();
        registry.once(BLOBS, Fault.status(503));

        read(client(registry), layer);

        assertThat(events).anySatisfy(event -> assertThat(event).isInstanceOfSatisfying(Event.Logged.class,
                logged -> assertThat(logged.message()).contains("answered with status 503").contains("trying again in")));
    }

    private static byte[] concat(byte[] one, byte[] other) {
        byte[] both = Arrays.copyOf(one, one.length + other.length);
        System.arraycopy(other, 0, both, one.length, other.length);
        return both;
    }
}
