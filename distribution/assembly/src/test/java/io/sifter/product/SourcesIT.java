package io.sifter.product;

import static org.assertj.core.api.Assertions.assertThat;

import io.sifter.testkit.Peers;
import io.sifter.testkit.registry.ScriptedDaemon;
import io.sifter.testkit.registry.ScriptedRegistry;
import io.sifter.testkit.registry.TestArchive;
import io.sifter.testkit.registry.TestArchive.Form;
import io.sifter.testkit.registry.TestImage;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.TreeMap;
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
        Map<String, Form> compressed = Map.of("gzip", Form.DIRECTORIES, "xz", Form.LAYOUT, "zstd", Form.FILES, "bzip2", Form.DIRECTORIES);
        for (Map.Entry<String, Form> program : compressed.entrySet()) {
            save(program.getValue());
            product.shell("%s -1 -c lolcow.tar >lolcow.z".formatted(Peers.program(program.getKey()))).ok();
            made.put("docker save, " + program, tree("docker-archive:lolcow.z:" + NAME));
        }
        TestImage.layout(Files.createDirectory(product.work().resolve("layout")), Map.of("it", image.manifest()), java.util.List.of(image));
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
        }
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
        String[] service = java.util.stream.Stream.concat(java.util.Arrays.stream(general), java.util.stream.Stream.of("system", "service", "--time=0", "unix://" + socket))
                .toArray(String[]::new);
        Process running = new ProcessBuilder(service).redirectErrorStream(true).redirectOutput(ProcessBuilder.Redirect.DISCARD).start();
        try {
            for (int i = 0; i < 100 && !Files.exists(socket); i++) {
                Thread.sleep(100);
            }
            product.with("DOCKER_HOST", "unix://" + socket);
            assertThat(tree("docker-daemon:" + PODMANS_NAME)).isEqualTo(expected);
        } finally {
            running.destroy();
            running.waitFor();
        }
    }

    private static void podman(String[] general, String... words) throws IOException, InterruptedException {
        Peers.run(java.util.stream.Stream.concat(java.util.Arrays.stream(general), java.util.Arrays.stream(words)).toArray(String[]::new)).ok();
    }

    @Test
    void aSocketThatMayNotBeUsedIsExplained() throws Exception {
        try (ScriptedDaemon daemon = ScriptedDaemon.start().image(image, NAME); Product user = Product.ordinary()) {
            Files.setPosixFilePermissions(daemon.socket(), PosixFilePermissions.fromString("---------"));
            Peers.need(Product.isRoot(), "needs root to be another user");

            Product.Result result = user.with("DOCKER_HOST", "unix://" + daemon.socket()).run("pull", "docker-daemon:" + NAME).failed("permission denied");

            assertThat(result.nextStep()).contains("group docker", "sudo");
            user.nothingLeft();
        }
    }
}
