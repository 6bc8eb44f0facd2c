package io.sifter.testkit.registry;

import static org.assertj.core.api.Assertions.assertThat;

import io.sifter.spi.reference.Digest;
import io.sifter.testkit.Peers;
import io.sifter.testkit.TarLayer;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class TestRegistryTest {
    private static final TestImage AMD = TestImage.with().layer(TarLayer.with().file("etc/motd", "hello").tar())
            .entrypoint("/bin/sh").env("A=\"quoted\"").build();
    private static final TestImage ARM = TestImage.with().platform("linux/arm64").layer(TarLayer.with().file("etc/motd", "arm").tar()).build();

    @TempDir
    Path directory;

    private ScriptedRegistry registry;

    @BeforeEach
    void start() throws Exception {
        registry = ScriptedRegistry.start();
        registry.publish("lib/tool", "one", AMD).publish("lib/tool", "many", List.of(AMD, ARM))
                .publish("lib/docker", "latest", TestImage.with().docker().layer(TarLayer.with().file("a", "b").tar()).build());
    }

    @AfterEach
    void stop() {
        registry.close();
    }

    private HttpResponse<byte[]> get(String path, String... headers) throws Exception {
        HttpRequest.Builder request = HttpRequest.newBuilder(URI.create("http://" + registry.host() + path));
        if (headers.length > 0) {
            request.headers(headers);
        }
        try (HttpClient client = HttpClient.newHttpClient()) {
            return client.send(request.build(), HttpResponse.BodyHandlers.ofByteArray());
        }
    }

    @Test
    void rangesAreServedAsTheStandardHasThem() throws Exception {
        byte[] config = AMD.config().content();
        String path = "/v2/lib/tool/blobs/" + AMD.config().digest();

        assertThat(get(path).body()).isEqualTo(config);
        HttpResponse<byte[]> part = get(path, "Range", "bytes=5-9");
        assertThat(part.statusCode()).isEqualTo(206);
        assertThat(part.body()).isEqualTo(java.util.Arrays.copyOfRange(config, 5, 10));
        assertThat(part.headers().firstValue("Content-Range")).hasValue("bytes 5-9/" + config.length);
        assertThat(get(path, "Range", "bytes=%d-".formatted(config.length)).statusCode()).isEqualTo(416);
    }

    @Test
    void whatIsNotThereIsAnErrorOfTheSpecification() throws Exception {
        assertThat(new String(get("/v2/lib/tool/manifests/none").body())).contains("MANIFEST_UNKNOWN");
        assertThat(new String(get("/v2/lib/tool/blobs/" + Digest.sha256(new byte[1])).body())).contains("BLOB_UNKNOWN");
        assertThat(new String(get("/v2/none/tags/list").body())).contains("NAME_UNKNOWN");
        assertThat(get("/v2/").statusCode()).isEqualTo(200);
    }

    @Test
    void tagsAndRepositoriesAreListed() throws Exception {
        assertThat(new String(get("/v2/lib/tool/tags/list").body())).isEqualTo("{\"name\":\"lib/tool\",\"tags\":[\"many\",\"one\"]}");
        assertThat(new String(get("/v2/_catalog").body())).isEqualTo("{\"repositories\":[\"lib/docker\",\"lib/tool\"]}");
    }

    @Test
    void aLayoutIsServedUnderItsNames() throws Exception {
        TestImage.layout(directory, Map.of("a", AMD.manifest(), "b", TestImage.index(List.of(AMD, ARM))), List.of(AMD, ARM));
        registry.publish("from/layout", directory);

        assertThat(get("/v2/from/layout/manifests/a").body()).isEqualTo(AMD.manifest().content());
        assertThat(get("/v2/from/layout/manifests/b").headers().firstValue("Content-Type")).hasValue(TestImage.OCI_INDEX);
        assertThat(get("/v2/from/layout/manifests/" + ARM.manifest().digest()).body()).isEqualTo(ARM.manifest().content());
        assertThat(get("/v2/from/layout/blobs/" + ARM.config().digest()).body()).isEqualTo(ARM.config().content());
    }

    @Test
    void skopeoCopiesFromItAndFindsEveryDigestRight() throws Exception {
        String skopeo = Peers.program("skopeo");

        for (String image : List.of("lib/tool:one", "lib/tool:many", "lib/docker:latest")) {
            Path out = directory.resolve(image.replaceAll("\\W", "-"));
            Peers.run(skopeo, "copy", "-q", "--all", "--src-tls-verify=false", "docker://" + registry.host() + "/" + image, "dir:" + out).ok();
            assertThat(Files.exists(out.resolve("manifest.json"))).isTrue();
        }
        String inspected = Peers.run(skopeo, "inspect", "--tls-verify=false", "docker://" + registry.host() + "/lib/tool:one").ok();
        assertThat(inspected).contains(AMD.manifest().digest().toString());
    }

    @Test
    void skopeoSignsInWithATokenAndWithBasic() throws Exception {
        String skopeo = Peers.program("skopeo");
        String[] command = {skopeo, "copy", "-q", "--src-tls-verify=false", "--src-creds", "ann:s3cret",
            "docker://" + registry.host() + "/lib/tool:one", "dir:" + directory.resolve("out")};

        registry.requireBasic("ann", "s3cret");
        Peers.run(command).ok();
        registry.requireToken("ann", "s3cret");
        Peers.run(command).ok();

        assertThat(registry.received(".* /token")).isNotEmpty();
        assertThat(Peers.run(skopeo, "inspect", "--no-creds", "--tls-verify=false", "docker://" + registry.host() + "/lib/tool:one").exit()).isNotZero();
    }

    @Test
    void skopeoReadsALayoutThatWasMadeHere() throws Exception {
        String skopeo = Peers.program("skopeo");
        TestImage.layout(directory, Map.of("a", AMD.manifest()), List.of(AMD));

        assertThat(Peers.run(skopeo, "inspect", "--raw", "oci:" + directory + ":a").ok()).isEqualTo(new String(AMD.manifest().content()));
        Peers.run(skopeo, "copy", "-q", "oci:" + directory + ":a", "dir:" + directory.resolve("out")).ok();
    }
}
