package io.sifter.network;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.sifter.network.credential.Credential;
import io.sifter.network.credential.Credentials;
import io.sifter.network.mirror.RegistryRuleFiles;
import io.sifter.spi.Registry;
import io.sifter.spi.error.ExternalException;
import io.sifter.spi.error.UserException;
import io.sifter.spi.reference.Digest;
import io.sifter.testkit.registry.Fault;
import io.sifter.testkit.registry.ScriptedRegistry;
import java.io.IOException;
import java.io.InputStream;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.Test;

/** Images that are asked for elsewhere than their names say. */
class MirrorTest extends Fixture {
    private static final String MIRRORED = "hub/" + REPOSITORY;

    private ScriptedRegistry mirror() throws IOException {
        ScriptedRegistry mirror = closing(ScriptedRegistry.start());
        mirror.publish(MIRRORED, "latest", image());
        return mirror;
    }

    private Registry client(String host, Credentials named, Credentials elsewhere, Map<String, Object> rule) throws IOException {
        NetworkSettings settings = settings().withRules(new RegistryRuleFiles(List.of(), List.of(), List.of(rule)));
        return closing(Network.open(settings)).registries(named, elsewhere, events::add).at(host, false);
    }

    private Registry client(ScriptedRegistry origin, ScriptedRegistry... mirrors) throws IOException {
        List<Map<String, Object>> list = java.util.Arrays.stream(mirrors).map(mirror -> Map.<String, Object>of("location", mirror.host() + "/hub")).toList();
        return client(origin.host(), Credentials.anonymous(), Credentials.anonymous(), Map.of("prefix", origin.host(), "mirror", list));
    }

    private void pull(Registry client) throws IOException, InterruptedException {
        assertThat(client.resolve(REPOSITORY, "latest")).hasValue(image().manifest().digest());
        assertThat(client.manifest(REPOSITORY, "latest").content()).isEqualTo(image().manifest().content());
        for (Digest digest : image().blobs().keySet()) {
            assertThat(read(client, digest)).isEqualTo(image().blobs().get(digest));
        }
    }

    @Test
    void aMirrorThatHasTheImageServesAllOfIt() throws Exception {
        ScriptedRegistry origin = registry();
        ScriptedRegistry mirror = mirror();

        pull(client(origin, mirror));

        assertThat(origin.received()).isEmpty();
        assertThat(mirror.received(".*/v2/hub/team/tool/.*")).hasSize(4);
    }

    @Test
    void whatAMirrorDoesNotHaveOrCannotServeComesFromTheNextPlace() throws Exception {
        ScriptedRegistry origin = registry();
        ScriptedRegistry without = closing(ScriptedRegistry.start());
        ScriptedRegistry broken = mirror();
        broken.always(".*", Fault.status(500));
        ScriptedRegistry closed = mirror().requireBasic("who", "knows");
        ScriptedRegistry gone = ScriptedRegistry.start();
        gone.close();

        pull(client(origin, without, gone, broken, closed));

        assertThat(origin.received("GET .*/blobs/.*")).hasSize(2);
        assertThat(events.toString()).contains("The mirror " + gone.host().split("/")[0] + " does not serve it");
    }

    @Test
    void aBlobThatAMirrorLostComesFromTheRegistryItself() throws Exception {
        ScriptedRegistry origin = registry();
        ScriptedRegistry mirror = mirror();
        mirror.always("GET .*/blobs/.*", Fault.status(404));

        pull(client(origin, mirror));

        assertThat(origin.received("GET .*/manifests/.*")).isEmpty();
        assertThat(origin.received("GET .*/blobs/.*")).hasSize(2);
    }

    @Test
    void anImageThatNobodyHasIsToldInTheRegistrysOwnWords() throws Exception {
        ScriptedRegistry origin = registry();
        ScriptedRegistry mirror = mirror();

        assertThat(client(origin, mirror).resolve(REPOSITORY, "nosuch")).isEmpty();
        assertThatThrownBy(() -> client(origin, mirror).manifest(REPOSITORY, "nosuch")).isInstanceOf(ExternalException.class)
                .hasMessage("Error reading manifest nosuch in %s/team/tool: manifest unknown: manifest unknown".formatted(origin.host()));
    }

    @Test
    void aMirrorIsSignedInToWithItsOwnLoginAndNeverSeesTheRegistrys() throws Exception {
        ScriptedRegistry origin = registry();
        ScriptedRegistry mirror = mirror().requireToken("mirror", "own");
        Credentials stored = (host, _) -> host.equals(mirror.host()) ? Optional.of(new Credential.Password("mirror", "own")) : Optional.empty();

        pull(client(origin.host(), Credentials.of(new Credential.Password("ann", "s3cret")), stored,
                Map.of("prefix", origin.host(), "mirror", List.of(Map.of("location", mirror.host() + "/hub")))));

        assertThat(mirror.received()).allSatisfy(request ->
                assertThat(request.header("Authorization").orElse("")).isNotEqualTo(ScriptedRegistry.basic("ann", "s3cret")));
    }

    @Test
    void theNamedRegistryIsSignedInToAlthoughItHasMirrors() throws Exception {
        ScriptedRegistry origin = registry().requireToken("ann", "s3cret");
        ScriptedRegistry mirror = closing(ScriptedRegistry.start());

        pull(client(origin.host(), Credentials.of(new Credential.Password("ann", "s3cret")), Credentials.anonymous(),
                Map.of("prefix", origin.host(), "mirror", List.of(Map.of("location", mirror.host())))));
    }

    @Test
    void aRewrittenNameIsAskedForUnderItsNewOne() throws Exception {
        ScriptedRegistry origin = registry();
        ScriptedRegistry other = mirror();

        pull(client(origin.host(), Credentials.anonymous(), Credentials.anonymous(),
                Map.of("prefix", origin.host() + "/team", "location", other.host() + "/hub/team")));

        assertThat(origin.received()).isEmpty();
    }

    @Test
    void aBlockedRegistryIsNotEvenGreeted() throws Exception {
        ScriptedRegistry origin = registry();

        assertThatThrownBy(() -> client(origin.host(), Credentials.anonymous(), Credentials.anonymous(),
                Map.of("prefix", origin.host(), "blocked", true)).resolve(REPOSITORY, "latest"))
                .isInstanceOf(UserException.class).hasMessageContaining("is not fetched");
        assertThat(origin.received()).isEmpty();
    }

    @Test
    void aBlobOpensInTheMiddleAtAMirrorToo() throws Exception {
        ScriptedRegistry origin = registry();
        ScriptedRegistry mirror = mirror();
        Digest digest = image().blobs().keySet().iterator().next();

        try (InputStream in = client(origin, mirror).blob(REPOSITORY, digest).open(1000)) {
            assertThat(in.readAllBytes()).hasSize(image().blobs().get(digest).length - 1000);
        }
        assertThat(mirror.received("GET .*/blobs/.*").getFirst().header("Range")).hasValue("bytes=1000-");
    }

    @Test
    void whatAMirrorBreaksOffComesFromTheNextPlace() throws Exception {
        ScriptedRegistry origin = registry();
        ScriptedRegistry first = mirror();
        ScriptedRegistry second = mirror();
        Digest digest = image().blobs().keySet().iterator().next();
        first.once("GET .*/blobs/.*", new Fault.CutAfter(1_500_000)).always("GET .*/blobs/.*", Fault.status(503));
        second.once("GET .*/blobs/.*", new Fault.CutAfter(500_000)).always("GET .*/blobs/.*", Fault.html());

        assertThat(read(client(origin, first, second), digest)).isEqualTo(image().blobs().get(digest));

        assertThat(second.received("GET .*/blobs/.*").getFirst().header("Range").orElseThrow()).matches("bytes=1[45]\\d{5}-");
        assertThat(origin.received("GET .*/blobs/.*")).singleElement()
                .satisfies(request -> assertThat(request.header("Range").orElseThrow()).matches("bytes=(19|20)\\d{5}-"));
        assertThat(events.toString()).contains("the rest comes from elsewhere");
    }

    @Test
    void whereNoPlaceIsLeftTheRegistrysOwnFailureIsTold() throws Exception {
        ScriptedRegistry origin = registry();
        ScriptedRegistry mirror = mirror();
        Digest digest = image().blobs().keySet().iterator().next();
        mirror.once("GET .*/blobs/.*", new Fault.CutAfter(1_500_000)).always("GET .*/blobs/.*", Fault.status(404));
        origin.once("GET .*/blobs/.*", new Fault.CutAfter(500_000)).always("GET .*/blobs/.*", Fault.error(403, "DENIED", "quota exceeded"));

        assertThatThrownBy(() -> read(client(origin, mirror), digest)).isInstanceOf(ExternalException.class)
                .hasMessageContaining(origin.host()).hasMessageEndingWith("denied: quota exceeded");
    }

    @Test
    void partsOfAnotherBlobAreForTheReaderToFind() throws Exception {
        ScriptedRegistry origin = registry();
        ScriptedRegistry mirror = mirror();
        Digest digest = image().blobs().keySet().iterator().next();
        mirror.once("GET .*/blobs/.*", new Fault.CutAfter(1_500_000)).always("GET .*/blobs/.*", Fault.status(404));
        origin.always("GET .*/blobs/.*", new Fault.Corrupt(1_500_100));

        assertThat(Digest.sha256(read(client(origin, mirror), digest))).isNotEqualTo(digest);
    }
}
