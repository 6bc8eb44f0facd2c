package io.sifter.image.document;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.sifter.spi.error.CorruptDataException;
import io.sifter.spi.error.UserException;
import io.sifter.spi.reference.Digest;
import io.sifter.spi.reference.Platform;
import io.sifter.spi.source.Document;
import io.sifter.spi.source.LayeredImage;
import java.nio.charset.StandardCharsets;
import java.time.Instant;
import java.util.Base64;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class DocumentsTest {
    private static final String A = "sha256:" + "a".repeat(64);
    private static final String B = "sha256:" + "b".repeat(64);

    /** The manifest of lolcow as Docker Hub serves it; the user guide shows what the cache makes of it. */
    private static final String DOCKER_LOLCOW = """
            {
               "schemaVersion": 2,
               "mediaType": "application/vnd.docker.distribution.manifest.v2+json",
               "config": {
                  "mediaType": "application/vnd.docker.container.image.v1+json",
                  "size": 3410,
                  "digest": "sha256:73d5b1025fbfa138f2cacf45bbf3f61f7de891559fa25b28ab365c7d9c3cbd82"
               },
               "layers": [
                  %s
               ]
            }""".formatted(String.join(",\n", layer("9fb6c798fa41e509b58bccc5c29654c3ff4648b608f5daa67c1aab6a7d02c118", 47536248),
                    layer("3b61febd4aefe982e0cb9c696d415137384d1a01052b50a85aae46439e15e49a", 848),
                    layer("9d99b9777eb02b8943c0e72d7a7baec5c782f8fd976825c9d3fb48b3101aacc2", 621),
                    layer("d010c8cf75d7eb5d2504d5ffa0d19696e8d745a457dd8d28ec6dd41d3763617e", 853),
                    layer("7fac07fb303e0589b9c23e6f49d5dc1ff9d6f3c8c88cabe768b430bdb47f03a9", 169),
                    layer("8e860504ff1ee5dc7953672d128ce1e4aa4d8e3716eb39fe710b849c64b20945", 56355961)));

    @Test
    void convertsADockerManifestToTheVeryBytesThatTheUserGuideShows() throws Exception {
        Document converted = Documents.toOci(document(MediaTypes.DOCKER_MANIFEST, DOCKER_LOLCOW));
        assertThat(converted.digest()).hasToString("sha256:f2a852991b0a36a9f3d6b2a33b98a461e9ede8393482f0deb5287afcbae2ce10");
        assertThat(converted.content()).hasSize(1125);
        assertThat(converted.mediaType()).isEqualTo(MediaTypes.OCI_MANIFEST);
        assertThat(Documents.toOci(converted)).as("conversion is idempotent").isEqualTo(converted);
    }

    @Test
    void keepsTheBytesOfAnOciManifestWhateverTheirLayout() throws Exception {
        Document manifest = document("text/plain", """
                { "layers" : [], "schemaVersion":2, "x":[1.5], "config": {"digest":"%s","size":1,
                "mediaType":"application/vnd.oci.image.config.v1+json"} }""".formatted(A));
        Document converted = Documents.toOci(manifest);
        assertThat(converted.content()).isSameAs(manifest.content());
        assertThat(converted.digest()).isEqualTo(manifest.digest());
        assertThat(converted.mediaType()).isEqualTo(MediaTypes.OCI_MANIFEST);
    }

    @Test
    void convertsDockerLayersInsideAnOciManifestToo() throws Exception {
        Document converted = Documents.toOci(document(MediaTypes.OCI_MANIFEST, """
                {"schemaVersion":2,"config":{"mediaType":"%s","digest":"%s","size":1},"layers":[
                {"mediaType":"application/vnd.docker.image.rootfs.foreign.diff.tar.gzip","digest":"%s","size":2,"urls":["https://x/y"]}],
                "annotations":{"z":"1","a":"2"}}""".formatted(MediaTypes.OCI_CONFIG, A, B)));
        assertThat(new String(converted.content(), StandardCharsets.UTF_8)).isEqualTo(
                "{\"schemaVersion\":2,\"config\":{\"mediaType\":\"%s\",\"digest\":\"%s\",\"size\":1},\"layers\":[{\"mediaType\":"
                        .formatted(MediaTypes.OCI_CONFIG, A)
                        + "\"application/vnd.oci.image.layer.nondistributable.v1.tar+gzip\",\"digest\":\"%s\",\"size\":2,".formatted(B)
                        + "\"urls\":[\"https://x/y\"]}],\"annotations\":{\"z\":\"1\",\"a\":\"2\"}}");
    }

    @Test
    void parsesAManifestByItsShapeWhateverTheServerCallsIt() throws Exception {
        Manifest manifest = Documents.parseManifest(document("application/json", DOCKER_LOLCOW));
        assertThat(manifest.mediaType()).isEqualTo(MediaTypes.DOCKER_MANIFEST);
        assertThat(manifest.layers()).hasSize(6).allMatch(layer -> MediaTypes.isTarLayer(layer.mediaType()));
        assertThat(manifest.config().size()).isEqualTo(3410);
    }

    @Test
    void parsesAnIndexWithItsPlatforms() throws Exception {
        Index index = Documents.parseIndex(document(MediaTypes.OCI_INDEX + "; charset=utf-8", """
                {"schemaVersion":2,"manifests":[
                {"mediaType":"%1$s","digest":"%2$s","size":7,"platform":{"architecture":"arm64","os":"linux","variant":"v8","os.version":"1"}},
                {"mediaType":"%1$s","digest":"%2$s","size":7,"annotations":{"org.opencontainers.image.ref.name":"t"}}]}"""
                .formatted(MediaTypes.OCI_MANIFEST, A)));
        assertThat(index.mediaType()).isEqualTo(MediaTypes.OCI_INDEX);
        assertThat(index.manifests().get(0).platform()).contains(Platform.linux("arm64"));
        assertThat(index.manifests().get(1).platform()).isEmpty();
        assertThat(index.manifests().get(1).refName()).contains("t");
    }

    @ParameterizedTest
    @ValueSource(strings = {"application/vnd.docker.distribution.manifest.v1+prettyjws", "application/vnd.docker.distribution.manifest.v1+json"})
    void refusesSchema1ByName(String mediaType) {
        assertThatThrownBy(() -> Documents.parse(document(mediaType, "{\"fsLayers\":[]}")))
                .isInstanceOf(UserException.class).hasMessageContaining("schema 1");
        assertThatThrownBy(() -> Documents.parse(document("application/json", "{\"schemaVersion\":1,\"mediaType\":\"%s\"}".formatted(mediaType))))
                .isInstanceOf(UserException.class).hasMessageContaining("schema 1");
        assertThatThrownBy(() -> Documents.parse(document("application/json", "{\"schemaVersion\":1,\"fsLayers\":[]}")))
                .isInstanceOf(UserException.class).hasMessageContaining("schema 1");
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', value = {
        "[] | expected an object",
        "{} | neither a manifest nor an index",
        "{'config':{},'manifests':[]} | both a manifest and an index",
        "{'layers':[],'manifests':[]} | both a manifest and an index",
        "{'mediaType':'application/vnd.oci.image.manifest.v1+json','manifests':[]} | has the members of an index",
        "{'mediaType':'application/vnd.oci.image.index.v1+json','config':{}} | has the members of a manifest",
        "{'config':{'digest':'sha256:1','size':1}} | expected sha256:<64 hex digits>",
        "{'config':{'digest':'md5:1','size':1}} | config.digest",
        "{'config':{'size':1}} | config.digest is missing",
        "{'config':{'digest':'A','size':-1}} | negative",
        "{'config':{'digest':'A','size':1.5}} | expected an integer",
        "{'config':{'digest':'A','size':99999999999999999999}} | expected an integer",
        "{'config':{'digest':'A'}} | size is missing",
        "{'config':{'digest':'A','size':1},'layers':{}} | layers: expected a list, found an object",
        "{'config':{'digest':'A','size':1},'layers':[{'digest':7,'size':1}]} | layers[0].digest: expected a string",
        "{'config':{'digest':'A','size':1,'data':'?'}} | not base64",
        "{'config':{'digest':'A','size':1,'data':'eA=='}} | has the digest",
        "{'config':{'digest':'A','size':1,'data':'eHg='}} | has 2 bytes, expected 1",
    })
    void refusesDamagedManifests(String json, String message) {
        assertThatThrownBy(() -> Documents.parse(document("application/json", json.replace("'A'", "'" + A + "'").replace('\'', '"'))))
                .isInstanceOf(CorruptDataException.class).hasMessageContaining(message);
    }

    @Test
    void refusesAManifestThatIsTooLarge() {
        assertThatThrownBy(() -> Documents.parse(new Document("x", Digest.parse(A), new byte[Documents.MAX_MANIFEST_SIZE + 1])))
                .isInstanceOf(CorruptDataException.class).hasMessageContaining("more than the");
    }

    @Test
    void carriesInlineDataThatIsWhatItClaimsToBe() throws Exception {
        byte[] data = "{}".getBytes(StandardCharsets.UTF_8);
        Manifest manifest = Documents.parseManifest(document(MediaTypes.OCI_MANIFEST,
                "{\"config\":{\"digest\":\"%s\",\"size\":2,\"data\":\"%s\"},\"layers\":[]}"
                        .formatted(Digest.sha256(data), Base64.getEncoder().encodeToString(data))));
        assertThat(manifest.config().data()).hasValueSatisfying(bytes -> assertThat(bytes).isEqualTo(data));
    }

    @Test
    void parsesTheConfiguration() throws Exception {
        ImageConfig config = Documents.parseConfig(document(MediaTypes.DOCKER_CONFIG, """
                {"created":"2017-09-21T18:37:47.278336798Z","architecture":"aarch64","os":"linux","variant":"v8",
                "config":{"Env":["A=1","B=2"],"Entrypoint":null,"Cmd":["a b","c"],"Labels":{"z":"1","a":"<&>"},"WorkingDir":"","User":"1000"},
                "container_config":{"Image":7},"rootfs":{"type":"layers","diff_ids":["%s","%s"]}}""".formatted(A, B)));
        assertThat(config.created()).contains(Instant.parse("2017-09-21T18:37:47.278336798Z"));
        assertThat(config.platform()).contains(Platform.linux("arm64"));
        assertThat(config.env()).containsExactly("A=1", "B=2");
        assertThat(config.entrypoint()).isEmpty();
        assertThat(config.cmd()).containsExactly("a b", "c");
        assertThat(config.labels().keySet()).containsExactly("z", "a");
        assertThat(config.workingDirectory()).isEmpty();
        assertThat(config.user()).contains("1000");
        assertThat(config.diffIds()).containsExactly(Digest.parse(A), Digest.parse(B));
    }

    @Test
    void parsesTheHistory() throws Exception {
        assertThat(Documents.parseHistory(document(MediaTypes.OCI_CONFIG, """
                {"history":[{"created_by":"RUN x"},{"created":"2017-09-21T18:37:47Z","empty_layer":true,"comment":null}]}"""))).containsExactly(
                        new HistoryEntry("RUN x", false), new HistoryEntry("", true));
        assertThat(Documents.parseHistory(document(MediaTypes.OCI_CONFIG, "{}"))).isEmpty();
        assertThatThrownBy(() -> Documents.parseHistory(document(MediaTypes.OCI_CONFIG, "{\"history\":[7]}"))).isInstanceOf(CorruptDataException.class).hasMessageContaining("history[0]");
    }

    @Test
    void writesTheConfigObjectAsASifKeepsIt() throws Exception {
        ImageConfig config = Documents.parseConfig(document(MediaTypes.OCI_CONFIG, """
                {"config":{"Shell":["/bin/sh","-c"],"StopSignal":"SIGTERM","ExposedPorts":{"80/tcp":{},"443/tcp":{"x":1}},"WorkingDir":"/wd",
                "Volumes":{"/v":{}},"User":"1000","Labels":{"z":"<","a":""},"Env":["P=/a&b"],"Entrypoint":["e"],"Cmd":["a b","c"],"Tty":false,
                "AttachStdin":true,"Memory":5,"Unknown":{},"Healthcheck":{"Interval":30,"Test":["CMD","x"]},"OnBuild":[],"Hostname":""}}"""));
        assertThat(new String(config.ociConfig(), StandardCharsets.UTF_8)).isEqualTo(
                "{\"AttachStdin\":true,\"Cmd\":[\"a b\",\"c\"],\"Healthcheck\":{\"Test\":[\"CMD\",\"x\"],\"Interval\":30},\"Entrypoint\":[\"e\"],"
                        + "\"Env\":[\"P=/a\\u0026b\"],\"Labels\":{\"a\":\"\",\"z\":\"\\u003c\"},\"User\":\"1000\",\"Volumes\":{\"/v\":{}},"
                        + "\"WorkingDir\":\"/wd\",\"ExposedPorts\":{\"443/tcp\":{},\"80/tcp\":{}},\"StopSignal\":\"SIGTERM\","
                        + "\"Shell\":[\"/bin/sh\",\"-c\"]}");
    }

    @ParameterizedTest
    @ValueSource(strings = {"{}", "{\"config\":null}", "{\"config\":{}}"})
    void anImageWithoutConfigObjectHasAnEmptyOne(String json) throws Exception {
        ImageConfig config = Documents.parseConfig(document(MediaTypes.OCI_CONFIG, json));
        assertThat(config.ociConfig()).asString(StandardCharsets.UTF_8).isEqualTo("{}");
        assertThat(config.created()).isEmpty();
        assertThat(config.platform()).isEmpty();
        assertThat(config.diffIds()).isEmpty();
    }

    @Test
    void putsALayeredImageTogether() throws Exception {
        Document config = document(MediaTypes.OCI_CONFIG, "{\"rootfs\":{\"diff_ids\":[\"%s\"]}}".formatted(B));
        Document manifest = Documents.write(Manifest.of(Descriptor.of(config),
                java.util.List.of(Descriptor.of(MediaTypes.OCI_LAYER_ZSTD, Digest.parse(A), 5))));
        LayeredImage image = Documents.layered(manifest, config, blob -> offset -> null, true);
        assertThat(image.layers()).singleElement().satisfies(layer -> {
            assertThat(layer.digest()).contains(Digest.parse(A));
            assertThat(layer.diffId()).contains(Digest.parse(B));
            assertThat(layer.size()).hasValue(5);
            assertThat(layer.local()).isTrue();
        });
    }

    @Test
    void refusesAManifestWhoseConfigurationNamesOtherLayers() throws Exception {
        Document config = document(MediaTypes.OCI_CONFIG, "{}");
        Document manifest = Documents.write(Manifest.of(Descriptor.of(config),
                java.util.List.of(Descriptor.of(MediaTypes.OCI_LAYER, Digest.parse(A), 5))));
        assertThatThrownBy(() -> Documents.layered(manifest, config, blob -> offset -> null, true))
                .isInstanceOf(CorruptDataException.class).hasMessageContaining("has 1 layers").hasMessageContaining("names 0");
    }

    @Test
    void refusesLayersThatAreNoTarArchives() throws Exception {
        Document config = document(MediaTypes.OCI_CONFIG, "{\"rootfs\":{\"diff_ids\":[\"%s\"]}}".formatted(B));
        Document manifest = Documents.write(Manifest.of(Descriptor.of(config),
                java.util.List.of(Descriptor.of("application/vnd.sylabs.sif.layer.v1.sif", Digest.parse(A), 5))));
        assertThatThrownBy(() -> Documents.layered(manifest, config, blob -> offset -> null, true))
                .isInstanceOf(UserException.class)
                .hasMessageContaining("no extractable OCI/Docker tar layers found in this image")
                .hasMessageContaining("sif.layer");
    }

    @Test
    void namesADescriptorForALayoutsIndex() {
        Descriptor named = Descriptor.of(MediaTypes.OCI_MANIFEST, Digest.parse(A), 5).named("x", Optional.of(Platform.linux("amd64")));
        assertThat(new String(Json.compact(Documents.members(named)), StandardCharsets.UTF_8)).isEqualTo(
                "{\"mediaType\":\"%s\",\"digest\":\"%s\",\"size\":5,\"annotations\":{\"org.opencontainers.image.ref.name\":\"x\"},"
                        .formatted(MediaTypes.OCI_MANIFEST, A) + "\"platform\":{\"architecture\":\"amd64\",\"os\":\"linux\"}}");
    }

    static Document document(String mediaType, String json) {
        return Document.of(mediaType, json.getBytes(StandardCharsets.UTF_8));
    }

    private static String layer(String hex, long size) {
        return "{\"mediaType\":\"application/vnd.docker.image.rootfs.diff.tar.gzip\",\"size\":%d,\"digest\":\"sha256:%s\"}".formatted(size, hex);
    }
}
