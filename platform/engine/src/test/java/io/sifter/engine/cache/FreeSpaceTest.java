package io.sifter.engine.cache;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatCode;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.sifter.spi.error.ExternalException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class FreeSpaceTest {
    @TempDir
    Path directory;

    @Test
    void namesTheDirectoryThatLacksRoomAndWhatItNeeds() throws Exception {
        long all = Files.getFileStore(directory).getTotalSpace();

        assertThatThrownBy(() -> new FreeSpace().need(directory, all + 1_000_000).require()).isInstanceOf(ExternalException.class)
                .hasMessageContaining(directory.toString()).hasMessageContaining("%d MB are needed".formatted((all + 1_999_999) / 1_000_000));
        assertThatCode(() -> new FreeSpace().need(directory, 1).require()).doesNotThrowAnyException();
    }

    @Test
    void directoriesOfOneFileSystemShareItsRoom() throws Exception {
        Path other = Files.createDirectory(directory.resolve("other"));
        long most = Files.getFileStore(directory).getUsableSpace() * 3 / 5;

        assertThatThrownBy(() -> new FreeSpace().need(directory, most).need(other, most).require()).hasMessageContaining("in " + other);
    }

    @Test
    void whoNeedsNothingIsNotTurnedAway() {
        assertThatCode(() -> new FreeSpace().need(directory, 0).require()).doesNotThrowAnyException();
        assertThat(FreeSpace.packed(1000)).isBetween(1000L, 1200L);
    }
}
