package io.sifter.network;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.sifter.spi.Registry;
import io.sifter.spi.error.CorruptDataException;
import io.sifter.spi.error.ExternalException;
import io.sifter.spi.error.UserException;
import io.sifter.spi.reference.Digest;
import io.sifter.spi.source.Document;
import io.sifter.testkit.registry.Fault;
import io.sifter.testkit.registry.ScriptedRegistry;
import io.sifter.testkit.registry.TestImage;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

class ManifestTest extends Fixture {
    @Test
    void aManifestComesByteForByteWithItsMediaTypeAndDigest() throws Exception {
        ScriptedRegistry registry = registry();
        TestImage docker = TestImage.with().docker().build();
        registry.publish(REPOSITORY, "docker", docker);

        Document manifest = client(registry).manifest(REPOSITORY, "docker");

        assertThat(manifest.content()).isEqualTo(docker.manifest().content());
        assertThat(manifest.digest()).isEqualTo(docker.manifest().digest());
        assertThat(manifest.mediaType()).isEqualTo("application/vnd.docker.distribution.manifest.v2+json");
    }

    @Test
    void asksForAllSixTypesInOneHeaderAndNamesItself() throws Exception {
        ScriptedRegistry registry = registry();

        client(registry).manifest(REPOSITORY, "latest");

        var request = registry.received("GET .*/manifests/latest").getFirst();
        assertThat(request.headers().get("Accept")).hasSize(1);
        assertThat(request.header("Accept").orElseThrow().split(", ")).hasSize(6)
                .contains("application/vnd.oci.image.index.v1+json", "application/vnd.docker.distribution.manifest.v2+json");
        assertThat(request.header("User-Agent")).hasValueSatisfying(agent -> assertThat(agent).matches("Singularity/4\\.5\\.1 \\(Linux \\w+\\) Sifter/4\\.5\\.1"));
        assertThat(request.header("Accept-Encoding")).hasValue("identity");
    }

    @Test
    void aTagIsResolvedByHeadAlone() throws Exception {
        ScriptedRegistry registry = registry();

        assertThat(client(registry).resolve(REPOSITORY, "latest")).hasValue(image().manifest().digest());
        assertThat(registry.received("GET .*/manifests/.*")).isEmpty();
        assertThat(registry.received("HEAD .*/manifests/latest")).hasSize(1);
    }

    @Test
    void aRegistryThatDoesNotTellDigestsResolvesToNothing() throws Exception {
        ScriptedRegistry registry = registry();
        registry.once("HEAD .*", new Fault.Headers(Map.of("Docker-Content-Digest", "")));
        registry.once("HEAD .*", new Fault.Headers(Map.of("Docker-Content-Digest", "sha256:nonsense")));
        registry.once("HEAD .*", Fault.status(404));
        registry.once("HEAD .*", Fault.status(405));
        Registry client = client(registry);

        for (int i = 0; i < 4; i++) {
            assertThat(client.resolve(REPOSITORY, "latest")).isEmpty();
        }
    }

    @Test
    void aDigestResolvesToItselfWithoutARequest() throws Exception {
        ScriptedRegistry registry = registry();
        Digest digest = image().manifest().digest();

        assertThat(client(registry).resolve(REPOSITORY, digest.toString())).hasValue(digest);
        assertThat(registry.received()).isEmpty();
    }

    @Test
    void bytesOfAnotherDigestThanAskedForAreCorrupt() throws Exception {
        ScriptedRegistry registry = registry();
        registry.always("GET .*/manifests/.*", new Fault.Corrupt(20));

        assertThatThrownBy(() -> client(registry).manifest(REPOSITORY, image().manifest().digest().toString()))
                .isInstanceOf(CorruptDataException.class)
                .hasMessageContaining(image().manifest().digest().toString());
    }

    @Test
    void aWrongDigestHeaderForATagIsNotBelieved() throws Exception {
        ScriptedRegistry registry = registry();
        registry.always("GET .*", new Fault.Headers(Map.of("Docker-Content-Digest", Digest.sha256(new byte[0]).toString())));

        assertThat(client(registry).manifest(REPOSITORY, "latest").digest()).isEqualTo(image().manifest().digest());
    }

    @Test
    void theDocumentSaysWhatItIsWhereTheServerDoesNot() throws Exception {
        ScriptedRegistry registry = registry();
        registry.publish(REPOSITORY, "bare", new Document("text/plain", Digest.sha256("{\"manifests\":[]}".getBytes(StandardCharsets.UTF_8)),
                "{\"manifests\":[]}".getBytes(StandardCharsets.UTF_8)));
        registry.always("GET .*/manifests/latest", new Fault.Headers(Map.of("Content-Type", "application/octet-stream")));
        Registry client = client(registry);

        assertThat(client.manifest(REPOSITORY, "latest").mediaType()).isEqualTo("application/vnd.oci.image.manifest.v1+json");
        assertThat(client.manifest(REPOSITORY, "bare").mediaType()).isEqualTo("application/vnd.oci.image.index.v1+json");
    }

    @Test
    void aManifestLargerThanFourMebibytesIsRefused() throws Exception {
        ScriptedRegistry registry = registry();
        byte[] large = new byte[(4 << 20) + 1];
        Arrays.fill(large, (byte) ' ');
        registry.publish(REPOSITORY, "large", Document.of("application/vnd.oci.image.manifest.v1+json", large));

        assertThatThrownBy(() -> client(registry).manifest(REPOSITORY, "large"))
                .isInstanceOf(CorruptDataException.class).hasMessageContaining("larger than 4 MiB");
    }

    @Test
    void aWebPageInPlaceOfAManifestIsCalledThat() throws Exception {
        ScriptedRegistry registry = registry();
        registry.always("GET .*/manifests/.*", Fault.html());

        assertThatThrownBy(() -> client(registry).manifest(REPOSITORY, "latest"))
                .isInstanceOf(ExternalException.class)
                .hasMessage("Error reading manifest latest in %s/%s: the answer is a web page, not a manifest".formatted(registry.host(), REPOSITORY));
    }

    @Test
    void aManifestCutShortIsAskedForAgain() throws Exception {
        ScriptedRegistry registry = registry();
        registry.once("GET .*/manifests/.*", new Fault.CutAfter(10));

        assertThat(client(registry).manifest(REPOSITORY, "latest").digest()).isEqualTo(image().manifest().digest());
    }

    @Test
    void namesThatWouldLeaveThePathAreNotSent() throws Exception {
        ScriptedRegistry registry = registry();
        Registry client = client(registry);

        for (String repository : List.of("../../etc", "a//b", "a/../b", "Upper", "a?b=c", "a%2fb", "", "a/".repeat(50_000) + "a")) {
            assertThatThrownBy(() -> client.manifest(repository, "latest")).isInstanceOf(UserException.class)
                    .hasMessageStartingWith("invalid reference format");
        }
        for (String tag : List.of("../latest", "a b", "sha256:12", "", "x".repeat(129))) {
            assertThatThrownBy(() -> client.manifest(REPOSITORY, tag)).isInstanceOf(UserException.class);
        }
        assertThat(registry.received()).isEmpty();
    }
}
