package io.sifter.engine.cache;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.sifter.engine.cache.CacheContents.Type;
import io.sifter.spi.error.CorruptDataException;
import io.sifter.spi.event.Event;
import io.sifter.spi.reference.Digest;
import io.sifter.spi.source.ByteSource;
import io.sifter.spi.source.ReadyImage;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.SequenceInputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.Random;
import java.util.concurrent.CopyOnWriteArrayList;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ReadyFilesTest {
    private static final byte[] CONTENT = new byte[600_000];

    static {
        new Random(5).nextBytes(CONTENT);
    }

    @TempDir
    Path directory;

    private final List<Event> events = new CopyOnWriteArrayList<>();
    private final List<Long> opened = new ArrayList<>();
    private Cache cache;
    private ReadyFiles files;

    @BeforeEach
    void open() throws IOException {
        cache = Cache.at(directory);
        files = new ReadyFiles(cache, new Locks(cache), events::add);
    }

    private ByteSource bytes(byte[] content) {
        return offset -> {
            opened.add(offset);
            return new ByteArrayInputStream(content, (int) offset, content.length);
        };
    }

    private ReadyImage image(ByteSource bytes, Digest digest, long size) {
        return new ReadyImage("tool.sif", bytes, Optional.of(digest), OptionalLong.of(size), Optional.of(digest.toString()));
    }

    private Path fetch(ReadyImage image) throws IOException, InterruptedException {
        Path place = files.place(Type.ORAS, image, "oras://x");
        files.fetch(Type.ORAS, image, place);
        return place;
    }

    private List<Path> parts() throws IOException {
        try (var parts = Files.list(cache.part())) {
            return parts.filter(part -> part.toString().endsWith(ReadyFiles.PART)).toList();
        }
    }

    @Test
    void aFileIsFetchedOnceAndLiesUnderItsVersion() throws Exception {
        ReadyImage image = image(bytes(CONTENT), Digest.sha256(CONTENT), CONTENT.length);

        Path place = fetch(image);
        fetch(image);

        assertThat(place).isEqualTo(directory.resolve("oras/" + Digest.sha256(CONTENT) + "/tool.sif")).hasBinaryContent(CONTENT);
        assertThat(opened).containsExactly(0L);
        assertThat(files.holds(image, place)).isTrue();
        assertThat(ReadyFiles.same(image, place)).isTrue();
        assertThat(events.stream().mapToLong(event -> event instanceof Event.Advanced(_, long more) ? more : 0).sum()).isEqualTo(CONTENT.length);
        assertThat(parts()).isEmpty();
    }

    @Test
    void whatAnInterruptedTransferBroughtIsContinued() throws Exception {
        ByteSource broken = _ -> new SequenceInputStream(new ByteArrayInputStream(CONTENT, 0, 400_000), new InputStream() {
            @Override
            public int read() throws IOException {
                throw new IOException("cut");
            }
        });
        assertThatThrownBy(() -> fetch(image(broken, Digest.sha256(CONTENT), CONTENT.length))).hasMessage("cut");

        assertThat(fetch(image(bytes(CONTENT), Digest.sha256(CONTENT), CONTENT.length))).hasBinaryContent(CONTENT);

        assertThat(opened).containsExactly(400_000L);
        assertThat(events).filteredOn(Event.Failed.class::isInstance).hasSize(1);
    }

    @Test
    void aFileOfAnotherDigestOrLengthIsNotKept() throws Exception {
        byte[] other = CONTENT.clone();
        other[7] ^= 1;

        assertThatThrownBy(() -> fetch(image(bytes(other), Digest.sha256(CONTENT), CONTENT.length))).isInstanceOf(CorruptDataException.class)
                .hasMessageContaining("expected hash(" + Digest.sha256(CONTENT));
        assertThatThrownBy(() -> fetch(image(bytes(CONTENT), Digest.sha256(CONTENT), CONTENT.length + 1))).isInstanceOf(CorruptDataException.class)
                .hasMessageContaining("600000 bytes arrived of the 600001");
        assertThatThrownBy(() -> fetch(image(bytes(CONTENT), Digest.sha256(CONTENT), CONTENT.length - 1))).isInstanceOf(CorruptDataException.class)
                .hasMessageContaining("more than the 599999");
        assertThat(parts()).isEmpty();
        assertThat(directory.resolve("oras")).doesNotExist();
    }

    @Test
    void withoutVersionAFileIsFetchedEachTime() throws Exception {
        ReadyImage image = new ReadyImage("list.tar", bytes(CONTENT), Optional.empty(), OptionalLong.empty(), Optional.empty());

        assertThat(fetch(image)).hasBinaryContent(CONTENT);
        assertThat(fetch(image)).hasBinaryContent(CONTENT);

        assertThat(opened).containsExactly(0L, 0L);
    }

    @Test
    void aVersionThatIsNoFileNameIsStillAKey() {
        ReadyImage image = new ReadyImage("x.sif", bytes(CONTENT), Optional.empty(), OptionalLong.empty(), Optional.of("https://h/../x \"1\""));

        assertThat(files.place(Type.NET, image, "")).isEqualTo(directory.resolve("net/"
                + Digest.sha256("https://h/../x \"1\"".getBytes(StandardCharsets.UTF_8)).hex() + "/x.sif"));
    }

    @Test
    void aSifIsExecutableAndOtherFilesAreNot() throws Exception {
        byte[] sif = "#!/usr/bin/env run-singularity\n\0SIF_MAGIC\0".getBytes(StandardCharsets.US_ASCII);

        Path place = fetch(image(bytes(sif), Digest.sha256(sif), sif.length));

        assertThat(Files.isExecutable(place)).isTrue();
        assertThat(Files.getPosixFilePermissions(fetch(image(bytes(CONTENT), Digest.sha256(CONTENT), CONTENT.length))))
                .doesNotContain(java.nio.file.attribute.PosixFilePermission.OWNER_EXECUTE);
    }

    @Test
    void cleaningATypeTakesWhatWasBegunOfIt() throws Exception {
        ByteSource broken = _ -> {
            throw new IOException("cut");
        };
        Path part = cache.part().resolve("oras-x" + ReadyFiles.PART);
        Files.writeString(part, "begun");
        assertThatThrownBy(() -> fetch(image(broken, Digest.sha256(CONTENT), CONTENT.length))).hasMessage("cut");

        new CacheContents(cache).remove(Type.NET);
        assertThat(part).exists();
        new CacheContents(cache).remove(Type.ORAS);

        assertThat(parts()).isEmpty();
    }
}
