package io.sifter.product;

import static org.assertj.core.api.Assertions.assertThat;

import io.sifter.product.Product.Result;
import io.sifter.testkit.Peers;
import io.sifter.testkit.RealRegistry;
import io.sifter.testkit.registry.ForwardProxy;
import io.sifter.testkit.registry.TestImage;
import io.sifter.testkit.registry.TokenServer;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.ArrayList;
import java.util.Base64;
import java.util.List;
import java.util.Map;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** Registries that ask who is there, that have authorities, proxies and mirrors of their own: real ones. */
class RegistriesIT {
    private static final String USER = "ann";
    private static final String SECRET = "s3cret#$%&";
    private static final String ENCODED = Base64.getEncoder().encodeToString((USER + ":" + SECRET).getBytes(StandardCharsets.UTF_8));
    private static final TestImage IMAGE = Images.small();

    private final List<AutoCloseable> open = new ArrayList<>();
    private Product product;
    private String skopeo;

    @BeforeEach
    void start() throws Exception {
        skopeo = Peers.program("skopeo");
        product = closing(Product.ordinary());
    }

    @AfterEach
    void stop() throws Exception {
        for (AutoCloseable resource : open.reversed()) {
            resource.close();
        }
    }

    private <T extends AutoCloseable> T closing(T resource) {
        open.add(resource);
        return resource;
    }

    private void push(String host, String... options) throws Exception {
        Path layout = TestImage.layout(Files.createDirectories(product.root().resolve("layout")), Map.of("it", IMAGE.manifest()), List.of(IMAGE));
        List<String> command = new ArrayList<>(List.of(skopeo, "copy", "-q"));
        command.addAll(List.of(options));
        command.addAll(List.of("oci:" + layout + ":it", "docker://" + host + "/lib/small:latest"));
        Peers.run(command.toArray(String[]::new)).ok();
    }

    /** A registry that trusts a token server. */
    private String tokenRegistry() throws Exception {
        Path directory = product.root().resolve("registry");
        TokenServer tokens = closing(TokenServer.start(Files.createDirectories(directory), USER, SECRET));
        RealRegistry registry = closing(RealRegistry.start(directory, "", "auth: {token: {realm: \"%s\", service: %s, issuer: %s, rootcertbundle: %s}}"
                .formatted(tokens.realm(), TokenServer.SERVICE, TokenServer.ISSUER, tokens.certificates())));
        push(registry.host(), "--dest-tls-verify=false", "--dest-creds=" + USER + ":" + SECRET);
        return registry.host();
    }

    /** An open registry behind a web server that asks for name and password. */
    private String basicRegistry() throws Exception {
        String nginx = Peers.program("nginx");
        RealRegistry registry = closing(RealRegistry.start(product.root().resolve("registry")));
        push(registry.host(), "--dest-tls-verify=false");
        Path directory = Files.createDirectories(product.root().resolve("nginx"));
        String host = "127.0.0.1:" + RealRegistry.freePort();
        Files.writeString(directory.resolve("users"), "%s:{PLAIN}%s\n".formatted(USER, SECRET));
        Path config = Files.writeString(directory.resolve("nginx.conf"), """
                %s
                daemon off;
                pid nginx.pid;
                error_log error.log;
                events {}
                http {
                  access_log off;
                  client_body_temp_path body; proxy_temp_path proxy; fastcgi_temp_path fastcgi; uwsgi_temp_path uwsgi; scgi_temp_path scgi;
                  server {
                    listen %s;
                    client_max_body_size 0;
                    location / {
                      auth_basic "registry";
                      auth_basic_user_file %s;
                      proxy_pass http://%s;
                      proxy_set_header Host $http_host;
                      proxy_set_header Authorization "";
                    }
                  }
                }
                """.formatted(Product.isRoot() ? "user root;" : "", host, directory.resolve("users"), registry.host()));
        Path log = directory.resolve("nginx.log");
        Process process = new ProcessBuilder(nginx, "-p", directory.toString(), "-e", directory.resolve("error.log").toString(), "-c", config.toString())
                .redirectErrorStream(true).redirectOutput(log.toFile()).start();
        closing(() -> {
            process.destroy();
            process.waitFor();
        });
        RealRegistry.await(process, host, log);
        return host;
    }

    private void write(String path, String text) throws Exception {
        Path file = product.home().resolve(path);
        Files.createDirectories(file.getParent());
        Files.writeString(file, text);
        product.give(product.home());
    }

    private String auths(String host) {
        return "{\"auths\":{\"%s\":{\"auth\":\"%s\"}}}".formatted(host, ENCODED);
    }

    private String image(String host) {
        return "docker://" + host + "/lib/small";
    }

    /** Pulls, then forgets the image and what let it in. */
    private void pulls(String way, String host, String... options) throws Exception {
        List<String> words = new ArrayList<>(List.of("--debug", "pull", "--disable-cache"));
        words.addAll(List.of(options));
        words.addAll(List.of("x.sif", image(host)));
        silent(way, product.run(words.toArray(String[]::new))).ok();
        assertThat(product.worked()).as(way).containsExactly("x.sif");
        product.shell("rm -rf x.sif ~/.singularity ~/.docker ~/.config ~/.apptainer ~/bin").ok();
    }

    /** Nothing secret is told, whatever is told else. */
    private static Result silent(String way, Result result) {
        assertThat(result.out() + result.err()).as(way).doesNotContain(SECRET, ENCODED, SECRET.substring(0, 8));
        return result;
    }

    /** @param refusal the words with which the registry refuses who does not say who he is */
    private void letsInByEveryWay(String host, String refusal) throws Exception {
        product.run("pull", "x.sif", image(host)).failed("Unable to pull " + image(host)
                + ": conveyor failed to get: Error reading manifest latest in " + host + "/lib/small: " + refusal, "--docker-login");
        assertThat(product.worked()).isEmpty();

        for (String prefix : List.of("SINGULARITY_DOCKER_", "APPTAINER_DOCKER_", "DOCKER_")) {
            product.with(prefix + "USERNAME", USER).with(prefix + "PASSWORD", SECRET);
            pulls(prefix, host);
            product.without(prefix + "USERNAME").without(prefix + "PASSWORD");
        }
        pulls("options", host, "--docker-username", USER, "--docker-password", SECRET);
        silent("--docker-login", product.runWith(USER + "\n" + SECRET + "\n", "--debug", "pull", "--docker-login", "x.sif", image(host))).ok();
        product.shell("rm x.sif").ok();

        write("logins.json", auths(host));
        pulls("--authfile", host, "--authfile", product.home().resolve("logins.json").toString());
        write(".singularity/docker-config.json", auths(host));
        pulls("singularity", host);
        write(".apptainer/docker-config.json", auths(host));
        pulls("apptainer", host);
        write(".docker/config.json", auths(host));
        pulls("docker", host);
        write(".config/containers/auth.json", auths(host + "/lib"));
        pulls("podman", host);
        String path = product.shell("echo $PATH").out().strip();
        product.with("PATH", product.home().resolve("bin") + ":" + path);
        for (String members : List.of("\"credHelpers\":{\"%s\":\"vault\"}".formatted(host), "\"credsStore\":\"vault\"")) {
            write("bin/docker-credential-vault", "#!/bin/sh\ncat >/dev/null\necho '{\"Username\":\"%s\",\"Secret\":\"%s\"}'\n".formatted(USER, SECRET));
            product.shell("chmod 755 ~/bin/docker-credential-vault").ok();
            write(".docker/config.json", "{%s}".formatted(members));
            pulls(members, host);
        }
        product.with("PATH", path);

        for (String group : List.of("registry", "remote")) {
            silent(group, product.runWith(SECRET + "\n", "--debug", group, "login", "-u", USER, "--password-stdin", "docker://" + host)).ok();
            assertThat(product.run("registry", "list").ok().out()).contains("docker://" + host);
            silent(group, product.runWith("guess\n", group, "login", "-u", USER, "--password-stdin", "docker://" + host))
                    .failed("while login to docker://" + host);
            pulls(group, host);
        }
        product.runWith(SECRET + "\n", "registry", "login", "-u", USER, "--password-stdin", "docker://" + host).ok();
        product.run("registry", "logout", "docker://" + host).ok();
        product.run("pull", "x.sif", image(host)).failed(refusal);
    }

    @Test
    void aRegistryWithATokenServerLetsInByEveryWay() throws Exception {
        letsInByEveryWay(tokenRegistry(), "unauthorized: authentication required");
    }

    @Test
    void aRegistryBehindBasicAuthenticationLetsInByEveryWay() throws Exception {
        String host = basicRegistry();
        // What nginx says is a page of its own.
        letsInByEveryWay(host, "401 Unauthorized, with a web page");
    }

    @Test
    void apptainerAndSifterUseEachOthersLogins() throws Exception {
        String apptainer = Peers.apptainer();
        String host = tokenRegistry();
        String shared = product.home().resolve(".singularity").toString();
        product.runWith(SECRET + "\n", "registry", "login", "-u", USER, "--password-stdin", "docker://" + host).ok();

        Path theirs = product.root().resolve("theirs.sif");
        Map<String, String> environment = Map.of("HOME", product.home().toString(), "APPTAINER_CACHEDIR", product.root().resolve("cache").toString());
        Peers.run(List.of(apptainer, "pull", "--no-https", "--authfile", shared + "/docker-config.json", theirs.toString(), image(host)),
                product.root(), environment).ok();
        assertThat(theirs).exists();

        product.shell("rm -rf ~/.singularity").ok();
        Peers.run(List.of("sh", "-c", "printf '%s' \"$SECRET\" | \"$0\" registry login -u " + USER + " --password-stdin docker://" + host, apptainer),
                product.root(), Map.of("HOME", product.home().toString(), "SECRET", SECRET, "APPTAINER_CONFIGDIR", product.home().resolve(".apptainer").toString())).ok();
        product.give(product.home());
        pulls("Apptainer's login", host);
    }

    @Test
    void secretsAreInNoCommandLineAndInNoFileOfOthers() throws Exception {
        String host = tokenRegistry();
        product.with("SINGULARITY_DOCKER_USERNAME", USER).with("SINGULARITY_DOCKER_PASSWORD", SECRET);
        AtomicBoolean over = new AtomicBoolean();
        List<String> seen = new ArrayList<>();
        Thread watch = Thread.ofPlatform().start(() -> {
            while (!over.get()) {
                commandLines(seen);
            }
        });
        try {
            product.run("exec", image(host), "true");
            product.runWith(SECRET + "\n", "registry", "login", "-u", USER, "--password-stdin", "docker://" + host).ok();
        } finally {
            over.set(true);
            watch.join();
        }

        assertThat(seen).as("command lines of this time").anySatisfy(line -> assertThat(line).contains("io.sifter.cli"))
                .allSatisfy(line -> assertThat(line).doesNotContain(SECRET, ENCODED));
        String files = product.shell("umask 000; grep -rlF -e '%s' -e '%s' ~ $TMPDIR | xargs stat -c '%%a %%n'".formatted(SECRET, ENCODED)).out();
        assertThat(files).isEqualTo("600 " + product.home().resolve(".singularity/docker-config.json") + "\n");
    }

    private static void commandLines(List<String> seen) {
        try (Stream<Path> processes = Files.list(Path.of("/proc"))) {
            for (Path process : processes.filter(path -> path.getFileName().toString().matches("\\d+")).toList()) {
                try {
                    String line = Files.readString(process.resolve("cmdline"), StandardCharsets.ISO_8859_1).replace('\0', ' ');
                    // Another user's tests may look for the same words at the same time, and env is how this one sets variables.
                    if (!line.isEmpty() && !line.contains("grep ") && !line.contains("env -i ")) {
                        seen.add(line);
                    }
                } catch (IOException gone) {
                    // It ended.
                }
            }
        } catch (IOException e) {
            throw new java.io.UncheckedIOException(e);
        }
    }

    @Test
    void aPrivateAuthorityAProxyAndAMirrorLeadToTheImage() throws Exception {
        Authority authority = Authority.in(product.root().resolve("tls"));
        authority.issue("server");
        RealRegistry registry = closing(secured(authority, ""));
        push(registry.host(), "--dest-tls-verify=false");
        String certificate = Files.readString(authority.certificate());

        product.run("pull", "x.sif", image(registry.host())).failed("certificate is not trusted", "certs.d/" + registry.host());
        pulls("--no-https", registry.host(), "--no-https");
        write(".config/containers/certs.d/" + registry.host() + "/ca.crt", certificate);
        pulls("authority", registry.host());

        // The name exists for the proxy alone.
        ForwardProxy proxy = closing(ForwardProxy.start(Map.of("registry.test:443", registry.host())));
        write(".config/containers/certs.d/registry.test/ca.crt", certificate);
        product.run("pull", "x.sif", image("registry.test")).failed("registry.test");
        product.with("https_proxy", proxy.url());
        pulls("proxy", "registry.test");
        assertThat(proxy.requests()).isNotEmpty().allMatch(line -> line.startsWith("CONNECT registry.test:443 "));
        product.with("no_proxy", "*.test");
        product.run("pull", "x.sif", image("registry.test")).failed("registry.test");
        product.without("https_proxy").without("no_proxy");

        // Nobody answers under this name but the mirror.
        write(".config/containers/registries.conf", """
                [[registry]]
                prefix = "nobody.invalid/team"
                location = "nobody.invalid/team"
                [[registry.mirror]]
                location = "%s/lib"
                insecure = true
                """.formatted(registry.host()));
        product.run("pull", "x.sif", "docker://nobody.invalid/team/small").ok();
        product.shell("rm x.sif ~/.config/containers/registries.conf").ok();
        write(".singularity/sifter.conf", "network.registries = [ { prefix = nobody.invalid, mirror = [ { location = \"%s\", insecure = true } ] } ]"
                .formatted(registry.host()));
        product.run("pull", "x.sif", "docker://nobody.invalid/lib/small").ok();
        product.shell("rm x.sif").ok();
        write(".config/containers/registries.conf.d/block.conf", "[[registry]]\nlocation = \"nobody.invalid/lib\"\nblocked = true\n");
        product.run("pull", "x.sif", "docker://nobody.invalid/lib/small").failed("blocks nobody.invalid/lib");
    }

    /** @param more what stands beside the certificate */
    private RealRegistry secured(Authority authority, String more) throws Exception {
        return RealRegistry.start(product.root().resolve("registry"),
                "tls: {certificate: %s, key: %s%s}".formatted(authority.certificate("server"), authority.key("server"), more), "");
    }

    @Test
    void aRegistryThatAsksForACertificateGetsTheUsers() throws Exception {
        Authority authority = Authority.in(product.root().resolve("tls"));
        authority.issue("server");
        authority.issue("client");
        RealRegistry registry = closing(secured(authority, ", clientcas: [%s]".formatted(authority.certificate())));
        push(registry.host(), "--dest-cert-dir=" + certificates(authority, product.root().resolve("skopeo")));
        String place = ".config/containers/certs.d/" + registry.host();

        write(place + "/ca.crt", Files.readString(authority.certificate()));
        product.run("pull", "x.sif", image(registry.host())).failed("wants a certificate", place + "/client.cert");
        product.give(certificates(authority, product.home().resolve(place)));
        product.shell("rm ~/" + place + "/client.key").ok();
        product.run("pull", "x.sif", image(registry.host())).failed("client.key of the certificate", "is missing");
        product.give(certificates(authority, product.home().resolve(place)));
        pulls("client's certificate", registry.host());
    }

    private static Path certificates(Authority authority, Path directory) throws Exception {
        Files.createDirectories(directory);
        Files.copy(authority.certificate(), directory.resolve("ca.crt"), StandardCopyOption.REPLACE_EXISTING);
        Files.copy(authority.certificate("client"), directory.resolve("client.cert"), StandardCopyOption.REPLACE_EXISTING);
        Files.copy(authority.key("client"), directory.resolve("client.key"), StandardCopyOption.REPLACE_EXISTING);
        return directory;
    }

    @Test
    void plainRequestsGoThroughAProxyToo() throws Exception {
        RealRegistry registry = closing(RealRegistry.start(product.root().resolve("registry")));
        push(registry.host(), "--dest-tls-verify=false");
        ForwardProxy proxy = closing(ForwardProxy.start(Map.of("registry.test:80", registry.host())));
        product.with("http_proxy", proxy.url()).with("https_proxy", proxy.url());

        pulls("http_proxy", "registry.test", "--no-https");

        assertThat(proxy.requests()).anyMatch(line -> line.startsWith("GET http://registry.test/v2/lib/small/blobs/"));
    }

    @Test
    void progressForProgramsIsOneObjectALine() throws Exception {
        RealRegistry registry = closing(RealRegistry.start(product.root().resolve("registry")));
        push(registry.host(), "--dest-tls-verify=false");

        Result pulled = product.run("--progress", "json", "pull", "x.sif", image(registry.host())).ok();
        assertThat(pulled.out()).isEmpty();
        assertThat(pulled.err().lines()).hasSizeGreaterThan(6).allMatch(line -> line.matches("\\{\"version\":1,\"event\":\"[a-z]+\".*}"))
                .first().isEqualTo("{\"version\":1,\"event\":\"reached\",\"milestone\":\"build-started\"}");
        assertThat(pulled.err()).endsWith("{\"version\":1,\"event\":\"reached\",\"milestone\":\"build-complete\",\"detail\":\"x.sif\"}\n");
        long started = pulled.err().lines().filter(line -> line.contains("\"event\":\"started\"")).count();
        assertThat(pulled.err().lines().filter(line -> line.contains("\"event\":\"finished\""))).hasSize((int) started);

        Result failed = product.run("--progress", "json", "pull", "y.sif", image(registry.host()) + ":nosuch");
        assertThat(failed.exit()).isEqualTo(255);
        assertThat(failed.err().lines().toList()).last().asString().startsWith("{\"version\":1,\"event\":\"error\",\"kind\":\"external\"").contains("\"nextStep\":");
    }
}
