package io.sifter.product;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowable;

import io.sifter.engine.BuildOptions;
import io.sifter.engine.Sifter;
import io.sifter.engine.SifterSettings;
import io.sifter.spi.OpenOptions;
import io.sifter.spi.error.CorruptDataException;
import io.sifter.spi.error.ExternalException;
import io.sifter.spi.error.SifterException;
import io.sifter.spi.error.UnreachableException;
import io.sifter.spi.reference.Digest;
import io.sifter.spi.reference.Platform;
import io.sifter.spi.reference.Reference;
import io.sifter.testkit.TarLayer;
import io.sifter.testkit.registry.Fault;
import io.sifter.testkit.registry.FileServer;
import io.sifter.testkit.registry.LibraryServer;
import io.sifter.testkit.registry.ScriptedDaemon;
import io.sifter.testkit.registry.ScriptedRegistry;
import io.sifter.testkit.registry.TestArchive;
import io.sifter.testkit.registry.TestImage;
import io.sifter.testkit.registry.UploadRegistry;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.TreeMap;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.BiConsumer;
import java.util.function.Consumer;
import java.util.function.Function;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.TestFactory;
import org.junit.jupiter.api.io.TempDir;

/**
 * Every fault that networks and servers have, with every agent that uses one: the image comes all the same, or an error names what is
 * wrong and what to do next, and no file is made. The packaged plugins run in this process, many rows of the table at a time: most of
 * their time is waiting.
 */
class AgentFaultsIT {
    private static final int SIZE = 1_000_000;
    private static final int MIDDLE = SIZE / 2;
    private static final int PARALLEL = 16;
    private static final Fault SOON = Fault.tooManyRequests(Optional.of("1"));
    private static final Fault IN_AN_HOUR = Fault.tooManyRequests(Optional.of("3600"));

    @TempDir
    Path directory;

    private final ExecutorService threads = Executors.newFixedThreadPool(PARALLEL);
    private final List<AutoCloseable> open = new ArrayList<>();
    private final AtomicInteger number = new AtomicInteger();
    private Sifter sifter;
    private byte[] sif;

    @BeforeEach
    void makeAFile() throws Exception {
        sifter = closing(sifter(""));
        try (ScriptedRegistry registry = ScriptedRegistry.start()) {
            registry.publish("it", "1", image(0));
            Path file = directory.resolve("it.sif");
            pull(sifter, "docker://" + registry.host() + "/it:1", file);
            sif = Files.readAllBytes(file);
        }
    }

    @AfterEach
    void stop() throws Exception {
        threads.close();
        for (AutoCloseable resource : open.reversed()) {
            resource.close();
        }
    }

    private synchronized <T extends AutoCloseable> T closing(T resource) {
        open.add(resource);
        return resource;
    }

    /** @param socket of a Docker daemon */
    private Sifter sifter(String socket) throws Exception {
        Path home = Files.createTempDirectory(directory, "home");
        // Patient enough for a busy machine.
        Path configuration = Files.writeString(home.resolve("sifter.conf"),
                "network.stall-seconds = 5\nnetwork.attempts = 3\nplugin.docker-daemon-agent.stall-seconds = 5\n");
        return Sifter.open(new SifterSettings(Product.built(), List.of(), Map.of("HOME", home.toString(), "DOCKER_HOST", "unix://" + socket),
                Optional.of(configuration), true, OptionalInt.of(1), Optional.empty(), Optional.empty(), Optional.of(home)), _ -> { });
    }

    private static void pull(Sifter sifter, String uri, Path target) throws Exception {
        sifter.pull(Reference.parse(uri), target, target.toString(),
                new BuildOptions(new OpenOptions(Platform.host(), true), Optional.empty(), false, false, false));
    }

    /**
     * A server with one image.
     *
     * @param documents requests for what tells of the image
     * @param content requests for the image itself
     * @param file what a pull brings; empty where it is made of layers
     */
    private record Served(String uri, String documents, String content, Script once, Script always, Optional<byte[]> file) {}

    /** Lets the requests that match meet a fault. */
    private interface Script extends BiConsumer<String, Fault> {}

    /** Starts a server that says this many bytes more of its image than there are. */
    private interface Server {
        Served start(int more) throws Exception;
    }

    /** A row of the table. */
    private interface Row {
        void check(Path target) throws Exception;
    }

    /** One layer that does not compress, another for each number. */
    private static TestImage image(int number) {
        return Images.of(TarLayer.with().file("noise", Images.noise(SIZE, number)));
    }

    /** A file like no other. */
    private byte[] file() {
        byte[] file = Arrays.copyOf(sif, sif.length + 1);
        file[sif.length] = (byte) number.incrementAndGet();
        return file;
    }

    private Served docker(int more) throws Exception {
        TestImage image = image(number.incrementAndGet());
        ScriptedRegistry registry = closing(ScriptedRegistry.start());
        registry.publish("it", "1", image);
        String content = "GET .*/blobs/" + Images.layer(image, 0);
        if (more > 0) {
            registry.always(content, new Fault.Headers(Map.of("Content-Length", Integer.toString(2 * SIZE))));
        }
        return new Served("docker://" + registry.host() + "/it:1", "GET .*/manifests/.*", content, registry::once, registry::always, Optional.empty());
    }

    private Served oras(int more) throws Exception {
        byte[] file = file();
        UploadRegistry registry = closing(UploadRegistry.start());
        Digest config = registry.put("{}".getBytes(StandardCharsets.UTF_8));
        registry.put("it", "1", "application/vnd.oci.image.manifest.v1+json", """
                {"schemaVersion":2,"mediaType":"application/vnd.oci.image.manifest.v1+json",
                "config":{"mediaType":"application/vnd.sylabs.sif.config.v1+json","size":2,"digest":"%s"},
                "layers":[{"mediaType":"application/vnd.sylabs.sif.layer.v1.sif","size":%d,"digest":"%s"}]}"""
                .formatted(config, file.length + more, registry.put(file)).getBytes(StandardCharsets.UTF_8));
        return new Served("oras://" + registry.host() + "/it:1", "GET .*/manifests/.*", "GET .*/blobs/.*", registry::once, registry::always, Optional.of(file));
    }

    private Served library(int more) throws Exception {
        byte[] file = file();
        LibraryServer server = closing(LibraryServer.start()).put("joe/default/it", "1", file);
        String documents = "GET /v1/images/.*";
        if (more > 0) {
            server.always(documents, new Fault.Instead(200, Map.of(), "{\"data\":{\"hash\":\"sha256.%s\",\"size\":%d}}"
                    .formatted(Digest.sha256(file).hex(), file.length + more)));
        }
        return new Served("library://" + server.host() + "/joe/default/it:1", documents, "GET /v1/imagefile/.*", server::once, server::always, Optional.of(file));
    }

    private Served http(int more) throws Exception {
        byte[] file = file();
        FileServer server = closing(FileServer.start()).put("/it.sif", file);
        if (more > 0) {
            server.always("HEAD .*", new Fault.Headers(Map.of("Content-Length", Integer.toString(file.length + more))));
        }
        return new Served("http://" + server.host() + "/it.sif", "HEAD .*", "GET .*", server::once, server::always, Optional.of(file));
    }

    private Row comes(Server server, Consumer<Served> script) {
        return target -> {
            Served served = server.start(0);
            script.accept(served);
            pull(sifter, served.uri(), target);
            // What is made of layers was verified, digest by digest.
            assertThat(target).isNotEmptyFile();
            served.file().ifPresent(file -> assertThat(target).hasBinaryContent(file));
        };
    }

    private Row fails(Server server, Consumer<Served> script, Class<? extends SifterException> kind, String words, String nextStep) {
        return target -> {
            Served served = server.start(0);
            script.accept(served);
            refused(sifter, served.uri(), target, kind, words, nextStep);
        };
    }

    private Row failsOfItself(Server server, String words) {
        return target -> refused(sifter, server.start(5).uri(), target, CorruptDataException.class, words, "");
    }

    private Row daemonFails(BiConsumer<ScriptedDaemon, TestImage> script, Class<? extends SifterException> kind, String words, String nextStep) {
        return target -> {
            TestImage image = image(number.incrementAndGet());
            try (ScriptedDaemon daemon = ScriptedDaemon.start().image(image, "it:1"); Sifter own = sifter(daemon.socket().toString())) {
                script.accept(daemon, image);
                refused(own, "docker-daemon:it:1", target, kind, words, nextStep);
            }
        };
    }

    private static void refused(Sifter sifter, String uri, Path target, Class<? extends SifterException> kind, String words, String nextStep) throws Exception {
        Throwable thrown = catchThrowable(() -> pull(sifter, uri, target));
        assertThat(thrown).isInstanceOf(kind).hasMessageContaining(words);
        assertThat(((SifterException) thrown).nextStep().orElse("")).containsIgnoringCase(nextStep);
        assertThat(Product.names(target.getParent())).noneMatch(name -> name.matches("\\.?" + target.getFileName() + "(\\..*)?"));
    }

    private static Consumer<Served> once(Function<Served, String> requests, Fault... faults) {
        return served -> Stream.of(faults).forEach(fault -> served.once().accept(requests.apply(served), fault));
    }

    private static Consumer<Served> always(Function<Served, String> requests, Fault fault) {
        return served -> served.always().accept(requests.apply(served), fault);
    }

    private Map<String, Row> table() {
        Map<String, Row> rows = new TreeMap<>();
        Map<String, Server> servers = Map.of("docker", this::docker, "oras", this::oras, "library", this::library, "http", this::http);
        servers.forEach((name, server) -> {
            rows.put(name + ": the connection is cut", comes(server, once(Served::content, new Fault.CutAfter(MIDDLE), new Fault.CutAfter(0))));
            rows.put(name + ": the connection is silent", comes(server, once(Served::content, new Fault.StallAfter(MIDDLE))));
            rows.put(name + ": too many requests, come back soon", comes(server, once(Served::content, SOON)));
            rows.put(name + ": a storm that passes", comes(server, once(Served::content, Fault.status(500), Fault.status(503))));
            rows.put(name + ": a storm that passes, before anything is known", comes(server, once(Served::documents, Fault.status(502), Fault.status(504))));
            rows.put(name + ": no length is stated", comes(server, once(Served::content, new Fault.Unsized())));
            rows.put(name + ": cut again and again", fails(server, always(Served::content, new Fault.CutAfter(0)),
                    ExternalException.class, "the connection broke", "again"));
            rows.put(name + ": too many requests, come back in an hour", fails(server, always(Served::content, IN_AN_HOUR),
                    ExternalException.class, "pull rate limit", "Wait 60 min"));
            rows.put(name + ": a storm that stays", fails(server, always(Served::content, Fault.status(503)),
                    UnreachableException.class, "503", "try again later"));
            rows.put(name + ": a storm that stays, before anything is known", fails(server, always(Served::documents, Fault.status(500)),
                    ExternalException.class, "500", "try again later"));
            rows.put(name + ": a page in place of the content", fails(server, always(Served::content, Fault.html()),
                    ExternalException.class, "web page", "a browser"));
            rows.put(name + ": a page in place of what tells of it", fails(server, always(Served::documents, Fault.html()),
                    ExternalException.class, "web page", "sign"));
            rows.put(name + ": fewer bytes than announced", failsOfItself(server, name.equals("docker") ? "had 2000000 bytes before" : "did not arrive whole"));
            if (!name.equals("http")) {
                // A web server says nothing of what its file holds.
                rows.put(name + ": a byte is wrong", fails(server, always(Served::content, new Fault.Corrupt(MIDDLE)), CorruptDataException.class, "sha256:", ""));
            }
        });
        rows.put("docker-daemon: the connection is cut", daemonFails((daemon, _) -> daemon.stoppingAfter(MIDDLE, false),
                ExternalException.class, "broke while it sent the image", "again"));
        rows.put("docker-daemon: the connection is silent", daemonFails((daemon, _) -> daemon.stoppingAfter(MIDDLE, true),
                ExternalException.class, "nothing came for 5 seconds", "again"));
        rows.put("docker-daemon: it is in trouble", daemonFails((daemon, _) -> daemon.answer("/get", 500, "application/json", "{\"message\":\"no space left\"}"),
                ExternalException.class, "status 500: no space left", "log"));
        rows.put("docker-daemon: a page in place of the content", daemonFails((daemon, _) -> daemon.answer("/get", 200, "text/html", "<html>sign in</html>"),
                CorruptDataException.class, "What the Docker daemon at", "docker save"));
        rows.put("docker-daemon: a page in place of what tells of it", daemonFails((daemon, _) -> daemon.answer("/json", 200, "text/html", "<html>sign in</html>"),
                CorruptDataException.class, "Docker daemon", ""));
        rows.put("docker-daemon: a byte is wrong", daemonFails((daemon, image) -> daemon.image(image, "it:1", another(image)),
                CorruptDataException.class, "sha256:", ""));
        return rows;
    }

    /** An archive with another layer under the name of the right one. */
    private static byte[] another(TestImage image) {
        TestArchive saved = TestArchive.saved(TestArchive.Form.FILES).image(image, "it:1");
        String layer = saved.names().stream().filter(name -> name.endsWith(".tar")).findFirst().orElseThrow();
        return saved.put(layer, TarLayer.with().file("noise", Images.noise(SIZE, -1)).tar()).tar().tar();
    }

    @TestFactory
    Stream<DynamicTest> everyFaultIsOvercomeOrNamed() throws Exception {
        Path targets = Files.createDirectory(directory.resolve("targets"));
        List<DynamicTest> tests = new ArrayList<>();
        table().forEach((name, row) -> {
            Path target = targets.resolve("t" + tests.size());
            Future<?> checked = threads.submit(() -> {
                row.check(target);
                return null;
            });
            tests.add(DynamicTest.dynamicTest(name, () -> {
                try {
                    checked.get();
                } catch (ExecutionException e) {
                    throw e.getCause();
                }
            }));
        });
        return tests.stream();
    }
}
