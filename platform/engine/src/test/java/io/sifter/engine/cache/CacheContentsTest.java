package io.sifter.engine.cache;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.sifter.engine.cache.CacheContents.Entry;
import io.sifter.engine.cache.CacheContents.Type;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.BasicFileAttributeView;
import java.nio.file.attribute.FileTime;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class CacheContentsTest {
    @TempDir
    Path directory;
    private Cache cache;
    private CacheContents contents;

    @BeforeEach
    void makeCache() throws IOException {
        cache = Cache.at(directory);
        contents = new CacheContents(cache);
    }

    /** A file of 1000 bytes that was used so many hours ago. */
    private Path file(Path path, int hours) throws IOException {
        Files.createDirectories(path.getParent());
        Files.write(path, new byte[1000]);
        FileTime time = FileTime.from(Instant.now().minus(Duration.ofHours(hours)));
        Files.getFileAttributeView(path, BasicFileAttributeView.class).setTimes(time, time, null);
        return path;
    }

    @Test
    void listsEveryTypeByTheNamesUsersKnow() throws IOException {
        file(cache.ready(Type.OCI_TMP, "aa", "lolcow_latest.sif"), 1);
        file(cache.ready(Type.LIBRARY, "sha256.bb", "alpine_latest.sif"), 1);
        file(directory.resolve("net/cc"), 1);
        file(cache.pack("dd"), 1);

        assertThat(contents.list(Type.OCI_TMP)).extracting(Entry::name).containsExactly("aa");
        assertThat(contents.list(Type.LIBRARY)).extracting(Entry::name).containsExactly("sha256.bb");
        assertThat(contents.list(Type.PACK)).extracting(Entry::name).containsExactly("dd.pack");
        assertThat(contents.list(Type.NET)).extracting(Entry::size).containsExactly(1000L);
        assertThat(contents.list(Type.SHUB)).isEmpty();
    }

    @Test
    void roomIsMadeByWhatWasNotUsedForLongest() throws Exception {
        Path oldest = file(cache.pack("oldest"), 4);
        Path old = file(cache.ready(Type.OCI_TMP, "old", "x.sif"), 3);
        Path recent = file(cache.ready(Type.ORAS, "recent", "x.sif"), 2);
        Path last = file(cache.pack("last"), 5);
        Cache.used(last);

        contents.shrink(4000);
        assertThat(oldest).exists();

        contents.shrink(2000);

        assertThat(oldest).doesNotExist();
        assertThat(old.getParent()).doesNotExist();
        assertThat(recent).exists();
        assertThat(last).exists();
    }

    @Test
    void whatALivingProcessUsesStays() throws Exception {
        Path used = file(cache.pack("used"), 4);
        Path runs = file(cache.ready(Type.OCI_TMP, "runs", "x.sif"), 5);
        Path ended = file(cache.ready(Type.OCI_TMP, "ended", "x.sif"), 3);
        Process running = new ProcessBuilder("sleep", "60").start();
        Process gone = new ProcessBuilder("sleep", "60").start();
        try (Uses uses = new Uses(cache)) {
            uses.add(used);
            new Uses(cache).add(runs, running.toHandle());
            new Uses(cache).add(ended, gone.toHandle());
            gone.destroyForcibly().waitFor();

            contents.shrink(0);

            assertThat(used).exists();
            assertThat(runs).exists();
            assertThat(ended).doesNotExist();
        } finally {
            running.destroyForcibly().waitFor();
        }

        contents.shrink(0);

        assertThat(used).doesNotExist();
        assertThat(runs).doesNotExist();
    }

    @Test
    void removingATypeRemovesWhatOnlyServesIt() throws IOException {
        file(cache.ociDirectory().resolve("blobs/sha256/aa"), 1);
        file(cache.part().resolve("bb.blob"), 1);
        Path other = file(cache.part().resolve("other"), 1);
        file(cache.seen("cc"), 1);
        file(cache.lock("dd"), 1);
        for (Type type : Type.values()) {
            contents.remove(type);
        }

        assertThat(other).exists();
        assertThat(directory.toFile().list()).containsExactly("part");
        assertThat(directory.resolve("part").toFile().list()).containsExactly("other");
    }

    @Test
    void unknownTypesAreNamedWithThoseThatAre() {
        assertThat(Type.parse("blob")).isEqualTo(Type.OCI);
        assertThatThrownBy(() -> Type.parse("oci_tmp")).hasMessageContaining("'oci_tmp'").hasMessageContaining("oci-tmp");
        assertThat(List.of(Type.values())).extracting(Type::toString)
                .containsExactly("library", "oci-tmp", "shub", "oci", "net", "oras", "pack");
    }
}
