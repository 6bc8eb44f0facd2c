package io.sifter.engine.cache;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.sifter.engine.cache.CacheContents.Type;
import java.io.IOException;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class CacheTest {
    @TempDir
    Path directory;

    @Test
    void keepsReadyFilesByTypeAndKey() throws IOException {
        assertThat(Cache.at(directory).ready(Type.LIBRARY, "sha256.ab", "lolcow_latest.sif"))
                .isEqualTo(directory.resolve("library/sha256.ab/lolcow_latest.sif"));
    }

    @ParameterizedTest
    @ValueSource(strings = {"", ".", "..", ".hidden", "a/b", "/etc", "a\0"})
    void namesNoFileOutsideThePlaceForReadyFiles(String name) throws IOException {
        Cache cache = Cache.at(directory);

        assertThatThrownBy(() -> cache.ready(Type.ORAS, name, "x.sif")).isInstanceOf(IllegalArgumentException.class);
        assertThatThrownBy(() -> cache.ready(Type.ORAS, "key", name)).isInstanceOf(IllegalArgumentException.class);
    }
}
