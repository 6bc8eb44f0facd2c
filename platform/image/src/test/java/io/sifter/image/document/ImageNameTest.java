package io.sifter.image.document;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.sifter.spi.error.UserException;
import io.sifter.spi.reference.Digest;
import io.sifter.spi.reference.Reference;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class ImageNameTest {
    private static final String DIGEST = "sha256:" + "0123456789abcdef".repeat(4);

    @ParameterizedTest
    @CsvSource({
        "alpine, docker.io, library/alpine, latest",
        "alpine:3.19, docker.io, library/alpine, 3.19",
        "godlovedc/lolcow, docker.io, godlovedc/lolcow, latest",
        "docker.io/alpine, docker.io, library/alpine, latest",
        "index.docker.io/alpine, docker.io, library/alpine, latest",
        "registry-1.docker.io/library/alpine, docker.io, library/alpine, latest",
        "registry.hub.docker.com/alpine:x, docker.io, library/alpine, x",
        "nvcr.io/nvidia/pytorch:18.11-py3, nvcr.io, nvidia/pytorch, 18.11-py3",
        "localhost/x, localhost, x, latest",
        "localhost:5000/x/y:z, localhost:5000, x/y, z",
        "127.0.0.1:5000/lib/base, 127.0.0.1:5000, lib/base, latest",
        "[::1]:5000/x, [::1]:5000, x, latest",
        "a/b/c/d, docker.io, a/b/c/d, latest",
        "host:5000/x, host:5000, x, latest",
        "x:5000, docker.io, library/x, 5000",
        "a.b/c, a.b, c, latest",
        "A.Example:5000/c, A.Example:5000, c, latest",
        "a_b/c__d-e---f.g, docker.io, a_b/c__d-e---f.g, latest",
    })
    void aNameHasARegistryARepositoryAndATag(String text, String host, String repository, String tag) throws Exception {
        ImageName name = parse(text);

        assertThat(name.host()).isEqualTo(host);
        assertThat(name.repository()).isEqualTo(repository);
        assertThat(name.tag()).isEqualTo(tag);
        assertThat(name.digest()).isEmpty();
        assertThat(name.tagOrDigest()).isEqualTo(tag);
    }

    @Test
    void aDigestDecidesEvenBesideATag() throws Exception {
        assertThat(parse("alpine@" + DIGEST).tagOrDigest()).isEqualTo(DIGEST);
        assertThat(parse("h:1/a/b:tag@" + DIGEST)).isEqualTo(
                new ImageName("h:1", "a/b", "tag", java.util.Optional.of(Digest.parse(DIGEST))));
        assertThat(parse("h:1/a/b:tag@" + DIGEST)).hasToString("h:1/a/b@" + DIGEST);
        assertThat(parse("alpine")).hasToString("docker.io/library/alpine:latest");
    }

    @ParameterizedTest
    @ValueSource(strings = {"UPPER", "Upper/case", "h:5000/Upper", "docker.io/lib/X:tag"})
    void upperCaseIsNamedAsTheFault(String text) {
        assertThatThrownBy(() -> parse(text)).isInstanceOf(UserException.class)
                .hasMessage("unable to parse image name docker://%s: invalid reference format: repository name must be lowercase".formatted(text));
    }

    @ParameterizedTest
    @ValueSource(strings = {"/alpine", "alpine:", "alpine:ta g", "alpine:-x", "a//b", "a/", "-a", "a..b", "a/../b", "alpine@sha256:12",
        "alpine@", "alpine@md5:x", "@sha256:12", ":tag", "h:5000/", "h:port/x", "a b", "a:b:c", "alpine?x", "é", "bad_host.:80/x"})
    void otherFormsAreInvalid(String text) {
        assertThatThrownBy(() -> parse(text)).isInstanceOf(UserException.class)
                .hasMessageContaining("invalid reference format")
                .satisfies(e -> assertThat(((UserException) e).nextStep()).isPresent());
    }

    @Test
    void namesBeyondAllMeasureAreInvalid() {
        assertThatThrownBy(() -> parse("a".repeat(300))).isInstanceOf(UserException.class);
        assertThatThrownBy(() -> parse("a:" + "t".repeat(129))).isInstanceOf(UserException.class);
        assertThatThrownBy(() -> parse("a/".repeat(50_000) + "A")).isInstanceOf(UserException.class);
    }

    private static ImageName parse(String text) throws UserException {
        return ImageName.parse(new Reference("docker", text, text));
    }
}
