package io.sifter.image.layout;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatCode;

import io.sifter.image.document.Descriptor;
import io.sifter.image.document.Documents;
import io.sifter.image.document.Manifest;
import io.sifter.image.document.MediaTypes;
import io.sifter.spi.reference.Digest;
import io.sifter.spi.reference.Platform;
import io.sifter.spi.source.Document;
import io.sifter.testkit.Peers;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.FileVisitResult;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.SimpleFileVisitor;
import java.nio.file.attribute.BasicFileAttributes;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.UUID;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class OciStoreTest {
    @TempDir
    private Path directory;

    @Test
    void makesTheLayoutThatTheUserGuideShows() throws Exception {
        OciStore store = store();
        Digest digest = Digest.parse("sha256:f2a852991b0a36a9f3d6b2a33b98a461e9ede8393482f0deb5287afcbae2ce10");
        store.add(Descriptor.of(MediaTypes.OCI_MANIFEST, digest, 1125)
                .named("a692b57abc43035b197b10390ea2c12855d21649f2ea2cc28094d18b93360eeb", Optional.of(Platform.linux("amd64"))));
        try (Stream<Path> files = Files.list(oci())) {
            assertThat(files.map(file -> file.getFileName().toString())).containsExactlyInAnyOrder("blobs", "index.json", "oci-layout");
        }
        assertThat(oci().resolve("oci-layout")).hasContent("{\"imageLayoutVersion\":\"1.0.0\"}");
        assertThat(oci().resolve("index.json")).hasContent("{\"schemaVersion\":2,\"manifests\":[{"
                + "\"mediaType\":\"application/vnd.oci.image.manifest.v1+json\","
                + "\"digest\":\"sha256:f2a852991b0a36a9f3d6b2a33b98a461e9ede8393482f0deb5287afcbae2ce10\",\"size\":1125,"
                + "\"annotations\":{\"org.opencontainers.image.ref.name\":\"a692b57abc43035b197b10390ea2c12855d21649f2ea2cc28094d18b93360eeb\"},"
                + "\"platform\":{\"architecture\":\"amd64\",\"os\":\"linux\"}}]}");
    }

    @Test
    void anEntryReplacesTheOneOfItsNameAndLeavesTheOthersAsTheyAre() throws Exception {
        OciStore store = store();
        Files.writeString(oci().resolve("index.json"), """
                {"schemaVersion":2,"x":[1.5,{"y":null}],"manifests":[{"mediaType":"m","digest":"?","strange":true},
                {"mediaType":"m","annotations":{"org.opencontainers.image.ref.name":"n"}}]}""");
        store.add(entry("n"));
        assertThat(oci().resolve("index.json")).content()
                .startsWith("{\"schemaVersion\":2,\"x\":[1.5,{\"y\":null}],\"manifests\":[{\"mediaType\":\"m\",\"digest\":\"?\",\"strange\":true},{\"mediaType\":\"application/")
                .containsOnlyOnce("\"n\"");
    }

    @Test
    void skopeoReadsIt() throws Exception {
        Peers.program("skopeo");
        OciStore store = store();
        Document config = Document.of(MediaTypes.OCI_CONFIG,
                "{\"architecture\":\"amd64\",\"os\":\"linux\",\"rootfs\":{\"type\":\"layers\",\"diff_ids\":[]}}".getBytes(StandardCharsets.UTF_8));
        Document manifest = Documents.write(Manifest.of(Descriptor.of(config), List.of()));
        store.put(config);
        store.put(manifest);
        store.add(Descriptor.of(manifest).named("n1", Optional.of(Platform.linux("amd64"))));
        store.add(Descriptor.of(manifest).named("n2", Optional.of(Platform.linux("amd64"))));
        assertThat(Peers.run(List.of("skopeo", "inspect", "--raw", "oci:" + oci() + ":n2"), directory, Map.of()).ok())
                .isEqualTo(new String(manifest.content(), StandardCharsets.UTF_8));
        assertThat(Peers.run(List.of("skopeo", "inspect", "oci:" + oci() + ":n1"), directory, Map.of()).ok()).contains("\"Architecture\": \"amd64\"");
    }

    @Test
    void movesAFinishedFileIn() throws Exception {
        OciStore store = store();
        byte[] content = "blob".getBytes(StandardCharsets.UTF_8);
        Digest digest = Digest.sha256(content);
        for (int i = 0; i < 2; i++) {
            Path file = Files.write(directory.resolve("finished"), content);
            store.put(file, digest);
            assertThat(file).doesNotExist();
            assertThat(store.has(digest, 4)).isTrue();
            assertThat(store.has(digest, 5)).isFalse();
        }
        assertThat(store.path(digest)).hasBinaryContent(content);
    }

    @Test
    void findsDocumentsAndCountsDamagedOnesAsAbsent() throws Exception {
        OciStore store = store();
        Document document = Document.of("x", "doc".getBytes(StandardCharsets.UTF_8));
        assertThat(store.find(document.digest())).isEmpty();
        store.put(document);
        assertThat(store.find(document.digest())).hasValueSatisfying(found -> assertThat(found).isEqualTo(document.content()));
        Files.writeString(store.path(document.digest()), "dog");
        assertThat(store.find(document.digest())).isEmpty();
        store.put(document);
        assertThat(store.find(document.digest())).isPresent();
    }

    @Test
    void beginsADamagedIndexAnew() throws Exception {
        OciStore store = store();
        Files.writeString(oci().resolve("index.json"), "{\"manifests\":[");
        store.add(entry("n"));
        assertThat(store.layout().images()).singleElement().satisfies(image -> assertThat(image.refName()).contains("n"));
    }

    @Test
    void comesBackAfterItWasDeleted() throws Exception {
        OciStore store = store();
        store.add(entry("n"));
        delete(directory.resolve("cache"));
        delete(directory.resolve("work"));
        Document document = Document.of("x", "doc".getBytes(StandardCharsets.UTF_8));
        store.put(document);
        store.add(entry("m"));
        assertThat(OciLayout.open(oci()).images()).extracting(image -> image.refName().orElseThrow()).containsExactly("m");
        assertThat(store.find(document.digest())).isPresent();
    }

    @Test
    void imagesThatMissABlobLeaveTheIndex() throws Exception {
        OciStore store = store();
        for (String name : List.of("whole", "broken")) {
            Document config = Document.of(MediaTypes.OCI_CONFIG, ("{\"os\":\"linux\",\"architecture\":\"amd64\",\"x\":\"" + name + "\"}").getBytes(StandardCharsets.UTF_8));
            Document layer = Document.of("layer", name.getBytes(StandardCharsets.UTF_8));
            Document manifest = Documents.write(Manifest.of(Descriptor.of(config),
                    List.of(Descriptor.of(MediaTypes.OCI_LAYER_GZIP, layer.digest(), layer.content().length))));
            for (Document each : List.of(config, layer, manifest)) {
                store.put(each);
            }
            store.add(Descriptor.of(manifest).named(name, Optional.empty()));
        }
        Files.delete(store.path(Document.of("layer", "broken".getBytes(StandardCharsets.UTF_8)).digest()));

        store.prune();

        assertThat(store.layout().images()).extracting(image -> image.refName().orElseThrow()).containsExactly("whole");
    }

    @Test
    void keepsEveryEntryOfManyThreads() throws Exception {
        OciStore store = store();
        List<Future<?>> running = new ArrayList<>();
        try (ExecutorService threads = Executors.newFixedThreadPool(8)) {
            for (int t = 0; t < 8; t++) {
                int thread = t;
                running.add(threads.submit(() -> {
                    for (int i = 0; i < 10; i++) {
                        store().add(entry("t" + thread + "-" + i));
                    }
                    return null;
                }));
            }
            for (Future<?> each : running) {
                each.get();
            }
        }
        assertThat(store.layout().images()).extracting(image -> image.refName().orElseThrow()).hasSize(80).doesNotHaveDuplicates();
    }

    @Test
    void keepsEveryEntryOfManyProcesses() throws Exception {
        store();
        List<Process> processes = new ArrayList<>();
        for (int p = 0; p < 3; p++) {
            processes.add(new ProcessBuilder(Path.of(System.getProperty("java.home"), "bin", "java").toString(), "-XX:TieredStopAtLevel=1",
                    "-cp", System.getProperty("java.class.path"), Adder.class.getName(), oci().toString(), directory.resolve("work").toString(), "p" + p)
                    .redirectErrorStream(true).redirectOutput(directory.resolve("log" + p).toFile()).start());
        }
        for (int p = 0; p < 3; p++) {
            assertThat(processes.get(p).waitFor(60, TimeUnit.SECONDS)).isTrue();
            assertThat(processes.get(p).exitValue()).as(Files.readString(directory.resolve("log" + p))).isZero();
        }
        assertThat(OciLayout.open(oci()).images()).hasSize(60);
    }

    /** Adds twenty entries; runs as a process of its own. */
    static final class Adder {
        public static void main(String[] args) throws Exception {
            OciStore store = open(Path.of(args[0]), Path.of(args[1]));
            for (int i = 0; i < 20; i++) {
                store.add(entry(args[2] + "-" + i));
            }
        }
    }

    @Test
    void survivesDeletionWhileItIsWritten() throws Exception {
        OciStore store = store();
        try (ExecutorService threads = Executors.newSingleThreadExecutor()) {
            Future<?> deleting = threads.submit(() -> {
                for (int i = 0; i < 30; i++) {
                    delete(directory.resolve("cache"));
                    Thread.sleep(2);
                }
                return null;
            });
            for (int i = 0; i < 60; i++) {
                String name = "n" + i;
                assertThatCode(() -> store.add(entry(name))).doesNotThrowAnyExceptionExcept(io.sifter.spi.error.ExternalException.class);
            }
            deleting.get();
        }
        store.add(entry("last"));
        assertThat(OciLayout.open(oci()).images()).extracting(image -> image.refName().orElseThrow()).contains("last");
    }

    private OciStore store() throws IOException {
        return open(oci(), directory.resolve("work"));
    }

    static OciStore open(Path directory, Path work) throws IOException {
        return OciStore.create(directory, work, () -> Files.createDirectories(work).resolve(UUID.randomUUID() + ".partial"));
    }

    private Path oci() {
        return directory.resolve("cache/oci");
    }

    private static Descriptor entry(String name) {
        return Descriptor.of(MediaTypes.OCI_MANIFEST, Digest.sha256(name.getBytes(StandardCharsets.UTF_8)), 3)
                .named(name, Optional.of(Platform.linux("amd64")));
    }

    private static void delete(Path tree) throws IOException {
        if (!Files.exists(tree)) {
            return;
        }
        Files.walkFileTree(tree, new SimpleFileVisitor<>() {
            @Override
            public FileVisitResult visitFile(Path file, BasicFileAttributes attributes) throws IOException {
                Files.deleteIfExists(file);
                return FileVisitResult.CONTINUE;
            }

            @Override
            public FileVisitResult visitFileFailed(Path file, IOException gone) {
                return FileVisitResult.CONTINUE;
            }

            @Override
            public FileVisitResult postVisitDirectory(Path visited, IOException failure) {
                visited.toFile().delete();
                return FileVisitResult.CONTINUE;
            }
        });
    }
}
