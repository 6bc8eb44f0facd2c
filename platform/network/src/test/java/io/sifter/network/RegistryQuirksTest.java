package io.sifter.network;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.sifter.image.document.Documents;
import io.sifter.network.credential.Credential;
import io.sifter.network.credential.Credentials;
import io.sifter.spi.Registry;
import io.sifter.spi.error.ExternalException;
import io.sifter.spi.error.SifterException;
import io.sifter.spi.error.UserException;
import io.sifter.spi.reference.Digest;
import io.sifter.testkit.registry.Fault;
import io.sifter.testkit.registry.Received;
import io.sifter.testkit.registry.ScriptedRegistry;
import java.net.URLDecoder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Base64;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.TestFactory;
import org.junit.jupiter.api.io.TempDir;

/** What services of the world do in their own way, one row each, and where that is written down. */
class RegistryQuirksTest extends Fixture {
    private static final String MANIFESTS = ".*/manifests/.*";
    private static final Map<String, String> JSON = Map.of("Content-Type", "application/json");

    @TempDir
    Path home;

    private interface Check {
        void on(ScriptedRegistry registry) throws Exception;
    }

    /**
     * @param source where the behaviour is documented
     * @param check plays it and looks what becomes of it
     */
    private record Quirk(String service, String behaviour, String source, Check check) {}

    private List<Quirk> quirks() {
        return List.of(
                new Quirk("Docker Hub", "logins are kept under a URL that is no registry's address, for all of its names",
                        "SingularityCE 4.5.1, internal/pkg/remote/credential/ociauth/ociauth.go; jib, registry/RegistryAliasGroup.java", _ -> {
                    Credentials file = logins("https://index.docker.io/v1/", "ann", "s3cret");
                    for (String name : List.of("docker.io", "index.docker.io", "registry-1.docker.io", "registry.hub.docker.com")) {
                        assertThat(file.find(name, "library/alpine")).hasValue(new Credential.Password("ann", "s3cret"));
                    }
                }),
                new Quirk("Docker Hub", "HEAD does not count as a pull, and beyond the limit GET is refused with TOOMANYREQUESTS",
                        "SingularityCE CHANGELOG.md, 3.9.9; jib, docs/faq.md", registry -> {
                    registry.always("GET " + MANIFESTS, json(429, "TOOMANYREQUESTS", "You have reached your pull rate limit."));
                    Registry client = client(registry);
                    assertThat(client.resolve(REPOSITORY, "latest")).hasValue(image().manifest().digest());
                    assertThat(registry.received("GET " + MANIFESTS)).isEmpty();
                    refused(() -> client.manifest(REPOSITORY, "latest"), "You have reached your pull rate limit.", "sign in to raise the limit");
                }),
                new Quirk("Docker Hub", "a name that does not exist, or is private, is 401 to strangers, never 404",
                        "jib, docs/faq.md", registry -> {
                    registry.requireToken("ann", "s3cret");
                    refused(() -> client(registry).manifest("a/b/c", "latest"), "unauthorized: authentication required", "else check the name");
                }),
                new Quirk("NGC", "the user's name is $oauthtoken, to the letter",
                        "NVIDIA NGC documentation, as the Singularity user guide quotes it", registry -> {
                    registry.requireToken("$oauthtoken", "key");
                    manifest(client(registry.host(), logins(registry.host(), "$oauthtoken", "key")));
                    assertThat(registry.received("GET /token").getFirst().header("Authorization")).hasValue(ScriptedRegistry.basic("$oauthtoken", "key"));
                }),
                new Quirk("Harbor 2.10", "a missing manifest is UNKNOWN",
                        "containers/image 5.36, docker/docker_client.go isManifestUnknownError", registry -> {
                    registry.always(MANIFESTS, json(404, "UNKNOWN", "unknown: artifact team/tool:latest not found"));
                    refused(() -> manifest(client(registry)), "artifact team/tool:latest not found", "spelling");
                }),
                new Quirk("registry.redhat.io", "a missing manifest is UNKNOWN, Not Found",
                        "containers/image 5.36, docker/docker_client.go isManifestUnknownError", registry -> {
                    registry.always(MANIFESTS, json(404, "UNKNOWN", "Not Found"));
                    refused(() -> manifest(client(registry)), "Not Found", "spelling");
                }),
                new Quirk("GitLab", "the token server is another host, /jwt/auth",
                        "GitLab documentation of the container registry, token authentication", registry -> {
                    ScriptedRegistry gitlab = closing(ScriptedRegistry.start());
                    String elsewhere = "http://localhost:" + gitlab.host().split(":")[1] + "/jwt/auth?client=registry";
                    gitlab.always("GET /jwt/auth", new Fault.Instead(200, JSON, "{\"token\":\"jwt\"}"));
                    registry.accept("jwt", "repository:team/tool:pull").realm(elsewhere);
                    manifest(client(registry, new Credential.Password("ann", "glpat")));
                    Received asked = gitlab.received("GET /jwt/auth").getFirst();
                    assertThat(asked.header("Authorization")).hasValue(ScriptedRegistry.basic("ann", "glpat"));
                    assertThat(URLDecoder.decode(asked.query(), StandardCharsets.UTF_8)).isEqualTo("client=registry&service=test&scope=repository:team/tool:pull");
                }),
                new Quirk("Quay, OpenShift", "signatures in redirects are good only as they were written",
                        "jib, jib-core/CHANGELOG.md #2106", registry -> {
                    ScriptedRegistry storage = closing(ScriptedRegistry.start());
                    byte[] content = image().config().content();
                    storage.always("GET /blob", new Fault.Instead(200, Map.of(), new String(content, StandardCharsets.UTF_8)));
                    String query = "X-Sig=a%2Fb+c%3D&x=%7e,(y)";
                    registry.always("GET .*/blobs/.*", Fault.redirect(302, "http://%s/blob?%s".formatted(storage.host(), query)));
                    assertThat(read(client(registry), image().config().digest())).isEqualTo(content);
                    assertThat(storage.received("GET /blob").getFirst().query()).isEqualTo(query);
                }),
                new Quirk("Quay", "some images are manifests of schema 1",
                        "jib, jib-core/CHANGELOG.md #1627", registry -> {
                    registry.always("GET " + MANIFESTS, new Fault.Instead(200, Map.of("Content-Type", "application/vnd.docker.distribution.manifest.v1+prettyjws"),
                            "{\"schemaVersion\":1,\"name\":\"team/tool\",\"fsLayers\":[],\"history\":[],\"signatures\":[]}"));
                    assertThatThrownBy(() -> Documents.parse(client(registry).manifest(REPOSITORY, "latest")))
                            .isInstanceOf(UserException.class).hasMessageContaining("schema 1");
                }),
                new Quirk("ECR", "asks for Basic, the user's name is AWS and the password a token of twelve hours, as its helper gives it",
                        "jib, api/CredentialRetrieverFactory.java; Amazon ECR user guide, registry authentication", registry -> {
                    registry.requireBasic("AWS", "eyJ+/=");
                    helper("ecr-login", "{\"ServerURL\":\"x\",\"Username\":\"AWS\",\"Secret\":\"eyJ+/=\"}");
                    manifest(client(registry.host(), file("{\"credHelpers\":{\"%s\":\"ecr-login\"}}".formatted(registry.host()))));
                }),
                new Quirk("GHCR", "any name signs in with an access token, and a package that is missing is DENIED",
                        "go-containerregistry 0.21.9, pkg/authn/github; GitHub documentation of the container registry", registry -> {
                    registry.always(MANIFESTS, json(403, "DENIED", "requested access to the resource is denied"));
                    refused(() -> manifest(client(registry)), "denied: requested access to the resource is denied", "else check the name");
                    refused(() -> manifest(client(registry, new Credential.Password("x", "ghp_1"))), "denied: requested access", "Check");
                }),
                new Quirk("Artifactory", "HEAD is refused with 403 where the image is there, or missing",
                        "go-containerregistry 0.21.9, pkg/v1/remote/pusher.go (RTFACT-13797)", registry -> {
                    registry.always("HEAD " + MANIFESTS, Fault.status(403));
                    assertThat(client(registry).resolve(REPOSITORY, "latest")).isEmpty();
                    manifest(client(registry));
                }),
                new Quirk("Artifactory", "several registries share one host, told apart by the first part of the name",
                        "jib, docs/faq.md", registry -> {
                    registry.publish("docker-remote/team/tool", "latest", image());
                    registry.requireToken("ann", "s3cret");
                    Credentials file = file("{\"auths\":{\"%s/docker-remote\":{\"auth\":\"%s\"}}}".formatted(registry.host(), base64("ann:s3cret")));
                    client(registry.host(), file).manifest("docker-remote/team/tool", "latest");
                    assertThatThrownBy(() -> manifest(client(registry.host(), file))).isInstanceOf(ExternalException.class);
                }),
                new Quirk("Google Artifact Registry", "the user's name is _json_key and the password a document, with colons and line ends",
                        "Google Cloud documentation of Artifact Registry, authentication for Docker", registry -> {
                    String key = "{\n  \"type\": \"service_account\",\n  \"private_key\": \"-----BEGIN PRIVATE KEY-----\\nx:y\\n\"\n}\n";
                    registry.requireToken("_json_key", key);
                    manifest(client(registry.host(), logins(registry.host(), "_json_key", key)));
                }),
                new Quirk("Google Artifact Registry", "the user's name is oauth2accesstoken and the password a token",
                        "Google Cloud documentation of Artifact Registry, authentication for Docker", registry -> {
                    registry.requireToken("oauth2accesstoken", "ya29.a-b_c");
                    manifest(client(registry.host(), logins(registry.host(), "oauth2accesstoken", "ya29.a-b_c")));
                }),
                new Quirk("ACR", "the user's name is a GUID of zeros beside an identity token, which is exchanged by OAuth 2",
                        "Azure documentation of Container Registry, authentication with tokens", registry -> {
                    registry.identityToken("refresh");
                    manifest(client(registry.host(), file("{\"auths\":{\"%s\":{\"auth\":\"%s\",\"identitytoken\":\"refresh\"}}}"
                            .formatted(registry.host(), base64("00000000-0000-0000-0000-000000000000:")))));
                    assertThat(registry.received("POST /token").getFirst().body()).contains("grant_type=refresh_token", "refresh_token=refresh");
                }),
                new Quirk("registries of static files", "manifests come as text or as bytes",
                        "go-containerregistry 0.21.9, pkg/v1/remote/descriptor.go", registry -> {
                    registry.always("GET " + MANIFESTS, new Fault.Headers(Map.of("Content-Type", "text/plain; charset=utf-8")));
                    assertThat(client(registry).manifest(REPOSITORY, "latest").mediaType()).isEqualTo(image().manifest().mediaType());
                }),
                new Quirk("some token servers", "grant the first scope alone",
                        "go-containerregistry 0.21.9, pkg/v1/remote/transport/bearer.go", registry -> {
                    registry.requireToken();
                    registry.once("HEAD " + MANIFESTS, new Fault.Instead(401, Map.of("WWW-Authenticate",
                            "Bearer realm=\"http://%s/token\",service=\"test\",scope=\"repository:team/new:pull\"".formatted(registry.host())), ""));
                    client(registry).resolve(REPOSITORY, "latest");
                    assertThat(URLDecoder.decode(registry.received("GET /token").getFirst().query(), StandardCharsets.UTF_8))
                            .isEqualTo("service=test&scope=repository:team/tool:pull");
                    assertThat(URLDecoder.decode(registry.received("GET /token").getLast().query(), StandardCharsets.UTF_8))
                            .isEqualTo("service=test&scope=repository:team/new:pull&scope=repository:team/tool:pull");
                }),
                new Quirk("some registries", "say a wrong digest for a tag",
                        "go-containerregistry 0.21.9, pkg/v1/remote/fetcher.go", registry -> {
                    registry.always("GET " + MANIFESTS, new Fault.Headers(Map.of("Docker-Content-Digest", Digest.sha256(new byte[0]).toString())));
                    assertThat(client(registry).manifest(REPOSITORY, "latest").digest()).isEqualTo(image().manifest().digest());
                }),
                new Quirk("proxies of companies", "other schemes stand before the one that can be met",
                        "go-containerregistry 0.21.9, pkg/v1/remote/transport/ping.go pickFromMultipleChallenges", registry -> {
                    registry.requireBasic("ann", "s3cret");
                    registry.once("GET /v2/", new Fault.Instead(401, Map.of("WWW-Authenticate", "Negotiate, NTLM, Basic realm=\"r\""), ""));
                    manifest(client(registry, new Credential.Password("ann", "s3cret")));
                }));
    }

    @TestFactory
    Stream<DynamicTest> everyServiceIsUnderstood() {
        return quirks().stream().map(quirk -> DynamicTest.dynamicTest(quirk.service + ": " + quirk.behaviour, () -> {
            assertThat(quirk.source).as("where it is written").isNotBlank();
            quirk.check.on(registry());
        }));
    }

    private interface Ask {
        void made() throws Exception;
    }

    private static void refused(Ask ask, String words, String next) {
        assertThatThrownBy(ask::made).isInstanceOfSatisfying(SifterException.class, e -> {
            assertThat(e).hasMessageContaining(words);
            assertThat(e.nextStep().orElseThrow()).containsIgnoringCase(next);
        });
    }

    private static void manifest(Registry client) throws Exception {
        assertThat(client.manifest(REPOSITORY, "latest").digest()).isEqualTo(image().manifest().digest());
    }

    private static Fault json(int status, String code, String message) {
        return new Fault.Instead(status, JSON, "{\"errors\":[{\"code\":\"%s\",\"message\":\"%s\"}]}".formatted(code, message));
    }

    private static String base64(String text) {
        return Base64.getEncoder().encodeToString(text.getBytes(StandardCharsets.UTF_8));
    }

    private Credentials logins(String key, String user, String secret) throws Exception {
        return file("{\"auths\":{\"%s\":{\"auth\":\"%s\"}}}".formatted(key, base64(user + ":" + secret)));
    }

    private Credentials file(String json) throws Exception {
        return Credentials.file(Files.writeString(home.resolve("config.json"), json), Map.of("PATH", home.toString()), events::add);
    }

    private void helper(String name, String answer) throws Exception {
        Path program = Files.writeString(home.resolve("docker-credential-" + name), "#!/bin/sh\necho '%s'\n".formatted(answer));
        Files.setPosixFilePermissions(program, java.nio.file.attribute.PosixFilePermissions.fromString("rwx------"));
    }
}
