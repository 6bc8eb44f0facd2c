package io.sifter.image.tar;

import static org.assertj.core.api.Assertions.assertThat;

import io.sifter.testkit.Peers;
import java.io.BufferedInputStream;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.RandomAccessFile;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.apache.commons.compress.archivers.tar.TarArchiveEntry;
import org.apache.commons.compress.archivers.tar.TarArchiveOutputStream;
import org.apache.commons.compress.archivers.tar.TarConstants;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** What other programs write, we read. */
class TarPeersTest {
    @TempDir
    private Path directory;

    @ParameterizedTest
    @ValueSource(ints = {TarArchiveOutputStream.LONGFILE_GNU, TarArchiveOutputStream.LONGFILE_POSIX})
    void readsWhatCommonsCompressWrites(int longNames) throws Exception {
        String name = "dir/" + "é".repeat(150);
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        try (TarArchiveOutputStream tar = new TarArchiveOutputStream(out, "UTF-8")) {
            tar.setLongFileMode(longNames);
            boolean posix = longNames == TarArchiveOutputStream.LONGFILE_POSIX;
            tar.setBigNumberMode(posix ? TarArchiveOutputStream.BIGNUMBER_POSIX : TarArchiveOutputStream.BIGNUMBER_STAR);
            TarArchiveEntry file = new TarArchiveEntry(name);
            file.setSize(3);
            file.setUserId(4294967294L);
            file.setMode(0100640);
            file.setModTime(-1000L);
            if (posix) {
                file.addPaxHeader("SCHILY.xattr.user.k", "v");
            }
            tar.putArchiveEntry(file);
            tar.write("abc".getBytes(StandardCharsets.UTF_8));
            tar.closeArchiveEntry();
            TarArchiveEntry link = new TarArchiveEntry("link", TarConstants.LF_SYMLINK);
            link.setLinkName(name);
            tar.putArchiveEntry(link);
            tar.closeArchiveEntry();
        }
        TarReader reader = new TarReader(new ByteArrayInputStream(out.toByteArray()), notice -> {});
        String raw = io.sifter.spi.tree.RawName.of(name);
        assertThat(reader.next()).hasValueSatisfying(entry -> {
            assertThat(entry.name()).isEqualTo(raw);
            assertThat(entry.uid()).isEqualTo(4294967294L);
            assertThat(entry.mode()).isEqualTo(0640);
            assertThat(entry.mtime()).isEqualTo(-1);
            assertThat(entry.xattrs().keySet()).isSubsetOf("user.k");
        });
        assertThat(reader.body().readAllBytes()).asString(StandardCharsets.UTF_8).isEqualTo("abc");
        assertThat(reader.next()).hasValueSatisfying(entry -> assertThat(entry.linkName()).isEqualTo(raw));
        assertThat(reader.drain()).isFalse();
    }

    @ParameterizedTest
    @ValueSource(strings = {"--format=gnu", "--format=posix --sparse-version=0.0", "--format=posix --sparse-version=0.1", "--format=posix --sparse-version=1.0"})
    void readsSparseFilesOfGnuTar(String options) throws Exception {
        Peers.program("tar");
        Path file = directory.resolve("sparse");
        try (RandomAccessFile sparse = new RandomAccessFile(file.toFile(), "rw")) {
            for (int i = 0; i < 40; i++) {
                sparse.seek(i * 100_000L);
                sparse.write(("part " + i).getBytes(StandardCharsets.UTF_8));
            }
            sparse.setLength(5_000_000);
        }
        Files.writeString(directory.resolve("after"), "after");
        Path tar = directory.resolve("out.tar");
        Peers.run(List.of(("tar -cS %s -f %s sparse after".formatted(options, tar)).split(" ")), directory, Map.of()).ok();
        assertThat(Files.size(tar)).isLessThan(1_000_000);
        try (BufferedInputStream in = new BufferedInputStream(Files.newInputStream(tar))) {
            TarReader reader = new TarReader(in, notice -> {});
            assertThat(reader.next()).hasValueSatisfying(entry -> {
                assertThat(entry.name()).isEqualTo("sparse");
                assertThat(entry.size()).isEqualTo(5_000_000);
            });
            assertThat(reader.body().readAllBytes()).isEqualTo(Files.readAllBytes(file));
            assertThat(reader.next()).hasValueSatisfying(entry -> assertThat(entry.name()).isEqualTo("after"));
            assertThat(reader.drain()).isFalse();
        }
    }

    @Test
    void readsAttributesOfGnuTarAndLibarchive() throws Exception {
        Peers.program("tar");
        Peers.program("setfattr");
        Path file = Files.writeString(directory.resolve("f"), "x");
        Peers.run(List.of("setfattr", "-n", "user.key", "-v", "0sAAECCj0=", file.toString()), directory, Map.of()).ok();
        Peers.run(List.of("tar", "--xattrs", "--format=posix", "-cf", "out.tar", "f"), directory, Map.of()).ok();
        TarReader reader = new TarReader(new ByteArrayInputStream(Files.readAllBytes(directory.resolve("out.tar"))), notice -> {});
        assertThat(reader.next()).hasValueSatisfying(entry ->
                assertThat(entry.xattrs().get("user.key")).containsExactly(0, 1, 2, '\n', '='));
    }
}
