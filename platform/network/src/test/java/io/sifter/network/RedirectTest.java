package io.sifter.network;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.sifter.network.credential.Credential;
import io.sifter.spi.Registry;
import io.sifter.spi.error.ExternalException;
import io.sifter.spi.reference.Digest;
import io.sifter.testkit.registry.Fault;
import io.sifter.testkit.registry.Received;
import io.sifter.testkit.registry.ScriptedRegistry;
import java.io.InputStream;
import org.junit.jupiter.api.Test;

class RedirectTest extends Fixture {
    private static final Credential SIGNED_IN = new Credential.Password("ann", "s3cret");

    private final Digest layer = image().blobs().keySet().iterator().next();

    /** A registry that keeps its blobs elsewhere. */
    private ScriptedRegistry storage(ScriptedRegistry registry, String query) throws Exception {
        ScriptedRegistry storage = registry();
        registry.always("GET .*/blobs/.*", Fault.redirect(307, "http://%s/v2/bucket/blobs/%s%s".formatted(storage.host(), layer, query)));
        return storage;
    }

    @Test
    void storageElsewhereNeverSeesTheSignature() throws Exception {
        ScriptedRegistry basic = registry().requireBasic("ann", "s3cret");
        ScriptedRegistry storage = storage(basic, "");

        assertThat(Digest.sha256(read(client(basic, SIGNED_IN), layer))).isEqualTo(layer);

        assertThat(basic.received("GET .*/blobs/.*").getFirst().header("Authorization")).isPresent();
        Received moved = storage.received().getFirst();
        assertThat(moved.header("Authorization")).isEmpty();
        assertThat(moved.header("Referer")).isEmpty();
    }

    @Test
    void theQueryOfALocationArrivesAsItWasWritten() throws Exception {
        ScriptedRegistry registry = registry();
        String query = "?X-Amz-Signature=a%2Bb%2fc==&sig=x+y%20z&se=2026-01-01T00:00:00Z&path=/a/b;c,d&empty=&flag";
        ScriptedRegistry storage = storage(registry, query);

        read(client(registry), layer);

        assertThat("?" + storage.received().getFirst().query()).isEqualTo(query);
    }

    @Test
    void theRangeSurvives() throws Exception {
        ScriptedRegistry registry = registry();
        ScriptedRegistry storage = storage(registry, "");

        try (InputStream in = client(registry).blob(REPOSITORY, layer).open(1000)) {
            assertThat(in.readAllBytes()).hasSize((3 << 20) - 1000);
        }

        assertThat(storage.received().getFirst().header("Range")).hasValue("bytes=1000-");
    }

    @Test
    void aRelativeLocationIsResolvedAndStaysSigned() throws Exception {
        ScriptedRegistry registry = registry().requireBasic("ann", "s3cret");
        registry.once("GET .*/manifests/latest", Fault.redirect(308, "/v2/%s/manifests/%s".formatted(REPOSITORY, image().manifest().digest())));

        client(registry, SIGNED_IN).manifest(REPOSITORY, "latest");

        assertThat(registry.received().getLast().header("Authorization")).isPresent();
    }

    @Test
    void anotherPortOfTheSameHostIsAnotherServer() throws Exception {
        ScriptedRegistry registry = registry().requireToken("ann", "s3cret");
        ScriptedRegistry storage = storage(registry, "");

        read(client(registry, SIGNED_IN), layer);

        assertThat(storage.received()).allSatisfy(request -> assertThat(request.header("Authorization")).isEmpty());
    }

    @Test
    void aServerThatRedirectsForEverIsLeftAfterTenTimes() throws Exception {
        ScriptedRegistry registry = registry();
        registry.always("GET .*/manifests/.*", Fault.redirect(302, "/v2/%s/manifests/latest".formatted(REPOSITORY)));

        assertThatThrownBy(() -> client(registry).manifest(REPOSITORY, "latest"))
                .isInstanceOf(ExternalException.class).hasMessageContaining("redirects more than 10 times");
        assertThat(registry.received("GET .*/manifests/.*")).hasSize(11);
    }

    @Test
    void aLocationThatIsNoUrlIsAnError() throws Exception {
        ScriptedRegistry registry = registry();
        registry.always("GET .*/manifests/.*", Fault.redirect(302, "ftp://elsewhere/x?secret=1"));

        assertThatThrownBy(() -> client(registry).manifest(REPOSITORY, "latest"))
                .isInstanceOf(ExternalException.class).hasMessageContaining("no URL").hasMessageNotContaining("secret");
    }

    @Test
    void aChallengeOfTheOtherHostIsMetAnonymouslyForThisOneRequest() throws Exception {
        ScriptedRegistry registry = registry().requireToken("ann", "s3cret");
        ScriptedRegistry mirror = registry().requireToken();
        registry.always("GET .*/blobs/.*", Fault.redirect(307, "http://%s/v2/%s/blobs/%s".formatted(mirror.host(), REPOSITORY, layer)));
        Registry client = client(registry, SIGNED_IN);

        assertThat(Digest.sha256(read(client, layer))).isEqualTo(layer);
        read(client, layer);

        assertThat(mirror.received("GET /token")).hasSize(2).allSatisfy(request -> assertThat(request.header("Authorization")).isEmpty());
        assertThat(mirror.received("GET .*/blobs/.*")).allSatisfy(request ->
                assertThat(request.header("Authorization").orElse("Bearer token-")).startsWith("Bearer token-"));
    }

    @Test
    void queriesOfRedirectsAreNotLogged() throws Exception {
        ScriptedRegistry registry = registry();
        storage(registry, "?signature=abcdef");

        read(client(registry), layer);

        assertThat(events.toString()).contains("?…").doesNotContain("abcdef");
    }
}
