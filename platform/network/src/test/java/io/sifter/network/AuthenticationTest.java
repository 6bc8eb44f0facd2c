package io.sifter.network;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.sifter.network.credential.Credential;
import io.sifter.network.credential.Credentials;
import io.sifter.spi.Registry;
import io.sifter.spi.error.ExternalException;
import io.sifter.testkit.registry.Fault;
import io.sifter.testkit.registry.Received;
import io.sifter.testkit.registry.ScriptedRegistry;
import java.net.URLDecoder;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;

class AuthenticationTest extends Fixture {
    private static final Credential SIGNED_IN = new Credential.Password("ann", "s3cret");

    @Test
    void anOpenRegistryIsAskedForNothingAndNoCredentialIsLookedUp() throws Exception {
        ScriptedRegistry registry = registry();
        AtomicInteger lookups = new AtomicInteger();
        Registry client = client(registry.host(), (_, _) -> {
            lookups.incrementAndGet();
            return Optional.of(SIGNED_IN);
        });

        client.manifest(REPOSITORY, "latest");

        assertThat(registry.received()).allSatisfy(request -> assertThat(request.header("Authorization")).isEmpty());
        assertThat(lookups).hasValue(0);
    }

    @Test
    void basicSignsEveryRequestButTheFirst() throws Exception {
        ScriptedRegistry registry = registry().requireBasic("ann", "s3cret");
        Registry client = client(registry, SIGNED_IN);

        client.resolve(REPOSITORY, "latest");
        client.manifest(REPOSITORY, "latest");

        assertThat(registry.received()).hasSize(3);
        assertThat(registry.received().getFirst().line()).isEqualTo("GET /v2/");
        assertThat(registry.received().subList(1, 3)).allSatisfy(request ->
                assertThat(request.header("Authorization")).hasValue(ScriptedRegistry.basic("ann", "s3cret")));
    }

    @Test
    void basicWithoutCredentialsSendsNothingRatherThanAnEmptyName() throws Exception {
        ScriptedRegistry registry = registry().requireBasic("ann", "s3cret");

        assertThatThrownBy(() -> client(registry).manifest(REPOSITORY, "latest"))
                .isInstanceOf(ExternalException.class).hasMessageEndingWith("unauthorized: authentication required");
        assertThat(registry.received()).allSatisfy(request -> assertThat(request.header("Authorization")).isEmpty());
    }

    @Test
    void aTokenIsFetchedOnceForARepositoryAndUsedForAllRequests() throws Exception {
        ScriptedRegistry registry = registry().requireToken();
        Registry client = client(registry);

        client.resolve(REPOSITORY, "latest");
        client.manifest(REPOSITORY, "latest");
        read(client, image().config().digest());

        Received token = registry.received("GET /token").getFirst();
        assertThat(registry.received("GET /token")).hasSize(1);
        assertThat(URLDecoder.decode(token.query(), StandardCharsets.UTF_8)).isEqualTo("service=test&scope=repository:team/tool:pull");
        assertThat(token.header("Authorization")).isEmpty();
        assertThat(registry.received(".*/(manifests|blobs)/.*")).hasSize(3).allSatisfy(request ->
                assertThat(request.header("Authorization")).hasValue("Bearer token-1"));
    }

    @Test
    void theTokenRequestIsSignedAndTheRegistryNeverSeesThePassword() throws Exception {
        ScriptedRegistry registry = registry().requireToken("ann", "s3cret");

        client(registry, SIGNED_IN).manifest(REPOSITORY, "latest");

        assertThat(registry.received("GET /token").getFirst().header("Authorization")).hasValue(ScriptedRegistry.basic("ann", "s3cret"));
        assertThat(registry.received("GET /v2/.*")).allSatisfy(request ->
                assertThat(request.header("Authorization").orElse("")).doesNotStartWith("Basic"));
    }

    @Test
    void manyRequestsAtOnceFetchOneToken() throws Exception {
        ScriptedRegistry registry = registry().requireToken();
        registry.always("GET /token", new Fault.Delay(java.time.Duration.ofMillis(100)));
        Registry client = client(registry);

        try (ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor()) {
            List<Callable<Object>> tasks = new ArrayList<>();
            for (int i = 0; i < 8; i++) {
                tasks.add(() -> client.manifest(REPOSITORY, "latest"));
            }
            for (Future<Object> task : threads.invokeAll(tasks)) {
                task.get();
            }
        }

        assertThat(registry.received("GET /token")).hasSize(1);
        assertThat(registry.received("GET /v2/")).hasSize(1);
    }

    @Test
    void aTokenThatIsNoLongerGoodIsReplacedOnce() throws Exception {
        ScriptedRegistry registry = registry().requireToken();
        Registry client = client(registry);
        client.manifest(REPOSITORY, "latest");

        registry.expireTokens();
        client.manifest(REPOSITORY, "latest");

        assertThat(registry.received("GET /token")).hasSize(2);
    }

    @Test
    void aFreshTokenThatIsRefusedIsNotFetchedOverAndOver() throws Exception {
        ScriptedRegistry registry = registry().requireToken("ann", "s3cret");

        assertThatThrownBy(() -> client(registry).manifest(REPOSITORY, "latest")).isInstanceOf(ExternalException.class);

        assertThat(registry.received("GET /token")).hasSize(1);
        assertThat(registry.received(".*/manifests/latest")).hasSize(1);
    }

    @Test
    void aSecondChallengeAddsItsScopeBeforeTheOthers() throws Exception {
        ScriptedRegistry registry = registry().requireToken();
        registry.once(".*/manifests/latest", new Fault.Instead(401, Map.of("WWW-Authenticate",
                "Bearer realm=\"http://%s/token\",service=\"test\",scope=\"repository:team/base:pull,push\"".formatted(registry.host())), ""));

        client(registry).manifest(REPOSITORY, "latest");

        assertThat(URLDecoder.decode(registry.received("GET /token").getLast().query(), StandardCharsets.UTF_8))
                .isEqualTo("service=test&scope=repository:team/base:pull,push&scope=repository:team/tool:pull");
    }

    @Test
    void otherSchemesAndBrokenChallengesArePassedOver() throws Exception {
        ScriptedRegistry registry = registry().requireBasic("ann", "s3cret");
        registry.once("GET /v2/", new Fault.Instead(401, Map.of("WWW-Authenticate",
                "Negotiate, Basic realm=\"a \\\"quoted\\\" one, with comma\""), ""));

        assertThat(client(registry, SIGNED_IN).manifest(REPOSITORY, "latest").digest()).isEqualTo(image().manifest().digest());
    }

    @Test
    void aRegistryThatGreetsEverybodyMayStillAskWhoWantsAnImage() throws Exception {
        ScriptedRegistry registry = registry().requireToken("ann", "s3cret");
        registry.once("GET /v2/", Fault.status(200));

        client(registry, SIGNED_IN).manifest(REPOSITORY, "latest");

        assertThat(registry.received("GET /token")).hasSize(1);
    }

    @Test
    void anIdentityTokenIsPostedAndNeverSentToTheRegistry() throws Exception {
        ScriptedRegistry registry = registry().identityToken("refresh-me");

        client(registry, new Credential.IdentityToken("refresh-me")).manifest(REPOSITORY, "latest");

        Received token = registry.received("POST /token").getFirst();
        assertThat(URLDecoder.decode(token.body(), StandardCharsets.UTF_8)).isEqualTo(
                "grant_type=refresh_token&refresh_token=refresh-me&client_id=sifter&service=test&scope=repository:team/tool:pull");
        assertThat(token.header("Content-Type").orElseThrow()).startsWith("application/x-www-form-urlencoded");
        assertThat(token.header("Authorization")).isEmpty();
    }

    @Test
    void aTokenServerWithoutOauthIsAskedTheOldWay() throws Exception {
        ScriptedRegistry registry = registry().requireToken();

        client(registry, new Credential.IdentityToken("refresh-me")).manifest(REPOSITORY, "latest");

        assertThat(registry.received("POST /token")).hasSize(1);
        assertThat(registry.received("GET /token")).hasSize(1);
    }

    @Test
    void aRegistryTokenIsUsedAsItIs() throws Exception {
        ScriptedRegistry registry = registry().accept("ready", "repository:team/tool:pull");

        client(registry, new Credential.RegistryToken("ready")).manifest(REPOSITORY, "latest");

        assertThat(registry.received(".* /token")).isEmpty();
    }

    @Test
    void wrongPasswordsAreToldAsSuchWithoutBeingShown() throws Exception {
        ScriptedRegistry registry = registry().requireToken("ann", "s3cret");

        assertThatThrownBy(() -> client(registry, new Credential.Password("ann", "wr0ng")).manifest(REPOSITORY, "latest"))
                .isInstanceOfSatisfying(ExternalException.class, e -> {
                    assertThat(e).hasMessage("Error reading manifest latest in %s/team/tool: incorrect username or password".formatted(registry.host()));
                    assertThat(e.nextStep()).hasValueSatisfying(step -> assertThat(step).contains("is not accepted"));
                });
        assertThat(events.toString()).doesNotContain("wr0ng").doesNotContain(ScriptedRegistry.basic("ann", "wr0ng").substring(6));
    }

    @Test
    void aTokenServerOnAnInternalAddressIsRefusedUnlessItIsTheRegistryItself() throws Exception {
        ScriptedRegistry registry = registry().requireToken("ann", "s3cret");
        ScriptedRegistry other = registry();
        registry.realm("http://%s/token".formatted(other.host()));

        assertThatThrownBy(() -> client(registry, SIGNED_IN).manifest(REPOSITORY, "latest"))
                .isInstanceOf(ExternalException.class).hasMessageContaining("internal address " + other.host());
        assertThat(other.received()).isEmpty();
    }

    @Test
    void aTokenServerThatRedirectsToAnotherHostLosesTheSignature() throws Exception {
        ScriptedRegistry registry = registry().requireToken("ann", "s3cret");
        registry.once("GET /token", Fault.redirect(307, "http://localhost:%s/token?x=1".formatted(registry.host().split(":")[1])));

        assertThatThrownBy(() -> client(registry, SIGNED_IN).manifest(REPOSITORY, "latest")).isInstanceOf(ExternalException.class);

        assertThat(registry.received("GET /token")).hasSize(2);
        assertThat(registry.received("GET /token").getLast().header("Authorization")).isEmpty();
    }

    @Test
    void anIdentityTokenDoesNotFollowARedirectToAnotherHost() throws Exception {
        ScriptedRegistry registry = registry().identityToken("refresh-me");
        registry.once("POST /token", Fault.redirect(307, "http://localhost:%s/token".formatted(registry.host().split(":")[1])));

        assertThatThrownBy(() -> client(registry, new Credential.IdentityToken("refresh-me")).manifest(REPOSITORY, "latest"))
                .isInstanceOf(ExternalException.class).hasMessageContaining("no right to the identity token").hasMessageNotContaining("refresh-me");
        assertThat(registry.received("POST /token")).hasSize(1);
    }

    @Test
    void aPageInPlaceOfATokenIsAnError() throws Exception {
        ScriptedRegistry registry = registry().requireToken();
        registry.always("GET /token", Fault.html());

        assertThatThrownBy(() -> client(registry).manifest(REPOSITORY, "latest"))
                .isInstanceOf(ExternalException.class).hasMessageContaining("answered without a token");
    }

    @Test
    void theCredentialIsLookedUpByTheNameUsersKnow() throws Exception {
        List<String> asked = new ArrayList<>();
        ScriptedRegistry registry = registry().requireBasic("ann", "s3cret");
        Credentials credentials = (host, repository) -> {
            asked.add(host + " " + repository);
            return Optional.of(SIGNED_IN);
        };

        client(registry.host(), credentials).manifest(REPOSITORY, "latest");

        assertThat(asked).containsExactly(registry.host() + " team/tool");
        assertThat(Hosts.display("index.docker.io")).isEqualTo("docker.io");
        assertThat(Hosts.contacted("docker.io")).isEqualTo("registry-1.docker.io");
    }

    @Test
    void aFaultAfterTheChallengeWasMetIsWaitedOutToo() throws Exception {
        ScriptedRegistry registry = registry().requireToken();
        Registry client = client(registry);
        client.manifest(REPOSITORY, "latest");
        registry.once("GET .*/manifests/latest", new Fault.Instead(401, Map.of("WWW-Authenticate",
                "Bearer realm=\"http://%s/token\",service=\"test\",scope=\"repository:team/tool:pull\",error=\"invalid_token\"".formatted(registry.host())), ""));
        registry.once("GET .*/manifests/latest", Fault.status(503));

        assertThat(client.manifest(REPOSITORY, "latest").digest()).isEqualTo(image().manifest().digest());
    }

    @Test
    void aTokenServerOutOfOrderIsAskedAsOftenAsTheRegistryWouldBe() throws Exception {
        ScriptedRegistry registry = registry().requireToken();
        registry.always("GET /token", Fault.status(503));

        assertThatThrownBy(() -> client(registry).manifest(REPOSITORY, "latest")).isInstanceOf(ExternalException.class);

        assertThat(registry.received("GET /token")).hasSize(4);
    }
}
