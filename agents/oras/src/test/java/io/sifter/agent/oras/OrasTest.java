package io.sifter.agent.oras;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.sifter.network.Network;
import io.sifter.network.NetworkSettings;
import io.sifter.network.credential.Credentials;
import io.sifter.spi.AgentContext;
import io.sifter.spi.DocumentStore;
import io.sifter.spi.OpenOptions;
import io.sifter.spi.Publisher.PublishOptions;
import io.sifter.spi.PublisherContext;
import io.sifter.spi.Services;
import io.sifter.spi.Web;
import io.sifter.spi.error.CorruptDataException;
import io.sifter.spi.error.ExternalException;
import io.sifter.spi.error.SifterException;
import io.sifter.spi.error.UserException;
import io.sifter.spi.reference.Digest;
import io.sifter.spi.reference.Platform;
import io.sifter.spi.reference.Reference;
import io.sifter.spi.source.Document;
import io.sifter.spi.source.ReadyImage;
import io.sifter.testkit.Peers;
import io.sifter.testkit.RealRegistry;
import io.sifter.testkit.registry.Fault;
import io.sifter.testkit.registry.UploadRegistry;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class OrasTest {
    private static final String MANIFEST = "application/vnd.oci.image.manifest.v1+json";

    @TempDir
    Path directory;

    private UploadRegistry registry;
    private Network network;

    @BeforeEach
    void start() throws IOException {
        registry = UploadRegistry.start();
        network = Network.open(NetworkSettings.of("4.5.1", Map.of()).withTimeouts(Duration.ofSeconds(10), Duration.ofSeconds(30))
                .withRetries(4, Duration.ofMillis(1), Duration.ofMillis(10)));
    }

    @AfterEach
    void stop() {
        network.close();
        registry.close();
    }

    private ReadyImage open(String host, String name) throws IOException, InterruptedException {
        var context = new AgentContext(network.registries(Credentials.anonymous(), _ -> { }), DocumentStore.empty(), _ -> { }, Map.of());
        return (ReadyImage) new OrasAgent(context).open(Reference.parse("oras://" + host + "/" + name), new OpenOptions(Platform.linux("amd64"), true));
    }

    private ReadyImage open(String name) throws IOException, InterruptedException {
        return open(registry.host(), name);
    }

    private void push(Path file, String host, String name) throws IOException, InterruptedException {
        var context = new PublisherContext(network.registries(Credentials.anonymous(), _ -> { }), Web.none(), Services.none(), _ -> { }, Map.of());
        new OrasPublisher(context).publish(file, Reference.parse("oras://" + host + "/" + name), new PublishOptions(Optional.empty(), false, true));
    }

    private static byte[] read(ReadyImage image) throws IOException, InterruptedException {
        try (InputStream in = image.bytes().open(0)) {
            return in.readAllBytes();
        }
    }

    private void manifest(String tag, String layers) {
        registry.put("a/b", tag, MANIFEST, """
                {"schemaVersion":2,"mediaType":"%s","config":{"mediaType":"application/vnd.oci.image.config.v1+json","size":2,"digest":"%s"},"layers":[%s]}"""
                .formatted(MANIFEST, SifArtifact.CONFIG_DIGEST, layers).getBytes(StandardCharsets.UTF_8));
    }

    private static String layer(String mediaType, Digest digest, long size) {
        return "{\"mediaType\":\"%s\",\"digest\":\"%s\",\"size\":%d}".formatted(mediaType, digest, size);
    }

    @Test
    void theArtifactIsTheReferencesMemberForMember() {
        Document manifest = SifArtifact.manifest(Digest.parse("sha256:" + "ab".repeat(32)), 57344, "small.sif");

        assertThat(new String(manifest.content(), StandardCharsets.UTF_8)).isEqualTo("""
                {"schemaVersion":2,"mediaType":"application/vnd.oci.image.manifest.v1+json",\
                "config":{"mediaType":"application/vnd.sylabs.sif.config.v1+json",\
                "digest":"sha256:44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a","size":2},\
                "layers":[{"mediaType":"application/vnd.sylabs.sif.layer.v1.sif","digest":"sha256:%s","size":57344,\
                "annotations":{"org.opencontainers.image.title":"small.sif"}}]}""".formatted("ab".repeat(32)));
    }

    @Test
    void whatWasPushedIsPulledByTagAndByDigest() throws Exception {
        Path file = Sifs.write(directory.resolve("small.sif"), 3 << 20);

        push(file, registry.host(), "team/small:v1");

        ReadyImage byTag = open("team/small:v1");
        assertThat(byTag.name()).isEqualTo("small_v1.sif");
        assertThat(read(byTag)).isEqualTo(Files.readAllBytes(file));
        Digest manifest = Digest.sha256(registry.manifest("team/small", "v1").orElseThrow());
        assertThat(open("team/small@" + manifest).digest()).isEqualTo(byTag.digest());
    }

    @Test
    void theSpellingOfVersionsBeforeThisOneIsUnderstoodAndAnyConfiguration() throws Exception {
        Digest digest = registry.put(new byte[10]);
        manifest("old", layer("appliciation/vnd.sylabs.sif.layer.tar", digest, 10));

        assertThat(read(open("a/b:old"))).hasSize(10);
    }

    @Test
    void whatIsNoSingleSifIsRefusedWithTheWayOn() {
        Digest digest = registry.put(new byte[10]);
        manifest("image", layer("application/vnd.oci.image.layer.v1.tar+gzip", digest, 10));
        manifest("other", layer("text/plain", digest, 10));
        manifest("two", layer(SifArtifact.SIF_LAYER, digest, 10) + "," + layer(SifArtifact.SIF_LAYER, digest, 10));
        manifest("none", "");

        assertThatThrownBy(() -> open("a/b:image")).isInstanceOf(UserException.class)
                .hasMessageStartingWith("invalid layer mediatype: application/vnd.oci.image.layer.v1.tar+gzip")
                .satisfies(e -> assertThat(((SifterException) e).nextStep().orElseThrow()).contains("docker://"));
        assertThatThrownBy(() -> open("a/b:other")).isInstanceOf(UserException.class).hasMessageStartingWith("invalid layer mediatype: text/plain");
        assertThatThrownBy(() -> open("a/b:two")).hasMessageStartingWith("ORAS SIF image should have a single layer, found 2");
        assertThatThrownBy(() -> open("a/b:none")).hasMessageStartingWith("ORAS SIF image should have a single layer, found 0");
    }

    @Test
    void anIndexIsAskedForThePlatform() throws Exception {
        Digest layer = registry.put(new byte[10]);
        manifest("x", layer(SifArtifact.SIF_LAYER, layer, 10));
        Digest child = Digest.sha256(registry.manifest("a/b", "x").orElseThrow());
        registry.put("a/b", "many", "application/vnd.oci.image.index.v1+json", """
                {"schemaVersion":2,"manifests":[
                {"mediaType":"%1$s","digest":"sha256:%2$s","size":5,"platform":{"os":"linux","architecture":"arm64"}},
                {"mediaType":"%1$s","digest":"%3$s","size":%4$d,"platform":{"os":"linux","architecture":"amd64"}}]}"""
                .formatted(MANIFEST, "0".repeat(64), child, registry.manifest("a/b", "x").orElseThrow().length).getBytes(StandardCharsets.UTF_8));

        assertThat(open("a/b:many").digest()).contains(layer);
    }

    @Test
    void aPushOvercomesCutsAndStorms() throws Exception {
        Path file = Sifs.write(directory.resolve("small.sif"), 3 << 20);
        registry.once("PATCH .*", Fault.status(502));
        registry.once("HEAD .*", Fault.status(503));
        registry.once("POST .*", Fault.tooManyRequests(Optional.of("0")));
        registry.once("PUT .*/manifests/.*", Fault.status(500));

        push(file, registry.host(), "team/small:v1");

        assertThat(read(open("team/small:v1"))).isEqualTo(Files.readAllBytes(file));
    }

    @Test
    void aPullOvercomesCutsAndRefusesPages() throws Exception {
        Path file = Sifs.write(directory.resolve("small.sif"), 3 << 20);
        push(file, registry.host(), "team/small:v1");
        registry.once("GET .*/blobs/.*", new Fault.CutAfter(1 << 21));

        assertThat(read(open("team/small:v1"))).isEqualTo(Files.readAllBytes(file));
        registry.once("GET .*/manifests/.*", Fault.html());
        assertThatThrownBy(() -> open("team/small:v1")).isInstanceOf(ExternalException.class).hasMessageContaining("web page");
        registry.once("GET .*/manifests/.*", new Fault.Corrupt(30));
        assertThatThrownBy(() -> open("team/small:v1")).isInstanceOf(SifterException.class);
    }

    @Test
    void aManifestWithAnotherDigestThanAskedForIsNoAnswer() throws Exception {
        push(Sifs.write(directory.resolve("small.sif"), 1000), registry.host(), "team/small:v1");
        Digest manifest = Digest.sha256(registry.manifest("team/small", "v1").orElseThrow());
        registry.always("GET .*/manifests/.*", new Fault.Corrupt(30));

        assertThatThrownBy(() -> open("team/small@" + manifest)).isInstanceOf(CorruptDataException.class);
    }

    @Test
    void aRealRegistryTakesItAndSkopeoReadsIt() throws Exception {
        try (RealRegistry real = RealRegistry.start(directory)) {
            Path file = Sifs.write(directory.resolve("small.sif"), 1 << 20);

            push(file, real.host(), "team/small:v1");
            push(file, real.host(), "team/small:v2");

            assertThat(read(open(real.host(), "team/small:v2"))).isEqualTo(Files.readAllBytes(file));
            String skopeo = Peers.program("skopeo");
            assertThat(Peers.run(skopeo, "inspect", "--raw", "--tls-verify=false", "docker://" + real.host() + "/team/small:v1").ok())
                    .contains(SifArtifact.SIF_LAYER).contains("small.sif");
            Path layout = directory.resolve("layout");
            Peers.run(skopeo, "copy", "-q", "--src-tls-verify=false", "docker://" + real.host() + "/team/small:v1", "oci:" + layout + ":it").ok();
            Digest digest = Digest.sha256(Files.readAllBytes(file));
            assertThat(layout.resolve("blobs/sha256/" + digest.hex())).hasSameBinaryContentAs(file);
        }
    }

    @Test
    void apptainerReadsWhatWasPushedAndIsRead() throws Exception {
        String apptainer = Peers.apptainer();
        Path shared = Files.createTempDirectory(Path.of("/tmp"), "oras");
        try (RealRegistry real = RealRegistry.start(directory)) {
            Path file = Sifs.write(shared.resolve("ours.sif"), 1 << 20);
            push(file, real.host(), "team/ours:v1");

            Peers.run(apptainer, "pull", "--disable-cache", "--no-https", shared.resolve("got.sif").toString(), "oras://" + real.host() + "/team/ours:v1").ok();
            assertThat(shared.resolve("got.sif")).hasSameBinaryContentAs(file);

            Peers.run(apptainer, "push", file.toString(), "oras://" + real.host() + "/team/theirs:v1").ok();
            assertThat(read(open(real.host(), "team/theirs:v1"))).isEqualTo(Files.readAllBytes(file));
        } finally {
            try (var files = Files.walk(shared)) {
                for (Path path : files.sorted(java.util.Comparator.reverseOrder()).toList()) {
                    Files.delete(path);
                }
            }
        }
    }
}
