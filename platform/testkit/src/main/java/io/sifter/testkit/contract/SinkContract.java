package io.sifter.testkit.contract;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.sifter.spi.ImageSettings;
import io.sifter.spi.Sink;
import io.sifter.spi.SinkContext;
import io.sifter.spi.SinkOptions;
import io.sifter.spi.error.ExternalException;
import io.sifter.spi.reference.Platform;
import io.sifter.spi.tree.Attributes;
import io.sifter.spi.tree.Compression;
import io.sifter.spi.tree.Content;
import io.sifter.spi.tree.Directory;
import io.sifter.spi.tree.FileTree;
import io.sifter.spi.tree.RegularFile;
import io.sifter.testkit.Peers;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import java.util.UUID;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.atomic.AtomicReference;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** What every sink does with its target: inherit, and say how the sink is made and how what it wrote is read. */
public abstract class SinkContract {
    private static final long PATIENCE_MILLIS = 20_000;
    private static final ImageSettings SETTINGS = new ImageSettings("bootstrap: scratch\n", new byte[0], Optional.empty(),
            Platform.linux("amd64"), Instant.EPOCH, new UUID(1, 2));
    private static final SinkOptions OPTIONS = new SinkOptions(new Compression(Compression.Codec.GZIP, 1, 131072), false);

    private final ExecutorService workers = Executors.newFixedThreadPool(2);

    @TempDir
    Path directory;

    /** A fresh sink. */
    protected abstract Sink sink(SinkContext context);

    /** The bytes of a file of the tree that was written to {@code target}. */
    protected abstract byte[] content(Path target, String name) throws Exception;

    @AfterEach
    void endWorkers() {
        workers.shutdownNow();
    }

    private void write(Content content, Path target) throws IOException, InterruptedException {
        var root = new Directory(Attributes.of(0755, 1));
        root.children().put("file", new RegularFile(Attributes.of(0644, 1), content));
        sink(new SinkContext(workers, _ -> { }, Map.of())).write(FileTree.of(root), SETTINGS, target, OPTIONS);
    }

    private List<String> names() throws IOException {
        try (Stream<Path> all = Files.list(directory)) {
            return all.map(path -> path.getFileName().toString()).toList();
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"directory", "file", "link"})
    void whatStandsAtTheTargetIsReplaced(String kind) throws Exception {
        Path target = directory.resolve("target");
        Path kept = Files.createDirectory(directory.resolve("kept"));
        Files.writeString(kept.resolve("note"), "stays");
        switch (kind) {
            case "directory" -> {
                Files.createDirectories(target.resolve("old/older"));
                Files.createSymbolicLink(target.resolve("old/link"), kept);
            }
            case "file" -> Files.writeString(target, "old");
            default -> Files.createSymbolicLink(target, kept);
        }

        write(Content.of("new".getBytes(UTF_8)), target);

        assertThat(content(target, "file")).asString().isEqualTo("new");
        assertThat(target.resolve("old")).doesNotExist();
        assertThat(kept.resolve("note")).hasContent("stays");
        assertThat(names()).containsExactlyInAnyOrder("target", "kept");
    }

    @Test
    void aFailureLeavesWhatWasThereAndNothingElse() throws Exception {
        Path target = directory.resolve("target");
        write(Content.of("good".getBytes(UTF_8)), target);
        Content broken = new Content() {
            @Override
            public long size() {
                return 10;
            }

            @Override
            public InputStream open() throws IOException {
                throw new IOException("gone");
            }
        };

        assertThatThrownBy(() -> write(broken, target)).isInstanceOf(IOException.class).hasMessageContaining("gone");

        assertThat(content(target, "file")).asString().isEqualTo("good");
        assertThat(names()).containsExactly("target");
    }

    @Test
    void anInterruptedWriteLeavesNothing() throws Exception {
        var reading = new CountDownLatch(1);
        Content endless = new Content() {
            @Override
            public long size() {
                return 1L << 40;
            }

            @Override
            public InputStream open() {
                return new InputStream() {
                    @Override
                    public int read() {
                        return 1;
                    }

                    @Override
                    public int read(byte[] into, int offset, int length) {
                        reading.countDown();
                        Arrays.fill(into, offset, offset + length, (byte) 1);
                        return length;
                    }
                };
            }
        };
        var thrown = new AtomicReference<Throwable>();
        Thread writer = Thread.ofPlatform().start(() -> {
            try {
                write(endless, directory.resolve("target"));
            } catch (Throwable e) {
                thrown.set(e);
            }
        });

        reading.await();
        writer.interrupt();
        writer.join(PATIENCE_MILLIS);

        assertThat(thrown.get()).isInstanceOf(InterruptedException.class);
        assertThat(names()).isEmpty();
    }

    @Test
    void aFullDiskIsNamedAndLeavesNothing() throws Exception {
        Peers.root();
        Path small = Files.createDirectory(directory.resolve("small"));
        Peers.need(Peers.run("mount", "-t", "tmpfs", "-o", "size=512k", "tmpfs", small.toString()).exit() == 0, "tmpfs cannot be mounted here");
        try {
            byte[] much = new byte[3_000_000];
            new Random(1).nextBytes(much);
            assertThatThrownBy(() -> write(Content.of(much), small.resolve("target")))
                    .isInstanceOfSatisfying(ExternalException.class, e -> {
                        assertThat(e).hasMessageContaining("target in " + small).hasMessageContaining("No space left");
                        assertThat(e.nextStep()).isPresent();
                    });
            assertThat(small).isEmptyDirectory();
        } finally {
            Peers.run("umount", small.toString()).ok();
        }
    }

    @Test
    void aMissingDirectoryIsNamed() {
        assertThatThrownBy(() -> write(Content.of(new byte[1]), directory.resolve("no/target")))
                .isInstanceOf(ExternalException.class).hasMessageContaining("no/target");
    }
}
