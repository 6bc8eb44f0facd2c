package io.sifter.product;

import static org.assertj.core.api.Assertions.assertThat;

import io.sifter.testkit.Peers;
import io.sifter.testkit.RealRegistry;
import io.sifter.testkit.registry.ScriptedDaemon;
import io.sifter.testkit.registry.ScriptedRegistry;
import io.sifter.testkit.registry.TestArchive;
import io.sifter.testkit.registry.TestArchive.Form;
import io.sifter.testkit.registry.TestImage;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/**
 * One image along every way there is: from a registry, a layout and archives of both kinds with every compression, from standard input,
 * and out of a real Docker daemon by name and by id. All make the same tree.
 */
class SourcesIT {
    private static final String NAME = "godlovedc/lolcow:latest";
    /** What is loaded without a host belongs to this one for Podman. */
    private static final String PODMANS_NAME = "localhost/" + NAME;

    private Product product;
    private TestImage image;

    @BeforeEach
    void start() throws IOException, InterruptedException {
        product = Product.start();
        // Nothing that one way converted may help another.
        product.with("SINGULARITY_DISABLE_CACHE", "1");
        // Podman tells the time of loading as the image's own, where the image states none.
        product.with("SOURCE_DATE_EPOCH", "1700000000");
        image = Images.lolcow();
    }

    @AfterEach
    void stop() throws IOException {
        product.close();
    }

    /** The image's own part of the tree that is made. */
    private Map<String, String> tree(String uri) throws IOException, InterruptedException {
        product.run("build", "--force", "x.sif", uri).ok();
        product.nothingLeft();
        Map<String, String> tree = new TreeMap<>(Trees.read(product.work().resolve("x.sif")));
        tree.keySet().removeIf(path -> path.startsWith(".singularity.d/"));
        return tree;
    }

    private Path save(Form form) throws IOException {
        return Files.write(product.work().resolve("lolcow.tar"), TestArchive.saved(form).image(image, NAME).tar().tar());
    }

    @Test
    void archivesAndLayoutsMakeTheTreeThatARegistryMakes() throws Exception {
        Map<String, String> expected;
        try (ScriptedRegistry registry = ScriptedRegistry.start()) {
            registry.publish("godlovedc/lolcow", "latest", image);
            expected = tree("docker://" + registry.host() + "/" + NAME);
        }
        assertThat(expected).hasSizeGreaterThan(30);
        Map<String, Map<String, String>> made = new LinkedHashMap<>();
        save(Form.DIRECTORIES);
        made.put("docker save", tree("docker-archive:lolcow.tar"));
        Map<String, Form> compressed = Map.of("gzip", Form.DIRECTORIES, "xz", Form.LAYOUT, "zstd", Form.FILES, "bzip2", Form.STORED);
        for (Map.Entry<String, Form> program : compressed.entrySet()) {
            save(program.getValue());
            product.shell("%s -1 -c lolcow.tar >lolcow.z".formatted(Peers.program(program.getKey()))).ok();
            made.put("docker save, " + program, tree("docker-archive:lolcow.z:" + NAME));
        }
        for (Form form : List.of(Form.LAYOUT, Form.STORED)) {
            try (ScriptedDaemon daemon = ScriptedDaemon.start().image(image, NAME, Files.readAllBytes(save(form)))) {
                product.with("DOCKER_HOST", "unix://" + daemon.socket());
                made.put("docker-daemon, " + form, tree("docker-daemon:" + NAME));
            }
        }
        TestImage.layout(Files.createDirectory(product.work().resolve("layout")), Map.of("it", image.manifest()), List.of(image));
        made.put("oci", tree("oci:layout:it"));
        product.shell("cd layout && tar cf ../layout.tar *").ok();
        made.put("oci-archive", tree("oci-archive://layout.tar:it"));
        product.shell("cd layout && tar cz . >../layout.tar.gz").ok();
        made.put("oci-archive, gzip", tree("oci-archive:layout.tar.gz"));
        product.shell("cat layout.tar.gz | singularity build piped.sif oci-archive:-").ok();
        assertThat(Trees.read(product.work().resolve("piped.sif")).keySet()).containsAll(expected.keySet());
        made.forEach((way, tree) -> assertThat(tree).as(way).isEqualTo(expected));
    }

    @Test
    void aRealDaemonMakesTheSameTree() throws Exception {
        try (DockerDaemons.Running daemon = DockerDaemons.start()) {
            save(Form.DIRECTORIES);
            Map<String, String> expected = tree("docker-archive:lolcow.tar");
            product.with("DOCKER_HOST", daemon.address());
            daemon.docker("load", "-i", product.work().resolve("lolcow.tar").toString());
            String id = daemon.docker("images", "-q", "--no-trunc", NAME).strip();

            assertThat(tree("docker-daemon://" + NAME)).isEqualTo(expected);
            assertThat(tree("docker-daemon:" + id)).isEqualTo(expected);
            // What that daemon itself saves, by name and by id.
            daemon.docker("save", "-o", product.work().resolve("saved.tar").toString(), NAME);
            assertThat(tree("docker-archive:saved.tar:" + NAME)).isEqualTo(expected);
            daemon.docker("save", "-o", product.work().resolve("saved.tar").toString(), id);
            assertThat(tree("docker-archive:saved.tar")).isEqualTo(expected);
            // With packs kept, the second time asks for nothing but the description.
            product.without("SINGULARITY_DISABLE_CACHE");
            product.run("build", "--force", "x.sif", "docker-daemon:" + NAME).ok();
            assertThat(product.run("build", "--force", "x.sif", "docker-daemon:" + NAME).ok().err()).contains("Skipping fetch of repeat blob")
                    .doesNotContain("Copying blob");
            product.run("build", "y.sif", "docker-daemon:nowhere:1").failed("No such image: nowhere:1");
            product.without("DOCKER_HOST");
            product.run("build", "--force", "--docker-host", daemon.address(), "x.sif", "docker-daemon:" + NAME).ok();
            speaksTls(daemon, expected);
        }
    }

    /** Both sides show who they are; without that nothing goes. */
    private void speaksTls(DockerDaemons.Running daemon, Map<String, String> expected) throws Exception {
        Path certificates = product.give(daemon.certificates());
        product.with("SINGULARITY_DISABLE_CACHE", "1").with("DOCKER_HOST", "tcp://" + daemon.host());
        String image = "docker-daemon:" + NAME;
        Product.Result plain = product.run("build", "y.sif", image).failed("The Docker daemon at tcp://" + daemon.host() + " wants TLS");
        assertThat(plain.nextStep()).contains("DOCKER_TLS_VERIFY=1", "DOCKER_CERT_PATH");

        product.with("DOCKER_CERT_PATH", certificates.toString()).with("DOCKER_TLS_VERIFY", "1");
        assertThat(tree(image)).isEqualTo(expected);
        product.without("DOCKER_TLS_VERIFY");
        product.run("build", "--force", "--docker-host", "https://" + daemon.host(), "x.sif", image).ok();

        product.with("DOCKER_TLS_VERIFY", "1");
        product.shell("mv '%1$s/ca.pem' '%1$s/other'".formatted(certificates)).ok();
        product.run("build", "y.sif", image).failed("TLS with the Docker daemon at tcp://" + daemon.host() + " failed", "DOCKER_CERT_PATH");
        product.shell("mv '%1$s/other' '%1$s/ca.pem'; rm '%1$s/cert.pem'".formatted(certificates)).ok();
        product.run("build", "y.sif", image).failed("TLS with the Docker daemon at tcp://" + daemon.host() + " failed", "cert.pem");
        product.without("DOCKER_HOST").without("DOCKER_CERT_PATH").without("DOCKER_TLS_VERIFY");
    }

    @Test
    void podmanSavesArchivesOfBothKinds() throws Exception {
        String podman = Peers.program("podman");
        save(Form.DIRECTORIES);
        Map<String, String> expected = tree("docker-archive:lolcow.tar");
        Path storage = product.root().resolve("podman");
        String[] general = {podman, "--root", storage.resolve("root").toString(), "--runroot", storage.resolve("run").toString(), "--storage-driver", "vfs"};
        podman(general, "load", "-q", "-i", product.work().resolve("lolcow.tar").toString());
        podman(general, "save", "-q", "--format", "docker-archive", "-o", product.work().resolve("p.tar").toString(), PODMANS_NAME);
        podman(general, "save", "-q", "--format", "oci-archive", "-o", product.work().resolve("o.tar").toString(), PODMANS_NAME);

        assertThat(tree("docker-archive:p.tar")).isEqualTo(expected);
        assertThat(tree("oci-archive:o.tar")).isEqualTo(expected);
        Path socket = product.root().resolve("podman.sock");
        String host = "127.0.0.1:" + RealRegistry.freePort();
        Path log = product.root().resolve("podman.log");
        for (String address : List.of("unix://" + socket, "tcp://" + host)) {
            String[] service = Stream.concat(Arrays.stream(general), Stream.of("system", "service", "--time=0", address)).toArray(String[]::new);
            Process running = new ProcessBuilder(service).redirectErrorStream(true).redirectOutput(log.toFile()).start();
            try {
                if (address.startsWith("tcp:")) {
                    RealRegistry.await(running, host, log);
                } else {
                    Product.await(() -> Files.exists(socket));
                }
                product.with("DOCKER_HOST", address);
                assertThat(tree("docker-daemon:" + PODMANS_NAME)).as(address).isEqualTo(expected);
            } finally {
                running.destroy();
                running.waitFor();
            }
        }
    }

    private static void podman(String[] general, String... words) throws IOException, InterruptedException {
        Peers.run(Stream.concat(Arrays.stream(general), Arrays.stream(words)).toArray(String[]::new)).ok();
    }

    @Test
    void whatMayNotBeUsedIsExplained() throws Exception {
        Peers.need(Product.isRoot(), "needs root to be another user");
        Path closed = product.root();
        try (ScriptedDaemon daemon = ScriptedDaemon.start().image(image, NAME); Product user = Product.ordinary()) {
            Files.setPosixFilePermissions(daemon.socket(), PosixFilePermissions.fromString("---------"));

            Product.Result result = user.with("DOCKER_HOST", "unix://" + daemon.socket()).run("pull", "docker-daemon:" + NAME).failed("permission denied");

            assertThat(result.nextStep()).contains("group docker", "sudo");
            for (String uri : List.of("docker-archive:" + closed + "/it.tar:it:1", "oci-archive:" + closed + "/it.tar", "oci:" + closed + "/layout:it")) {
                assertThat(user.run("build", "x.sif", uri).failed("permission denied").nextStep()).contains(closed.toString());
            }
            user.nothingLeft();
        }
    }
}
