package io.sifter.sink.sif;

import static org.assertj.core.api.Assertions.assertThat;

import io.sifter.sif.Architecture;
import io.sifter.sif.DataType;
import io.sifter.sif.SifDescriptor;
import io.sifter.sif.SifImage;
import io.sifter.spi.ImageSettings;
import io.sifter.spi.Sink;
import io.sifter.spi.SinkContext;
import io.sifter.spi.SinkOptions;
import io.sifter.spi.event.Event;
import io.sifter.spi.reference.Platform;
import io.sifter.spi.tree.Attributes;
import io.sifter.spi.tree.Compression;
import io.sifter.spi.tree.Content;
import io.sifter.spi.tree.Directory;
import io.sifter.spi.tree.FileTree;
import io.sifter.spi.tree.RegularFile;
import io.sifter.spi.tree.Symlink;
import io.sifter.squashfs.SquashFsReader;
import io.sifter.testkit.Peers;
import io.sifter.testkit.contract.SinkContract;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermission;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Properties;
import java.util.Queue;
import java.util.Random;
import java.util.UUID;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.pf4j.DefaultVersionManager;

class SifSinkTest extends SinkContract {
    private static final SinkOptions OPTIONS =
            new SinkOptions(new Compression(Compression.Codec.GZIP, 6, 131072), false);

    @TempDir
    private Path temporary;
    private final ExecutorService workers = Executors.newFixedThreadPool(2);
    private final Queue<Event> events = new ConcurrentLinkedQueue<>();

    @AfterEach
    void stopWorkers() {
        workers.shutdownNow();
    }

    @Override
    protected Sink sink(SinkContext context) {
        return new SifSink(context);
    }

    @Override
    protected byte[] content(Path target, String name) throws IOException {
        try (SifImage image = SifImage.open(target)) {
            SifDescriptor partition = image.primaryPartition().orElseThrow();
            try (SquashFsReader reader = SquashFsReader.open(image.channel(), partition.offset(), partition.size());
                    FileTree read = reader.tree();
                    InputStream in = ((RegularFile) read.root().children().get(name)).content().open()) {
                return in.readAllBytes();
            }
        }
    }

    @Test
    void aFileHasTheObjectsOfABuildInTheirOrder() throws Exception {
        Path target = temporary.resolve("image.sif");

        write(tree(), settings(Optional.of("{\"Env\":[]}")), target);

        try (SifImage image = SifImage.open(target)) {
            assertThat(image.header().id()).isEqualTo(new UUID(7, 8));
            assertThat(image.header().created()).isEqualTo(1_700_000_000);
            assertThat(image.header().modified()).isEqualTo(1_700_000_000);
            assertThat(image.header().architecture()).isEqualTo(Architecture.ARM64);
            List<SifDescriptor> objects = image.descriptors();
            assertThat(objects).extracting(SifDescriptor::describe)
                    .containsExactly("Def.FILE", "JSON.Generic", "JSON.Generic", "FS (Squashfs/*System/arm64)");
            assertThat(objects).extracting(SifDescriptor::name)
                    .containsExactly("", "inspect-metadata.json", "oci-config.json", "");
            assertThat(objects).extracting(o -> o.groupNumber().orElseThrow()).containsOnly(1);
            assertThat(text(image, DataType.DEFINITION, "")).isEqualTo("bootstrap: docker\nfrom: caf\u00e9\n\n");
            assertThat(text(image, DataType.GENERIC_JSON, "inspect-metadata.json")).isEqualTo("{\"data\":{}}");
            assertThat(text(image, DataType.GENERIC_JSON, "oci-config.json")).isEqualTo("{\"Env\":[]}");
            SifDescriptor partition = image.primaryPartition().orElseThrow();
            assertThat(partition.offset() % 4096).isZero();
            assertThat(partition.size() % 4096).isZero();
            assertThat(partition.offset() + partition.size()).isEqualTo(Files.size(target));
        }
        assertThat(Files.getPosixFilePermissions(target)).contains(PosixFilePermission.OWNER_EXECUTE, PosixFilePermission.OWNER_WRITE);
        assertThat(names()).containsExactly("image.sif");
        assertThat(events).isEmpty();
    }

    @Test
    void anImageWithoutOciConfigurationHasNoObjectForIt() throws Exception {
        Path target = temporary.resolve("image.sif");

        write(tree(), settings(Optional.empty()), target);

        try (SifImage image = SifImage.open(target)) {
            assertThat(image.descriptors()).hasSize(3);
        }
    }

    @Test
    void thePartitionHoldsTheTree() throws Exception {
        Path target = temporary.resolve("image.sif");

        write(tree(), settings(Optional.empty()), target);

        try (SifImage image = SifImage.open(target)) {
            SifDescriptor partition = image.primaryPartition().orElseThrow();
            try (SquashFsReader reader = SquashFsReader.open(image.channel(), partition.offset(), partition.size());
                    FileTree read = reader.tree()) {
                Directory etc = (Directory) read.root().children().get("etc");
                RegularFile random = (RegularFile) etc.children().get("random");
                try (InputStream in = random.content().open()) {
                    assertThat(in.readAllBytes()).isEqualTo(random());
                }
                assertThat(random.attributes().uid()).isEqualTo(1000);
                assertThat(((Symlink) read.root().children().get("link\u00ff")).target()).isEqualTo("etc/random");
            }
        }
    }

    @Test
    void unsquashfsFindsThePartition() throws Exception {
        String program = Peers.program("unsquashfs");
        Path target = temporary.resolve("image.sif");
        write(tree(), settings(Optional.empty()), target);
        long offset;
        try (SifImage image = SifImage.open(target)) {
            offset = image.primaryPartition().orElseThrow().offset();
        }

        Process unsquashfs = new ProcessBuilder(program, "-o", Long.toString(offset), "-cat", target.toString(), "etc/random")
                .redirectError(ProcessBuilder.Redirect.DISCARD).start();

        assertThat(unsquashfs.getInputStream().readAllBytes()).isEqualTo(random());
        assertThat(unsquashfs.waitFor()).isZero();
    }

    @Test
    void theSameTreeAndSettingsGiveTheSameBytes() throws Exception {
        write(tree(), settings(Optional.empty()), temporary.resolve("one.sif"));
        write(tree(), settings(Optional.empty()), temporary.resolve("two.sif"));

        assertThat(temporary.resolve("two.sif")).hasSameBinaryContentAs(temporary.resolve("one.sif"));
    }

    @Test
    void anArchitectureWithoutANumberIsAWarning() throws Exception {
        ImageSettings settings = new ImageSettings("x", new byte[0], Optional.empty(), Platform.linux("sparc"), Instant.EPOCH, new UUID(1, 1));

        write(tree(), settings, temporary.resolve("image.sif"));

        assertThat(events).singleElement().asString().contains("sparc");
    }

    @Test
    void theHostAcceptsWhatThePluginRequires() throws Exception {
        Properties plugin = new Properties();
        try (InputStream in = SifSink.class.getResourceAsStream("/plugin.properties")) {
            plugin.load(in);
        }

        assertThat(Class.forName(plugin.getProperty("sink.sif"))).isEqualTo(SifSink.class);
        DefaultVersionManager versions = new DefaultVersionManager();
        String requires = plugin.getProperty("plugin.requires");
        assertThat(versions.checkVersionConstraint("1.3.0", requires)).isTrue();
        assertThat(versions.checkVersionConstraint("1.7.3", requires)).isTrue();
        assertThat(versions.checkVersionConstraint("1.2.9", requires)).isFalse();
        assertThat(versions.checkVersionConstraint("2.0.0", requires)).isFalse();
    }

    private void write(FileTree tree, ImageSettings settings, Path target) throws IOException, InterruptedException {
        new SifSink(new SinkContext(workers, events::add, Map.of())).write(tree, settings, target, OPTIONS);
    }

    private static ImageSettings settings(Optional<String> ociConfig) {
        return new ImageSettings("bootstrap: docker\nfrom: caf\u00e9\n\n", "{\"data\":{}}".getBytes(StandardCharsets.UTF_8),
                ociConfig.map(text -> text.getBytes(StandardCharsets.UTF_8)), Platform.linux("arm64"),
                Instant.ofEpochSecond(1_700_000_000), new UUID(7, 8));
    }

    private static byte[] random() {
        byte[] bytes = new byte[200_000];
        new Random(3).nextBytes(bytes);
        return bytes;
    }

    private static FileTree tree() {
        Directory root = new Directory(Attributes.of(0755, 1));
        Directory etc = new Directory(Attributes.of(0755, 2));
        etc.children().put("random", new RegularFile(new Attributes(0640, 1000, 1000, 3, Map.of()), Content.of(random())));
        etc.children().put("small", new RegularFile(Attributes.of(0644, 4), Content.of("small".getBytes(StandardCharsets.UTF_8))));
        root.children().put("etc", etc);
        root.children().put("link\u00ff", new Symlink(Attributes.of(0777, 5), "etc/random"));
        return FileTree.of(root);
    }

    private static String text(SifImage image, DataType type, String name) throws IOException {
        return new String(image.read(image.find(type, name).orElseThrow(), 1 << 20), StandardCharsets.UTF_8);
    }

    private List<String> names() throws IOException {
        try (Stream<Path> all = Files.list(temporary)) {
            return all.map(path -> path.getFileName().toString()).toList();
        }
    }
}
