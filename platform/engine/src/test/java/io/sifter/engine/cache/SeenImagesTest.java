package io.sifter.engine.cache;

import static org.assertj.core.api.Assertions.assertThat;

import io.sifter.spi.reference.Digest;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class SeenImagesTest {
    @TempDir
    Path directory;
    private Cache cache;
    private SeenImages seen;
    private Path image;

    @BeforeEach
    void remember() throws Exception {
        cache = Cache.at(directory.resolve("cache"));
        seen = new SeenImages(cache);
        image = Files.createFile(cache.pack("image"));
        seen.remember("wish", image);
    }

    @Test
    void findsWhatAWishLedToLastAsLongAsItIsThere() throws Exception {
        assertThat(seen.find("wish")).hasValue(image);
        assertThat(seen.find("another wish")).isEmpty();

        Path other = Files.createFile(cache.pack("other"));
        seen.remember("wish", other);
        assertThat(seen.find("wish")).hasValue(other);

        Files.delete(other);
        assertThat(seen.find("wish")).isEmpty();
        assertThat(directory.resolve("cache/part")).isEmptyDirectory();
    }

    @Test
    void anEntryThatSaysNothingUsableCountsAsNone() throws Exception {
        Path entry = cache.seen(Digest.sha256("wish".getBytes(StandardCharsets.UTF_8)).hex());
        Path outside = Files.createFile(directory.resolve("outside"));
        for (byte[] bytes : new byte[][] {{}, new byte[64], {(byte) 0xC3, 0x28}, "pack\n".getBytes(StandardCharsets.UTF_8),
                "../outside\n".getBytes(StandardCharsets.UTF_8), outside.toString().getBytes(StandardCharsets.UTF_8)}) {
            Files.write(entry, bytes);
            assertThat(seen.find("wish")).isEmpty();
        }

        seen.remember("wish", image);
        assertThat(seen.find("wish")).hasValue(image);
    }
}
